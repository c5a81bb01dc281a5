create table payment_wordlist (
  owner text not null,
  part bigint not null,
  creator text not null,
  first_at bigint not null,
  first_payment text not null,
  last_at bigint not null,
  last_payment text not null,
  list bytea not null,
  primary key (owner, part, creator)
);

drop table payment_words;

create index payment_record_payer on payment_record (payer, state, id)
  where state in ('voided', 'expired', 'failed', 'held', 'reversed', 'partly_refunded', 'refunded');

create index payment_record_payee on payment_record (payee, state, id)
  where state in ('voided', 'expired', 'failed', 'held', 'reversed', 'partly_refunded', 'refunded');
