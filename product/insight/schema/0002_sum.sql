-- What a person's payments of one day came to, so that a month is read in a hundred rows and not payment by payment. A day is one of UTC,
-- counted from 1970. Days up to insight_began had facts before there were sums, and are read from those.
create table insight_sum (
  person text not null,
  day bigint not null,
  payee text not null,
  category text not null,
  currency text not null,
  amount bigint not null,
  primary key (person, day, payee, category, currency)
); -- clustered

create table insight_began (
  day bigint primary key
);

insert into insight_began (day) select coalesce(max(at), 0) / 86400000000 from insight_fact;
