create table merchant_store (
  id text primary key,
  shop text not null references merchant_shop (id),
  name text not null,
  city text not null,
  closed_at bigint not null,
  created_at bigint not null
);

create index merchant_store_shop on merchant_store (shop, id);

create table merchant_till (
  id text primary key,
  shop text not null references merchant_shop (id),
  store text not null references merchant_store (id),
  name text not null,
  device bytea,
  paired_at bigint not null,
  code bytea,
  code_until bigint not null,
  created_at bigint not null
);

create index merchant_till_shop on merchant_till (shop, id);

create unique index merchant_till_device on merchant_till (device) where device is not null;

create unique index merchant_till_code on merchant_till (code) where code is not null;

create table merchant_staff (
  id text primary key,
  shop text not null references merchant_shop (id),
  name bytea not null,
  pin bytea not null,
  misses bigint not null,
  locked_until bigint not null,
  ended_at bigint not null,
  created_at bigint not null
);

create index merchant_staff_shop on merchant_staff (shop, id);

create table merchant_limit (
  staff text not null references merchant_staff (id),
  currency text not null,
  minor bigint not null,
  primary key (staff, currency)
); -- clustered

create table merchant_given (
  staff text not null references merchant_staff (id),
  day bigint not null,
  currency text not null,
  minor bigint not null,
  primary key (staff, day, currency)
); -- clustered

create table merchant_shift (
  token bytea primary key,
  till text not null references merchant_till (id),
  staff text not null references merchant_staff (id),
  started_at bigint not null,
  ended_at bigint not null
);

create index merchant_shift_staff on merchant_shift (staff, started_at);

create index merchant_shift_till on merchant_shift (till, started_at);
