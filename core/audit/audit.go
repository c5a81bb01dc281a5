package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/id"
	"billfold/base/seal"
)

// Action is what was done, "person.look".
type Action string

// The actions of operators.
const (
	Look     Action = "person.look"
	Freeze   Action = "person.freeze"
	Unfreeze Action = "person.unfreeze"
	Approve  Action = "shop.approve"
	Refuse   Action = "shop.refuse"
	Shut     Action = "shop.freeze"
	Reopen   Action = "shop.unfreeze"
	KeyMade  Action = "key.made"
	KeyEnded Action = "key.revoked"
	Exported Action = "audit.exported"
	Verified Action = "books.verify"

	CaseAnswered Action = "case.answered"
	CaseClosed   Action = "case.closed"

	DemoRemoved Action = "demo.removed"
)

// Actions are all there are, for a filter.
var Actions = []Action{Look, Freeze, Unfreeze, Approve, Refuse, Shut, Reopen, KeyMade, KeyEnded, Exported, Verified, DemoRemoved,
	CaseAnswered, CaseClosed}

// Fresh is how long a reason for looking counts, in real time.
const Fresh = 15 * time.Minute

// Record is one thing an operator did. Reason is their own words.
type Record struct {
	ID     string    `json:"id"`
	At     time.Time `json:"at"`
	Actor  string    `json:"actor"`  // "usr_…"
	Action Action    `json:"action"` //
	Object string    `json:"object"` // "usr_…", "key_…", or "" for the installation
	Reason string    `json:"reason"`
	IP     string    `json:"ip"`
}

// Trail is the audit trail. Safe for concurrent use.
type Trail struct {
	db   *db.DB
	real clock.Clock
	keys *seal.Keyring
	ids  *id.Minter
}

// New makes the trail over its table. All of it is required; real time, because a sandbox's clock may be moved.
func New(d *db.DB, real clock.Clock, keys *seal.Keyring) *Trail {
	return &Trail{db: d, real: real, keys: keys, ids: id.NewMinter(real.Now)}
}

func field(id string) string { return "audit_record.record/" + id }

// Reason trims what an operator gave and refuses what says nothing with audit_reason_required.
func Reason(said string) (string, error) {
	said = strings.TrimSpace(said)
	if n := utf8.RuneCountInString(said); n < 5 || n > 300 {
		return "", ErrReason.With("reason")
	}
	return said, nil
}

// Add records in the caller's transaction, which does what is recorded.
func (t *Trail) Add(tx *db.Tx, r Record) error {
	r.ID, r.At = t.ids.New("aud"), clock.FromMicros(clock.Micros(t.real.Now()))
	plain, err := json.Marshal(r)
	if err != nil {
		return err
	}
	sealed, err := t.keys.Seal(seal.Installation, field(r.ID), plain)
	if err != nil {
		return err
	}
	tx.Queue(insertRecord, r.ID, clock.Micros(r.At), r.Actor, string(r.Action), r.Object, sealed)
	return nil
}

// Note is Add in a transaction of its own, for what only reads.
func (t *Trail) Note(ctx context.Context, r Record) error {
	return t.db.Write(ctx, func(tx *db.Tx) error { return t.Add(tx, r) })
}

// MayLook refuses with look_unexplained unless the actor gave a reason for looking at the object a short while ago.
func (t *Trail) MayLook(ctx context.Context, actor, object string) error {
	list, err := db.Read(ctx, t.db, func(tx *db.Tx) ([]row, error) {
		return db.All(tx, scan, selectLook, object, actor, string(Look), clock.Micros(t.real.Now().Add(-Fresh)))
	})
	if err == nil && len(list) == 0 {
		err = ErrLook
	}
	return err
}

// Filter narrows the trail; empty fields let everything through.
type Filter struct {
	Actor, Object string
	Action        Action
}

// List pages through the trail, newest first, at most 200 at a time; before is what the page above returned as next.
func (t *Trail) List(ctx context.Context, f Filter, before string, limit int) (list []Record, next string, err error) {
	if before == "" {
		before = "~"
	}
	limit = max(1, min(limit, 200))
	rows, err := db.Read(ctx, t.db, func(tx *db.Tx) ([]row, error) {
		return db.All(tx, scan, selectRecords, before, f.Actor, f.Object, string(f.Action), limit+1)
	})
	if err != nil {
		return nil, "", err
	}
	if len(rows) > limit {
		rows, next = rows[:limit], rows[limit-1].ID
	}
	for _, r := range rows {
		record, err := t.open(r)
		if err != nil {
			return nil, "", err
		}
		list = append(list, record)
	}
	return list, next, nil
}

// open reads the sealed record and compares it with the columns it was found by.
func (t *Trail) open(r row) (Record, error) {
	var record Record
	plain, err := t.keys.Open(seal.Installation, field(r.ID), r.sealed)
	if err == nil {
		err = json.Unmarshal(plain, &record)
	}
	if err != nil {
		return record, fmt.Errorf("audit record %s: %w", r.ID, err)
	}
	if found := r.Record; record.ID != found.ID || !record.At.Equal(found.At) || record.Actor != found.Actor ||
		record.Action != found.Action || record.Object != found.Object {
		return record, fmt.Errorf("audit record %s: its columns are not what was sealed", r.ID)
	}
	return record, nil
}

// Verify opens every record and says which cannot be what was written. It returns how many there are.
func (t *Trail) Verify(ctx context.Context, say func(finding string)) (records int, err error) {
	for before := "~"; ; {
		rows, err := db.Read(ctx, t.db, func(tx *db.Tx) ([]row, error) {
			return db.All(tx, scan, selectRecords, before, "", "", "", 200)
		})
		if err != nil || len(rows) == 0 {
			return records, err
		}
		for _, r := range rows {
			if _, err := t.open(r); err != nil {
				say(err.Error())
			}
			records, before = records+1, r.ID
		}
	}
}
