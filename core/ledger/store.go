package ledger

import (
	"strconv"
	"strings"
	"sync"

	"billfold/base/db"
)

// Accounts.
const (
	accountColumns = `id, address, owner, currency, scale, limit_kind, busy, coalesce(frozen_at, 0), coalesce(closed_at, 0),
		debits_posted, credits_posted, debits_pending, credits_pending, entries, last_at, opened_at, tag`
	selectAccount   = `select ` + accountColumns + ` from ledger_account where id = $1`
	selectByAddress = `select ` + accountColumns + ` from ledger_account where address = $1`
	selectByOwner   = `select ` + accountColumns + ` from ledger_account where owner = $1 order by id`
	// The prefix is compared with substr, which means the same under every collation; this list is the operator's.
	selectByPrefix = `select ` + accountColumns + ` from ledger_account where id > $1 and substr(address, 1, $2) = $3 order by id limit $4`
	selectNumber   = `select id from ledger_account where address = $1`
	insertAccount  = `insert into ledger_account (id, address, owner, currency, scale, limit_kind, busy, debits_posted, credits_posted,
		debits_pending, credits_pending, entries, last_at, opened_at, tag) values ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0, 0, 0, 0, $8, $9)`
	updateFlags = `update ledger_account set frozen_at = $2, closed_at = $3, tag = $4 where id = $1`
	takeNumbers = `insert into ledger_block (id, next_account) values (1, $1 + 1)
		on conflict (id) do update set next_account = ledger_block.next_account + $1 returning next_account`
	updateTotals = `update ledger_account set debits_posted = $2, credits_posted = $3, debits_pending = $4, credits_pending = $5,
		entries = $6, last_at = $7 where id = $1`
)

// Entries, legs and holds.
const (
	entryColumns = `id, kind, reference, at, phase, meta, resolves, expires_at, tag`
	legColumns   = `entry, n, debit, credit, amount, at, phase, released`
	deleteHold   = `delete from ledger_hold where entry = $1`
	// A hold with its entry and legs; `for update of h` locks the hold's own row, so that one resolver waits for the other.
	selectHold = `select e.kind, e.reference, e.expires_at, l.debit, l.credit, l.amount from ledger_hold h
		join ledger_entry e on e.id = h.entry join ledger_leg l on l.entry = h.entry where h.entry = $1 order by l.n`
	selectKinds = `select kind from ledger_entry where kind > $1 order by kind limit 1`
)

// Busy accounts. A fold and its tail are read in one statement, because only that is one snapshot in every transaction.
const (
	insertFold    = `insert into ledger_fold (account, entries, debits, credits) values ($1, 0, 0, 0)`
	selectFold    = `select entries, debits, credits from ledger_fold where account = $1`
	updateFold    = `update ledger_fold set entries = $2, debits = $3, credits = $4 where account = $1`
	selectBalance = `select entries, debits, credits from ledger_fold where account = $1
		union all select 1, debit, credit from ledger_tail where account = $1`
	selectNextTail = `select account from ledger_tail where account > $1 order by account limit 1`
	selectLagging  = `select f.account from ledger_fold f where f.entries - $1 >= coalesce(
		(select max(c.entries) from ledger_checkpoint c where c.account = f.account), 0)`
	selectTailEnd = `select entry, n from ledger_tail where account = $1 order by entry, n limit 1 offset $2`
	// What is deleted is what is returned: a row that commits between two statements must not vanish unread.
	takeTail = `delete from ledger_tail where account = $1 and (entry, n) <= ($2, $3) returning debit, credit, at`
)

// Checkpoints.
const (
	checkpointColumns = `account, at, entries, debits_posted, credits_posted, debits_pending, credits_pending`
	selectCheckpoint  = `select ` + checkpointColumns + ` from ledger_checkpoint where account = $1 and at <= $2 order by at desc limit 1`
	forgetCheckpoints = `delete from ledger_checkpoint where account = $1 and at >= $2`
	selectLegsBetween = `select 0 as side, amount, phase, coalesce(released, 0), at from ledger_leg where debit = $1 and at > $2 and at <= $3
		union all select 1, amount, phase, coalesce(released, 0), at from ledger_leg where credit = $1 and at > $2 and at <= $3`
	selectTailUpTo     = `select 1, debit, credit from ledger_tail where account = $1 and at <= $2`
	selectEarliestTail = `select coalesce(min(at), $2) from ledger_tail where account = $1`
)

// Verify. Each list is read in slices of its key, beginning after what the slice before had last.
const (
	sliceAccounts    = `select ` + accountColumns + ` from ledger_account where id > $1 order by id limit $2`
	sliceCheckpoints = `select ` + checkpointColumns + ` from ledger_checkpoint where (account, at) > ($1, $2) order by account, at limit $3`
	sliceEntries     = `select ` + entryColumns + ` from ledger_entry where id > $1 order by id limit $2`
	sliceLegs        = `select ` + legColumns + ` from ledger_leg where entry > $1 and entry <= $2 order by entry, n`
	sliceHolds       = `select entry, expires_at from ledger_hold where entry > $1 and entry <= $2 order by entry`
	sliceResolutions = `select e.resolves, e.id, e.phase, l.debit, l.credit, l.amount, l.phase, coalesce(l.released, 0) from ledger_entry e
		left join ledger_leg l on l.entry = e.id where e.resolves > $1 and e.resolves <= $2 order by e.resolves, l.n`
	sliceTail = `select t.account, t.entry, t.n, t.debit, t.credit, t.at, l.debit, l.credit, l.amount, l.at, l.phase from ledger_tail t
		left join ledger_leg l on l.entry = t.entry and l.n = t.n where (t.account, t.entry, t.n) > ($1, $2, $3)
		order by t.account, t.entry, t.n limit $4`
	selectCheckpointAt  = `select ` + checkpointColumns + ` from ledger_checkpoint where account = $1 and at = $2`
	selectLastNumber    = `select coalesce(max(id), 0) from ledger_account`
	selectNextNumber    = `select next_account from ledger_block where id = 1`
	selectHistoryDebits = `select amount, phase, coalesce(released, 0), at from ledger_leg where debit = $1 and at > $2
		order by at, entry, n limit $3`
	selectHistoryCredits = `select amount, phase, coalesce(released, 0), at from ledger_leg where credit = $1 and at > $2
		order by at, entry, n limit $3`
	selectUnfoldedBetween = `select 1, t.debit, t.credit from ledger_tail t where t.account = $1 and t.at > $2 and t.at <= $3`
)

// texts keeps statements whose shape depends on a count, by that count.
type texts[K comparable] struct {
	write func(K) string
	known sync.Map
}

func (t *texts[K]) of(k K) string {
	if s, ok := t.known.Load(k); ok {
		return s.(string)
	}
	s := t.write(k)
	t.known.Store(k, s)
	return s
}

// loadShape counts the arguments of one statement of load, each rounded up by room.
type loadShape struct {
	keys, locked, busy int
	lock               string
}

// room rounds a count up to a power of two, so that lists of every length share a few statements.
func room(n int) int {
	if n == 0 {
		return 0
	}
	r := 1
	for r < n {
		r *= 2
	}
	return r
}

// selectLoad reads, in one round trip, which of the entries exist (part 0), the accounts to lock in order of number (part 1), and the flags
// and folds of busy accounts without a lock (part 2).
var selectLoad = texts[loadShape]{write: func(s loadShape) string {
	var parts []string
	first := 1
	list := func(n int) string {
		first += n
		return db.In(first-n, n)
	}
	if s.keys > 0 {
		parts = append(parts, `select 0 as part, id as entry, cast(0 as bigint) as id, '' as currency, 0 as scale, 0 as limit_kind, false as busy,
			cast(0 as bigint) as frozen_at, cast(0 as bigint) as closed_at, cast(0 as bigint) as debits_posted,
			cast(0 as bigint) as credits_posted, cast(0 as bigint) as debits_pending, cast(0 as bigint) as credits_pending,
			cast(0 as bigint) as entries, cast(0 as bigint) as last_at from ledger_entry where id in `+list(s.keys))
	}
	if s.locked > 0 {
		parts = append(parts, `select 1 as part, cast(null as bytea) as entry, id, currency, scale, limit_kind, busy, coalesce(frozen_at, 0),
			coalesce(closed_at, 0), debits_posted, credits_posted, debits_pending, credits_pending, entries, last_at from (
			select * from ledger_account where id in `+list(s.locked)+` order by id`+s.lock+`) as locked`)
	}
	if s.busy > 0 {
		parts = append(parts, `select 2 as part, cast(null as bytea) as entry, a.id, a.currency, a.scale, a.limit_kind, a.busy,
			coalesce(a.frozen_at, 0), coalesce(a.closed_at, 0), coalesce(f.debits, 0), coalesce(f.credits, 0), 0, 0, 0, 0
			from ledger_account a left join ledger_fold f on f.account = a.id where a.id in `+list(s.busy))
	}
	return strings.Join(parts, "\n\t\tunion all ")
}}

// bulk is an insert of several rows.
type bulk struct {
	cols  int
	texts texts[int]
}

func newBulk(insert, columns string) *bulk {
	cols := strings.Count(columns, ",") + 1
	return &bulk{cols: cols, texts: texts[int]{write: func(rows int) string {
		return insert + " (" + columns + ") values " + db.Values(rows, cols)
	}}}
}

var (
	insertEntries     = newBulk("insert into ledger_entry", entryColumns)
	insertLegs        = newBulk("insert into ledger_leg", legColumns)
	insertHolds       = newBulk("insert into ledger_hold", "entry, expires_at")
	insertTail        = newBulk("insert into ledger_tail", "account, entry, n, debit, credit, at")
	insertCheckpoints = newBulk("insert into ledger_checkpoint", checkpointColumns)
)

// bulkRows bounds the rows of one statement.
const bulkRows = 64

// queue inserts rows, given one after another in args, by statements of 64, 32, … 1 rows.
func (k *bulk) queue(tx *db.Tx, args []any) {
	for rows := bulkRows; len(args) > 0; {
		if n := rows * k.cols; n <= len(args) {
			tx.Queue(k.texts.of(rows), args[:n:n]...)
			args = args[n:]
		} else {
			rows /= 2
		}
	}
}

// Statements with lists.
var (
	selectEntriesIn = texts[int]{write: func(n int) string {
		return `select ` + entryColumns + ` from ledger_entry where id in ` + db.In(1, n)
	}}
	selectLegsIn = texts[int]{write: func(n int) string {
		return `select ` + legColumns + ` from ledger_leg where entry in ` + db.In(1, n) + ` order by entry, n`
	}}
)

// findShape says which filters a list has.
type findShape struct{ account, reference, kind bool }

// selectPlaces finds one page of entries. $1 and $2 are the place before, $3 the limit, then the filters in the order of findShape. An
// account's entries are those of its two sides, each read in the order of its own index.
var selectPlaces = texts[findShape]{write: func(s findShape) string {
	next := 4
	filter := func(on bool, condition string) string {
		if !on {
			return ""
		}
		next++
		return " and " + condition + " = $" + strconv.Itoa(next-1)
	}
	if !s.account {
		return `select at, id from ledger_entry where (at, id) < ($1, $2)` + filter(s.reference, "reference") + filter(s.kind, "kind") +
			` order by at desc, id desc limit $3`
	}
	join := ""
	if s.reference || s.kind {
		join = " join ledger_entry e on e.id = l.entry"
	}
	next++ // $4 is the account
	entry := filter(s.reference, "e.reference") + filter(s.kind, "e.kind")
	side := func(name string) string {
		return `select * from (select distinct l.at, l.entry from ledger_leg l` + join + ` where l.` + name + ` = $4
			and (l.at, l.entry) < ($1, $2)` + entry + ` order by l.at desc, l.entry desc limit $3) as ` + name + `s`
	}
	return side("debit") + " union all " + side("credit")
}}
