create table audit_record (
	id text not null primary key,
	at bigint not null,
	actor text not null,
	action text not null,
	object text not null,
	record bytea not null
); -- clustered
create index audit_record_object on audit_record (object, id);
create index audit_record_actor on audit_record (actor, id);
