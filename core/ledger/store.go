package ledger

import (
	"strconv"
	"strings"

	"billfold/base/db"
)

// Accounts. A busy account has no totals of its own.
const (
	accountColumns = `a.id, a.address, a.owner, a.currency, a.scale, a.limit_kind, a.busy, coalesce(a.frozen_at, 0), coalesce(a.closed_at, 0),
		a.opened_at, a.tag, coalesce(t.debits_posted, 0), coalesce(t.credits_posted, 0), coalesce(t.debits_pending, 0),
		coalesce(t.credits_pending, 0), coalesce(t.entries, 0), coalesce(t.last_leg, 0), coalesce(t.last_at, 0), coalesce(t.state, -1)`
	fromAccount     = ` from ledger_account a left join ledger_total t on t.account = a.id `
	selectAccount   = `select ` + accountColumns + fromAccount + `where a.id = $1`
	selectByAddress = `select ` + accountColumns + fromAccount + `where a.address = $1`
	selectByOwner   = `select ` + accountColumns + fromAccount + `where a.owner = $1 order by a.id`
	// The prefix is compared with substr, which means the same under every collation; this list is the operator's.
	selectByPrefix = `select ` + accountColumns + ` from (select * from ledger_account where id > $1 and substr(address, 1, $2) = $3
		order by id limit $4) as a left join ledger_total t on t.account = a.id order by a.id`
	// A freeze takes the lock that a post takes: the totals of the account, or the account itself where it is busy and nobody does.
	lockTotal   = `select account from ledger_total where account = $1`
	lockAccount = `select id from ledger_account where id = $1`
	updateFlags = `update ledger_account set frozen_at = $2, closed_at = $3, tag = $4 where id = $1`
	updateState = `update ledger_total set state = $2 where account = $1`
)

// Numbers and kinds.
const (
	takeAccounts = `insert into ledger_block (id, next_number) values (1, $1 + 1)
		on conflict (id) do update set next_number = ledger_block.next_number + $1 returning next_number`
	takeLegs = `insert into ledger_block (id, next_number) select 2, coalesce(max(number), 0) + 1 + $1 from ledger_leg where true
		on conflict (id) do update set next_number = ledger_block.next_number + $1 returning next_number`
	selectEntryAt = `select coalesce(max(number), 0) from ledger_entry where number <= $1`
	selectLastLeg = `select coalesce(max(number), 0) from ledger_leg`
	selectKind    = `select code from ledger_kind where name = $1`
	selectKinds   = `select code, name from ledger_kind order by code`
	insertKind    = `insert into ledger_kind (code, name) select coalesce(max(code), 0) + 1, cast($1 as text) from ledger_kind returning code`
	selectNextRun = `select number from ledger_kind_run where kind = $1 and number < $2 order by number desc limit 1`
)

// Entries, legs and holds.
const (
	entryColumns = `number, at, expires_at, kind, phase, legs, id, tag, reference, meta, resolves`
	legColumns   = `number, debit, credit, amount, debit_prev, credit_prev, released, phase`
	// The legs of an entry, and the entry of a leg.
	ofEntry    = `l.number >= e.number and l.number < e.number + coalesce(e.legs, 1)`
	ofLeg      = `e.number = (select max(x.number) from ledger_entry x where x.number <= l.number)`
	deleteHold = `delete from ledger_hold where number = $1`
)

// Histories. An account's is the chain of its legs, newest first; a busy account's is in an index by time.
const (
	// The legs of an account from one back to the first that is not later than a moment, this one included.
	selectChain = `with recursive chain (number, debit, amount, released, phase, prev, at, step) as (
		select l.number, l.debit, l.amount, l.released, l.phase, case when l.debit = $1 then l.debit_prev else l.credit_prev end,
			(select e.at from ledger_entry e where e.number <= l.number order by e.number desc limit 1), 1
			from ledger_leg l where l.number = $2 and (l.debit = $1 or l.credit = $1)
		union all
		select l.number, l.debit, l.amount, l.released, l.phase, case when l.debit = $1 then l.debit_prev else l.credit_prev end,
			(select e.at from ledger_entry e where e.number <= l.number order by e.number desc limit 1), c.step + 1
			from chain c join ledger_leg l on l.number = c.prev and (l.debit = $1 or l.credit = $1) where c.step < $3 and c.at > $4)
		select number, debit, amount, coalesce(released, 0), coalesce(phase, 0), prev, at from chain order by step`
	selectChainPlaces = `with recursive chain (number, prev, step) as (
		select number, case when debit = $1 then debit_prev else credit_prev end, 1 from ledger_leg
			where number = $2 and (debit = $1 or credit = $1)
		union all
		select l.number, case when l.debit = $1 then l.debit_prev else l.credit_prev end, c.step + 1
			from chain c join ledger_leg l on l.number = c.prev and (l.debit = $1 or l.credit = $1) where c.step < $3)
		select e.number, e.at, e.kind, l.number from chain l join ledger_entry e on ` + ofLeg + ` order by l.step`
	selectWindowLegs = `select number, debit, amount, coalesce(released, 0), coalesce(phase, 0), case when debit = $1 then debit_prev
		else credit_prev end from ledger_leg where number <= $2 and number > $3 and (debit = $1 or credit = $1) order by number`
	selectWindowEntries = `select number, at, kind from ledger_entry where number <= $1 and number > $2 order by number`
	selectEntryRange    = `select ` + entryColumns + ` from ledger_entry where number >= $1 and number <= $2 order by number`
	selectLegRange      = `select ` + legColumns + ` from ledger_leg where number >= $1 and number <= $2 order by number`
	// The legs of a range of entries. A number of legs that a hand has changed does not make it longer.
	selectLegsOfRange = `select ` + legColumns + ` from ledger_leg where number >= $1 and number < $3
		and number < (select number + coalesce(legs, 1) from ledger_entry where number = $2) order by number`
	selectBusyPlaces = `select e.number, e.at, e.kind, l.number from (
		select * from (select number, debit_prev as prev from ledger_leg where debit = $1 and debit_prev < 0
			and (debit_prev, number) >= ($2, $3) order by debit_prev, number limit $4) as debits
		union all
		select * from (select number, credit_prev as prev from ledger_leg where credit = $1 and credit_prev < 0
			and (credit_prev, number) >= ($2, $3) order by credit_prev, number limit $4) as credits
		) as l join ledger_entry e on ` + ofLeg + ` order by l.prev, l.number limit $4`
	selectReferencePlaces = `select number, at, kind, number from ledger_entry where reference = $1 and number <= $2
		order by number desc limit $3`
	selectReferencePlacesOf = `select e.number, e.at, e.kind, e.number from ledger_entry e where e.reference = $1 and e.number <= $2
		and (select count(*) from ledger_leg l where ` + ofEntry + ` and (l.debit = $4 or l.credit = $4)) > 0 order by e.number desc limit $3`
	selectRunPlaces = `select number, at, kind, number from ledger_entry where number >= $1 and number <= $2 and kind = $3
		order by number desc limit $4`
	selectAllPlaces = `select number, at, kind, number from ledger_entry where number <= $1 order by number desc limit $2`
)

// Busy accounts. A fold and its tail are read in one statement, because only that is one snapshot in every transaction.
const (
	selectFold    = `select entries, debits, credits from ledger_fold where account = $1`
	updateFold    = `update ledger_fold set entries = $2, debits = $3, credits = $4 where account = $1`
	selectBalance = `select entries, debits, credits from ledger_fold where account = $1
		union all select 1, debit, credit from ledger_tail where account = $1`
	selectNextTail = `select account from ledger_tail where account > $1 order by account limit 1`
	selectLagging  = `select f.account from ledger_fold f where f.entries - $1 >= coalesce(
		(select max(c.entries) from ledger_checkpoint c where c.account = f.account), 0)`
	selectTailEnd = `select number from ledger_tail where account = $1 order by number limit 1 offset $2`
	// What is deleted is what is returned: a row that commits between two statements must not vanish unread.
	takeTail = `delete from ledger_tail where account = $1 and number <= $2 returning debit, credit, at`
	// A busy account's legs after one moment, up to and including another.
	selectLegsBetween = `select 0 as side, amount, coalesce(phase, 0), coalesce(released, 0), -debit_prev from ledger_leg
		where debit = $1 and debit_prev < 0 and debit_prev < $2 and debit_prev >= $3
		union all select 1, amount, coalesce(phase, 0), coalesce(released, 0), -credit_prev from ledger_leg
		where credit = $1 and credit_prev < 0 and credit_prev < $2 and credit_prev >= $3`
	selectHistoryDebits = `select amount, coalesce(phase, 0), coalesce(released, 0), -debit_prev from ledger_leg
		where debit = $1 and debit_prev < 0 and debit_prev < $2 order by debit_prev desc limit $3`
	selectHistoryCredits = `select amount, coalesce(phase, 0), coalesce(released, 0), -credit_prev from ledger_leg
		where credit = $1 and credit_prev < 0 and credit_prev < $2 order by credit_prev desc limit $3`
)

// Checkpoints.
const (
	checkpointColumns  = `account, at, entries, debits_posted, credits_posted, debits_pending, credits_pending, last_leg`
	selectCheckpoint   = `select ` + checkpointColumns + ` from ledger_checkpoint where account = $1 and at <= $2 order by at desc limit 1`
	selectNextPoint    = `select ` + checkpointColumns + ` from ledger_checkpoint where account = $1 and at >= $2 order by at limit 1`
	forgetCheckpoints  = `delete from ledger_checkpoint where account = $1 and at >= $2`
	selectTailUpTo     = `select 1, debit, credit from ledger_tail where account = $1 and at <= $2`
	selectEarliestTail = `select coalesce(min(at), $2) from ledger_tail where account = $1`
)

// Totals that are written lazily, on SQLite.
const (
	selectSettled   = `select number from ledger_settled where id = 1`
	upsertSettled   = `insert into ledger_settled (id, number) values (1, $1) on conflict (id) do update set number = excluded.number`
	selectNewestID  = `select id from ledger_entry order by id desc limit 1`
	selectEntryTime = `select at from ledger_entry where number <= $1 order by number desc limit 1`
	// The time is of the entry's first leg.
	sliceTimedLegs = `select l.number, l.debit, l.credit, l.amount, l.debit_prev, l.credit_prev, l.released, l.phase, e.at
		from ledger_leg l left join ledger_entry e on e.number = l.number where l.number > $1 order by l.number limit $2`
	selectLegsSince = `select ` + legColumns + ` from ledger_leg where number > $2 and (debit = $1 or credit = $1) order by number`
)

// Verify. Each list is read in slices of its key, beginning after what the slice before had last.
const (
	// The totals are joined to a slice that is cut already: a join of the two tables would be merged from the first account on.
	sliceAccounts = `select ` + accountColumns + ` from (select * from ledger_account where id > $1 order by id limit $2) as a
		left join ledger_total t on t.account = a.id order by a.id`
	sliceCheckpoints = `select ` + checkpointColumns + ` from ledger_checkpoint where (account, at) > ($1, $2) order by account, at limit $3`
	sliceEntries     = `select ` + entryColumns + ` from ledger_entry where number > $1 order by number limit $2`
	// Answered by the index of ids alone.
	sliceIDs   = `select id, number from ledger_entry where id > $1 order by id limit $2`
	sliceLegs  = `select ` + legColumns + ` from ledger_leg where number > $1 and number <= $2 order by number`
	sliceHolds = `select number, expires_at from ledger_hold where number > $1 and number <= $2 order by number`
	// The entries of a slice that resolve what is no hold.
	sliceStrays = `select r.id, r.resolves, h.id from ledger_entry r left join ledger_entry h on h.id = r.resolves
		where r.number > $1 and r.number <= $2 and r.resolves is not null and (h.id is null or coalesce(h.phase, 0) <> 1) order by r.number`
	sliceTail = `select t.account, t.number, t.debit, t.credit, t.at, l.debit, l.credit, l.amount,
		case when l.debit = t.account then -l.debit_prev else -l.credit_prev end, coalesce(l.phase, 0) from ledger_tail t
		left join ledger_leg l on l.number = t.number where (t.account, t.number) > ($1, $2) order by t.account, t.number limit $3`
	sliceRuns             = `select kind, number from ledger_kind_run where (kind, number) > ($1, $2) order by kind, number limit $3`
	sliceStrayTotals      = `select t.account from ledger_total t where not exists (select 1 from ledger_account a where a.id = t.account)`
	selectCheckpointAt    = `select ` + checkpointColumns + ` from ledger_checkpoint where account = $1 and at = $2`
	selectLastNumber      = `select coalesce(max(id), 0) from ledger_account`
	selectNextNumber      = `select next_number from ledger_block where id = $1`
	selectUnfoldedBetween = `select 1, t.debit, t.credit from ledger_tail t where t.account = $1 and t.at > $2 and t.at <= $3`
)

// loadShape counts the arguments of one statement of load, each rounded up by room.
type loadShape struct {
	keys, locked, busy int
	lock               string
	arrays             bool // each list is one argument
	narrow             bool // the terms of the locked accounts are known
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

// selectLoad reads, in one round trip, which of the entries exist (part 0), the totals to lock in order of number (part 1), and the flags
// and folds of busy accounts without a lock (part 2).
var selectLoad = db.Texts[loadShape]{Write: func(s loadShape) string {
	var parts []string
	first := 1
	list := func(n int) string {
		if s.arrays {
			n = 1
		}
		if first += n; s.arrays {
			return listAny("$" + strconv.Itoa(first-1))
		}
		return " in " + db.In(first-n, n)
	}
	if s.keys > 0 {
		parts = append(parts, `select 0 as part, id as entry, cast(0 as bigint) as id, '' as currency, 0 as scale, 0 as limit_kind, false as busy,
			0 as state, cast(0 as bigint) as debits_posted,
			cast(0 as bigint) as credits_posted, cast(0 as bigint) as debits_pending, cast(0 as bigint) as credits_pending,
			cast(0 as bigint) as entries, cast(0 as bigint) as last_leg, cast(0 as bigint) as last_at from ledger_entry where id`+list(s.keys))
	}
	if s.locked > 0 && s.narrow {
		parts = append(parts, `select 1 as part, cast(null as bytea) as entry, account, '', 0, 0, false, state,
			debits_posted, credits_posted, debits_pending, credits_pending, entries, last_leg, last_at from (
			select t.* from ledger_total t where t.account`+list(s.locked)+` order by t.account`+s.lock+`) as locked`)
	} else if s.locked > 0 {
		parts = append(parts, `select 1 as part, cast(null as bytea) as entry, account, currency, scale, limit_kind, busy, state,
			debits_posted, credits_posted, debits_pending, credits_pending, entries, last_leg, last_at from (
			select t.*, a.currency, a.scale, a.limit_kind, a.busy from ledger_total t join ledger_account a on a.id = t.account
			where t.account`+list(s.locked)+` order by t.account`+s.lock+`) as locked`)
	}
	if s.busy > 0 {
		parts = append(parts, `select 2 as part, cast(null as bytea) as entry, a.id, a.currency, a.scale, a.limit_kind, a.busy,
			case when a.closed_at is not null then 2 when a.frozen_at is not null then 1 else 0 end,
			coalesce(f.debits, 0), coalesce(f.credits, 0), 0, 0, 0, 0, 0
			from ledger_account a left join ledger_fold f on f.account = a.id where a.id`+list(s.busy))
	}
	return strings.Join(parts, "\n\t\tunion all ")
}}

// changeTotals writes the totals of accounts.
var changeTotals = db.NewChange("update ledger_total", `account bigint, debits_posted bigint, credits_posted bigint, debits_pending bigint,
	credits_pending bigint, entries bigint, last_leg bigint, last_at bigint`)

// Insertions.
var (
	insertAccounts = db.NewBulk("insert into ledger_account", `id bigint, address text, owner text, currency text, scale integer,
		limit_kind integer, busy boolean, opened_at bigint, tag bytea`, "")
	insertTotals = db.NewBulk("insert into ledger_total", `account bigint, debits_posted bigint, credits_posted bigint, debits_pending bigint,
		credits_pending bigint, entries bigint, last_leg bigint, last_at bigint, state integer`, "")
	insertFolds   = db.NewBulk("insert into ledger_fold", "account bigint, entries bigint, debits bigint, credits bigint", "")
	insertEntries = db.NewBulk("insert into ledger_entry", `number bigint, at bigint, expires_at bigint null, kind integer,
		phase integer null, legs integer null, id bytea, tag bytea, reference text null, meta text null, resolves bytea null`, "")
	insertLegs = db.NewBulk("insert into ledger_leg", `number bigint, debit bigint, credit bigint, amount bigint, debit_prev bigint,
		credit_prev bigint, released bigint null, phase integer null`, "")
	insertHolds       = db.NewBulk("insert into ledger_hold", "number bigint, expires_at bigint", "")
	insertTail        = db.NewBulk("insert into ledger_tail", "account bigint, number bigint, debit bigint, credit bigint, at bigint", "")
	insertCheckpoints = db.NewBulk("insert into ledger_checkpoint", `account bigint, at bigint, entries bigint, debits_posted bigint,
		credits_posted bigint, debits_pending bigint, credits_pending bigint, last_leg bigint`, "")
	insertRuns = db.NewBulk("insert into ledger_kind_run", "kind integer, number bigint", "")
)

// Statements with lists.
var (
	// Holds with their entries and legs; `for update of h` locks a hold's own row, so that one resolver waits for the other.
	selectByAddresses = db.Texts[int]{Write: func(n int) string {
		return `select ` + accountColumns + fromAccount + `where a.address in ` + db.In(1, n)
	}}
	selectNumbers = db.Texts[int]{Write: func(n int) string {
		return `select address, id from ledger_account where address in ` + db.In(1, n)
	}}
	selectCurrencies = db.Texts[int]{Write: func(n int) string {
		return `select id, currency, scale from ledger_account where id in ` + db.In(1, n)
	}}
	selectHolds = db.Texts[int]{Write: func(n int) string {
		return `select e.id, e.number, e.kind, e.reference, e.expires_at, l.debit, l.credit, l.amount from ledger_entry e
			join ledger_hold h on h.number = e.number join ledger_leg l on ` + ofEntry + ` where e.id in ` + db.In(1, n) + ` order by e.id, l.number`
	}}
	// Totals that a transaction locks before it posts, in the order in which a post locks them.
	selectToLock = db.Texts[int]{Write: func(n int) string {
		return `select account from ledger_total where account in ` + db.In(1, n) + ` order by account`
	}}
	selectEntriesByID = db.Texts[int]{Write: func(n int) string {
		return `select ` + entryColumns + ` from ledger_entry where id in ` + db.In(1, n)
	}}
	selectEntriesByNumber = db.Texts[int]{Write: func(n int) string {
		return `select ` + entryColumns + ` from ledger_entry where number in ` + db.In(1, n)
	}}
	selectEntriesByHold = db.Texts[int]{Write: func(n int) string {
		return `select ` + entryColumns + ` from ledger_entry where resolves in ` + db.In(1, n) + ` order by number`
	}}
	selectTotalsOf = db.Texts[int]{Write: func(n int) string {
		return `select t.account, a.currency, a.scale, a.limit_kind, t.state, t.debits_posted, t.credits_posted, t.debits_pending,
			t.credits_pending, t.entries, t.last_leg, t.last_at from ledger_total t join ledger_account a on a.id = t.account
			where t.account in ` + db.In(1, n)
	}}
	selectLegsByNumber = db.Texts[int]{Write: func(n int) string {
		return `select ` + legColumns + ` from ledger_leg where number in ` + db.In(1, n) + ` order by number`
	}}
)
