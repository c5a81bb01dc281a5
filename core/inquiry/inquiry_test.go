package inquiry

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"billfold/base/db"
	"billfold/base/event"
	"billfold/base/id"
	"billfold/base/job"
	"billfold/base/lease"
	"billfold/core/identity"
	"billfold/core/notice"
	"billfold/test/harness"
)

// desk is the service over real ones, with one person.
type desk struct {
	*Service
	t    *testing.T
	lena identity.PersonID
}

func engines(t *testing.T, body func(d *desk)) {
	t.Helper()
	harness.Engines(t, func(t *testing.T, d *db.DB) {
		real, keys := harness.Clock(), harness.Keyring(t)
		ids := id.NewMinter(real.Now)
		queue := job.New(job.Options{DB: d, IDs: ids, Clock: real, Real: real, Log: harness.Logger(t)})
		notices, err := notice.New(notice.Options{DB: d, Real: real, Keys: keys, IDs: ids, Jobs: queue, Sender: notice.Sandbox{},
			From: "Billfold <no-reply@example.org>", Origin: "https://pay.example.org"})
		if err != nil {
			t.Fatal(err)
		}
		people, err := identity.New(identity.Options{DB: d, Clock: real, Real: real, Keys: keys, IDs: ids,
			Send: func(*db.Tx, identity.Mail) error { return nil }})
		if err != nil {
			t.Fatal(err)
		}
		made, err := people.Create(t.Context(), []identity.NewPerson{{Name: "Lena Hoffmann", Handle: "lena", Email: "lena@example.org"}})
		if err != nil {
			t.Fatal(err)
		}
		body(&desk{New(Options{DB: d, Real: real, Keys: keys, IDs: ids, People: people, Notices: notices}), t, made[0].ID})
	}, event.Schema, job.Schema, lease.Schema, identity.Schema, notice.Schema, Schema)
}

func (d *desk) want(err, refusal error, doing string) {
	d.t.Helper()
	if !errors.Is(err, refusal) {
		d.t.Errorf("%s: %v, want %v", doing, err, refusal)
	}
}

func (d *desk) change(do func(tx *db.Tx) error) error { return d.DB.Write(d.t.Context(), do) }

// Every state meets every verb; ten askers at once make one case; what is written lies sealed, and is gone with the person.
func TestCases(t *testing.T) {
	engines(t, func(d *desk) {
		ctx := d.t.Context()
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				if _, err := d.Ask(ctx, d.lena, "pay_1", fmt.Sprintf("question %d", i%2)); err != nil {
					d.t.Error(err)
				}
			})
		}
		all.Wait()
		list, err := d.Of(ctx, d.lena, "pay_1")
		if err != nil || len(list) != 1 || list[0].State != Open || len(list[0].Turns) < 2 {
			d.t.Fatalf("ten askers: %+v, %v", list, err)
		}
		one := list[0].ID
		answer := func(tx *db.Tx) error {
			_, err := d.Answer(tx, one, "usr_olu", "We look into it.")
			return err
		}
		end := func(tx *db.Tx) error {
			_, err := d.Close(tx, one)
			return err
		}
		undone := errors.New("undone")
		d.want(d.change(func(tx *db.Tx) error { return errors.Join(answer(tx), undone) }), undone, "an answer that is undone")
		if c, err := d.Get(ctx, one); err != nil || c.State != Open {
			d.t.Errorf("after an answer that was undone: %+v, %v", c, err)
		}
		d.want(d.change(answer), nil, "answer")
		d.want(d.change(answer), nil, "answer what is answered")
		if _, err := d.Ask(ctx, d.lena, "pay_1", "one more question"); err != nil {
			d.t.Error(err)
		}
		if c, err := d.Get(ctx, one); err != nil || c.State != Open {
			d.t.Errorf("asked again: %+v, %v", c, err)
		}
		d.want(d.change(end), nil, "close")
		d.want(d.change(answer), ErrClosed, "answer what is closed")
		d.want(d.change(end), ErrClosed, "close what is closed")
		next, err := d.Ask(ctx, d.lena, "pay_1", "and yet another")
		if err != nil || next.ID == one {
			d.t.Errorf("after it was closed: %+v, %v", next, err)
		}
		if _, err := d.Get(ctx, "case_none"); !errors.Is(err, ErrUnknown) {
			d.t.Errorf("of nothing: %v", err)
		}
		for state, want := range map[State]int{"": 2, Open: 1, Answered: 0, Closed: 1} {
			if list, err := d.List(ctx, state, "", 10); err != nil || len(list) != want {
				d.t.Errorf("%q: %d cases, %v", state, len(list), err)
			}
		}
		var sealed []byte
		row := harness.Raw(d.t, d.DB).QueryRow("select words from inquiry_turn where number = 1")
		if err := row.Scan(&sealed); err != nil || bytes.Contains(sealed, []byte("question")) {
			d.t.Errorf("what was written lies open: %v", err)
		}
		if err := d.Keys.Destroy(string(d.lena)); err != nil {
			d.t.Fatal(err)
		}
		if c, err := d.Get(ctx, one); err != nil || len(c.Turns) != 0 {
			d.t.Errorf("of somebody who was erased: %+v, %v", c, err)
		}
	})
}

// What is too short, too long or too much is refused, and what hides letters is taken out.
func TestCasesAreBounded(t *testing.T) {
	engines(t, func(d *desk) {
		ctx := d.t.Context()
		for _, said := range []string{"", "  no ", "\u200b\u200b\u200b\u200b\u200b\u200b", strings.Repeat("x", wordsMost+1)} {
			_, err := d.Ask(ctx, d.lena, "pay_1", said)
			d.want(err, ErrWords, fmt.Sprintf("%.10q", said))
		}
		c, err := d.Ask(ctx, d.lena, "pay_1", "line one\r\nline\u202e two\x07")
		if err != nil || c.Turns[0].Words != "line one\nline two" {
			d.t.Errorf("%+v, %v", c, err)
		}
		for i := 1; i < turnsMost; i++ {
			if _, err := d.Ask(ctx, d.lena, "pay_1", fmt.Sprintf("question %d", i)); err != nil {
				d.t.Fatal(err)
			}
		}
		_, err = d.Ask(ctx, d.lena, "pay_1", "one too many")
		d.want(err, ErrTooMany, "a turn too many")
		for i := 1; i < casesMost; i++ {
			if _, err := d.Ask(ctx, d.lena, fmt.Sprintf("pay_%d", i+1), "what is this?"); err != nil {
				d.t.Fatal(err)
			}
		}
		_, err = d.Ask(ctx, d.lena, "pay_more", "what is this?")
		d.want(err, ErrTooMany, "a case too many")
		if list, err := d.List(ctx, "", "", 200); err != nil || len(list) != casesMost {
			d.t.Errorf("%d cases, %v", len(list), err)
		}
	})
}
