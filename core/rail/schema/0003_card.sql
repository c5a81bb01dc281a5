create table rail_card (
  token text primary key,
  behaves text not null,
  brand text not null,
  last4 text not null,
  month integer not null,
  year integer not null,
  created_at bigint not null
); -- clustered

create table rail_sandbox_refund (
  reference text primary key,
  charge text not null,
  merchant text not null,
  amount bigint not null,
  currency text not null,
  at bigint not null
); -- clustered
