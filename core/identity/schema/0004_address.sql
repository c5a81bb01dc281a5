-- An address that a person saved for checkouts: name, street, telephone and mail, sealed with the person's key.
create table identity_address (
  id text not null primary key,
  person text not null references identity_person (id),
  parts bytea not null,
  used_at bigint not null
);

create index identity_address_person on identity_address (person, used_at, id);
