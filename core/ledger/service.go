package ledger

import (
	"embed"
	"sync"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/gather"
	"billfold/base/id"
	"billfold/base/money"
	"billfold/base/seal"
)

//go:embed schema
var files embed.FS

// Schema is this package's tables.
var Schema = db.Schema{Package: "ledger", FS: files}

// Options are what a ledger stands on. All are needed.
type Options struct {
	Clock clock.Clock // business time: entries, expiry
	Real  clock.Clock // real time: how long ago a busy account was frozen
	Keys  *seal.Keyring
	IDs   *id.Minter
}

// Ledger has the verbs. It is safe for concurrent use, and several processes may run one over the same database.
type Ledger struct {
	clock, real clock.Clock
	ids         *id.Minter
	entryTags   *seal.MacKey
	accountTags *seal.MacKey
	facts       facts

	mu     sync.Mutex
	unused []AccountID // numbers of a block that this process took and committed
	legs   legBlock
	kinds  kinds
	gather gather.Line[*submission] // one writer, so that it can decide ahead of what is on its way
	ahead  ahead
	twins  twins

	folding sync.Mutex         // one Fold at a time in this process
	lagging map[AccountID]bool // busy accounts that Fold owes a checkpoint; nil before it ran first
}

// New returns a ledger. It does no I/O.
func New(o Options) *Ledger {
	l := &Ledger{
		clock: o.Clock, real: o.Real, ids: o.IDs, gather: gather.Line[*submission]{Lanes: 1, Most: groupEntries, Room: submitRoom},
		entryTags: o.Keys.MacKey("ledger.entry"), accountTags: o.Keys.MacKey("ledger.account"),
	}
	l.gather.Ready = l.ahead.ready
	return l
}

// How much of a MAC is kept. An entry's is short, because there are many and one guess in 2^64 that happens to fit forges one entry; nobody
// can try but by writing to the database and waiting for Verify. There are few accounts.
const (
	entryTagSize   = 8
	accountTagSize = 16
)

func (l *Ledger) tagEntry(d *draft, scratch []byte) (tag, buffer []byte) {
	buffer = d.encode(scratch[:0])
	sum := l.entryTags.Sum(buffer)
	return sum[:entryTagSize], buffer
}

func (l *Ledger) tagAccount(r *row) []byte {
	sum := l.accountTags.Sum(encodeTerms(nil, r))
	return sum[:accountTagSize]
}

// facts remembers what can never change: which accounts are busy, what terms the others have, and which number an address has. Only
// what is committed gets in, because the number of an account whose opening was rolled back may be given to another.
type facts struct {
	mu    sync.RWMutex
	busy  map[AccountID]bool
	terms map[AccountID]terms
	young map[string]AccountID
	old   map[string]AccountID
}

// factsRoom bounds the remembered addresses: two generations of so many, some 20 MB.
const factsRoom = 100_000

// terms are what a post needs to know of an account beside its totals: some 60 bytes an account.
type terms struct {
	currency money.Currency
	limit    Limit
}

// know sets the terms of an account that was read without them.
func (f *facts) know(a *row) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	t := f.terms[a.ID]
	a.Currency, a.Limit = t.currency, t.limit
}

// knowAll tells whether the terms of all these accounts are known.
func (f *facts) knowAll(ids []AccountID) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	for _, id := range ids {
		if f.terms[id].limit == 0 {
			return false
		}
	}
	return true
}

func (f *facts) rememberTerms(rows []*row) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.terms == nil {
		f.terms = map[AccountID]terms{}
	}
	for _, r := range rows {
		f.terms[r.ID] = terms{r.Currency, r.Limit}
	}
}

func (f *facts) isBusy(id AccountID) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.busy[id]
}

func (f *facts) rememberBusy(ids []AccountID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.busy == nil {
		f.busy = map[AccountID]bool{}
	}
	for _, id := range ids {
		f.busy[id] = true
	}
}

func (f *facts) number(address string) (AccountID, bool) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if id, ok := f.young[address]; ok {
		return id, true
	}
	id, ok := f.old[address]
	return id, ok
}

func (f *facts) rememberNumber(address string, id AccountID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.young == nil || len(f.young) >= factsRoom {
		f.old, f.young = f.young, map[string]AccountID{}
	}
	f.young[address] = id
}
