-- Who leads: numbers events and does tasks. Beat counts the holder's signs of life, epoch the holders.
create table lease_holder (
	name text primary key,
	holder text not null,
	epoch bigint not null,
	beat bigint not null
);
