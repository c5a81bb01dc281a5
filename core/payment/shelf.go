package payment

import (
	chain "container/list"
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"time"

	"billfold/base/db"
	"billfold/base/seal"
)

// What a shelf holds at most: bytes, and for how long. A hundred thousand payments are some 9 MB.
const (
	shelfBytes = 32 << 20
	shelfTime  = 10 * time.Minute
)

// shelf keeps word lists that were opened a moment ago, because whoever searches searches again, or turns the page: opening a list costs
// ten times as much as looking through it. A list never changes. Before one is handed out again the keys of all who wrote in it are asked
// for, so that it goes with the first of them. Safe for concurrent use.
type shelf struct {
	mu    sync.Mutex
	known map[shelfKey]*chain.Element
	order chain.List // of *shelved, the one used last in front
	bytes int
	heads map[string][]part // all of an owner, newest first; of few owners
}

type shelfKey struct {
	owner string
	part  int64
}

type shelved struct {
	shelfKey
	list     *list
	creators []string
	bytes    int
	until    time.Time
}

// get is a list that is there and whose writers' keys are there; nil where it has to be opened.
func (s *shelf) get(key shelfKey, keys *seal.Keyring, now time.Time) *list {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.known[key]
	if at == nil {
		return nil
	}
	one := at.Value.(*shelved)
	if !now.Before(one.until) || slices.ContainsFunc(one.creators, func(creator string) bool { return !keys.Holds(creator) }) {
		s.drop(at)
		return nil
	}
	s.order.MoveToFront(at)
	return one.list
}

// has says whether a list is there, without asking for keys.
func (s *shelf) has(key shelfKey) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[key] != nil
}

// reach is how many of an owner's lists, newest first, one page of a search looks through: all of them where they are few, and else those
// that are on the shelf and so many that have to be opened.
func (s *shelf) reach(owner string, parts []part) int {
	if len(parts) <= wholeMost {
		return len(parts)
	}
	cold := 0
	for i, p := range parts {
		if !s.has(shelfKey{owner, p.number}) {
			cold++
		}
		if cold > partsMost {
			return i
		}
	}
	return len(parts)
}

// headsKept is of how many owners it is known where their lists begin and end: a quarter of a megabyte each at most.
const headsKept = 32

func (s *shelf) headsOf(owner string) []part {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.heads[owner]
}

func (s *shelf) keepHeads(owner string, heads []part) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.heads == nil || s.heads[owner] == nil && len(s.heads) == headsKept {
		s.heads = map[string][]part{} // begins again: simpler than an order of use
	}
	s.heads[owner] = heads
}

// heads are where an owner's lists begin and end, newest first and at most headsMost: those with something older than from and nothing
// that is older than since alone. A list never changes and the next one is newer, so only those that were written since are read.
func (s *Service) heads(ctx context.Context, owner string, from place, since int64) ([]part, error) {
	known := s.shelf.headsOf(owner)
	var newest place
	if len(known) > 0 {
		newest = known[0].first
	}
	fresh, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]part, error) {
		return db.All(tx, scanPart, selectNewParts, owner, owner, newest.at, newest.payment, headsMost)
	})
	if err != nil {
		return nil, err
	}
	if len(known)+len(fresh) >= headsMost { // too many to keep
		return db.Read(ctx, s.DB, func(tx *db.Tx) ([]part, error) {
			return db.All(tx, scanPart, selectParts, owner, owner, from.at, from.payment, since, headsMost)
		})
	}
	all := slices.Concat(fresh, known)
	if len(fresh) > 0 {
		s.shelf.keepHeads(owner, slices.Clone(all))
	}
	return slices.DeleteFunc(all, func(p part) bool { return !p.first.before(from) || p.last.at < since }), nil
}

func (s *shelf) put(one *shelved) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		s.known = map[shelfKey]*chain.Element{}
	}
	if s.known[one.shelfKey] != nil {
		return
	}
	s.known[one.shelfKey] = s.order.PushFront(one)
	for s.bytes += one.bytes; s.bytes > shelfBytes; {
		s.drop(s.order.Back())
	}
}

// tidy drops what is too old to be handed out.
func (s *shelf) tidy(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for at := s.order.Back(); at != nil; {
		before := at.Prev()
		if !now.Before(at.Value.(*shelved).until) {
			s.drop(at)
		}
		at = before
	}
}

func (s *shelf) drop(at *chain.Element) {
	one := s.order.Remove(at).(*shelved)
	delete(s.known, one.shelfKey)
	s.bytes -= one.bytes
}

// openParts takes word lists from the shelf and opens the others, where there are many of them at several places at once: the first search
// after a start opens all there are, and somebody waits for it.
func (s *Service) openParts(ctx context.Context, owner string, parts []part) ([]*list, error) {
	now := s.Real.Now()
	lists := make([]*list, len(parts))
	var missing []*shelved
	var at []int // of those among the parts
	for i, p := range parts {
		if lists[i] = s.shelf.get(shelfKey{owner, p.number}, s.Keys, now); lists[i] == nil {
			one := &shelved{shelfKey: shelfKey{owner, p.number}, list: &list{}, until: now.Add(shelfTime)}
			missing, at = append(missing, one), append(at, i)
		}
	}
	if len(missing) == 0 {
		return lists, nil
	}
	s.shelf.tidy(now)
	places := min(runtime.GOMAXPROCS(0), openersMost, (len(missing)+openLeast-1)/openLeast)
	failed := make([]error, places)
	var all sync.WaitGroup
	for n := range places {
		some := missing[len(missing)*n/places : len(missing)*(n+1)/places]
		all.Go(func() { failed[n] = s.openSome(ctx, owner, some) })
	}
	all.Wait()
	for i, one := range missing {
		lists[at[i]] = one.list
	}
	return lists, errors.Join(failed...)
}

// So many places open lists at most, each of which takes one of the database's readers.
const openersMost = 4

// openLeast is how many lists are opened at one place at least. A test opens them one by one.
var openLeast = 4

// openSome opens lists, all by one statement, each while the database fetches the next. Words of somebody who was erased are gone; so is
// a list whose owner was.
func (s *Service) openSome(ctx context.Context, owner string, some []*shelved) error {
	parts, at := make([]int64, len(some)), make(map[int64]*shelved, len(some))
	for i, one := range some {
		parts[i], at[one.part] = one.part, one
	}
	foreign := map[int64][]words{}
	_, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]struct{}, error) {
		text, args := listsOf(tx, owner, parts)
		return db.All(tx, func(row db.Row) (none struct{}, err error) {
			w, err := scanWords(row)
			if err != nil {
				return none, err
			}
			w.text, err = s.Keys.Open(w.creator, wordsRow(owner, w.part, w.creator), w.text)
			if errors.Is(err, seal.ErrShredded) {
				return none, nil
			}
			if err != nil {
				return none, err
			}
			one := at[w.part]
			one.creators, one.bytes = append(one.creators, w.creator), one.bytes+len(w.text)
			if w.creator != owner {
				foreign[w.part] = append(foreign[w.part], w)
				return none, nil
			}
			return none, one.list.read(w.text)
		}, text, args...)
	})
	if err != nil {
		return err
	}
	for _, one := range some {
		if err := one.weave(foreign[one.part]); err != nil {
			return err
		}
		if len(one.creators) > 0 {
			s.shelf.put(one)
		}
	}
	return nil
}

// weave puts what others wrote into a list.
func (one *shelved) weave(foreign []words) error {
	lines := map[int]string{}
	for _, w := range foreign {
		if err := readForeign(lines, string(w.text)); err != nil {
			return err
		}
	}
	one.list.weave(lines)
	one.bytes += 28 * one.list.size // beside the columns as they lie there: times, amounts, parties, where words begin
	return nil
}
