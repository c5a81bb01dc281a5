package db

// Every SQL text of this package but the pragmas.
const (
	selectSetting = `select value from db_setting where name = $1`
	upsertSetting = `insert into db_setting (name, value) values ($1, $2)
		on conflict (name) do update set value = excluded.value`
	createMigration = `create table if not exists db_migration (
	package text not null,
	version integer not null,
	name text not null,
	digest text not null,
	applied_at bigint not null,
	primary key (package, version)
);`
	createSetting = `create table if not exists db_setting (
	name text primary key,
	value text not null
);`
	countLiteTables     = `select count(*) from sqlite_master where type = 'table'`
	countPostgresTables = `select count(*) from information_schema.tables where table_schema = current_schema()`

	lockMigration   = `select value from db_setting where name = 'migration'`
	insertMigration = `insert into db_migration (package, version, name, digest, applied_at) values ($1, $2, $3, $4, $5)`
	selectMigration = `select package, version, name, digest from db_migration order by package, version`
	touchMigration  = `insert into db_setting (name, value) values ('migration', 'lock') on conflict (name) do nothing`
)
