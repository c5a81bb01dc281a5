package ledger

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/money"
)

const (
	// watermarkAge is how far behind now the sums of the long pass end where several may write. A write lasts at most 15 s, so what is older
	// has committed. Nothing depends on that: whatever disagrees is counted again, exactly, before it is reported. Where one writes, an entry
	// is committed when the next one gets its time, and the sums go up to now.
	watermarkAge = 20 * time.Second
	// lateMost bounds the legs that wait for the watermark to pass them: 200 MB. There are as many as are posted in 20 s.
	lateMost = 2_500_000
	// lateStep is how far the watermark goes at a time: all that wait are looked through.
	lateStep = time.Second
	// verifySlice bounds the rows of one snapshot, which may live for 5 s.
	verifySlice = 1_000
)

// Finding is one place where the books do not agree with themselves.
type Finding struct {
	Table    string // where the row is, or should be
	ID       string // which row: an entry's id, "ent_…/1" for its leg 1, an account's number, a checkpoint's account and time
	Account  string // the address of the account concerned, where there is one
	What     string // what is wrong, in a few words
	Expected string
	Found    string
}

// String writes the finding on one line.
func (f Finding) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", f.Table, f.ID)
	if f.Account != "" {
		fmt.Fprintf(&b, " (account %s)", f.Account)
	}
	fmt.Fprintf(&b, ": %s", f.What)
	if f.Expected != "" || f.Found != "" {
		fmt.Fprintf(&b, ": expected %s, found %s", f.Expected, f.Found)
	}
	return b.String()
}

// Report counts what Verify looked at. The books are right when Findings is zero.
type Report struct {
	Entries, Legs, Accounts, Holds, Checkpoints, Findings int
}

// Verify checks the whole ledger while payments go on, in short snapshots, and calls say for everything that is wrong. It recomputes
// every entry's tag, every account's totals, pending totals, limits and checkpoints from the legs in 128 bits, every busy account's fold
// and tail, the open holds, and the sum of each asset, which is zero. It writes nothing. The error is for storage: then the report is
// incomplete.
//
// How it can be right while rows change: an entry and its legs are immutable and commit together, so a slice of them is right in any
// snapshot. Sums over legs up to a watermark are taken slice by slice, and where several may write the watermark follows the time at which
// slices are read; then an account's row is compared, in one snapshot, with its sum plus its legs since the watermark. What does not agree
// is counted again from its legs alone, and reported only if it still disagrees. The chain of an account below its last leg never changes,
// so walking it back from the leg that the totals name is right at any time.
func (l *Ledger) Verify(ctx context.Context, d *db.DB, say func(Finding)) (Report, error) {
	age := watermarkAge
	if d.Engine() == db.SQLite {
		age = 0
	}
	v := &verifier{
		l: l, d: d, ctx: ctx, say: say, tallies: map[AccountID]*tally{}, assets: map[money.Currency]*money.Sum128{},
		runs: map[kindRun]bool{}, unnoted: map[kindRun]bool{}, age: age,
		watermark: clock.Micros(l.clock.Now().Add(-age)),
	}
	steps := []func() error{
		v.readAccounts, v.readCheckpoints, v.readRuns, v.checkEntries, v.checkAccounts, v.checkCheckpoints, v.checkTail, v.checkRuns,
		v.checkNumbers,
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return v.report, err
		}
	}
	v.checkAssets()
	return v.report, nil
}

// VerifyLast checks, as Verify does, the entries to which the last legs belong, this many or a few more: their tags, legs and holds. It
// leaves out all that needs the others, such as totals.
func (l *Ledger) VerifyLast(ctx context.Context, d *db.DB, legs int, say func(Finding)) (Report, error) {
	v := &verifier{l: l, d: d, ctx: ctx, say: say, tallies: map[AccountID]*tally{}, assets: map[money.Currency]*money.Sum128{},
		runs: map[kindRun]bool{}, unnoted: map[kindRun]bool{}, watermark: math.MinInt64}
	var first int64
	err := v.read(func(tx *db.Tx) error {
		var last int64
		if err := tx.Row(selectLastLeg).Scan(&last); err != nil {
			return err
		}
		return tx.Row(selectEntryAt, last-int64(legs)+1).Scan(&first)
	})
	if err != nil {
		return v.report, err
	}
	var scratch []byte
	for after := first - 1; after != math.MaxInt64; {
		var s slice
		err := v.read(func(tx *db.Tx) (err error) {
			s, after, err = v.readSlice(tx, after, verifySlice)
			return err
		})
		if err != nil {
			return v.report, err
		}
		v.names = s.names
		if err := v.meet(s.legs); err != nil {
			return v.report, err
		}
		scratch = v.checkSlice(&s, scratch)
	}
	return v.report, nil
}

// verifier is one run of Verify.
type verifier struct {
	l         *Ledger
	d         *db.DB
	ctx       context.Context
	say       func(Finding)
	report    Report
	watermark int64
	age       time.Duration // how far behind the watermark is; 0 where it stands
	late      []lateLeg
	tallies   map[AccountID]*tally
	assets    map[money.Currency]*money.Sum128
	names     map[int64]string // of kinds
	runs      map[kindRun]bool
	unnoted   map[kindRun]bool // runs that were not noted when the run began
	ids       idSum            // of all entries that were read
}

// tally is what the long pass counts for one account.
type tally struct {
	row    row
	asset  *money.Sum128 // of its currency
	sum    wide          // legs up to the watermark
	points []point

	head, headAt int64 // the last leg of its chain, up to the watermark
	loose        map[int64]looseLeg
}

// looseLeg is a leg whose predecessor, the key, has not come yet.
type looseLeg struct{ number, at int64 }

// lateLeg is a leg that is later than the watermark.
type lateLeg struct {
	storedLeg
	at int64
}

// point is a checkpoint and the legs since the one before it.
type point struct {
	stored checkpoint
	since  wide
	last   int64 // the last leg of its moment
}

func (v *verifier) newTally(r *row) *tally { return &tally{row: *r, asset: v.asset(r.Currency)} }

func (v *verifier) find(f Finding) {
	v.report.Findings++
	v.say(f)
}

// address names an account in a finding.
func (v *verifier) address(id AccountID) string {
	if t := v.tallies[id]; t != nil {
		return t.row.Address
	}
	return fmt.Sprintf("number %d", id)
}

func (v *verifier) read(body func(tx *db.Tx) error) error { return v.d.Read(v.ctx, body) }

// readAccounts notes every account that exists before the long pass. One that is opened later has no legs before the watermark.
func (v *verifier) readAccounts() error {
	for after := AccountID(0); ; {
		var rows []storedRow
		err := v.read(func(tx *db.Tx) (err error) {
			rows, err = db.All(tx, scanAccount, sliceAccounts, int64(after), verifySlice)
			return err
		})
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, r := range rows {
			v.tallies[r.ID] = v.newTally(&r.row)
			after = r.ID
		}
	}
}

// readCheckpoints notes the checkpoints up to the watermark; those after it are checked by the next run.
func (v *verifier) readCheckpoints() error {
	account, at := int64(0), int64(0)
	for {
		var points []checkpoint
		err := v.read(func(tx *db.Tx) (err error) {
			points, err = db.All(tx, scanCheckpoint, sliceCheckpoints, account, at, verifySlice)
			return err
		})
		if err != nil || len(points) == 0 {
			return err
		}
		for _, c := range points {
			account, at = int64(c.account), c.at
			if c.at > v.watermark {
				continue
			}
			v.report.Checkpoints++
			if t := v.tallies[c.account]; t != nil {
				t.points = append(t.points, point{stored: c})
			} else {
				v.find(Finding{Table: "ledger_checkpoint", ID: c.id(), What: "a checkpoint of no account"})
			}
		}
	}
}

// id names a checkpoint in a finding.
func (c *checkpoint) id() string {
	return fmt.Sprintf("%d at %s", c.account, clock.FromMicros(c.at).Format(time.RFC3339Nano))
}

// wait keeps a leg until the watermark has passed it. Where too many wait it stands from now on, and accounts are compared with more legs.
func (v *verifier) wait(leg storedLeg, at int64) {
	switch {
	case v.age == 0:
	case len(v.late) == lateMost:
		v.age, v.late = 0, nil
	default:
		v.late = append(v.late, lateLeg{leg, at})
	}
}

// advance has the watermark follow the time before which everything was read that had committed, at least a step. An entry that got its
// time before the watermark and committed when its slice had been read is missing in the sums; its accounts are counted again.
func (v *verifier) advance(read time.Time, step time.Duration) {
	upTo := clock.Micros(read.Add(-v.age))
	if v.age == 0 || upTo < v.watermark+step.Microseconds() {
		return
	}
	v.watermark = upTo
	v.late = slices.DeleteFunc(v.late, func(leg lateLeg) bool {
		if leg.at > upTo {
			return false
		}
		v.count(leg.Debit, leg.storedLeg, leg.at, true)
		v.count(leg.Credit, leg.storedLeg, leg.at, false)
		return true
	})
}

// count adds a leg to the sums of one of its accounts.
func (v *verifier) count(id AccountID, leg storedLeg, at int64, debit bool) {
	t := v.tallies[id]
	if t == nil {
		return
	}
	t.sum.leg(leg.Leg, at, debit, t.row.Busy)
	i, _ := slices.BinarySearchFunc(t.points, at, func(p point, at int64) int { return cmp.Compare(p.stored.at, at) })
	if i < len(t.points) {
		p := &t.points[i]
		p.since.leg(leg.Leg, at, debit, t.row.Busy)
		if p.stored.at == at {
			p.last = max(p.last, leg.number)
		}
	}
	if !t.row.Busy {
		t.link(leg.number, leg.prev(debit), at)
	}
}

// prev is the leg before on one side.
func (s *storedLeg) prev(debit bool) int64 {
	if debit {
		return s.debitPrev
	}
	return s.creditPrev
}

// link lengthens an account's chain by a leg, or keeps it until the leg before it has come: several servers give numbers in blocks, so
// legs are not read in the order of the chain.
func (t *tally) link(number, prev, at int64) {
	if prev != t.head || at < t.headAt {
		if t.loose == nil {
			t.loose = map[int64]looseLeg{}
		}
		t.loose[prev] = looseLeg{number, at} // of two legs after one leg the other is lost here, and the sums differ
		return
	}
	for {
		t.head, t.headAt = number, at
		next, ok := t.loose[number]
		if !ok || next.at < at {
			return
		}
		delete(t.loose, number)
		number, at = next.number, next.at
	}
}

// checkAssets wants debits and credits of each asset to be equal. Each leg has one amount for both sides, so only a leg between two
// currencies can make them differ.
func (v *verifier) checkAssets() {
	for c, sum := range v.assets {
		if sum.Sign() != 0 {
			v.find(Finding{Table: "ledger_leg", ID: c.Code, What: "debits and credits of this asset differ", Expected: "0", Found: sum.String()})
		}
	}
}

func (v *verifier) asset(c money.Currency) *money.Sum128 {
	sum := v.assets[c]
	if sum == nil {
		sum = &money.Sum128{}
		v.assets[c] = sum
	}
	return sum
}

// readRuns notes which runs of numbers are known to have entries of which kind. It is read before the entries, so an entry whose run is
// missing may have been posted since: checkRuns asks again.
func (v *verifier) readRuns() error {
	for kind, number := int64(math.MinInt32), int64(0); ; {
		var runs [][2]int64
		err := v.read(func(tx *db.Tx) (err error) {
			runs, err = db.All(tx, func(r db.Row) (k [2]int64, err error) { return k, r.Scan(&k[0], &k[1]) }, sliceRuns, kind, number, verifySlice)
			return err
		})
		if err != nil || len(runs) == 0 {
			return err
		}
		for _, k := range runs {
			kind, number = k[0], k[1]
			v.runs[kindRun{kind, number / runLength}] = true
		}
	}
}

// checkRuns wants every entry to be found by its kind.
func (v *verifier) checkRuns() error {
	for run := range v.unnoted {
		var found []int64
		err := v.read(func(tx *db.Tx) (err error) {
			found, err = db.All(tx, scanNumber, selectNextRun, run.kind, (run.run+1)*runLength)
			return err
		})
		if err != nil {
			return err
		}
		if len(found) == 0 || found[0] < run.run*runLength {
			v.find(Finding{
				Table: "ledger_kind_run", ID: fmt.Sprintf("%s %d", v.kindName(run.kind), run.run*runLength), What: "entries of this kind are not found",
				Expected: "a number in the thousand", Found: "none",
			})
		}
	}
	return nil
}

// kindName names a kind as the table does now, whatever this process remembers.
func (v *verifier) kindName(code int64) string {
	if name, ok := v.names[code]; ok {
		return name
	}
	return unnamed(code)
}

// checkNumbers wants the next number of accounts, and of legs where they come from blocks, to be one that nothing has.
func (v *verifier) checkNumbers() error {
	return v.read(func(tx *db.Tx) error {
		if err := v.checkSettled(tx); err != nil {
			return err
		}
		for block, q := range map[int]string{1: selectLastNumber, 2: selectLastLeg} {
			var last, next int64
			if err := tx.Row(q).Scan(&last); err != nil {
				return err
			}
			err := tx.Row(selectNextNumber, block).Scan(&next)
			if err == db.ErrNoRow && (block == 2 || last == 0) {
				continue
			}
			if err != nil && err != db.ErrNoRow {
				return err
			}
			if next <= last {
				v.find(Finding{
					Table: "ledger_block", ID: fmt.Sprint(block), What: "numbers would be given twice", Expected: fmt.Sprintf("more than %d", last),
					Found: fmt.Sprint(next),
				})
			}
		}
		return nil
	})
}

// checkSettled wants no more to be settled than there is.
func (v *verifier) checkSettled(tx *db.Tx) error {
	var last int64
	if err := tx.Row(selectLastLeg).Scan(&last); err != nil {
		return err
	}
	settled, err := settledNumber(tx, last)
	if err == nil && settled > last {
		v.find(Finding{Table: "ledger_settled", ID: "1", What: "legs are settled that are not there", Expected: fmt.Sprintf("at most %d", last),
			Found: fmt.Sprint(settled)})
	}
	return err
}

// tagText shows a tag in a finding.
func tagText(tag []byte) string { return "tag " + hex.EncodeToString(tag) }
