create table rail_callback (
  rail text not null,
  id text not null,
  reference text not null,
  merchant text not null,
  outcome text not null,
  reason text not null,
  amount bigint not null,
  currency text not null,
  received_at bigint not null,
  primary key (rail, id)
); -- clustered

create index rail_callback_reference on rail_callback (reference, received_at);

create table rail_sandbox_charge (
  reference text primary key,
  merchant text not null,
  amount bigint not null,
  currency text not null,
  token text not null,
  asks bigint not null,
  asked_at bigint not null
); -- clustered
