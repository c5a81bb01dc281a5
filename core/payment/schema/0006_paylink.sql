alter table payment_checkout add column paylink text not null default '';

create table payment_paylink (
  id text primary key,
  shop text not null,
  title text not null,
  description bytea,
  currency text not null,
  scale integer not null,
  amount bigint not null,
  least bigint not null,
  most bigint not null,
  used bigint not null,
  expires_at bigint not null,
  disabled_at bigint not null,
  created_at bigint not null
); -- clustered

create index payment_paylink_shop on payment_paylink (shop, id);
