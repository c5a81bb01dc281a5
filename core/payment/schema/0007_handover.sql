alter table payment_checkout add column asks text not null default '';

alter table payment_paylink add column asks text not null default '';

create table payment_handover (
  payment text primary key,
  owner text not null,
  given bytea not null,
  at bigint not null
); -- clustered

create index payment_handover_owner on payment_handover (owner, at, payment);
