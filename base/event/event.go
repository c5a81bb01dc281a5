package event

import (
	"embed"
	"strings"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
)

//go:embed schema
var files embed.FS

// Schema is this package's tables.
var Schema = db.Schema{Package: "event", FS: files}

// Event is one piece of news about one object.
type Event struct {
	ID       string    // "evt_…", minted by Append
	Type     string    // "payment.completed"
	Object   string    // "pay_…"
	Sequence int64     // the object's version; orders the events of one object
	Owners   []string  // who may read it: "usr_…", "mch_…"
	At       time.Time // business time, set by Append
	Data     []byte    // JSON; ids, amounts and masked names only
	Number   int64     // place in the stream, from 1; 0 until it is numbered
	Said     any       // what Data was written from, where the process that appended it tells it; nil where it was read
}

func scanEvent(r db.Row) (e Event, err error) {
	var owners string
	var at int64
	if err = r.Scan(&e.ID, &e.Type, &e.Object, &e.Sequence, &owners, &at, &e.Data); err != nil {
		return e, err
	}
	e.Owners, e.At = strings.Fields(owners), clock.FromMicros(at)
	return e, nil
}

func scanNumbered(r db.Row) (e Event, err error) {
	var owners string
	var at int64
	if err = r.Scan(&e.Number, &e.ID, &e.Type, &e.Object, &e.Sequence, &owners, &at, &e.Data); err != nil {
		return e, err
	}
	e.Owners, e.At = strings.Fields(owners), clock.FromMicros(at)
	return e, nil
}

func scanID(r db.Row) (id string, err error) {
	err = r.Scan(&id)
	return id, err
}
