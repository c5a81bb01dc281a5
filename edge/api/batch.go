package api

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"strings"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/id"
	"billfold/base/lang"
	"billfold/base/money"
	"billfold/base/once"
	"billfold/client"
	"billfold/core/ledger"
	"billfold/core/payment"
)

const opEntries = "ledger.entries"

// wish is one entry of a batch on its way into the ledger: what is to be posted, or why it cannot be.
type wish struct {
	entry   ledger.Entry
	hold    *client.NewHold
	end     *client.Resolution
	amounts []int64
	given   bool // the request gave the id
	posted  bool
	err     error
}

// postEntries posts a batch. Its own id is kept under the idempotency key, and the entries' ids follow from it: the same request
// again posts under the same ids, so what stands already is answered as it stands, and what was refused is tried again.
func postEntries(c *call, in *client.PostEntries) (client.EntryResults, error) {
	var none client.EntryResults
	if len(in.Entries) == 0 || len(in.Entries) > ledger.MaxBatch {
		return none, ledger.ErrBatchSize.With("entries")
	}
	ctx, cancel := context.WithTimeout(c.ctx, payment.Deadline)
	defer cancel()
	var wishes []wish
	err := c.known(ctx, func(tx *db.Tx) (err error) {
		wishes, err = c.wishes(tx, in.Entries)
		return err
	})
	if err != nil {
		return none, err
	}
	if in.Atomic {
		if err := together(wishes); err != nil {
			return none, err
		}
	}
	c.once.Caller, c.once.Operation = c.caller.Owner(), opEntries
	fresh := c.api.IDs.New("bat")
	done, err := c.carryOut(ctx, slices.Clone(wishes), fresh, in.Atomic)
	if c.overtaken(ctx, done, err) {
		done, err = c.carryOut(ctx, slices.Clone(wishes), fresh, in.Atomic)
	}
	if err != nil {
		return none, err
	}
	return c.results(ctx, done)
}

// carryOut posts what is wished for, by the shared writer where nothing is held and no hold is ended.
func (c *call) carryOut(ctx context.Context, wishes []wish, fresh string, atomic bool) ([]wish, error) {
	if slices.ContainsFunc(wishes, func(w wish) bool { return w.hold != nil || w.end != nil }) {
		return db.Write(ctx, c.api.DB, func(tx *db.Tx) ([]wish, error) { return c.post(tx, slices.Clone(wishes), fresh, atomic) })
	}
	return wishes, c.submit(ctx, wishes, fresh, atomic)
}

// overtaken tells whether an earlier try of a request that was refused has been committed by another process meanwhile: what this try
// may not do any more is then what that one did, such as the end of a hold. Tries within one process never meet (twins).
func (c *call) overtaken(ctx context.Context, done []wish, refusal error) bool {
	_, refused := fault.As(refusal)
	if c.replayed || !refused && !slices.ContainsFunc(done, func(w wish) bool { return w.err != nil }) {
		return false
	}
	found, err := db.Read(ctx, c.api.DB, func(tx *db.Tx) (bool, error) {
		_, _, found, err := once.Find(tx, c.once)
		return found, err
	})
	return err == nil && found // where it cannot be read the refusal stands, as for whoever never asked twice
}

// errUnread says that something has to be read from the database that was not given.
var errUnread = errors.New("api: not in memory")

// known runs what mostly finds all it needs in memory: first without the database, whose transaction is then nil, and where that does not
// do (errUnread) with it.
func (c *call) known(ctx context.Context, body func(tx *db.Tx) error) error {
	err := body(nil)
	if errors.Is(err, errUnread) {
		err = c.api.DB.Read(ctx, body)
	}
	return err
}

// submit has the ledger's group writer post a batch of plain entries, together with those of whoever asks at the same time.
func (c *call) submit(ctx context.Context, wishes []wish, batch string, atomic bool) error {
	entries, place := make([]ledger.Entry, 0, len(wishes)), make([]int, 0, len(wishes))
	gather := func() {
		entries, place = entries[:0], place[:0]
		for i := range wishes {
			w := &wishes[i]
			if !w.given {
				w.entry.ID = entryID(batch, i)
			}
			if w.err == nil {
				entries, place = append(entries, w.entry), append(place, i)
			}
		}
	}
	if gather(); len(entries) == 0 {
		return nil
	}
	results, earlier, err := c.api.Ledger.SubmitOnce(ctx, c.api.DB, c.once, batch, entries, atomic)
	if err != nil {
		return err
	}
	if earlier != "" {
		batch, c.replayed = earlier, true
		gather()
		if results, err = c.api.Ledger.Submit(ctx, c.api.DB, entries, atomic); err != nil {
			return err
		}
	}
	for n, r := range results {
		w := &wishes[place[n]]
		if r.Err == nil {
			w.entry = r.Entry
		}
		if errors.Is(r.Err, ledger.ErrBatchRefused) {
			continue // refused for another's sake, who is named
		}
		if err := w.outcome(r.Err); err != nil {
			return err
		}
	}
	if atomic {
		return together(wishes)
	}
	return nil
}

// wishes reads what a request says against what it says it of. What is wrong with one entry stays with that entry.
func (c *call) wishes(tx *db.Tx, list []client.NewEntry) (wishes []wish, err error) {
	var numbers map[string]ledger.AccountID
	if tx != nil {
		if numbers, err = c.api.accounts(tx, list); err != nil {
			return nil, err
		}
	}
	wishes = make([]wish, len(list))
	for i := range list {
		w := &wishes[i]
		w.err = c.wish(tx, numbers, &list[i], w)
		if _, ok := fault.As(w.err); w.err != nil && !ok {
			return nil, w.err
		}
	}
	return wishes, nil
}

func (c *call) wish(tx *db.Tx, numbers map[string]ledger.AccountID, in *client.NewEntry, w *wish) error {
	w.entry = ledger.Entry{ID: ledger.EntryID(in.ID), Kind: in.Kind, Reference: in.Reference, Meta: in.Metadata}
	w.given, w.hold, w.end = in.ID != "", in.Hold, in.Resolves
	if w.end != nil {
		return w.ending(in)
	}
	w.entry.Legs = make([]ledger.Leg, len(in.Legs))
	for n := range in.Legs {
		if err := c.leg(tx, numbers, &in.Legs[n], &w.entry.Legs[n]); err != nil {
			return at(err, place("legs", n))
		}
	}
	return nil
}

// ending reads an entry that ends a hold: it has the hold's legs, kind and reference, so it may not bring its own.
func (w *wish) ending(in *client.NewEntry) error {
	r := in.Resolves
	switch {
	case len(in.Legs) > 0:
		return fault.ErrInvalid.With("legs")
	case in.Hold != nil:
		return fault.ErrInvalid.With("hold")
	case in.Kind != "" || in.Reference != "" || len(in.Metadata) > 0:
		return fault.ErrInvalid.With("kind")
	case r.Action != "post" && r.Action != "void" || r.Action == "void" && len(r.Amounts) > 0:
		return fault.ErrInvalid.With("resolves.action")
	}
	for n, text := range r.Amounts {
		amount, err := money.ParseMinor(text, money.Currency{})
		if err != nil {
			f, _ := fault.As(err)
			return f.With("resolves." + place("amounts", n))
		}
		w.amounts = append(w.amounts, amount.Minor)
	}
	return nil
}

func (c *call) leg(tx *db.Tx, numbers map[string]ledger.AccountID, in *client.Leg, to *ledger.Leg) error {
	if in.Released != "" {
		return fault.ErrInvalid.With("released")
	}
	for _, side := range []struct {
		name, value string
		to          *ledger.AccountID
	}{{"debit", in.Debit, &to.Debit}, {"credit", in.Credit, &to.Credit}} {
		if side.value == "" {
			return ErrRequired.With(side.name)
		}
		number, err := c.api.numberAmong(numbers, side.value)
		if err == nil {
			var counts money.Currency
			if counts, err = c.api.currencies.of(tx, c.api.Ledger, number); err == nil && counts.Code != in.Currency {
				return money.ErrCurrencyMismatch
			}
		}
		if f, ok := fault.As(err); ok {
			return f.With(side.name)
		}
		if err != nil {
			return err
		}
		*side.to = number
	}
	amount, err := money.ParseMinor(in.Amount, money.Currency{Code: in.Currency})
	to.Amount = amount.Minor
	if err == nil {
		err = amount.Positive()
	}
	return err
}

// post carries out the wishes in order. Runs of plain entries go to the ledger as one batch.
func (c *call) post(tx *db.Tx, wishes []wish, fresh string, atomic bool) ([]wish, error) {
	batch, _, found, err := once.Find(tx, c.once)
	if err != nil {
		return nil, err
	}
	if !found {
		batch = fresh
	}
	c.replayed = found
	for i := range wishes {
		if w := &wishes[i]; !w.given {
			w.entry.ID = entryID(batch, i)
		}
	}
	if err := c.lock(tx, wishes); err != nil {
		return nil, err
	}
	tx.RerunAfter(ledger.IDPatience)
	for i := 0; i < len(wishes); {
		n, err := c.postRun(tx, wishes[i:])
		if err != nil {
			return nil, err
		}
		i += n
	}
	some := false
	for i := range wishes {
		some = some || wishes[i].posted
	}
	if atomic {
		if err := together(wishes); err != nil {
			return nil, err // the whole transaction is undone
		}
	}
	if some && !found {
		once.Record(tx, once.Answer{Call: c.once, Object: batch})
	}
	return wishes, nil
}

// lock locks what a mixed batch touches, holds before accounts and both in one order, so that two of them never wait for each other.
func (c *call) lock(tx *db.Tx, wishes []wish) error {
	var accounts []ledger.AccountID
	var holds []ledger.EntryID
	for i := range wishes {
		w := &wishes[i]
		if w.err == nil && w.end != nil && id.Valid(w.end.Entry, ledger.Prefix) {
			holds = append(holds, ledger.EntryID(w.end.Entry))
		}
		for _, leg := range w.entry.Legs {
			if w.err == nil {
				accounts = append(accounts, leg.Debit, leg.Credit)
			}
		}
	}
	return c.api.Ledger.LockAhead(tx, holds, accounts)
}

// postRun carries out the first wishes: as many plain ones as follow each other, or one of another sort.
func (c *call) postRun(tx *db.Tx, wishes []wish) (int, error) {
	plain := 0
	for plain < len(wishes) && wishes[plain].plain() {
		plain++
	}
	if plain > 0 {
		return plain, c.postPlain(tx, wishes[:plain])
	}
	w := &wishes[0]
	if w.err != nil {
		return 1, nil
	}
	var err error
	switch l := c.api.Ledger; {
	case w.hold != nil:
		w.entry, err = l.Hold(tx, w.entry, w.hold.ExpiresAt)
	case w.end.Action == "void":
		w.entry, err = l.VoidHold(tx, ledger.EntryID(w.end.Entry), w.entry.ID)
	case len(w.amounts) > 0:
		w.entry, err = l.PostHoldLegs(tx, ledger.EntryID(w.end.Entry), w.entry.ID, w.amounts)
	default:
		w.entry, err = l.PostHold(tx, ledger.EntryID(w.end.Entry), w.entry.ID, 0)
	}
	return 1, w.outcome(err)
}

func (w *wish) plain() bool { return w.err == nil && w.hold == nil && w.end == nil }

// outcome keeps a refusal with its entry; any other error ends the transaction.
func (w *wish) outcome(err error) error {
	if _, ok := fault.As(err); err != nil && !ok {
		return err
	}
	w.err, w.posted = inEntry(err), err == nil
	return nil
}

// inEntry says in the words of the request what the ledger blames.
func inEntry(err error) error {
	f, ok := fault.As(err)
	if !ok {
		return err
	}
	switch {
	case f.Param == "hold":
		return f.With("resolves.entry")
	case strings.HasPrefix(f.Param, "amounts"):
		return f.With("resolves." + f.Param)
	case f.Param == "meta":
		return f.With("metadata")
	case f.Param == "expires_at":
		return f.With("hold.expires_at")
	}
	return err
}

func (c *call) postPlain(tx *db.Tx, wishes []wish) error {
	entries := make([]ledger.Entry, len(wishes))
	for i := range wishes {
		entries[i] = wishes[i].entry
	}
	results, err := c.api.Ledger.PostBatch(tx, entries, false)
	if err != nil {
		return err
	}
	for i, r := range results {
		if r.Err == nil {
			wishes[i].entry = r.Entry
		}
		if err := wishes[i].outcome(r.Err); err != nil {
			return err
		}
	}
	return nil
}

// entryID is the id of the nth entry of a batch: the batch's own bits, counted up. They follow each other in time and in the index.
// Nobody else has them: the next id of the same millisecond is 2^39 further on average, and a chance hit would be refused.
func entryID(batch string, n int) ledger.EntryID {
	b, err := id.Bytes(batch)
	if err != nil {
		panic("api: a batch without an id: " + batch)
	}
	low := binary.BigEndian.Uint64(b[7:15])
	sum := low + uint64(n) + 1
	binary.BigEndian.PutUint64(b[7:15], sum)
	if sum < low {
		b[6]++
	}
	return ledger.EntryID(id.Text(ledger.Prefix, b))
}

// together is the refusal of an all-or-nothing batch: nil when nothing was refused. The first culprit gives the problem its kind;
// all of them are listed.
func together(wishes []wish) error {
	const most = 100
	var many *several
	for i := range wishes {
		f, ok := fault.As(wishes[i].err)
		if !ok {
			continue
		}
		if many == nil {
			many = &several{fault: ledger.ErrBatchRefused.With(placeIn(i, f))}
		}
		if len(many.list) < most {
			many.list = append(many.list, placed{placeIn(i, f), f})
		}
	}
	if many == nil {
		return nil
	}
	return many
}

func placeIn(i int, f *fault.Fault) string {
	where := place("entries", i)
	if f.Param != "" {
		where += "." + f.Param
	}
	return where
}

// results writes down what became of the wishes.
func (c *call) results(ctx context.Context, wishes []wish) (out client.EntryResults, err error) {
	tag := lang.Pick(c.r.Header.Get("Accept-Language"))
	err = c.known(ctx, func(tx *db.Tx) error {
		out = client.EntryResults{Object: "entry_results", Results: make([]client.EntryResult, len(wishes))}
		entries := make([]client.LedgerEntry, len(wishes))
		for i := range wishes {
			w := &wishes[i]
			if f, ok := fault.As(w.err); ok {
				out.Refused++
				out.Results[i] = client.EntryResult{Status: "refused", Error: &client.EntryError{Code: f.Code, Title: f.Title.In(tag),
					Detail: f.Detail.In(tag), Param: placeIn(i, f)}}
				continue
			}
			var err error
			if entries[i], err = c.api.entryOf(tx, &w.entry); err != nil {
				return err
			}
			out.Posted++
			out.Results[i] = client.EntryResult{Status: "posted", Entry: &entries[i]}
		}
		return nil
	})
	return out, err
}
