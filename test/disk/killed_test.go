package disk_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"billfold/base/db"
	"billfold/core/ledger"
	"billfold/test/disk"
)

// TestKilledThenPowerCut shows that what a process shows which starts after another was killed is on the disk, although the one that was
// killed had not synced it: whoever is told by the second process that a payment was made has been told for good.
func TestKilledThenPowerCut(t *testing.T) {
	settled := func(d *disk.Disk) db.Options { return on(d, soon) }
	got := killThenCut(t, settled, killed)
	if got.shown == 0 || got.points == 0 {
		t.Error("nothing was ever found that nobody had been told of: these were no kills between writing and syncing")
	}
	if got.lost != 0 {
		t.Errorf("%d times something was lost that the second process had shown: %s", got.lost, got.first())
	}
	// The control: without settling the log.
	got = killThenCut(t, func(d *disk.Disk) db.Options {
		o := on(d, soon)
		o.OpenFile = func(string) (db.File, error) { return nil, fs.ErrNotExist }
		return o
	}, killed)
	if got.lost == 0 {
		t.Errorf("nothing was lost without settling the log: this test shows nothing: %+v", got)
	}
	t.Logf("the control lost at %d points of %d", got.lost, got.points)
}

// TestKilledAfterAFailedSync shows the same where the sync had failed before the kill, so that no later sync makes durable what it left.
func TestKilledAfterAFailedSync(t *testing.T) {
	settled := func(d *disk.Disk) db.Options { return on(d, soon) }
	got := killThenCut(t, settled, failed)
	if got.shown == 0 || got.points == 0 {
		t.Errorf("no sync failed that mattered: %+v", got)
	}
	if got.lost != 0 {
		t.Errorf("%d times something was lost that the second process had shown or confirmed: %s", got.lost, got.first())
	}
	// The control: a log that is synced again, and not written again.
	got = killThenCut(t, func(d *disk.Disk) db.Options {
		o := on(d, soon)
		o.OpenFile = func(path string) (db.File, error) {
			f, err := d.OpenFile(path)
			if err != nil {
				return nil, err
			}
			return syncOnly{f}, nil
		}
		return o
	}, failed)
	if got.lost == 0 {
		t.Errorf("a sync alone lost nothing: this test shows nothing: %+v", got)
	}
	t.Logf("the control lost at %d points of %d", got.lost, got.points)
}

// syncOnly does not write.
type syncOnly struct{ db.File }

func (syncOnly) WriteAt(b []byte, _ int64) (int, error) { return len(b), nil }

// killed is the log of a process that was killed just before a sync.
func killed(log disk.Log, record int) (disk.Log, bool) {
	return log[:record], record < len(log) && log[record].Kind == disk.Sync
}

// failed is the log of one whose sync failed there, and who was killed before it could do anything about it.
func failed(log disk.Log, record int) (disk.Log, bool) {
	if record == len(log) || log[record].Kind != disk.Sync {
		return nil, false
	}
	return append(log[:record:record], disk.Record{Kind: disk.SyncFailed, Inode: log[record].Inode}), true
}

// kills counts what was killed, and the kills after which something was lost or broken.
type kills struct {
	points, shown, lost int
	first               func() string // tells of the first loss, and keeps it
}

// killThenCut kills a day's process at each of its syncs, lets another one start and answer what it is asked, and takes the power away. It
// counts what the second process found that nobody had been told, and the points at which something was then lost.
func killThenCut(t *testing.T, options func(*disk.Disk) db.Options, end func(disk.Log, int) (disk.Log, bool)) (got kills) {
	t.Helper()
	for day := range max(1, days()-5) {
		s := shortDay(t, seed()+uint64(day)<<32, soon)
		s.points = len(s.log) - s.from + 1
		got.day(t, *s, options, end)
	}
	return got
}

// day does so with one day.
func (got *kills) day(t *testing.T, s suite, options func(*disk.Disk) db.Options, end func(disk.Log, int) (disk.Log, bool)) {
	t.Helper()
	dir := disk.Folder(t)
	for n := range s.points {
		record, chance := s.where(n)
		log, is := end(s.log, record)
		if !is {
			continue
		}
		got.points++
		k := newBooks()
		if err := k.read(log); err != nil {
			t.Fatal(err)
		}
		place := disk.Killed(t, log)
		b := openBank(t, options(place), s.keys.ring)
		b.disk = place
		found, err := b.present(k)
		if err != nil {
			t.Fatal(err)
		}
		for e, c := range found {
			if _, told := k.told[e]; !told {
				got.shown++
				k.told[e] = c
			}
		}
		began := place.Len()
		if chance%2 == 0 { // it goes on, or it does not get to
			err = errors.Join(b.openAccounts(), b.submit(false, b.entry(b.mint, b.wallets[0], 7)))
		}
		log = place.Log() // before it is closed, which would make everything durable
		if err := errors.Join(err, b.d.Close(), k.read(log[began:])); err != nil {
			t.Fatal(err)
		}
		p := disk.Play(log)
		p.To(len(log))
		image, _ := p.Crash(chance)
		if err := s.one(t, dir, image, k, log); err != nil {
			got.lost++
			if got.first == nil {
				kept := s
				kept.log = log
				got.first = func() string {
					return fmt.Sprintf("killed after record %d: %v\nto see it again: %s", record, err, kept.keep(t, len(log), chance))
				}
			}
		}
	}
}

// present finds what there is of everything that was asked for.
func (b *bank) present(k *books) (map[ledger.EntryID]claim, error) {
	out := map[ledger.EntryID]claim{}
	err := b.d.Read(context.Background(), func(tx *db.Tx) error {
		for _, c := range k.open {
			found, err := b.Lookup(tx, c.IDs...)
			if err != nil {
				return err
			}
			for n, e := range c.IDs {
				if _, there := found[e]; there {
					out[e] = claim{Ask: c.Ask, IDs: c.IDs[n : n+1], Amounts: c.Amounts[n : n+1], Told: done}
				}
			}
		}
		return nil
	})
	return out, err
}
