-- What a restricted key may do, as words with spaces between, and when a key that was rolled ends (0: never).
alter table identity_key add column scopes text not null default '';
alter table identity_key add column expires_at bigint not null default 0;
