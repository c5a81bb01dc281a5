package db_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/test/harness"
	"billfold/test/postgres"
)

// TestCommitAnsweredWithAWarning shows that a COMMIT which the server answers with a warning, because the wait for its replica was given
// up, has an outcome that nobody knows: here it is on the disk of the one, and a replica that takes over would not have it. The control
// is the same write before and after.
func TestCommitAnsweredWithAWarning(t *testing.T) {
	server := postgres.Alone(t, "wal_level=replica", "max_wal_senders=4")
	d := harness.Again(t, db.Options{DSN: server.DSN(), Log: harness.Logger(t)})
	migrate(t, d)
	insert := func(id int) error {
		return d.Write(context.Background(), func(tx *db.Tx) error {
			tx.Queue("insert into note_row (id, text) values ($1, 'x')", id)
			return nil
		})
	}
	if err := insert(1); err != nil {
		t.Fatal(err)
	}
	server.Run("alter system set synchronous_standby_names = 'nobody'", "select pg_reload_conf()")
	until(t, d, "select count(*) from pg_settings where name = 'synchronous_standby_names' and setting = 'nobody'", 1)
	id, done := 1, make(chan error, 1)
	for next := true; number(t, d, "select count(*) from pg_stat_activity where wait_event = 'SyncRep'") == 0; {
		if next { // what PostgreSQL is set to reaches its processes one after the other: the first may still answer without waiting
			id++
			go func() { done <- insert(id) }()
		}
		select {
		case err := <-done:
			if next = true; err != nil {
				t.Fatal(err)
			}
		case <-time.NewTimer(5 * time.Millisecond).C:
			next = false
		}
	}
	server.Run("select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'")
	err := <-done
	if f, _ := fault.As(err); !errors.Is(err, fault.ErrOutcomeUnknown) || f == nil {
		t.Errorf("a COMMIT with a warning answered %v", err)
	}
	until(t, d, "select max(id) from note_row", int64(id))
	server.Run("alter system reset synchronous_standby_names", "select pg_reload_conf()")
	until(t, d, "select count(*) from pg_settings where name = 'synchronous_standby_names' and setting = ''", 1)
	if err := insert(id + 1); err != nil {
		t.Errorf("without a replica to wait for: %v", err)
	}
}

// number is what a query answers.
func number(t *testing.T, d *db.DB, q string) int64 {
	t.Helper()
	n, err := db.Read(t.Context(), d, func(tx *db.Tx) (n int64, err error) { return n, tx.Row(q).Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// until waits for a query to answer a number.
func until(t *testing.T, d *db.DB, q string, want int64) {
	t.Helper()
	limit := time.NewTimer(30 * time.Second)
	for {
		n := number(t, d, q)
		if n == want {
			return
		}
		select {
		case <-limit.C:
			t.Fatalf("%s still answers %d", q, n)
		case <-time.NewTimer(5 * time.Millisecond).C:
		}
	}
}

// TestPostgresIsKilledUnderLoad shows that whoever was answered is on the disk of a server which was stopped or killed meanwhile, that a
// refusal which says that nothing was written is true, and that writing goes on by itself.
func TestPostgresIsKilledUnderLoad(t *testing.T) {
	got := killPostgres(t, []string{"fast", "immediate", "immediate"})
	if len(got.lost) > 0 || len(got.there) > 0 {
		t.Errorf("%d confirmed rows are gone, %d refused ones are there", len(got.lost), len(got.there))
	}
	if got.done == 0 || got.refused+got.unknown == 0 {
		t.Errorf("nothing was in the way: %+v", got)
	}
	t.Logf("%+v", got)
}

// TestPostgresThatAnswersTooEarly is the control: a server that answers before it writes loses what was confirmed.
func TestPostgresThatAnswersTooEarly(t *testing.T) {
	got := killPostgres(t, []string{"immediate"}, "synchronous_commit=off", "wal_writer_delay=10s", "wal_writer_flush_after=1GB")
	if len(got.lost) == 0 {
		t.Errorf("a server that is killed before it writes lost nothing: these tests show nothing: %+v", got)
	}
}

// fate counts what callers were told, and lists where the database says otherwise.
type fate struct {
	done, refused, unknown int
	lost, there            []int64
}

// killPostgres writes from several sides while a server is stopped in these ways, one after the other.
func killPostgres(t *testing.T, ways []string, settings ...string) fate {
	t.Helper()
	server := postgres.Alone(t, settings...)
	d := harness.Again(t, db.Options{DSN: server.DSN(), MaxConns: 8})
	migrate(t, d)
	if err := d.Write(t.Context(), func(tx *db.Tx) error { // the table itself is not what may be lost
		tx.Queue("set local synchronous_commit = on")
		tx.Queue("insert into note_row (id, text) values (-1, 'x')")
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	told := map[int64]error{}
	stop := make(chan struct{})
	lively := make(chan struct{}, 1)
	for side := range int64(6) {
		all.Go(func() {
			for n := side; ; n += 6 {
				select {
				case <-stop:
					return
				default:
				}
				err := d.Write(context.Background(), func(tx *db.Tx) error {
					tx.Queue("insert into note_row (id, text) values ($1, 'x')", n)
					return nil
				})
				mu.Lock()
				told[n] = err
				mu.Unlock()
				if err == nil {
					select {
					case lively <- struct{}{}:
					default:
					}
				} else {
					<-time.NewTimer(5 * time.Millisecond).C // a caller who is refused does not come back at once
				}
			}
		})
	}
	works := func(writes int) {
		t.Helper()
		for range writes {
			select {
			case <-lively:
			case <-time.NewTimer(time.Minute).C:
				t.Fatal("nobody has written for a minute")
			}
		}
	}
	for _, way := range ways {
		works(100)
		server.Stop(way)
		server.Start()
	}
	works(2)
	close(stop)
	all.Wait()
	return compareRows(t, d, told)
}

// compareRows holds what was told against what there is.
func compareRows(t *testing.T, d *db.DB, told map[int64]error) (got fate) {
	t.Helper()
	rows, err := db.Read(t.Context(), d, func(tx *db.Tx) ([]int64, error) {
		return db.All(tx, func(r db.Row) (n int64, err error) { return n, r.Scan(&n) }, "select id from note_row order by id")
	})
	if err != nil {
		t.Fatal(err)
	}
	for n, err := range told {
		_, there := slices.BinarySearch(rows, n)
		switch {
		case err == nil:
			got.done++
			if !there {
				got.lost = append(got.lost, n)
			}
		case errors.Is(err, fault.ErrOutcomeUnknown):
			got.unknown++
		case errors.Is(err, fault.ErrUnavailable), errors.Is(err, fault.ErrBusy):
			got.refused++
			if there {
				got.there = append(got.there, n)
			}
		default:
			t.Errorf("row %d was refused without a name: %v", n, err)
		}
	}
	return got
}
