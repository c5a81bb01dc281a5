create table insight_fact (
  person text not null,
  at bigint not null,
  payment text not null,
  payee text not null,
  category text not null,
  currency text not null,
  amount bigint not null,
  primary key (person, at, payment)
); -- clustered

create table insight_rule (
  person text not null,
  payee text not null,
  category text not null,
  primary key (person, payee)
); -- clustered

create table insight_budget (
  person text not null,
  category text not null,
  currency text not null,
  amount bigint not null,
  primary key (person, category, currency)
); -- clustered

create table insight_alert (
  person text not null,
  category text not null,
  currency text not null,
  month text not null,
  percent bigint not null,
  primary key (person, category, currency, month, percent)
); -- clustered

create table insight_zone (
  person text primary key,
  zone text not null
); -- clustered
