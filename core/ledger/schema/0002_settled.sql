-- Where totals are written lazily (SQLite): every account's totals have its legs up to this number, and maybe later ones. No row: they have
-- all of them.
create table ledger_settled (
	id integer primary key,
	number bigint not null
);
