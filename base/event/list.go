package event

import (
	"context"
	"errors"
	"slices"

	"billfold/base/db"
)

// Filter says which events of one owner to list.
type Filter struct {
	Owner string
	Since int64 // numbers after this one
	Type  string
	Limit int
}

// List answers an owner's events, oldest first, from after Since on.
func List(tx *db.Tx, f Filter) ([]Event, error) {
	if f.Type != "" {
		return db.All(tx, scanNumbered, selectByOwnerType, f.Owner, f.Since, f.Limit, f.Type)
	}
	return db.All(tx, scanNumbered, selectByOwner, f.Owner, f.Since, f.Limit)
}

// Get answers one event if owner may read it; db.ErrNoRow otherwise. Its Number is 0.
func Get(tx *db.Tx, owner, eventID string) (Event, error) {
	e, err := db.One(tx, scanEvent, selectOne, eventID)
	if err == nil && !slices.Contains(e.Owners, owner) {
		return Event{}, db.ErrNoRow
	}
	return e, err
}

// Walk answers every event, told or not, in order of id from after the given one on: for those who check the whole. Ids
// are time-ordered, so an event of an object comes after the object's own id (but for the difference of two clocks).
func Walk(tx *db.Tx, after string, limit int) ([]Event, error) {
	return db.All(tx, scanEvent, selectWalk, after, limit)
}

// Lag says how many events wait for a number, and how many numbered ones the named subscriber has not been told.
func Lag(tx *db.Tx, subscriber string) (unnumbered, untold int64, err error) {
	if err = tx.Row(countPending).Scan(&unnumbered); err != nil {
		return 0, 0, err
	}
	var head, at int64
	for name, to := range map[string]*int64{sequencer: &head, subscriber: &at} {
		if err = tx.Row(selectCursor, name).Scan(to); err != nil && !errors.Is(err, db.ErrNoRow) {
			return 0, 0, err
		}
	}
	return unnumbered, head - at, nil
}

// Head answers the last number given, 0 before the first: where a reader begins who wants only what comes.
func Head(tx *db.Tx) (number int64, err error) {
	err = tx.Row(selectCursor, sequencer).Scan(&number)
	if errors.Is(err, db.ErrNoRow) {
		err = nil
	}
	return number, err
}

func (o *Outbox) head(ctx context.Context) (int64, error) { return db.Read(ctx, o.DB, Head) }

// batch is a run of numbers and the ids that have them.
type batch struct {
	first, count int64
	ids          string
}

func scanBatch(r db.Row) (b batch, err error) {
	err = r.Scan(&b.first, &b.count, &b.ids)
	return b, err
}

// after answers the events that follow a number, in order, at most `most`.
func after(tx *db.Tx, number int64, most int) ([]Event, error) {
	batches, err := db.All(tx, scanBatch, selectBatches, number+1, batchMost, most)
	if err != nil {
		return nil, err
	}
	var ids []string
	var first int64
	for _, b := range batches {
		for i := range b.count {
			if n := b.first + i; n > number && len(ids) < most {
				if len(ids) == 0 {
					first = n
				}
				ids = append(ids, prefix+"_"+b.ids[i*idLength:(i+1)*idLength])
			}
		}
	}
	byID, err := records(tx, ids)
	if err != nil {
		return nil, err
	}
	events := make([]Event, len(ids))
	for i, id := range ids {
		e, ok := byID[id]
		if !ok {
			return nil, errors.New("event: numbered but not recorded: " + id)
		}
		e.Number = first + int64(i)
		events[i] = e
	}
	return events, nil
}

func records(tx *db.Tx, ids []string) (map[string]Event, error) {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	byID := make(map[string]Event, len(ids))
	var failed error
	db.Chunks(args, 1, func(rows int, args []any) {
		list, err := db.All(tx, scanEvent, selectRecords(rows), args...)
		if err != nil && failed == nil {
			failed = err
		}
		for _, e := range list {
			byID[e.ID] = e
		}
	})
	return byID, failed
}
