package db

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
)

// memory is what a package might remember of the rows it wrote.
type memory struct {
	mu    sync.Mutex
	notes []int
}

// write inserts a row and remembers it at once.
func (m *memory) write(tx *Tx, n int) {
	tx.Queue(insertNote, n, "x")
	m.mu.Lock()
	defer m.mu.Unlock()
	m.notes = append(m.notes, n)
	tx.Undo(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if last := m.notes[len(m.notes)-1]; last != n {
			panic("undone out of order")
		}
		m.notes = m.notes[:len(m.notes)-1]
	})
}

// wantRows compares the memory with the table.
func (m *memory) wantRows(t *testing.T, d *DB) {
	t.Helper()
	var rows []int
	err := d.Read(t.Context(), func(tx *Tx) (err error) {
		rows, err = All(tx, func(r Row) (n int, err error) { return n, r.Scan(&n) }, "select id from note_row order by id")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	kept := slices.Sorted(slices.Values(m.notes))
	if !slices.Equal(kept, rows) {
		t.Errorf("remembered %v, in the table are %v", kept, rows)
	}
}

func TestUndoFollowsTheDatabase(t *testing.T) {
	d := openTest(t, t.TempDir())
	var m memory
	release := hold(t, d)
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			err := d.Write(t.Context(), func(tx *Tx) error {
				m.write(tx, 10*i)
				m.write(tx, 10*i+1)
				switch i % 4 {
				case 1:
					return errors.New("no")
				case 2:
					panic("ouch")
				case 3:
					tx.Exec(insertNote, 10*i, "again")
				}
				return nil
			})
			if (err != nil) != (i%4 != 0) {
				t.Errorf("body %d: %v", i, err)
			}
		})
	}
	queueUp(d, 12)
	release()
	wg.Wait()
	if len(m.notes) != 6 {
		t.Errorf("%d rows are remembered, want those of three bodies", len(m.notes))
	}
	m.wantRows(t, d)
}

func TestUndoOfALostGroup(t *testing.T) {
	d := openTest(t, t.TempDir())
	var m memory
	release := hold(t, d)
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() {
			d.Write(t.Context(), func(tx *Tx) error {
				m.write(tx, i)
				if i == 1 {
					_, err := tx.Exec("rollback")
					return err
				}
				return nil
			})
		})
		queueUp(d, i+1)
	}
	release()
	wg.Wait()
	if !slices.Equal(m.notes, []int{0, 2}) {
		t.Errorf("remembered %v, want the neighbours of the lost one", m.notes)
	}
	m.wantRows(t, d)
}

// A group whose COMMIT is refused is not there, nor is what was remembered of it.
func TestUndoOfARefusedCommit(t *testing.T) {
	d := openTest(t, t.TempDir())
	var m memory
	err := d.Write(t.Context(), func(tx *Tx) error {
		_, err := tx.Exec(`create table note_child (id integer primary key,
			row integer references note_row (id) deferrable initially deferred)`)
		m.write(tx, 1)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	entered, leave := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { // its group is refused with the others
		d.Write(context.Background(), func(*Tx) error { close(entered); <-leave; return nil })
	})
	<-entered
	for i := range 3 {
		wg.Go(func() {
			err := d.Write(context.Background(), func(tx *Tx) error {
				m.write(tx, 10+i)
				if i == 1 {
					_, err := tx.Exec("insert into note_child (id, row) values (1, 99)")
					return err
				}
				return nil
			})
			if err == nil {
				t.Errorf("body %d of a group that could not be committed succeeded", i)
			}
		})
		queueUp(d, i+1)
	}
	close(leave)
	wg.Wait()
	if !slices.Equal(m.notes, []int{1}) {
		t.Errorf("remembered %v", m.notes)
	}
	m.wantRows(t, d)
}
