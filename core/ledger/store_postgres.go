package ledger

import (
	"slices"
	"strconv"
	"strings"

	"billfold/base/db"
)

// What PostgreSQL is told in arrays, beside the portable texts in store.go that say the same. A statement there costs some 30 µs of the
// server's processor before it does anything, so a group writer that sends one for each account and for each 64 rows is three times as
// slow. Groups smaller than arraysFrom are not worth another statement to be prepared.
const arraysFrom = 8

func arrayInsert(insert, columns, types string) string {
	names := strings.Split(types, ", ")
	for i := range names {
		names[i] = "cast($" + strconv.Itoa(i+1) + " as " + names[i] + "[])"
	}
	return insert + " (" + columns + ") select * from unnest(" + strings.Join(names, ", ") + ")"
}

// arrayBulk is a statement with one array for each column. shape says what is in it: i a number, n a number or null, b bytes or null, t
// text or null.
type arrayBulk struct{ text, shape string }

var (
	insertEntryArrays = arrayBulk{arrayInsert("insert into ledger_entry", entryColumns,
		"bigint, bigint, bigint, integer, integer, integer, bytea, bytea, text, text, bytea"), "iininnbbttb"}
	insertLegArrays = arrayBulk{arrayInsert("insert into ledger_leg", legColumns,
		"bigint, bigint, bigint, bigint, bigint, bigint, bigint, integer"), "iiiiiinn"}
	insertTailArrays = arrayBulk{arrayInsert("insert into ledger_tail", "account, number, debit, credit, at",
		"bigint, bigint, bigint, bigint, bigint"), "iiiii"}
	updateTotalArrays = arrayBulk{`update ledger_total t set debits_posted = u.dt, credits_posted = u.ct, debits_pending = u.dn,
		credits_pending = u.cn, entries = u.entries, last_leg = u.last_leg, last_at = u.last_at from unnest(cast($1 as bigint[]),
		cast($2 as bigint[]), cast($3 as bigint[]), cast($4 as bigint[]), cast($5 as bigint[]), cast($6 as bigint[]), cast($7 as bigint[]),
		cast($8 as bigint[])) as u (account, dt, ct, dn, cn, entries, last_leg, last_at) where t.account = u.account`, "iiiiiiii"}
	// The same, where a row is still what was decided over.
	updateTotalsOver = arrayBulk{`update ledger_total t set debits_posted = u.dt, credits_posted = u.ct, debits_pending = u.dn,
		credits_pending = u.cn, entries = u.entries, last_leg = u.last_leg, last_at = u.last_at from unnest(cast($1 as bigint[]),
		cast($2 as bigint[]), cast($3 as bigint[]), cast($4 as bigint[]), cast($5 as bigint[]), cast($6 as bigint[]), cast($7 as bigint[]),
		cast($8 as bigint[]), cast($9 as bigint[]), cast($10 as integer[])) as u (account, dt, ct, dn, cn, entries, last_leg, last_at, over_leg,
		over_state) where t.account = u.account and t.last_leg = u.over_leg and t.state = u.over_state`, "iiiiiiiiii"}
)

// byKey has the totals of a group found by their key, one after another, for the rest of the transaction. The planner thinks that reading
// the whole table is cheaper, because it does not know that most of it is of no use; that takes ten times as long.
const byKey = `select set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
	set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)`

// selectTotalColumns reads the totals of accounts side by side in number, one row for each currency and limit, one array for each column.
const selectTotalColumns = `select currency, scale, limit_kind, array_agg(account), array_agg(debits_posted), array_agg(credits_posted),
	array_agg(debits_pending), array_agg(credits_pending), array_agg(entries), array_agg(last_leg), array_agg(last_at),
	array_agg(cast(state as bigint)) from (select t.*, a.currency, a.scale, a.limit_kind from ledger_total t
	join ledger_account a on a.id = t.account where t.account > $1 order by t.account limit $2) s group by currency, scale, limit_kind`

// Rows that nobody asks whether they are there already are copied.
const (
	copyEntries    = `copy ledger_entry (` + entryColumns + `) from stdin binary`
	copyEntryShape = "iiisssbbttb"
	copyLegs       = `copy ledger_leg (` + legColumns + `) from stdin binary`
	copyLegShape   = "iiiiiiis"
)

// queue sends rows, given one after another in args, as columns.
func (a arrayBulk) queue(tx *db.Tx, args []any) {
	if len(args) > 0 {
		tx.Queue(a.text, arrays(args, a.shape)...)
	}
}

// arrays turns rows into columns.
func arrays(args []any, shape string) []any {
	rows, cols := len(args)/len(shape), len(shape)
	columns := make([]any, cols)
	for c, kind := range []byte(shape) {
		at := func(r int) any { return args[r*cols+c] }
		switch kind {
		case 'i':
			columns[c] = column(rows, func(r int) int64 { return at(r).(int64) })
		case 'n':
			columns[c] = column(rows, func(r int) *int64 { return orNull[int64](at(r)) })
		case 'b':
			columns[c] = column(rows, func(r int) []byte {
				b, _ := at(r).([]byte)
				return b
			})
		case 't':
			columns[c] = column(rows, func(r int) *string { return orNull[string](at(r)) })
		}
	}
	return columns
}

func column[T any](rows int, at func(int) T) []T {
	list := make([]T, rows)
	for r := range list {
		list[r] = at(r)
	}
	return list
}

func orNull[T any](v any) *T {
	if v == nil {
		return nil
	}
	value := v.(T)
	return &value
}

// listAny is the condition that a column is one of the elements of an argument.
func listAny(argument string) string { return " = any(" + argument + ")" }

func idList(ids []AccountID) []int64 {
	return column(len(ids), func(i int) int64 { return int64(ids[i]) })
}

func keyList(keys []key) [][]byte {
	return column(len(keys), func(i int) []byte { return slices.Clone(keys[i][:]) })
}
