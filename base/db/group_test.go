package db

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"billfold/base/fault"
)

// party is a group of bodies that wait together; each writes three rows of its own.
type party struct {
	d    *DB
	errs []error
}

const guests = 5

// meet has them all run in one group; at is called before each statement of each body, with its place.
func meet(t *testing.T, d *DB, first int, at func(tx *Tx, guest, statement int) error) *party {
	t.Helper()
	p := &party{d: d, errs: make([]error, guests)}
	var all sync.WaitGroup
	entered, leave := make(chan struct{}), make(chan struct{})
	var once sync.Once // the body runs again when its group is lost
	all.Go(func() {    // the group's first, whose fate is nobody's concern
		d.Write(context.Background(), func(*Tx) error { once.Do(func() { close(entered) }); <-leave; return nil })
	})
	<-entered
	for g := range guests {
		ctx, cancel := context.WithCancel(context.WithValue(context.Background(), leaver{}, new(context.CancelFunc)))
		*ctx.Value(leaver{}).(*context.CancelFunc) = cancel
		all.Go(func() {
			p.errs[g] = d.Write(ctx, func(tx *Tx) error {
				for statement := range 4 {
					if err := at(tx, g, statement); err != nil {
						return err
					}
					if statement < 3 {
						tx.Queue(insertNote, first+10*g+statement, "x")
					}
				}
				return nil
			})
		})
		queueUp(d, g+1)
	}
	close(leave)
	all.Wait()
	return p
}

// wary sets whether the next groups give every body a savepoint; nobody else writes meanwhile.
func wary(t *testing.T, d *DB, groups int) {
	t.Helper()
	l := d.back.(*lite)
	if err := d.Write(t.Context(), func(tx *Tx) error { tx.After(func() { l.wary = groups }); return nil }); err != nil {
		t.Fatal(err)
	}
}

// leaver is the key under which a caller's context knows how it is cancelled.
type leaver struct{}

// rows says how many rows of each guest there are.
func (p *party) rows(t *testing.T, first int) (n [guests]int) {
	t.Helper()
	list, err := Read(t.Context(), p.d, func(tx *Tx) ([]int, error) {
		return All(tx, func(r Row) (id int, err error) { return id, r.Scan(&id) },
			"select id from note_row where id >= $1 and id < $2", first, first+1000)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range list {
		n[(id-first)/10]++
	}
	return n
}

// TestABodyInterruptedAnywhere interrupts the middle one of five bodies before each of its statements and after the last, in every way a
// body can end early. Its neighbours are answered and on disk, and of it there is nothing; a caller who only leaves is served.
func TestABodyInterruptedAnywhere(t *testing.T) {
	d := openTest(t, t.TempDir())
	no := errors.New("no")
	ways := map[string]func(tx *Tx, first int) error{
		"an error": func(*Tx, int) error { return no },
		"a panic":  func(*Tx, int) error { panic("ouch") },
		"a constraint": func(tx *Tx, first int) error {
			_, err := tx.Exec(insertNote, first, "the first guest has this number")
			return err
		},
		"a swallowed error": func(tx *Tx, _ int) error { tx.Exec("select nothing from nowhere"); return nil },
		"a caller who leaves": func(tx *Tx, _ int) error {
			(*tx.Context().Value(leaver{}).(*context.CancelFunc))()
			return tx.Context().Err()
		},
		"the end of the whole transaction": func(tx *Tx, _ int) error { tx.Exec("rollback"); return no }, // as SQLite does on a full disk
	}
	first, reached := 0, 0
	for name, way := range ways {
		for place := range 8 {
			wary(t, d, place/4) // without savepoints, then with
			place %= 4
			first += 1000
			hit := 0
			p := meet(t, d, first, func(tx *Tx, guest, statement int) error {
				if guest != 2 || statement != place {
					return nil
				}
				hit++
				return way(tx, first)
			})
			reached += min(hit, 1)
			rows := p.rows(t, first)
			for g, err := range p.errs {
				kept := g != 2 || name == "a caller who leaves"
				if kept && (err != nil || rows[g] != 3) || !kept && (err == nil || rows[g] != 0) {
					t.Errorf("%s before statement %d of the third: guest %d has %d rows and was told %v", name, place, g, rows[g], err)
				}
			}
		}
	}
	if reached != 8*len(ways) {
		t.Errorf("%d of %d interruptions happened", reached, 8*len(ways))
	}
}

func emptyFile(t *testing.T) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// TestTheGroupInterruptedAnywhere lets each statement of the group's own fail, each time it is run. Nobody who was told of success lacks a
// row, nobody who was told that nothing was written has one, and nobody is told anything before COMMIT returned.
func TestTheGroupInterruptedAnywhere(t *testing.T) {
	statements := []string{"begin immediate", "rollback", "savepoint member", "rollback to member", "release member", "mark", "commit"}
	reached := map[string]int{}
	d := openTest(t, t.TempDir())
	l := d.back.(*lite)
	l.marks.Store(&marks{file: emptyFile(t), log: d.log})
	first := 0
	for _, q := range statements {
		for n := 1; ; n++ {
			first += 1000
			wary(t, d, 0)
			var count, answered, early atomic.Int64
			hit := false
			var p *party
			interrupt := func(run string) error {
				if run == "commit" && answered.Load() != 0 {
					early.Add(1)
				}
				if run != q || int(count.Add(1)) != n {
					return nil
				}
				hit = true
				return fmt.Errorf("%s is interrupted", run)
			}
			bodies := 0
			p = meet(t, d, first, func(tx *Tx, guest, statement int) error {
				if bodies++; bodies == 1 {
					l.interrupt = interrupt // on the committer's own goroutine, from the group's first body on
				}
				if statement == 3 {
					tx.After(func() { answered.Add(1) })
				}
				if guest == 3 && statement == 2 {
					return errors.New("no")
				}
				return nil
			})
			if err := d.Write(t.Context(), func(*Tx) error { l.interrupt = nil; return nil }); err != nil && !hit {
				t.Fatal(err)
			}
			if err := d.Write(t.Context(), func(*Tx) error { l.interrupt = nil; return nil }); err != nil {
				t.Fatalf("after %q failed the %d. time the next one is refused: %v", q, n, err)
			}
			rows := p.rows(t, first)
			for g, err := range p.errs {
				unknown := errors.Is(err, fault.ErrOutcomeUnknown)
				if err == nil && rows[g] != 3 || err != nil && !unknown && rows[g] != 0 || unknown && rows[g]%3 != 0 || g == 3 && err == nil {
					t.Errorf("%q failed the %d. time: guest %d has %d rows and was told %v", q, n, g, rows[g], err)
				}
			}
			if early.Load() != 0 {
				t.Errorf("%q failed the %d. time: somebody was answered before COMMIT", q, n)
			}
			if !hit {
				break
			}
			reached[q]++
		}
	}
	for _, q := range statements {
		if reached[q] == 0 {
			t.Errorf("%q never failed", q)
		}
	}
	t.Log(reached)
}

// The bodies of the tests above are one group, with and without savepoints: the control of what they are about.
func TestTheyAreOneGroup(t *testing.T) {
	for marked, statements := range []int{0, 2*guests - 1} {
		oneGroup(t, marked, statements)
	}
}

func oneGroup(t *testing.T, marked, statements int) {
	t.Helper()
	d := openTest(t, t.TempDir())
	wary(t, d, marked)
	l := d.back.(*lite)
	var begun []string
	bodies := 0
	meet(t, d, 1000, func(tx *Tx, guest, statement int) error {
		if bodies++; bodies == 1 {
			l.interrupt = func(q string) error { begun = append(begun, q); return nil }
		}
		return nil
	})
	if err := d.Write(t.Context(), func(*Tx) error { l.interrupt = nil; return nil }); err != nil {
		t.Fatal(err)
	}
	if n := slices.Index(begun, "commit"); n < 0 || count(t, d) != 3*guests {
		t.Fatalf("%s rows after %v", strconv.FormatInt(count(t, d), 10), begun)
	} else if got := len(begun[:n]); got != statements {
		t.Errorf("before COMMIT ran %v", begun[:n])
	}
}

// A body that fails before it wrote costs its neighbours nothing; one that had written has the group begin again once, and the next
// groups give every body a savepoint, until none was needed for a while.
func TestSavepointsWhereTheyAreNeeded(t *testing.T) {
	d := openTest(t, t.TempDir())
	l := d.back.(*lite)
	no := errors.New("no")
	runs := 0
	fail := func(after int) (rollbacks, savepoints int) {
		t.Helper()
		if err := d.Write(t.Context(), func(*Tx) error {
			l.interrupt = func(q string) error {
				switch q {
				case "rollback":
					rollbacks++
				case "savepoint member":
					savepoints++
				}
				return nil
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		runs = 0
		err := d.Write(t.Context(), func(tx *Tx) error {
			runs++
			for range after {
				tx.Queue(insertNote, 7, "gone again")
			}
			if _, err := All(tx, func(r Row) (n int, err error) { return n, r.Scan(&n) }, "select count(*) from note_row"); err != nil {
				return err
			}
			return no
		})
		if !errors.Is(err, no) || count(t, d) != 0 {
			t.Fatalf("%v, %d rows", err, count(t, d))
		}
		if err := d.Write(t.Context(), func(*Tx) error { l.interrupt = nil; return nil }); err != nil {
			t.Fatal(err)
		}
		return rollbacks, savepoints
	}
	if rollbacks, savepoints := fail(0); rollbacks != 0 || savepoints != 0 || runs != 1 {
		t.Errorf("for one that wrote nothing: %d rollbacks, %d savepoints, %d runs", rollbacks, savepoints, runs)
	}
	if rollbacks, savepoints := fail(1); rollbacks != 1 || savepoints == 0 || runs != 2 {
		t.Errorf("for one that wrote: %d rollbacks, %d savepoints, %d runs", rollbacks, savepoints, runs)
	}
	if rollbacks, savepoints := fail(1); rollbacks != 0 || savepoints == 0 || runs != 1 {
		t.Errorf("for the next that wrote: %d rollbacks, %d savepoints, %d runs", rollbacks, savepoints, runs)
	}
	for range waryFor + 1 {
		if err := d.Write(t.Context(), func(*Tx) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if _, savepoints := fail(0); savepoints != 0 {
		t.Errorf("%d savepoints after a calm while", savepoints)
	}
}
