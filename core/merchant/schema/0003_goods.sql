create table merchant_item (
  id text primary key,
  shop text not null references merchant_shop (id),
  name text not null,
  currency text not null,
  minor bigint not null,
  ended_at bigint not null,
  created_at bigint not null
);

create index merchant_item_shop on merchant_item (shop, id);

create table merchant_counter (
  shop text primary key references merchant_shop (id),
  tips text not null,
  own_tip boolean not null,
  numbered boolean not null,
  prefix text not null,
  bill bigint not null
);
