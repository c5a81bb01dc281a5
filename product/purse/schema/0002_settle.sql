-- One key is one module, or a thief of a key could enrol it again.
create unique index purse_module_public on purse_module (public);

-- What became of a case: what the issuer paid for it out of its own, and who decided whose loss that is, when and why.
alter table purse_case add column owed bigint not null default 0;
alter table purse_case add column outcome text not null default '';
alter table purse_case add column settled_by text not null default '';
alter table purse_case add column reason text not null default '';
alter table purse_case add column settled_at bigint not null default 0;

-- What people did to modules and cases, in order; nothing is ever changed here.
create table purse_act (
  id text primary key,
  kind text not null,
  module text not null,
  object text not null,
  actor text not null,
  reason text not null,
  at bigint not null
);

create index purse_act_module on purse_act (module, id);
