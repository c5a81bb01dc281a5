create table payment_transfer (
  reference text primary key,
  payment text not null
); -- clustered

create table payment_arrival (
  id text primary key,
  rail text not null,
  movement text not null,
  message text not null,
  payment text not null,
  reason text not null,
  state text not null,
  currency text not null,
  amount bigint not null,
  sender text not null,
  at bigint not null,
  decided_at bigint not null,
  became text not null
); -- clustered

create unique index payment_arrival_movement on payment_arrival (rail, movement);

create index payment_arrival_state on payment_arrival (state, id);

create table payment_decision (
  object text not null,
  n bigint not null,
  operator text not null,
  what text not null,
  why bytea not null,
  at bigint not null,
  primary key (object, n)
); -- clustered

create table payment_receivable (
  payment text primary key,
  person text not null,
  currency text not null,
  amount bigint not null,
  paid bigint not null,
  opened_at bigint not null
); -- clustered

create index payment_receivable_open on payment_receivable (person, currency, opened_at) where paid < amount;

create table payment_repayment (
  entry text primary key,
  payment text not null,
  amount bigint not null,
  at bigint not null
); -- clustered

create index payment_repayment_payment on payment_repayment (payment, at);

create index payment_record_held on payment_record (id) where state = 'held';
