package ledger

import "slices"

// updateTotalsOver is changeTotals in arrays, where a row is still what was decided over.
const updateTotalsOver = `update ledger_total t set debits_posted = u.dt, credits_posted = u.ct, debits_pending = u.dn,
		credits_pending = u.cn, entries = u.entries, last_leg = u.last_leg, last_at = u.last_at from unnest(cast($1 as bigint[]),
		cast($2 as bigint[]), cast($3 as bigint[]), cast($4 as bigint[]), cast($5 as bigint[]), cast($6 as bigint[]), cast($7 as bigint[]),
		cast($8 as bigint[]), cast($9 as bigint[]), cast($10 as integer[])) as u (account, dt, ct, dn, cn, entries, last_leg, last_at, over_leg,
		over_state) where t.account = u.account and t.last_leg = u.over_leg and t.state = u.over_state`

// totalsOverShape says what is in them, as db.Arrays has it.
const totalsOverShape = "iiiiiiiiii"

// byKey has the totals of a group found by their key, one after another, for the rest of the transaction. The planner thinks that reading
// the whole table is cheaper, because it does not know that most of it is of no use; that takes ten times as long.
const byKey = `select set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
	set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)`

// selectTotalColumns reads the totals of accounts side by side in number, one row for each currency and limit, one array for each column.
// Both tables are told where to begin: the planner does not conclude it for the other, and would read all accounts before it.
const selectTotalColumns = `select currency, scale, limit_kind, array_agg(account), array_agg(debits_posted), array_agg(credits_posted),
	array_agg(debits_pending), array_agg(credits_pending), array_agg(entries), array_agg(last_leg), array_agg(last_at),
	array_agg(cast(state as bigint)) from (select t.*, a.currency, a.scale, a.limit_kind from ledger_total t
	join ledger_account a on a.id = t.account where t.account > $1 and a.id > $1
	order by t.account limit $2) s group by currency, scale, limit_kind`

// Rows that nobody asks whether they are there already are copied.
const (
	copyEntries    = `copy ledger_entry (` + entryColumns + `) from stdin binary`
	copyEntryShape = "iiisssbbttb"
	copyLegs       = `copy ledger_leg (` + legColumns + `) from stdin binary`
	copyLegShape   = "iiiiiiis"
)

// listAny is the condition that a column is one of the elements of an argument.
func listAny(argument string) string { return " = any(" + argument + ")" }

func idList(ids []AccountID) []int64 {
	list := make([]int64, len(ids))
	for i, id := range ids {
		list[i] = int64(id)
	}
	return list
}

func keyList(keys []key) [][]byte {
	list := make([][]byte, len(keys))
	for i := range keys {
		list[i] = slices.Clone(keys[i][:])
	}
	return list
}
