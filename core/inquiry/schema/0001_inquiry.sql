-- Cases about payments. open is "person/payment" while the case is not closed, and null afterwards: one at a time. Times are real.
create table inquiry_case (
  id text not null primary key,
  person text not null,
  payment text not null,
  state text not null,
  open text unique,
  turns integer not null,
  asked_at bigint not null,
  changed_at bigint not null
);
create index inquiry_case_person on inquiry_case (person, payment);
create index inquiry_case_state on inquiry_case (state, id);
-- words are sealed with the person's key; author is the operator's id, or empty for the person.
create table inquiry_turn (
  inquiry text not null references inquiry_case (id),
  number integer not null,
  author text not null,
  at bigint not null,
  words bytea not null,
  primary key (inquiry, number)
);
