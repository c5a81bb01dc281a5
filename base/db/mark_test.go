package db

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"zombiezen.com/go/sqlite"
)

// TestALogThatLostItsEnd shows that a log which lacks what was confirmed last, within the second of the newest head, is noticed by the next
// process: SQLite takes the first damaged page for the end of the log and says nothing. The controls are the log as a killed process
// left it, and one that somebody has copied into the file meanwhile.
func TestALogThatLostItsEnd(t *testing.T) {
	const frame = frameHeader + 4096
	for name, c := range map[string]struct {
		damage func(log []byte) []byte
		lost   bool
	}{
		"as it was left":         {func(log []byte) []byte { return log }, false},
		"copied into the file":   {nil, false},
		"a bit of the last page": {func(log []byte) []byte { log[len(log)-100] ^= 1; return log }, true},
		"a bit of its header":    {func(log []byte) []byte { log[len(log)-frame+9] ^= 1; return log }, true},
		"a bit further up":       {func(log []byte) []byte { log[len(log)-3*frame] ^= 1; return log }, true},
		"cut within a page":      {func(log []byte) []byte { return log[:len(log)-5] }, true},
		"cut between two":        {func(log []byte) []byte { return log[:len(log)-frame] }, true},
		"empty":                  {func([]byte) []byte { return nil }, true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			d := watched(t, dir, false)
			d.witness.ticking.Lock() // the newest head is as old as it becomes
			for n := range 5 {
				if err := note(t, d, n); err != nil {
					t.Fatal(err)
				}
			}
			left := leaveBehind(t, dir, c.damage)
			d.witness.ticking.Unlock()
			if c.damage == nil {
				l, err := openLiteConn(filepath.Join(left, "t.db"), sqlite.OpenReadWrite, nil)
				if err != nil {
					t.Fatal(err)
				}
				if err := errors.Join(l.run("select count(*) from note_row"), l.close()); err != nil {
					t.Fatal(err)
				}
				if _, err := os.Stat(filepath.Join(left, "t.db-wal")); !errors.Is(err, os.ErrNotExist) {
					t.Fatalf("the log is still there: %v", err)
				}
			}
			next := watched(t, left, false)
			if n := count(t, next); (n < 5) != c.lost {
				t.Fatalf("%d of 5 rows are there: this test is about something else", n)
			}
			if err := note(t, next, 9); errors.Is(err, ErrHistoryWentBack) != c.lost {
				t.Errorf("the next write answered %v", err)
			}
			if err := next.Close(); err != nil {
				t.Fatal(err)
			}
			for range 2 { // once accepted, it is taken as it is
				next = watched(t, left, c.lost)
				if err := errors.Join(next.History(), next.Close()); err != nil {
					t.Errorf("after it was accepted: %v", err)
				}
				c.lost = false
			}
		})
	}
}

// leaveBehind is the folder that a process leaves which is killed now, with its log damaged.
func leaveBehind(t *testing.T, dir string, damage func([]byte) []byte) string {
	t.Helper()
	left := t.TempDir()
	if err := os.Mkdir(filepath.Join(left, "keys"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"t.db", "t.db-wal", "keys/head.0"} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if name == "t.db-wal" && damage != nil {
			content = damage(content)
		}
		if err := os.WriteFile(filepath.Join(left, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return left
}
