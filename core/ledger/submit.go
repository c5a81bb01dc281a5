package ledger

import (
	"cmp"
	"context"
	"time"

	"billfold/base/db"
	"billfold/base/gather"
)

const (
	// submitRoom bounds the entries that wait for the group writer; more are refused as busy at once.
	submitRoom = 200_000
	// groupEntries bounds a group, so that the first of it is not kept waiting for the last.
	groupEntries = 10_000
)

// submission is one caller's entries on their way through the group writer.
type submission struct {
	gather.Turn
	drafts  []*draft
	place   []int // of each draft in results
	atomic  bool
	results []Result
	err     error
	note    *note // what is kept of the request beside its entries; nil for nothing
}

// Submit posts entries in a transaction that it shares with whoever submits at the same time, and answers when they are durable. It is
// PostBatch for callers that write nothing else: decided over the same locked rows, in the order of arrival, each caller with its own
// results. The error is for storage, and for a batch of nothing or too much; busy when too many wait already. The context ends the wait
// until the entries are taken up; after that their outcome is waited for.
func (l *Ledger) Submit(ctx context.Context, d *db.DB, entries []Entry, atomic bool) ([]Result, error) {
	if len(entries) == 0 || len(entries) > MaxBatch {
		return nil, ErrBatchSize.With("entries")
	}
	s := &submission{atomic: atomic}
	refused := s.prepare(l, entries, nil)
	if len(s.drafts) == 0 || refused && atomic {
		s.settle(refused)
		return s.results, nil
	}
	return s.results, l.submit(ctx, d, s)
}

// submit waits for what becomes of a submission.
func (l *Ledger) submit(ctx context.Context, d *db.DB, s *submission) error {
	err := l.gather.Wait(ctx, s, len(s.drafts), func(group []*submission) {
		if d.Engine() == db.Postgres {
			l.fly(d, group)
		} else {
			l.postGroup(d, group)
		}
	})
	return cmp.Or(err, s.err)
}

// prepare drafts the entries, those that have an expiry as holds, and tells whether one of them is malformed.
func (s *submission) prepare(l *Ledger, entries []Entry, until []time.Time) (refused bool) {
	s.results = make([]Result, len(entries))
	s.drafts, s.place = make([]*draft, 0, len(entries)), make([]int, 0, len(entries))
	for i, e := range entries {
		phase, expires := Posted, time.Time{}
		if until != nil && !until[i].IsZero() {
			phase, expires = Pending, until[i]
		}
		d, err := l.draft(e, phase, expires)
		if err != nil {
			s.results[i].Err, refused = err, true
			continue
		}
		s.drafts, s.place = append(s.drafts, d), append(s.place, i)
	}
	return refused
}

// settle makes an all-or-nothing batch of which one is refused a refused batch.
func (s *submission) settle(refused bool) {
	for i := range s.results {
		if r := &s.results[i]; s.atomic && refused && r.Err == nil {
			*r = Result{Err: ErrBatchRefused}
		}
	}
}

// postGroup posts a group in one transaction. Where that fails for another reason than the storage, each caller's entries get one of
// their own, so that nobody fails for a neighbour.
func (l *Ledger) postGroup(d *db.DB, group []*submission) {
	err := l.postTogether(d, group)
	if db.Apart(err) && len(group) > 1 {
		for _, s := range group {
			if err := l.postTogether(d, []*submission{s}); err != nil {
				s.err = err
			}
			s.Done()
		}
		return
	}
	for _, s := range group {
		if err != nil {
			s.err = err
		}
		s.Done()
	}
}

// postTogether posts in one transaction.
func (l *Ledger) postTogether(d *db.DB, group []*submission) error {
	return d.Write(context.Background(), func(tx *db.Tx) error { return l.recordAll(tx, group, true) })
}

// recordAll records what was submitted and sets everybody's results. strange says that the ids may be anybody's.
func (l *Ledger) recordAll(tx *db.Tx, group []*submission, strange bool) error {
	group, err := unanswered(tx, group)
	if err != nil || len(group) == 0 {
		return err
	}
	parts, _ := partsOf(group)
	if err := l.recordParts(tx, parts, strange); err != nil {
		return err
	}
	settleAll(group, parts)
	keepNotes(tx, group)
	return nil
}

// partsOf lists the drafts of a group: each caller's for itself, and all of them.
func partsOf(group []*submission) (parts []part, drafts []*draft) {
	parts = make([]part, len(group))
	for i, s := range group {
		parts[i] = part{drafts: s.drafts, atomic: s.atomic}
		drafts = append(drafts, s.drafts...)
	}
	return parts, drafts
}

// settleAll sets everybody's results.
func settleAll(group []*submission, parts []part) {
	for n, s := range group {
		refused := false
		for i, d := range s.drafts {
			refusal := parts[n].refusals[i]
			s.results[s.place[i]] = Result{Err: refusal}
			if refusal == nil {
				s.results[s.place[i]].Entry = d.Entry
			}
			refused = refused || refusal != nil
		}
		s.settle(refused)
	}
}
