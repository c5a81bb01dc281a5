package payment

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/event"
	"billfold/base/id"
	"billfold/core/ledger"
)

// Finding is something that is not as it should be, and where.
type Finding struct {
	Where string
	What  string
}

// Report is what Verify looked at and found.
type Report struct {
	Payments int64
	Entries  int64
	Findings int64
}

// Count says how many payments there are, of every kind and state.
func (s *Service) Count(tx *db.Tx) (n int64, err error) {
	err = tx.Row(countRecords).Scan(&n)
	return n, err
}

// verifySlice is how many payments one read transaction looks at: it stays far inside the five seconds a snapshot may live.
const verifySlice = 200

// Verify checks every payment against its steps, its refunds, its ledger entries and its events, and every ledger entry of a
// payment against its payment. It reads in slices beside a running server; a payment that changes meanwhile is seen whole,
// because each slice is one snapshot. The ledger's own sums are ledger.Verify's.
func (s *Service) Verify(ctx context.Context, say func(Finding)) (Report, error) {
	var rep Report
	found := func(where, what string, args ...any) {
		rep.Findings++
		say(Finding{where, fmt.Sprintf(what, args...)})
	}
	for after := ""; ; {
		rows, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]record, error) {
			rows, err := db.All(tx, scanRecord, selectRecords, after, verifySlice)
			if err != nil {
				return nil, err
			}
			return rows, s.verifyRows(tx, rows, &rep, found)
		})
		if err != nil {
			return rep, err
		}
		rep.Payments += int64(len(rows))
		if len(rows) < verifySlice {
			break
		}
		after = string(rows[len(rows)-1].id)
	}
	if err := s.verifyLinks(ctx, found); err != nil {
		return rep, err
	}
	if err := s.verifyPeople(ctx, found); err != nil {
		return rep, err
	}
	if err := s.verifyEvents(ctx, found); err != nil {
		return rep, err
	}
	if err := s.verifyRails(ctx, found); err != nil {
		return rep, err
	}
	return rep, s.verifyEntries(ctx, found)
}

// entriesOf are the ledger entries a payment can have: verifyEntries finds every other one.
func entriesOf(payment ID, kind Kind, capture CaptureMode, method Method) []ledger.EntryID {
	steps := []uint8{entryMove}
	switch {
	case kind == Purchase && method == FromCard:
		steps = []uint8{entrySettle, entryReverse}
	case kind == TopUp:
		steps = []uint8{entrySettle, entryReverse}
	case kind == Withdrawal:
		steps = []uint8{entryHold, entryCapture, entryVoid, entrySettle, entryReverse}
	case capture == ByLink:
		steps = []uint8{entryMove, entryCapture, entryVoid, entryExpire}
	case capture == Manual:
		steps = []uint8{entryHold, entryCapture, entryVoid, entryExpire}
	}
	ids := make([]ledger.EntryID, len(steps))
	for i, step := range steps {
		ids[i] = entryID(payment, step)
	}
	return ids
}

type finder func(where, what string, args ...any)

func (s *Service) verifyRows(tx *db.Tx, rows []record, rep *Report, found finder) error {
	if len(rows) == 0 {
		return nil
	}
	steps, err := stepsBetween(tx, rows[0].id, rows[len(rows)-1].id)
	if err != nil {
		return err
	}
	var ids []ledger.EntryID
	for i := range rows {
		ids = append(ids, entriesOf(rows[i].id, rows[i].kind, rows[i].capture, rows[i].method)...)
	}
	entries, err := s.Ledger.Lookup(tx, ids...)
	if err != nil {
		return err
	}
	rep.Entries += int64(len(entries))
	for i := range rows {
		r := &rows[i]
		where := "payment " + string(r.id)
		verifySteps(r, steps[r.id], func(what string, args ...any) { found(where, what, args...) })
		if err := s.verifyMoney(tx, r, entries, func(what string, args ...any) { found(where, what, args...) }); err != nil {
			return err
		}
	}
	return nil
}

// verifySteps checks the row against its own history.
func verifySteps(r *record, steps []Step, found func(what string, args ...any)) {
	var last Step
	var captured, refunded int64
	for _, step := range steps {
		if step.Number >= told {
			if v := step.Number / told; v > r.version {
				found("both sides were told of version %d, which is not there", v)
			}
			continue
		}
		if step.Number != last.Number+1 {
			found("step %d is missing", last.Number+1)
		}
		last = step
		switch {
		case step.Name == StepCapture, step.Name == StepSettle, step.Name == StepRelease, step.Name == StepClaim,
			step.Name == StepAuthorize && step.State == Completed:
			captured += step.Amount
		case step.Name == StepRefund, step.Name == StepChargeback, step.Name == StepReturn:
			refunded += step.Amount
		}
	}
	switch {
	case last.Number != r.version:
		found("version is %d, the last step is %d", r.version, last.Number)
	case last.State != r.state:
		found("state is %s, the last step left %s", r.state, last.State)
	}
	if captured != r.captured || refunded != r.refunded {
		found("captured %d and refunded %d, but the steps say %d and %d", r.captured, r.refunded, captured, refunded)
	}
	if r.captured < 0 || r.captured > r.amount.Minor && r.kind != TopUp || // what a bank transfer brings is what somebody sent
		r.refunded < 0 || r.refunded > r.captured {
		found("captured %d of %d and refunded %d", r.captured, r.amount.Minor, r.refunded)
	}
}

// verifyMoney checks the counters against the ledger and the refunds, and that what happened was told.
func (s *Service) verifyMoney(tx *db.Tx, r *record, entries map[ledger.EntryID]ledger.Entry,
	found func(what string, args ...any)) error {
	var moved, held, returned int64
	for _, entry := range entriesOf(r.id, r.kind, r.capture, r.method) {
		e := entries[entry] // one that is not there has no legs
		switch {
		case entry == entryID(r.id, entryReverse):
			for _, leg := range e.Legs {
				returned += leg.Amount
			}
			continue
		case r.kind == Exchange:
			if err := s.verifySwap(tx, r, e, found); err != nil {
				return err
			}
			moved = r.captured
			continue
		}
		for _, leg := range e.Legs {
			switch leg.Phase {
			case ledger.Posted, ledger.Post:
				moved += leg.Amount
			case ledger.Pending:
				held += leg.Amount
			}
			held -= leg.Released
		}
	}
	if r.capture == ByLink {
		moved, held = carried(r.id, entries)
	}
	if moved != r.captured {
		found("captured %d, but its ledger entries moved %d", r.captured, moved)
	}
	if r.kind.alone() && returned != r.refunded {
		found("%d came back, but its ledger entries say %d", r.refunded, returned)
	}
	if want := r.holds(); held != want && !(r.state == Held && held == 0) {
		found("state is %s, but %d is held in the ledger", r.state, held)
	}
	if r.kind.alone() {
		return nil
	}
	if r.refunded == 0 && returned == 0 && r.state != PartlyRefunded && r.state != Refunded {
		return nil
	}
	back, err := db.All(tx, scanRecord, selectRefunds, string(r.id))
	if err != nil {
		return err
	}
	sum := returned
	for _, b := range back {
		sum += b.captured
	}
	if sum != r.refunded {
		found("refunded %d, but its refunds gave back %d", r.refunded, sum)
	}
	return nil
}

// stretch is how many payments are compared with the events at a time: what they need is some 100 MB.
const stretch = 500_000

// verifyEvents checks that the last change of every payment has its event. Events are walked once per stretch of payments,
// from the time of the first of them on: an event is never older than its payment, give or take a minute between clocks.
func (s *Service) verifyEvents(ctx context.Context, found finder) error {
	after := ""
	for {
		last := map[string]int64{} // payment -> its version
		var from string
		for len(last) < stretch {
			rows, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]version, error) {
				return db.All(tx, scanVersion, selectVersions, after, verifySlice*10)
			})
			if err != nil {
				return err
			}
			for _, row := range rows {
				if from == "" {
					from = earliestEvent(row.payment)
				}
				last[row.payment], after = row.version, row.payment
			}
			if len(rows) < verifySlice*10 {
				return s.verifyStretch(ctx, last, from, found)
			}
		}
		if err := s.verifyStretch(ctx, last, from, found); err != nil {
			return err
		}
	}
}

func (s *Service) verifyStretch(ctx context.Context, last map[string]int64, from string, found finder) error {
	for len(last) > 0 {
		events, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]event.Event, error) { return event.Walk(tx, from, verifySlice*10) })
		if err != nil {
			return err
		}
		for _, e := range events {
			if v, ok := last[e.Object]; ok && e.Sequence >= v {
				delete(last, e.Object)
			}
			from = e.ID
		}
		if len(events) < verifySlice*10 {
			break
		}
	}
	for payment, v := range last {
		found("payment "+payment, "version %d has no event", v)
	}
	return nil
}

// earliestEvent is the smallest id an event of a payment can have.
func earliestEvent(payment string) string {
	raw, err := id.Bytes(payment)
	at, err2 := id.Time(payment)
	if err != nil || err2 != nil {
		return ""
	}
	millis := uint64(max(at.Add(-time.Minute).UnixMilli(), 0))
	raw = [16]byte{}
	for i := range 6 {
		raw[i] = byte(millis >> (40 - 8*i))
	}
	return id.Text("evt", raw)
}

type version struct {
	payment string
	version int64
}

func scanVersion(row db.Row) (v version, err error) {
	err = row.Scan(&v.payment, &v.version)
	return v, err
}

// verifyEntries looks for ledger entries that claim to be a payment's and are not.
func (s *Service) verifyEntries(ctx context.Context, found finder) error {
	for _, kind := range []Kind{Purchase, Transfer, TopUp, Refund, Withdrawal, Exchange} {
		for cursor := ""; ; {
			next, err := db.Read(ctx, s.DB, func(tx *db.Tx) (string, error) {
				entries, next, err := s.Ledger.Entries(tx, ledger.Filter{Kind: entryKind(kind), Before: cursor, Limit: verifySlice})
				if err != nil {
					return "", err
				}
				return next, strangers(tx, entries, found)
			})
			if err != nil {
				return err
			}
			if cursor = next; cursor == "" {
				break
			}
		}
	}
	return nil
}

// strangers finds entries whose payment does not exist, or could not have made them.
func strangers(tx *db.Tx, entries []ledger.Entry, found finder) error {
	wanted := map[string]bool{}
	for _, e := range entries {
		wanted[e.Reference] = true
	}
	args := make([]any, 0, len(wanted))
	for _, reference := range slices.Sorted(maps.Keys(wanted)) {
		args = append(args, reference)
	}
	known := map[string][]ledger.EntryID{}
	var failed error
	db.Chunks(args, 1, func(rows int, args []any) {
		list, err := db.All(tx, scanKnown, selectKnown+db.In(1, rows), args...)
		if err != nil && failed == nil {
			failed = err
		}
		for _, r := range list {
			known[string(r.id)] = entriesOf(r.id, r.kind, r.capture, r.method)
		}
	})
	for _, e := range entries {
		may, there := known[e.Reference]
		switch {
		case !there:
			found("entry "+string(e.ID), "its payment %q does not exist", e.Reference)
		case !slices.Contains(may, e.ID):
			found("entry "+string(e.ID), "its payment %s cannot have made it", e.Reference)
		}
	}
	return failed
}

func scanKnown(row db.Row) (r record, err error) {
	var payment, kind, capture, method string
	err = row.Scan(&payment, &kind, &capture, &method)
	r.id, r.kind, r.capture, r.method = ID(payment), Kind(kind), CaptureMode(capture), Method(method)
	return r, err
}

// stepsBetween reads the steps of a run of payments by one statement.
func stepsBetween(tx *db.Tx, from, to ID) (map[ID][]Step, error) {
	type owned struct {
		payment ID
		step    Step
	}
	list, err := db.All(tx, func(row db.Row) (o owned, err error) {
		var payment, state string
		var at int64
		err = row.Scan(&payment, &o.step.Number, &o.step.Name, &state, &at, &o.step.Amount)
		o.payment, o.step.State, o.step.At = ID(payment), State(state), clock.FromMicros(at)
		return o, err
	}, selectStepsBetween, string(from), string(to))
	steps := make(map[ID][]Step, len(list))
	for _, o := range list {
		steps[o.payment] = append(steps[o.payment], o.step)
	}
	return steps, err
}
