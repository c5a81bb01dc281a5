create table event_record (
	id text primary key,
	type text not null,
	object text not null,
	sequence bigint not null,
	owners text not null,
	at bigint not null,
	data bytea not null
); -- clustered
create table event_pending (
	id text primary key
); -- clustered
create table event_batch (
	first bigint primary key,
	count bigint not null,
	ids text not null
);
create table event_owner (
	owner text not null,
	number bigint not null,
	event text not null,
	primary key (owner, number)
); -- clustered
create table event_cursor (
	name text primary key,
	number bigint not null
);
