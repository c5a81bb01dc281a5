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

	existsLiteTable     = `select count(*) from sqlite_master where type = 'table' and name = $1`
	existsPostgresTable = `select count(*) from information_schema.tables where table_schema = current_schema() and table_name = $1`

	countOthers = `select count(distinct application_name) from pg_stat_activity where datname = current_database()
		and application_name like 'billfold/%' and application_name <> $1`
	postgresSettings = `select name, setting from pg_settings where name in ('server_version', 'fsync', 'full_page_writes',
		'synchronous_commit', 'archive_mode', 'data_checksums')`
	postgresFacts = `select pg_is_in_recovery(), cast(date_part('epoch', clock_timestamp()) * 1000000 as bigint),
		coalesce(cast(extract(epoch from a.last_archived_time) * 1000000 as bigint), 0),
		coalesce(cast(extract(epoch from a.last_failed_time) * 1000000 as bigint), 0),
		coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false), coalesce(host(inet_client_addr()), ''),
		(select rolsuper from pg_roles where rolname = current_user)
		from pg_stat_archiver a`
	liteVersion = `select sqlite_version()`
	liteJournal = `pragma journal_mode`
	litePassive = `pragma wal_checkpoint(passive)`

	liteInspect       = `pragma integrity_check(%s)`
	liteTables        = `select name from sqlite_master where type = 'table' and name not like 'sqlite~_%' escape '~' order by name`
	postgresInspector = `select coalesce(has_function_privilege(to_regprocedure('bt_index_check(regclass, boolean)')::oid, 'execute') and
		has_function_privilege(to_regprocedure(
			'verify_heapam(regclass, boolean, boolean, text, bigint, bigint)')::oid, 'execute'), false)`
	postgresTables = `select c.relname, c.relkind = 'i' from pg_class c left join pg_am m on m.oid = c.relam where c.relpersistence = 'p' and
		c.relnamespace = current_schema()::regnamespace and (c.relkind = 'r' or c.relkind = 'i' and m.amname = 'btree') order by c.relname`
	postgresInspectIndex = `select bt_index_check(cast($1 as text)::regclass, true)::text`
	postgresInspectTable = `select format('block %s: %s', (page).blkno, (page).msg)
		from (select verify_heapam(cast($1 as text)::regclass) as page) as pages`

	setPatience = `select set_config('lock_timeout', $1, true)`

	currentSchema = `select current_schema()`
	renameSchema  = `alter schema %s rename to %s`
	createSchema  = `create schema %s`
	existsSchema  = `select count(*) from information_schema.schemata where schema_name = $1`

	createHead = `create table if not exists db_head (
	witness bytea primary key,
	number bigint not null,
	token bytea not null,
	before bytea not null
);`
	createMark = `create table if not exists db_mark (
	witness bytea primary key,
	number bigint not null
); -- clustered`
	selectMark = `select number from db_mark where witness = $1`
	upsertMark = `insert into db_mark (witness, number) values ($1, $2) on conflict (witness) do update set number = excluded.number`

	insertHead = `insert into db_head (witness, number, token, before) values ($1, $2, $3, $4)`
	selectHead = `select number, token, before from db_head where witness = $1`
	updateHead = `update db_head set number = $2, token = $3, before = $4 where witness = $1`

	lockMigration   = `select value from db_setting where name = 'migration'`
	insertMigration = `insert into db_migration (package, version, name, digest, applied_at) values ($1, $2, $3, $4, $5)`
	selectMigration = `select package, version, name, digest from db_migration order by package, version`
	touchMigration  = `insert into db_setting (name, value) values ('migration', 'lock') on conflict (name) do nothing`
)
