-- What the app tells somebody: data is sealed with the owner's key. A notice's id begins with its event's, so ids of one
-- owner sort by time.
create table notice_item (
	owner text not null,
	id text not null,
	template text not null,
	object text not null,
	at bigint not null,
	data bytea not null,
	primary key (owner, id)
); -- clustered
-- How far an owner has read: the id of the newest notice seen.
create table notice_reader (
	owner text not null primary key,
	read_to text not null
);
-- Mails on their way: recipient and data are sealed with the owner's key and emptied once a real mail has left.
create table notice_mail (
	id text not null primary key,
	owner text not null,
	template text not null,
	lang text not null,
	recipient bytea,
	data bytea,
	state text not null,
	attempts integer not null,
	failure text not null,
	created_at bigint not null,
	sent_at bigint not null
);
