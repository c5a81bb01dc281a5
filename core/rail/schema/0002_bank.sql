create table rail_account (
  id text primary key,
  owner text not null,
  mark text not null,
  iban bytea not null,
  holder bytea not null,
  shown text not null,
  created_at bigint not null
); -- clustered

create unique index rail_account_mark on rail_account (owner, mark);

create table rail_credit (
  rail text not null,
  id text not null,
  movement text not null,
  reference text not null,
  said bytea,
  sender text not null,
  merchant text not null,
  amount bigint not null,
  currency text not null,
  received_at bigint not null,
  primary key (rail, id)
); -- clustered

create table rail_sandbox_order (
  reference text primary key,
  merchant text not null,
  amount bigint not null,
  currency text not null,
  behaviour text not null,
  asks bigint not null,
  asked_at bigint not null
); -- clustered

create table rail_sandbox_transfer (
  movement text primary key,
  said text not null,
  sender text not null,
  merchant text not null,
  amount bigint not null,
  currency text not null,
  sent_back boolean not null,
  at bigint not null
); -- clustered
