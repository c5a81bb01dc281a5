package sim

import (
	"context"
	"fmt"

	"billfold/base/db"
	"billfold/core/ledger"
)

// legs draws legs between the accounts of the ledger's own, mostly of one currency.
func (w *world) legs() (list []leg) {
	for range 1 + w.dice.IntN(3) {
		reach := 6
		if w.dice.IntN(15) == 0 {
			reach = len(labs)
		}
		from, to := w.dice.IntN(reach), w.dice.IntN(reach)
		if from == to && w.dice.IntN(10) > 0 {
			to = (from + 1) % reach
		}
		list = append(list, leg{labs[from].address, labs[to].address, 1 + w.dice.Int64N(400)})
	}
	return list
}

// postEntry posts one entry, sometimes twice under its id, or with other content under it.
func (w *world) postEntry(ctx context.Context) error {
	legs := w.legs()
	var e ledger.Entry
	send := func() (ledger.Entry, error) {
		return write(ctx, w, func(tx *db.Tx) (ledger.Entry, error) { return w.Ledger.Post(tx, e) })
	}
	if err := w.DB.Read(ctx, func(tx *db.Tx) (err error) { e, err = w.entry(tx, legs); return err }); err != nil {
		return err
	}
	is, err := send()
	done, wrong := w.judge(err, w.m.against(legs, false))
	if !done {
		return wrong
	}
	w.m.move(legs, 1)
	if w.dice.IntN(4) > 0 {
		return nil
	}
	w.counts["fault: an entry again"]++
	if again, err := send(); err != nil || !again.At.Equal(is.At) {
		return fmt.Errorf("entry %s again: %v", e.ID, err)
	}
	e.Legs[0].Amount++
	if _, err := send(); err == nil || code(err) != "entry_differs" {
		return fmt.Errorf("entry %s with other content: %v", e.ID, err)
	}
	return nil
}

// batch posts several entries, together or each for itself, in a transaction of their own or by the shared writer.
func (w *world) batch(ctx context.Context) error {
	atomic, shared := w.dice.IntN(2) == 0, w.dice.IntN(2) == 0
	list := make([][]leg, 2+w.dice.IntN(4))
	var entries []ledger.Entry
	for i := range list {
		list[i] = w.legs()
	}
	if err := w.DB.Read(ctx, func(tx *db.Tx) error {
		for _, legs := range list {
			e, err := w.entry(tx, legs)
			if err != nil {
				return err
			}
			entries = append(entries, e)
		}
		return nil
	}); err != nil {
		return err
	}
	var results []ledger.Result
	var err error
	if shared {
		err = patient(ctx, func() error { results, err = w.Ledger.Submit(ctx, w.DB, entries, atomic); return err })
	} else {
		results, err = write(ctx, w, func(tx *db.Tx) ([]ledger.Result, error) { return w.Ledger.PostBatch(tx, entries, atomic) })
	}
	if err != nil {
		return err
	}
	reasons, refused := make([][]string, len(list)), false
	for i, legs := range list {
		if reasons[i] = w.m.against(legs, false); len(reasons[i]) > 0 {
			refused = true
		} else {
			w.m.move(legs, 1)
		}
	}
	for i, legs := range list {
		if atomic && refused {
			if len(reasons[i]) == 0 {
				w.m.move(legs, -1)
			}
			reasons[i] = append(reasons[i], "batch_refused")
		}
		if _, wrong := w.judge(results[i].Err, reasons[i]); wrong != nil {
			return fmt.Errorf("entry %d of %d (atomic: %v, shared: %v): %w", i, len(list), atomic, shared, wrong)
		}
	}
	return nil
}

// reserve makes a hold.
func (w *world) reserve(ctx context.Context) error {
	legs := w.legs()
	expires := w.Clock.Now().Add(w.minutes(60 * 24))
	is, err := write(ctx, w, func(tx *db.Tx) (ledger.Entry, error) {
		e, err := w.entry(tx, legs)
		if err != nil {
			return e, err
		}
		return w.Ledger.Hold(tx, e, expires)
	})
	done, wrong := w.judge(err, w.m.against(legs, true))
	if !done {
		return wrong
	}
	w.m.reserve(legs, 1)
	w.m.holds = append(w.m.holds, &hold{id: string(is.ID), legs: legs, expires: expires, open: true})
	return nil
}

// release ends a hold, or one that has ended already: by posting it in whole or in part, by letting it go, or by its time.
func (w *world) release(ctx context.Context) error {
	if len(w.m.holds) == 0 {
		return nil
	}
	h := w.m.holds[len(w.m.holds)-1-w.dice.IntN(min(len(w.m.holds), 10))]
	var amounts []int64
	taken := make([]leg, 0, len(h.legs))
	phase := w.dice.IntN(4) // 0, 1: post, 2: let go, 3: its time
	for _, l := range h.legs {
		take := l.minor
		if phase == 1 {
			take = 1 + w.dice.Int64N(l.minor)
		}
		amounts, taken = append(amounts, take), append(taken, leg{l.from, l.to, take})
		w.touch(l.from, l.to)
	}
	over := !w.Clock.Now().Before(h.expires)
	var reasons []string
	switch {
	case !h.open:
		reasons = []string{"hold_not_open"}
	case phase < 2 && over:
		reasons = []string{"hold_expired"}
	case phase == 3 && !over:
		reasons = []string{"hold_not_expired"}
	case phase < 2:
		w.m.reserve(h.legs, -1)
		reasons = w.m.against(taken, false)
		w.m.reserve(h.legs, 1)
	}
	_, err := write(ctx, w, func(tx *db.Tx) (ledger.Entry, error) {
		id := ledger.EntryID(w.IDs.New(ledger.Prefix))
		switch phase {
		case 2:
			return w.Ledger.VoidHold(tx, ledger.EntryID(h.id), id)
		case 3:
			return w.Ledger.ExpireHold(tx, ledger.EntryID(h.id), id)
		}
		return w.Ledger.PostHoldLegs(tx, ledger.EntryID(h.id), id, amounts)
	})
	done, wrong := w.judge(err, reasons)
	if !done {
		return wrong
	}
	h.open = false
	w.m.reserve(h.legs, -1)
	if phase < 2 {
		w.m.move(taken, 1)
	}
	return nil
}

// lock freezes an account of the ledger's own, or lets it go.
func (w *world) lock(ctx context.Context) error {
	l := labs[w.dice.IntN(3)]
	a := w.m.accounts[l.address]
	if !a.frozen && w.dice.IntN(3) > 0 {
		return nil
	}
	a.frozen = !a.frozen
	return w.DB.Write(ctx, func(tx *db.Tx) error {
		number, err := w.Ledger.Number(tx, l.address)
		switch {
		case err != nil:
			return err
		case a.frozen:
			return w.Ledger.Freeze(tx, number)
		}
		return w.Ledger.Unfreeze(tx, number)
	})
}

// fold sums busy accounts up.
func (w *world) fold(ctx context.Context) error { return w.Ledger.Fold(ctx, w.DB) }

// old sends a request that was answered long ago.
func (w *world) old(ctx context.Context) error {
	if len(w.calls) == 0 {
		return nil
	}
	return w.again(ctx, w.calls[w.dice.IntN(len(w.calls))])
}

// die ends the process between two steps, or in the middle of a transaction that has written.
func (w *world) die(ctx context.Context) error {
	if w.dice.IntN(2) == 0 {
		w.counts["fault: killed"]++
		return w.crash(ctx, nil)
	}
	w.counts["fault: killed in a transaction"]++
	return w.crash(ctx, func(tx *db.Tx) error {
		e, err := w.entry(tx, []leg{{"sim/float", "sim/free", 1}})
		if err != nil {
			return err
		}
		if _, err := w.Ledger.Post(tx, e); err != nil {
			return err
		}
		_, err = w.Ledger.Lookup(tx, e.ID) // what was queued is now in the database's hands
		return err
	})
}

// restart ends the process in order.
func (w *world) restart(ctx context.Context) error {
	w.counts["fault: restarted"]++
	if err := w.end(ctx); err != nil {
		return err
	}
	return w.start(ctx)
}
