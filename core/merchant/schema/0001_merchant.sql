create table merchant_shop (
  id text primary key,
  owner text not null,
  name text not null,
  handle text not null unique,
  mcc text not null,
  country text not null,
  currencies text not null,
  return_origins text not null,
  state text not null,
  created_at bigint not null
);

create index merchant_shop_owner on merchant_shop (owner, id);

create table merchant_member (
  shop text not null references merchant_shop (id),
  person text not null,
  role text not null,
  since bigint not null,
  primary key (shop, person)
);

create index merchant_member_person on merchant_member (person, shop);
