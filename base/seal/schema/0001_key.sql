-- Of the one keyring that a database holds: what its keys are wrapped under, and how often keys were destroyed.
create table seal_ring (
	name text primary key,
	salt bytea not null,
	proof bytea not null,
	epoch bigint not null
);

-- The name is a keyed hash of the owner; owner and key are wrapped.
create table seal_key (
	name bytea primary key,
	created_at bigint not null,
	wrapped bytea not null
);

-- What other processes are to forget.
create table seal_gone (
	epoch bigint not null,
	name bytea not null,
	primary key (epoch, name)
);
