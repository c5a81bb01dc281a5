-- What an owner does not want to be told, by kind and channel. A row means off.
create table notice_switch (
	owner text not null,
	kind text not null,
	channel text not null,
	primary key (owner, kind, channel)
); -- clustered
