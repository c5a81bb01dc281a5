create table payment_record (
  id text primary key,
  kind text not null,
  state text not null,
  version bigint not null,
  creator text not null,
  payer text not null,
  payee text not null,
  currency text not null,
  scale integer not null,
  amount bigint not null,
  fee bigint not null,
  captured bigint not null,
  refunded bigint not null,
  capture text not null,
  method text not null,
  description bytea,
  reference text not null,
  metadata text not null,
  of_payment text not null,
  failure text not null,
  created_at bigint not null,
  expires_at bigint not null,
  hold_for bigint not null,
  hold_until bigint not null,
  due_at bigint,
  approved_at bigint not null,
  digest bytea,
  proof bytea
); -- clustered

create index payment_record_due on payment_record (due_at, id) where due_at is not null;

create index payment_record_of on payment_record (of_payment, id) where of_payment <> '';

create table payment_step (
  payment text not null,
  n bigint not null,
  name text not null,
  state text not null,
  at bigint not null,
  amount bigint not null,
  primary key (payment, n)
); -- clustered

create table payment_party (
  owner text not null,
  at bigint not null,
  payment text not null,
  role text not null,
  primary key (owner, at, payment)
); -- clustered

create table payment_checkout (
  id text primary key,
  shop text not null,
  payment text not null unique,
  return_url text not null,
  cancel_url text not null,
  items bytea,
  created_at bigint not null,
  expires_at bigint not null
); -- clustered

create index payment_checkout_shop on payment_checkout (shop, id);

create table payment_intent (
  payment text primary key,
  rail text not null,
  token text not null,
  asked_at bigint not null,
  asks bigint not null,
  answered boolean not null
); -- clustered

create index payment_intent_open on payment_intent (asked_at, payment) where answered = false;
