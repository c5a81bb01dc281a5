package event_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"billfold/base/db"
	"billfold/base/event"
	"billfold/base/id"
	"billfold/test/harness"
)

func outbox(t *testing.T, d *db.DB) *event.Outbox {
	c := harness.Clock()
	return event.New(event.Options{DB: d, IDs: id.NewMinter(c.Now), Clock: c, Real: harness.Real(), Log: harness.Logger(t)})
}

func send(t *testing.T, d *db.DB, o *event.Outbox, object string, sequence int64, owners ...string) {
	t.Helper()
	err := d.Write(context.Background(), func(tx *db.Tx) error {
		o.Append(tx, event.Event{Type: "thing.done", Object: object, Sequence: sequence, Owners: owners,
			Data: fmt.Append(nil, sequence), Said: sequence})
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// Many writers of two processes, some of whom roll back, and a sequencer that works meanwhile: every committed event is told once, in
// the order of its object, under gapless numbers.
func TestEverythingCommittedIsToldOnceInOrder(t *testing.T) {
	harness.Engines(t, func(t *testing.T, d *db.DB) {
		o, other := outbox(t, d), outbox(t, d)
		var told []event.Event
		o.Subscribe("test", func(tx *db.Tx, events []event.Event) error {
			told = append(told, events...) // the transaction below never fails, so nothing is handed over twice
			return nil
		})
		ctx, stop := context.WithCancel(t.Context())
		var running, writers sync.WaitGroup
		running.Go(func() { o.Run(ctx) })
		for w := range 8 {
			writers.Go(func() {
				for i := range 50 {
					send(t, d, []*event.Outbox{o, other}[w%2], fmt.Sprint("obj_", w), int64(i), "usr_a", "mch_b")
					if i%10 == 0 {
						d.Write(ctx, func(tx *db.Tx) error {
							o.Append(tx, event.Event{Type: "thing.undone", Object: "obj_x", Owners: []string{"usr_a"}, Data: []byte(`{}`)})
							return errors.New("rolled back")
						})
					}
				}
			})
		}
		writers.Wait()
		stop()
		running.Wait()
		if _, err := o.Step(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		last, said := map[string]int64{}, 0
		for i, e := range told {
			if e.Number != int64(i+1) || e.Type != "thing.done" {
				t.Fatalf("event %d has number %d and type %s", i, e.Number, e.Type)
			}
			if before, seen := last[e.Object]; seen && e.Sequence != before+1 {
				t.Fatalf("%s went from %d to %d", e.Object, before, e.Sequence)
			}
			if string(e.Data) != fmt.Sprint(e.Sequence) || e.Said != nil && e.Said != e.Sequence ||
				!slices.Equal(e.Owners, []string{"usr_a", "mch_b"}) {
				t.Fatalf("told %+v", e)
			}
			if e.Said != nil {
				said++
			}
			last[e.Object] = e.Sequence
		}
		if len(told) != 400 || said == 0 || said > 200 {
			t.Errorf("%d events told, want 400; %d of them from memory, and this process appended 200", len(told), said)
		}
		err := d.Read(t.Context(), func(tx *db.Tx) error {
			unnumbered, untold, err := event.Lag(tx, "test")
			if unnumbered != 0 || untold != 0 {
				t.Errorf("%d unnumbered, %d untold", unnumbered, untold)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}, event.Schema)
}

// A handler's effect and its place in the stream are one transaction: a failure undoes both, and the next try sees the
// same events again.
func TestHandlerFailureKeepsItsPlace(t *testing.T) {
	harness.Engines(t, func(t *testing.T, d *db.DB) {
		o := outbox(t, d)
		fail, calls := true, 0
		o.Subscribe("test", func(tx *db.Tx, events []event.Event) error {
			calls++
			if err := db.SetSetting(tx, "told", fmt.Sprint(len(events))); err != nil {
				return err
			}
			if fail {
				return errors.New("not today")
			}
			return nil
		})
		send(t, d, o, "obj_a", 1, "usr_a")
		if _, err := o.Step(t.Context(), 0); err == nil {
			t.Fatal("the failure was not reported")
		}
		told := func() (v string) {
			d.Read(t.Context(), func(tx *db.Tx) (err error) { v, _, err = db.Setting(tx, "told"); return err })
			return v
		}
		if told() != "" {
			t.Error("the effect of a failed handler stayed")
		}
		fail = false
		for told() == "" { // it pauses for a moment after the failure
			if _, err := o.Step(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
		}
		if told() != "1" || calls < 2 {
			t.Errorf("told %q in %d calls", told(), calls)
		}
	}, event.Schema)
}

// A delivery that ends because the outbox was told to stop is not held against the handler: the last Step of a clean stop,
// which comes at once, still tells.
func TestStopIsNoFailure(t *testing.T) {
	harness.Engines(t, func(t *testing.T, d *db.DB) {
		o := outbox(t, d)
		stopping, stop := context.WithCancel(t.Context())
		told, last := 0, false
		o.Subscribe("test", func(*db.Tx, []event.Event) error {
			if !last {
				stop()
				return stopping.Err()
			}
			told++
			return nil
		})
		send(t, d, o, "obj_a", 1, "usr_a")
		if _, err := o.Step(stopping, 0); err == nil {
			t.Fatal("the delivery was not cut short: nothing is shown")
		}
		last = true
		if _, err := o.Step(t.Context(), 0); err != nil || told != 1 {
			t.Errorf("the last step told %d times, %v", told, err)
		}
	}, event.Schema)
}

func TestOwnersSeeTheirOwn(t *testing.T) {
	harness.Engines(t, func(t *testing.T, d *db.DB) {
		o := outbox(t, d)
		for i := range 5 {
			send(t, d, o, "obj_a", int64(i), "usr_a", "mch_b")
		}
		send(t, d, o, "obj_c", 1, "usr_c")
		if _, err := o.Step(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		err := d.Read(t.Context(), func(tx *db.Tx) error {
			list, err := event.List(tx, event.Filter{Owner: "usr_a", Since: 2, Limit: 2})
			if err != nil || len(list) != 2 || list[0].Number != 3 || list[1].Number != 4 {
				t.Errorf("listed %+v (%v)", list, err)
			}
			if !slices.Equal(list[0].Owners, []string{"usr_a", "mch_b"}) || !list[0].At.Equal(harness.Start) {
				t.Errorf("came back as %+v", list[0])
			}
			if none, err := event.List(tx, event.Filter{Owner: "usr_a", Type: "other", Limit: 9}); err != nil || len(none) != 0 {
				t.Errorf("another type lists %v (%v)", none, err)
			}
			if _, err := event.Get(tx, "usr_c", list[0].ID); !errors.Is(err, db.ErrNoRow) {
				t.Errorf("a stranger's event answered %v", err)
			}
			_, err = event.Get(tx, "mch_b", list[0].ID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}, event.Schema)
}

func TestListeners(t *testing.T) {
	d := harness.Open(t, db.SQLite, event.Schema)
	o := outbox(t, d)
	send(t, d, o, "obj_old", 1, "usr_a")
	live, err := o.Step(t.Context(), 0)
	if err != nil || live != 1 {
		t.Fatal(live, err)
	}
	quick, stop := o.Listen()
	slow, _ := o.Listen()
	for i := range 300 {
		send(t, d, o, "obj_a", int64(i), "usr_a")
		if i == 100 {
			if live, err = o.Step(t.Context(), live); err != nil {
				t.Fatal(err)
			}
			for want := range 101 {
				if e := <-quick; e.Object != "obj_a" || e.Number != int64(want+2) {
					t.Fatalf("listener heard %+v", e)
				}
			}
		}
	}
	if _, err := o.Step(t.Context(), live); err != nil {
		t.Fatal(err)
	}
	heard := 0
	for range slow { // closed because it fell behind, so this ends
		heard++
	}
	if heard != 256 {
		t.Errorf("the slow listener heard %d before it was let go", heard)
	}
	if e := <-quick; e.Number != 103 {
		t.Errorf("the quick listener heard %d next", e.Number)
	}
	stop()
	stop()
}
