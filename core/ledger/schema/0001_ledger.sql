-- The next account number that no process has taken. One row.
create table ledger_block (
	id integer primary key,
	next_account bigint not null
);

-- Totals of a busy account stay zero here: they are ledger_fold plus ledger_tail.
create table ledger_account (
	id bigint primary key,
	address text not null unique,
	owner text not null,
	currency text not null,
	scale integer not null,
	limit_kind integer not null,
	busy boolean not null,
	frozen_at bigint,
	closed_at bigint,
	debits_posted bigint not null,
	credits_posted bigint not null,
	debits_pending bigint not null,
	credits_pending bigint not null,
	entries bigint not null,
	last_at bigint not null,
	opened_at bigint not null,
	tag bytea not null
);

create index ledger_account_owner on ledger_account (owner, id);

-- phase: 0 posted, 1 pending (a hold), 2 post, 3 void, 4 expire (what resolves a hold).
create table ledger_entry (
	id bytea not null primary key,
	kind text not null,
	reference text,
	at bigint not null,
	phase integer not null,
	meta text,
	resolves bytea,
	expires_at bigint,
	tag bytea not null
); -- clustered

create unique index ledger_entry_resolves on ledger_entry (resolves) where resolves is not null;
create index ledger_entry_reference on ledger_entry (reference, at, id) where reference is not null;
create index ledger_entry_kind on ledger_entry (kind, at, id);

-- A leg debits one account and credits another. released: what a resolution frees of its hold.
create table ledger_leg (
	entry bytea not null,
	n integer not null,
	debit bigint not null,
	credit bigint not null,
	amount bigint not null,
	at bigint not null,
	phase integer not null,
	released bigint,
	primary key (entry, n)
); -- clustered

create index ledger_leg_debit on ledger_leg (debit, at, entry, n);
create index ledger_leg_credit on ledger_leg (credit, at, entry, n);

-- The holds that are open now; a resolved hold has no row here.
create table ledger_hold (
	entry bytea not null primary key,
	expires_at bigint not null
); -- clustered

-- One side of a leg of a busy account, not yet in its fold.
create table ledger_tail (
	account bigint not null,
	entry bytea not null,
	n integer not null,
	debit bigint not null,
	credit bigint not null,
	at bigint not null,
	primary key (account, entry, n)
); -- clustered

create table ledger_fold (
	account bigint primary key,
	entries bigint not null,
	debits bigint not null,
	credits bigint not null
);

-- The totals of an account after everything up to and including a moment.
create table ledger_checkpoint (
	account bigint not null,
	at bigint not null,
	entries bigint not null,
	debits_posted bigint not null,
	credits_posted bigint not null,
	debits_pending bigint not null,
	credits_pending bigint not null,
	primary key (account, at)
); -- clustered
