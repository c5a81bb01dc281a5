create table purse_key (
  name text primary key,
  public bytea not null,
  secret bytea not null
);

create table purse_module (
  id text primary key,
  owner text not null,
  payout text not null,
  role integer not null,
  class integer not null,
  name text not null,
  public bytea not null,
  state text not null,
  epoch bigint not null,
  certificate bytea not null,
  until bigint not null,
  records bigint not null,
  tail bytea not null,
  synced_at bigint not null,
  lost_at bigint not null,
  created_at bigint not null
);

create index purse_module_owner on purse_module (owner, id);
create index purse_module_state on purse_module (state, id);

create table purse_desk (
  id text primary key,
  module text not null unique,
  state bytea not null
);

create table purse_record (
  module text not null,
  number bigint not null,
  hash bytea not null,
  body bytea not null,
  event integer not null,
  primary key (module, number)
); -- clustered

create table purse_transfer (
  hash bytea primary key,
  name text not null unique,
  payer text not null,
  payer_seq bigint not null,
  payee text not null,
  payee_seq bigint not null,
  value bigint not null,
  currency text not null,
  purpose integer not null,
  place integer not null,
  payer_said integer not null,
  payee_said integer not null,
  due_at bigint not null,
  heard_at bigint not null,
  unique (payer, payer_seq),
  unique (payee, payee_seq)
);

create index purse_transfer_due on purse_transfer (place, due_at);

create table purse_given (
  payee text not null,
  payee_seq bigint not null,
  hash bytea not null,
  primary key (payee, payee_seq)
); -- clustered

create table purse_case (
  id text primary key,
  kind text not null,
  module text not null,
  hash bytea not null,
  value bigint not null,
  currency text not null,
  evidence bytea not null,
  opened_at bigint not null,
  unique (kind, module, hash)
);

create table purse_order (
  module text not null,
  seq bigint not null,
  take_from text not null,
  take_minor bigint not null,
  give_to text not null,
  give_minor bigint not null,
  house text not null,
  name text not null,
  state text not null,
  primary key (module, seq)
);
