package disk_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/test/disk"
	"billfold/test/harness"
)

// longSchema has rows that are long and a rule that a statement over many of them may break half-way.
var longSchema = db.Schema{Package: "long", FS: fstest.MapFS{"schema/0001_row.sql": {Data: []byte(
	`create table long_row (id bigint primary key, tag bigint not null unique, text text not null);`)}}}

const longRows = 80

func longText(id, turn int) string { return strings.Repeat(fmt.Sprintf("%d/%d ", id, turn), 250) }

// longDay is a database whose transactions are longer than its memory of eight pages, so that they are written in pieces while they run.
type longDay struct {
	*db.DB
	disk *disk.Disk
	told [2]error // what the two were told: the one that inserts, and the one that changes
}

func newLongDay(t *testing.T) *longDay {
	t.Helper()
	place := disk.New(t)
	d, err := db.Open(t.Context(), db.Options{Path: place.File("billfold.db"), OpenFile: place.OpenFile, CheckpointPages: 1 << 40,
		Pragmas: []string{"cache_size=8", "wal_autocheckpoint=0"}})
	if err != nil {
		t.Fatal(err)
	}
	l := &longDay{DB: d, disk: place}
	if err := d.Migrate(t.Context(), harness.Start, longSchema); err != nil {
		t.Fatal(err)
	}
	if err := l.insert(0, 0); err != nil {
		t.Fatal(err)
	}
	return l
}

// insert inserts as many rows as the log's file takes several requests for.
func (l *longDay) insert(from int, turn int) error {
	return l.Write(context.Background(), func(tx *db.Tx) error { return insertLong(tx, from, turn) })
}

func insertLong(tx *db.Tx, from, turn int) error {
	for id := from; id < from+longRows; id++ {
		if _, err := tx.Exec("insert into long_row (id, tag, text) values ($1, $2, $3)", id, id, longText(id, turn)); err != nil {
			return err
		}
	}
	return nil
}

// together has two write at once, in one group: one inserts, and the other changes what was there before, reading pages that were written
// to the log and are not committed. One before them has failed after it had written, so each of them can be undone alone.
func (l *longDay) together() {
	_ = l.Write(context.Background(), func(tx *db.Tx) error {
		if _, err := tx.Exec("update long_row set tag = -tag - 1 where id < 3"); err != nil {
			return err
		}
		return errors.New("no")
	})
	begun := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		l.told[0] = l.Write(context.Background(), func(tx *db.Tx) error {
			select {
			case <-begun:
			default:
				close(begun)
				for range 2_000 { // so that the other one waits when this one is done
					runtime.Gosched()
				}
			}
			return insertLong(tx, longRows, 0)
		})
	})
	<-begun
	all.Go(func() {
		l.told[1] = l.Write(context.Background(), func(tx *db.Tx) error {
			for id := 0; id < 2*longRows; id += 7 {
				if _, err := tx.Exec("update long_row set tag = tag + 100000 where id between $1 and $2", id, id+3); err != nil {
					return err
				}
			}
			return nil
		})
	})
	all.Wait()
}

// verdict is what a told outcome asks of the rows: there, not there, or either.
func verdict(err error) (must, may bool) {
	return err == nil, err == nil || errors.Is(err, fault.ErrOutcomeUnknown)
}

// look holds a database against what was told.
func (l *longDay) look(d *db.DB) error {
	if err := whole(d); err != nil {
		return err
	}
	return d.Read(context.Background(), func(tx *db.Tx) error {
		type row struct {
			id, tag int
			text    string
		}
		list, err := db.All(tx, func(r db.Row) (w row, err error) {
			err = r.Scan(&w.id, &w.tag, &w.text)
			return w, err
		}, "select id, tag, text from long_row order by id")
		if err != nil {
			return err
		}
		must, may := verdict(l.told[0])
		if n := len(list); n != longRows && n != 2*longRows || must && n == longRows || !may && n > longRows {
			return fmt.Errorf("%w: %d rows; the one that inserts was told %v", errLost, n, l.told[0])
		}
		changed := 0
		for i, w := range list {
			if w.id != i || w.text != longText(i, 0) || w.tag != i && w.tag != i+100000 {
				return fmt.Errorf("%w: row %d is %d, %d, %.20q", errLost, i, w.id, w.tag, w.text)
			}
			if w.tag != i {
				changed++
			}
		}
		must, may = verdict(l.told[1])
		if must && changed == 0 || !may && changed > 0 {
			return fmt.Errorf("%w: %d rows are changed; the one that changes was told %v", errLost, changed, l.told[1])
		}
		return nil
	})
}

// run has the n-th write or sync after the beginning fail, and looks: in this process, in the next one, and after power cuts.
func (l *longDay) run(t *testing.T, f disk.Fault, n int) (hit bool, err error) {
	t.Helper()
	count := 0
	l.disk.Deny(func(o disk.Op) disk.Fault {
		if f == disk.NoSpace && o.Kind != disk.Write {
			return disk.None
		}
		if count++; count != n {
			return disk.None
		}
		hit = true
		return f
	})
	l.together()
	l.disk.Deny(nil)
	err = l.look(l.DB)
	if e := l.Close(); e != nil && !hit {
		err = errors.Join(err, e)
	}
	log := l.disk.Log()
	dir := disk.Folder(t)
	p := disk.Play(log)
	p.To(len(log))
	images := []disk.Image{p.Live()}
	for seed := range uint64(2) {
		image, _ := p.Crash(seed + uint64(n)<<8)
		images = append(images, image)
	}
	for i, image := range images {
		if e := image.Put(dir); e != nil {
			return hit, e
		}
		d, e := db.Open(context.Background(), db.Options{Path: filepath.Join(dir, "billfold.db")})
		if e == nil {
			e = errors.Join(l.look(d), d.Close())
		}
		if e != nil {
			err = errors.Join(err, fmt.Errorf("image %d: %w", i, e))
		}
	}
	return hit, err
}

// TestLongTransactions: transactions that are longer than what is written at once, and than the writer's memory, with each write and sync
// of the log failing once, in part or not: who was told that it is done has it, whole and readable, and so has their neighbour in the
// group.
func TestLongTransactions(t *testing.T) {
	runs, refused, alone := 0, 0, 0
	for name, f := range map[string]disk.Fault{"EIO": disk.Broken, "ENOSPC": disk.NoSpace} {
		for n := 1; ; n++ {
			l := newLongDay(t)
			hit, err := l.run(t, f, n)
			if err != nil {
				t.Fatalf("%s at request %d, told %v: %v", name, n, l.told, err)
			}
			if !hit {
				break
			}
			runs++
			for i := range l.told {
				if l.told[i] != nil {
					refused++
				}
			}
			if (l.told[0] == nil) != (l.told[1] == nil) {
				alone++
			}
		}
	}
	t.Logf("%d requests failed, %d callers were refused, %d times one of the two alone", runs, refused, alone)
	if runs < 30 || refused == 0 {
		t.Errorf("the transactions were not long: %d requests, %d refusals", runs, refused)
	}
}
