package ledger

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"billfold/base/db"
)

const (
	// legNumbers is how many numbers a process takes at once where several may write.
	legNumbers = 100_000
	// blockAge is how long it uses them. The lists that go by number are in the order of time but for that long.
	blockAge = time.Minute
	// runLength is how many numbers one row of ledger_kind_run speaks for.
	runLength = 1_000
)

// legBlock is what is left of the numbers that this process took and committed.
type legBlock struct {
	next, end int64
	until     time.Time // real
	taking    bool      // a transaction is taking the next ones
}

// takeLegs answers with the first of as many numbers as the drafts have legs. Numbers are given once, roughly in order, and with gaps:
// nothing depends on them but where a row lies. On SQLite they follow the highest there is, because nobody else writes meanwhile.
// Elsewhere they come from blocks, and a block is taken well before the last one is used up, so that hardly anybody waits for it.
func (l *Ledger) takeLegs(tx *db.Tx, drafts []*draft) (first int64, err error) {
	if tx.Engine() == db.SQLite {
		err = tx.Row(selectLastLeg).Scan(&first)
		return first + 1, err
	}
	n := legsOf(drafts)
	l.mu.Lock()
	b := &l.legs
	enough := b.end-b.next >= n && l.real.Now().Before(b.until)
	if enough {
		first = b.next
		b.next += n
	}
	ahead := enough && b.end-b.next < legNumbers/4 && !b.taking
	b.taking = b.taking || ahead
	l.mu.Unlock()
	if enough && !ahead {
		return first, nil
	}
	if ahead {
		tx.Undo(func() {
			l.mu.Lock()
			b.taking = false
			l.mu.Unlock()
		})
	}
	var end int64
	if err := tx.Row(takeLegs, max(n, legNumbers)).Scan(&end); err != nil {
		return 0, err
	}
	next := end - max(n, legNumbers)
	if !enough {
		first = next
		next += n
	}
	tx.After(func() { l.keepLegs(next, end, ahead) })
	return first, nil
}

func legsOf(drafts []*draft) (n int64) {
	for _, d := range drafts {
		n += int64(len(d.Legs))
	}
	return n
}

// keepLegs makes a block the one in use, unless that has more left.
func (l *Ledger) keepLegs(next, end int64, ahead bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := l.real.Now(); end-next > l.legs.end-l.legs.next || !now.Before(l.legs.until) {
		l.legs.next, l.legs.end, l.legs.until = next, end, now.Add(blockAge)
	}
	if ahead {
		l.legs.taking = false
	}
}

// kinds remembers the codes of kinds, and which runs of numbers are known to have entries of a kind.
type kinds struct {
	mu    sync.RWMutex
	codes map[string]int64
	names map[int64]string
	runs  map[kindRun]bool
}

type kindRun struct{ kind, run int64 }

// kindRuns bounds what is remembered of the runs. One that is forgotten is written once more, which does no harm.
const kindRuns = 10_000

// learn lets this process remember what a transaction read or wrote. Where bodies run one after another the next one may know
// it at once, and unlearns it if it is rolled back; elsewhere not before it is committed.
func learn(tx *db.Tx, note, forget func()) {
	if tx.Engine() == db.SQLite {
		note()
		tx.Undo(forget)
		return
	}
	tx.After(note)
}

func (k *kinds) note(code int64, name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.codes == nil {
		k.codes, k.names = map[string]int64{}, map[int64]string{}
	}
	k.codes[name], k.names[code] = code, name
}

func (k *kinds) forget(code int64, name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.codes, name)
	delete(k.names, code)
}

// code returns the code of a kind that is known.
func (k *kinds) code(name string) (int64, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	code, ok := k.codes[name]
	return code, ok
}

// knowAll tells whether the codes of all these entries' kinds are known.
func (k *kinds) knowAll(list []*draft) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	for _, d := range list {
		if _, ok := k.codes[d.Kind]; !ok {
			return false
		}
	}
	return true
}

// kindCode returns the code of a kind, which gets one when it is first used.
func (l *Ledger) kindCode(tx *db.Tx, name string) (code int64, err error) {
	code, known, err := l.findKind(tx, name)
	if err != nil || known {
		return code, err
	}
	tx.RerunOnConflict("ledger_kind")
	if err := tx.Row(insertKind, name).Scan(&code); err != nil {
		return 0, err
	}
	learn(tx, func() { l.kinds.note(code, name) }, func() { l.kinds.forget(code, name) })
	return code, nil
}

// findKind returns the code of a kind, where it has one.
func (l *Ledger) findKind(tx *db.Tx, name string) (code int64, known bool, err error) {
	if code, known = l.kinds.code(name); known {
		return code, true, nil
	}
	err = tx.Row(selectKind, name).Scan(&code)
	if errors.Is(err, db.ErrNoRow) {
		return 0, false, nil
	}
	if err == nil {
		learn(tx, func() { l.kinds.note(code, name) }, func() { l.kinds.forget(code, name) })
	}
	return code, err == nil, err
}

// kindName returns the name of a kind's code. One that nobody gave is named by its number, which no kind is.
func (l *Ledger) kindName(tx *db.Tx, code int64) (string, error) {
	l.kinds.mu.RLock()
	name, ok := l.kinds.names[code]
	l.kinds.mu.RUnlock()
	if ok {
		return name, nil
	}
	names, err := readKinds(tx)
	if err != nil {
		return "", err
	}
	if name, ok = names[code]; !ok {
		return unnamed(code), nil
	}
	learn(tx, func() { l.kinds.note(code, name) }, func() { l.kinds.forget(code, name) })
	return name, nil
}

func unnamed(code int64) string { return fmt.Sprintf("KIND %d", code) }

func readKinds(tx *db.Tx) (map[int64]string, error) {
	names := map[int64]string{}
	_, err := db.All(tx, func(r db.Row) (struct{}, error) {
		var code int64
		var name string
		err := r.Scan(&code, &name)
		names[code] = name
		return struct{}{}, err
	}, selectKinds)
	return names, err
}

// newRun says whether an entry's run is to be noted for its kind. Where two transactions do so at once, both write a row of their own.
func (l *Ledger) newRun(tx *db.Tx, run kindRun) bool {
	k := &l.kinds
	k.mu.RLock()
	known := k.runs[run]
	k.mu.RUnlock()
	if known {
		return false
	}
	learn(tx, func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.runs == nil || len(k.runs) >= kindRuns {
			k.runs = map[kindRun]bool{}
		}
		k.runs[run] = true
	}, func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		delete(k.runs, run)
	})
	return true
}
