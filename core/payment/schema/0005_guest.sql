alter table payment_intent add column attempt bigint not null default 1;

create table payment_card (
  payment text not null,
  n bigint not null,
  token text not null,
  brand text not null,
  last4 text not null,
  failure text not null,
  at bigint not null,
  primary key (payment, n)
); -- clustered
