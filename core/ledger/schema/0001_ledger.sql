-- The next number that no process has taken: 1 of accounts; 2 of legs, where several processes may write.
create table ledger_block (
	id integer primary key,
	next_number bigint not null
);

-- What never changes about an account, and its flags. Its totals are in ledger_total.
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
	opened_at bigint not null,
	tag bytea not null
);

create index ledger_account_owner on ledger_account (owner, id);

-- What an entry changes of an account that is not busy. state: 0 open, 1 frozen, 2 closed.
create table ledger_total (
	account bigint primary key,
	debits_posted bigint not null,
	credits_posted bigint not null,
	debits_pending bigint not null,
	credits_pending bigint not null,
	entries bigint not null,
	last_leg bigint not null,
	last_at bigint not null,
	state integer not null
); -- updated

create table ledger_kind (
	code integer primary key,
	name text not null unique
);

-- An entry has the number of its first leg. phase: null posted, 1 pending (a hold), 2 post, 3 void, 4 expire (what resolves a hold).
-- legs: how many, null for one.
create table ledger_entry (
	number bigint primary key,
	at bigint not null,
	expires_at bigint,
	kind integer not null,
	phase integer,
	legs integer,
	id bytea not null unique,
	tag bytea not null,
	reference text,
	meta text,
	resolves bytea
);

create unique index ledger_entry_resolves on ledger_entry (resolves) where resolves is not null;
create index ledger_entry_reference on ledger_entry (reference, number) where reference is not null;

-- A leg debits one account and credits another. debit_prev, credit_prev: the leg before of that account, 0 where it is the first; of a
-- busy account the time of the entry, negative. released: what a resolution frees of its hold.
create table ledger_leg (
	number bigint primary key,
	debit bigint not null,
	credit bigint not null,
	amount bigint not null,
	debit_prev bigint not null,
	credit_prev bigint not null,
	released bigint,
	phase integer
);

create index ledger_leg_debit on ledger_leg (debit, debit_prev) where debit_prev < 0;
create index ledger_leg_credit on ledger_leg (credit, credit_prev) where credit_prev < 0;

-- Among the thousand numbers around this one are entries of this kind.
create table ledger_kind_run (
	kind integer not null,
	number bigint not null,
	primary key (kind, number)
); -- clustered

-- The holds that are open now; a resolved hold has no row here.
create table ledger_hold (
	number bigint primary key,
	expires_at bigint not null
);

-- One side of a leg of a busy account, not yet in its fold.
create table ledger_tail (
	account bigint not null,
	number bigint not null,
	debit bigint not null,
	credit bigint not null,
	at bigint not null,
	primary key (account, number)
); -- clustered

create table ledger_fold (
	account bigint primary key,
	entries bigint not null,
	debits bigint not null,
	credits bigint not null
);

-- The totals of an account after everything up to and including a moment, and its last leg of that moment (0 of a busy account).
create table ledger_checkpoint (
	account bigint not null,
	at bigint not null,
	entries bigint not null,
	debits_posted bigint not null,
	credits_posted bigint not null,
	debits_pending bigint not null,
	credits_pending bigint not null,
	last_leg bigint not null,
	primary key (account, at)
); -- clustered
