-- Columns *_mac are keyed hashes (HMAC-SHA-256 under a key of the keyring): equal values can be found, none can be read.
-- Other bytea columns are sealed with the person's own key unless said otherwise. Columns *_at are microseconds UTC of real time,
-- except created_at of people and keys, which follow the sandbox clock.
create table identity_person (
  id text not null primary key,
  handle_mac bytea not null unique,
  email_mac bytea unique,
  name bytea not null,
  handle bytea not null,
  email bytea,
  password bytea,
  lang text not null,
  state text not null,
  created_at bigint not null
);
create table identity_role (
  person text not null references identity_person (id),
  role text not null,
  granted_at bigint not null,
  primary key (person, role)
);
-- A sign-up that waits for its code; person is the id, and the owner of the key, that the person will have.
create table identity_signup (
  id text not null primary key,
  person text not null,
  handle_mac bytea not null,
  email_mac bytea not null,
  name bytea not null,
  handle bytea not null,
  email bytea not null,
  password bytea not null,
  lang text not null,
  created_at bigint not null
);
create index identity_signup_created on identity_signup (created_at);
-- hash is a keyed hash of purpose, subject and code.
create table identity_code (
  subject text not null,
  purpose text not null,
  hash bytea not null,
  tries integer not null,
  sent_at bigint not null,
  expires_at bigint not null,
  primary key (subject, purpose)
);
-- hash is a keyed hash of the token; proved_at: last proof by password; awake_at: start of the uninterrupted use.
create table identity_session (
  id text not null primary key,
  hash bytea not null unique,
  person text not null references identity_person (id),
  agent bytea not null,
  ip bytea not null,
  created_at bigint not null,
  seen_at bigint not null,
  proved_at bigint not null,
  awake_at bigint not null,
  expires_at bigint not null
);
create index identity_session_person on identity_session (person);
create index identity_session_seen on identity_session (seen_at);
-- owner is a person or a shop; label is sealed with the person's key, or the installation's for a shop.
create table identity_key (
  id text not null primary key,
  hash bytea not null unique,
  owner text not null,
  kind text not null,
  label bytea not null,
  hint text not null,
  created_at bigint not null,
  used_at bigint not null,
  revoked_at bigint not null
);
create index identity_key_owner on identity_key (owner, id);
create table identity_link (
  id text not null primary key,
  hash bytea not null unique,
  purpose text not null,
  person text,
  expires_at bigint not null,
  used_at bigint not null
);
-- bucket is a keyed hash of what is throttled (an account, a network, an address).
create table identity_throttle (
  bucket bytea not null primary key,
  tries integer not null,
  last_at bigint not null,
  until_at bigint not null
);
create index identity_throttle_last on identity_throttle (last_at);
-- One row: raised whenever a right is taken away, so that processes drop what they remember.
create table identity_epoch (
  id integer not null primary key,
  number bigint not null
);
