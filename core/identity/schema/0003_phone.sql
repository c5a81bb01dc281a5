-- The telephone number by which a person can be found. mac is a keyed hash of it, number is sealed with the person's key.
create table identity_phone (
  person text not null primary key references identity_person (id),
  mac bytea not null unique,
  number bytea not null,
  confirmed_at bigint not null
);
-- A number whose code is awaited. Several people may wait for one: whoever reads the code has it.
create table identity_phone_wish (
  person text not null primary key references identity_person (id),
  mac bytea not null,
  number bytea not null,
  asked_at bigint not null
);
