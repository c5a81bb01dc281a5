create table once_key (
	caller text not null,
	operation text not null,
	key text not null,
	hash bytea not null,
	object text not null,
	version bigint not null,
	primary key (caller, operation, key)
); -- clustered
