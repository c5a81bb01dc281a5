-- What travels by a link, beside its payment: where its sender wants the link sent. The link's secret stands nowhere.
create table payment_link (
  payment text primary key,
  send_to bytea
); -- clustered

-- Whom a person has paid, and whom they keep. Names are sealed with the owner's key.
create table payment_contact (
  owner text not null,
  person text not null,
  kept boolean not null,
  called bytea,
  last_payment text not null,
  last_at bigint not null,
  primary key (owner, person)
); -- clustered

create index payment_contact_last on payment_contact (owner, last_at, person);

insert into payment_contact (owner, person, kept, called, last_payment, last_at)
  select payer, payee, false, null, max(id), max(approved_at) from payment_record
  where kind = 'transfer' and captured > 0 group by payer, payee;

-- A request to one or several persons, or a split bill. What each is asked for is a payment that awaits them.
create table payment_request (
  id text primary key,
  owner text not null,
  split boolean not null,
  mode text not null,
  currency text not null,
  scale integer not null,
  total bigint not null,
  own bigint not null,
  note bytea,
  of_payment text not null,
  version bigint not null,
  created_at bigint not null,
  expires_at bigint not null,
  remind_at bigint,
  reminded_at bigint not null
); -- clustered

create index payment_request_owner on payment_request (owner, id);

create index payment_request_remind on payment_request (remind_at, id) where remind_at is not null;

create table payment_share (
  request text not null,
  n bigint not null,
  payment text not null unique,
  person text not null,
  replaced boolean not null,
  primary key (request, n)
); -- clustered

create index payment_share_person on payment_share (person, request) where person <> '';
