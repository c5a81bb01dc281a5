package db

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"billfold/base/fault"
)

// TestACommitThatDoesNotReturn: whoever waits for a disk that stands still is told that the outcome is unknown, and not left without a
// word. What was committed when it moves again is there, what follows a commit is done, and the next writes are as ever.
func TestACommitThatDoesNotReturn(t *testing.T) {
	d := openTest(t, t.TempDir())
	l := d.back.(*lite)
	still, followed := make(chan struct{}), make(chan string, 2)
	stall := func(q string) error {
		if q == "commit" {
			<-still
		}
		return nil
	}
	first := d.Write(context.Background(), func(tx *Tx) error {
		l.interrupt, l.patience = stall, time.Millisecond // on the committer's own goroutine
		tx.After(func() { followed <- "first" })
		_, err := tx.Exec(insertNote, 1, "x")
		return err
	})
	if !errors.Is(first, fault.ErrOutcomeUnknown) || len(followed) > 0 {
		t.Errorf("while the disk stands still: %v", first)
	}
	var second error
	var all sync.WaitGroup
	all.Go(func() {
		second = d.Write(context.Background(), func(tx *Tx) error {
			l.interrupt, l.patience = nil, time.Hour
			tx.After(func() { followed <- "second" })
			_, err := tx.Exec(insertNote, 2, "x")
			return err
		})
	})
	queueUp(d, 1)
	close(still)
	all.Wait()
	if one, other := <-followed, <-followed; second != nil || one == other {
		t.Errorf("the next one: %v; %s and %s were followed up", second, one, other)
	}
	if n := count(t, d); n != 2 {
		t.Errorf("%d rows are there", n)
	}
}
