alter table payment_wordlist add column traits text not null default '';

create index payment_wordlist_place
  on payment_wordlist (owner, creator, first_at, first_payment, last_at, last_payment, part, traits);

create index payment_record_reference on payment_record (payee, reference, id) where reference <> '';

create index payment_record_returned on payment_record (payer, reference, id) where reference <> '' and kind = 'refund';
