package ledger

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/once"
)

// note is the request that a submission answers, kept with its entries in one commit.
type note struct {
	call    once.Call
	object  string // kept under the call's key when something is posted
	earlier string // the object of an earlier answer: nothing was done
}

// twinTries bounds how often a request is looked for again that another process was answering.
const twinTries = 3

// SubmitOnce is Submit for a request that may be repeated. Where the call was answered before, nothing is done and earlier is the object
// of that answer; once.ErrMismatch refuses the key of another request. Otherwise object is kept under the call, in the transaction that
// posts its entries, if any of them is posted. Of two requests with one key the second waits for the first.
func (l *Ledger) SubmitOnce(
	ctx context.Context, d *db.DB, call once.Call, object string, entries []Entry, atomic bool,
) (results []Result, earlier string, err error) {
	if len(entries) == 0 || len(entries) > MaxBatch {
		return nil, "", ErrBatchSize.With("entries")
	}
	release, err := l.twins.enter(ctx, call)
	if err != nil {
		return nil, "", err
	}
	defer release()
	for try := 1; ; try++ {
		s := &submission{atomic: atomic, note: &note{call: call, object: object}}
		if refused := s.prepare(l, entries, nil); refused && atomic {
			s.drafts, s.place = nil, nil
			s.settle(refused)
		}
		err := l.submit(ctx, d, s)
		if db.IsUnique(err) && try < twinTries {
			continue // a twin in another process committed first, and is found now
		}
		if err != nil || s.note.earlier != "" {
			return nil, s.note.earlier, err
		}
		return s.results, "", nil
	}
}

// unanswered returns the submissions of a group that have something to post: those whose request was answered before are told so.
func unanswered(tx *db.Tx, group []*submission) ([]*submission, error) {
	var calls []once.Call
	var asked []*submission
	for _, s := range group {
		if s.note != nil {
			calls, asked = append(calls, s.note.call), append(asked, s)
		}
	}
	if len(asked) == 0 {
		return group, nil
	}
	found, err := once.FindAll(tx, calls)
	if err != nil {
		return nil, err
	}
	for i, s := range asked {
		s.err, s.note.earlier = found[i].Err, found[i].Object
	}
	rest := make([]*submission, 0, len(group))
	for _, s := range group {
		if len(s.drafts) > 0 && (s.note == nil || s.err == nil && s.note.earlier == "") {
			rest = append(rest, s)
		}
	}
	return rest, nil
}

// keepNotes keeps the requests of which something is posted. They are written in one order, so that two processes that answer the same
// two requests do not wait for each other.
func keepNotes(tx *db.Tx, group []*submission) {
	var kept []*note
	for _, s := range group {
		posted := func(r Result) bool { return r.Err == nil }
		if s.note != nil && slices.ContainsFunc(s.results, posted) {
			kept = append(kept, s.note)
		}
	}
	slices.SortFunc(kept, func(a, b *note) int {
		return cmp.Or(cmp.Compare(a.call.Caller, b.call.Caller), cmp.Compare(a.call.Key, b.call.Key))
	})
	answers := make([]once.Answer, len(kept))
	for i, n := range kept {
		answers[i] = once.Answer{Call: n.call, Object: n.object}
	}
	once.Record(tx, answers...)
}

// twins keeps requests with the same key out of one group, where the second would undo the first.
type twins struct {
	mu   sync.Mutex
	open map[once.Call]chan struct{}
}

// enter waits until nobody else in this process answers the call.
func (t *twins) enter(ctx context.Context, call once.Call) (release func(), err error) {
	call.Hash = [32]byte{} // another body under the same key waits too, and is refused
	mine := make(chan struct{})
	for {
		t.mu.Lock()
		other := t.open[call]
		if other == nil {
			if t.open == nil {
				t.open = map[once.Call]chan struct{}{}
			}
			t.open[call] = mine
		}
		t.mu.Unlock()
		if other == nil {
			break
		}
		select {
		case <-other:
		case <-ctx.Done():
			return nil, fault.ErrBusy.Because(context.Cause(ctx))
		}
	}
	return func() {
		t.mu.Lock()
		delete(t.open, call)
		t.mu.Unlock()
		close(mine)
	}, nil
}

// KnownNumber is Number for an address that this process has seen: without the database.
func (l *Ledger) KnownNumber(address string) (AccountID, bool) { return l.facts.number(address) }
