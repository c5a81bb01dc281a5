create table payment_words (
  owner text not null,
  part bigint not null,
  creator text not null,
  first_at bigint not null,
  first_payment text not null,
  last_at bigint not null,
  last_payment text not null,
  list bytea not null,
  primary key (owner, part, creator)
); -- clustered

create table payment_note (
  owner text not null,
  payment text not null,
  at bigint not null,
  note bytea not null,
  primary key (owner, payment)
); -- clustered
