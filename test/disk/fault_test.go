package disk_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/core/ledger"
	"billfold/test/disk"
)

// everyGroup has the log checkpointed after every few pages, so that the script's few deeds reach everything a disk is asked for; by the
// writer alone, so that every run asks in the same order.
var everyGroup = logged{[]string{"wal_autocheckpoint=6"}, 1 << 40}

// scripted is a day of which each step asks the disk for the same, every time.
type scripted struct {
	*bank
	options db.Options
	wrong   []error
	refused map[string]int // by code
	unknown int
	hold    ledger.Entry
}

// step does one thing, and if it is refused says what it was refused with; then it asks again, as a caller with the same key does, and
// that must succeed: the fault was one.
func (s *scripted) step(what string, e ledger.Entry, verb func() error) {
	err := verb()
	if err == nil {
		return
	}
	s.judge(what, err)
	if err := verb(); err != nil {
		s.wrong = append(s.wrong, fmt.Errorf("%s, asked again: %w", what, err))
	}
}

// judge looks at a refusal: a fault by name, that says whether money moved.
func (s *scripted) judge(what string, err error) {
	f, known := fault.As(err)
	switch {
	case !known:
		s.wrong = append(s.wrong, fmt.Errorf("%s: no named refusal: %w", what, err))
		return
	case errors.Is(err, fault.ErrOutcomeUnknown):
		s.unknown++
	case errors.Is(err, fault.ErrUnavailable), errors.Is(err, fault.ErrStorageFull), errors.Is(err, fault.ErrReadOnly):
	default:
		s.wrong = append(s.wrong, fmt.Errorf("%s: refused as %s, which is not the disk's fault: %w", what, f.Code, err))
	}
	if (f.Moved.String() == string(fault.MovedNo)) == errors.Is(err, fault.ErrOutcomeUnknown) {
		s.wrong = append(s.wrong, fmt.Errorf("%s: %s says that money moved: %s", what, f.Code, f.Moved))
	}
	s.refused[f.Code]++
}

// run is the script: entries, batches, a hold and its end, a busy shop and its fold, checkpoints all along, a restart.
func (s *scripted) run() {
	for round := range 2 {
		e := s.entry(s.wallets[round], s.wallets[5], 10)
		s.step("an entry", e, func() error { return s.submit(false, e) })
		batch := []ledger.Entry{s.entry(s.wallets[1], s.wallets[2], 5), s.entry(s.wallets[2], s.wallets[3], 6)}
		s.step("a batch", ledger.Entry{}, func() error { return s.submit(true, batch...) })
		h := s.entry(s.wallets[4], s.wallets[6], 20)
		expires := s.business.Now().Add(hour)
		s.step("a hold", h, func() error {
			return s.write(h, func(tx *db.Tx) (ledger.Entry, error) { return s.Hold(tx, h, expires) })
		})
		end := s.entry(s.wallets[4], s.wallets[6], 20)
		s.step("its end", end, func() error {
			return s.write(end, func(tx *db.Tx) (ledger.Entry, error) { return s.PostHold(tx, h.ID, end.ID, 0) })
		})
		p := s.entry(s.wallets[7], s.shop, 3)
		s.step("a purchase", p, func() error {
			return s.write(p, func(tx *db.Tx) (ledger.Entry, error) { return s.Post(tx, p) })
		})
		s.step("a fold", ledger.Entry{}, func() error { return s.Fold(context.Background(), s.d) })
		if round == 0 {
			s.step("a restart", ledger.Entry{}, s.restart)
		}
	}
}

// restart closes the database and opens it again. What closing cannot do, the next opening does.
func (s *scripted) restart() error {
	if s.d != nil {
		d := s.d
		s.d = nil
		if err := d.Close(); err != nil {
			s.closing(err)
		}
	}
	return s.start(s.options)
}

// closing notes an error of closing, by which nothing is refused to anybody.
func (s *scripted) closing(error) { s.refused["closing"]++ }

const hour = time.Hour

// requestFault is how the one request fails.
type requestFault struct {
	name string
	kind disk.Fault
	only func(disk.Op) bool
}

var faults = []requestFault{
	{"EIO", disk.Broken, func(disk.Op) bool { return true }},
	{"ENOSPC", disk.NoSpace, func(o disk.Op) bool { return o.Kind == disk.Write }},
}

// TestEveryRequestFailsOnce lets each write, sync, truncation, creation and deletion of a scripted day fail, one in each run. Nothing that
// was confirmed is lost, then or by any power cut after it, nothing is there in part, the refusal says whether money moved, and the
// caller who asks again is served.
func TestEveryRequestFailsOnce(t *testing.T) {
	keys, base, journal := scriptBase(t)
	got := failures{kinds: map[disk.Kind]int{}, codes: map[string]int{}}
	for _, f := range faults {
		for n := 1; got.run(t, keys, base, journal, f, n); n++ {
			if got.err != nil {
				t.Fatal(got.err)
			}
		}
	}
	t.Logf("%+v", got)
	for _, k := range []disk.Kind{disk.Write, disk.Sync, disk.Create, disk.Delete} {
		if got.kinds[k] == 0 {
			t.Errorf("no request of kind %d ever failed", k)
		}
	}
	if got.unknown == 0 || got.codes["storage_full"] == 0 || got.codes["unavailable"] == 0 || got.limbo == 0 {
		t.Error("the faults were no faults")
	}
}

// TestASyncThatLies is the control: where a sync says yes and does nothing, the same runs lose what was confirmed.
func TestASyncThatLies(t *testing.T) {
	keys, base, journal := scriptBase(t)
	got := failures{kinds: map[disk.Kind]int{}, codes: map[string]int{}}
	lost := 0
	lies := requestFault{"a lie", disk.Lies, func(o disk.Op) bool { return o.Kind == disk.Sync }}
	for n := 1; got.run(t, keys, base, journal, lies, n); n++ {
		if errors.Is(got.err, errLost) {
			lost++
		}
	}
	if lost == 0 {
		t.Errorf("%d syncs did nothing and nothing was lost: these tests show nothing", got.runs)
	}
	t.Logf("%d of %d lies lost something confirmed", lost, got.runs)
}

// scriptBase is what the script begins with, and what those who have money there were told.
func scriptBase(t *testing.T) (keys keyring, base disk.Image, journal disk.Log) {
	t.Helper()
	keys = newKeys(t)
	b := newBank(t, keys.ring, everyGroup)
	if err := b.d.Close(); err != nil {
		t.Fatal(err)
	}
	log := b.disk.Log()
	p := disk.Play(log)
	p.To(len(log))
	for _, r := range log {
		if r.Kind == disk.Note {
			journal = append(journal, r)
		}
	}
	return keys, p.Live(), journal
}

// failures counts what failed in the runs of a script, and keeps what was wrong with the last.
type failures struct {
	runs, unknown, limbo int
	kinds                map[disk.Kind]int
	codes                map[string]int
	err                  error
}

// run runs the script with its n-th request failing. It says whether there was an n-th.
func (g *failures) run(t *testing.T, keys keyring, base disk.Image, journal disk.Log, f requestFault, n int) bool {
	t.Helper()
	s := scriptedOn(t, keys, base)
	var hit *disk.Op
	count := 0
	s.disk.Deny(func(o disk.Op) disk.Fault {
		if !f.only(o) {
			return disk.None
		}
		if count++; count != n {
			return disk.None
		}
		hit = &o
		return f.kind
	})
	s.run()
	s.disk.Deny(nil)
	k := newBooks()
	live := errors.Join(k.read(journal), k.read(s.disk.Log()))
	live = errors.Join(live, s.check(k)) // what this process has in mind of its database is right too
	if err := s.d.Close(); err != nil {
		s.closing(err)
	}
	if hit == nil {
		return false
	}
	g.runs++
	g.kinds[hit.Kind]++
	g.unknown += s.unknown
	for code, n := range s.refused {
		g.codes[code] += n
	}
	lost, err := s.survive(t, keys, journal, hit.At)
	g.limbo += lost.Limbo
	if g.err = errors.Join(append(s.wrong, live, err)...); g.err != nil {
		g.err = fmt.Errorf("%s at request %d, %+v: %w", f.name, n, *hit, g.err)
	}
	return true
}

func scriptedOn(t *testing.T, keys keyring, base disk.Image) *scripted {
	t.Helper()
	place := disk.From(t, base)
	o := on(place, everyGroup)
	s := &scripted{bank: openBank(t, o, keys.ring), options: o, refused: map[string]int{}}
	s.disk = place
	if err := s.openAccounts(); err != nil {
		t.Fatal(err)
	}
	return s
}

// survive holds the database against the journal: as it is, and after power cuts from the fault on.
func (s *scripted) survive(t *testing.T, keys keyring, journal disk.Log, from int) (lost disk.Lost, err error) {
	log := s.disk.Log()
	dir := disk.Folder(t)
	points := []int{min(from+1, len(log)), min(from+3, len(log))}
	for n := range 2 {
		points = append(points, points[1]+(len(log)-points[1])*(n+1)/2)
	}
	p, k, read := disk.Play(log), newBooks(), 0
	if err := k.read(journal); err != nil {
		return lost, err
	}
	for _, n := range points {
		p.To(n)
		if err := k.read(log[read:n]); err != nil {
			return lost, err
		}
		read = n
		image, l := p.Crash(uint64(n))
		lost.Add(l)
		if err := image.Put(dir); err != nil {
			return lost, err
		}
		if err := checkBank(t, dir, keys.ring, k); err != nil {
			return lost, fmt.Errorf("after a power cut at %d of %d: %w", n, len(log), err)
		}
	}
	if err := p.Live().Put(dir); err != nil {
		return lost, err
	}
	return lost, checkBank(t, dir, keys.ring, k)
}
