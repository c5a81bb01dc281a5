create table payment_till (
  till text not null,
  at bigint not null,
  payment text not null,
  primary key (till, at, payment)
); -- clustered
