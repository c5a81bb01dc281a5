package store

import (
	"errors"
	"sync"

	"billfold/product/purse/proto"
	"billfold/product/purse/step"
)

// A Store keeps one module's state and the records that the issuer has not archived.
type Store interface {
	// Load returns the state as it was last committed.
	Load() (step.State, error)
	// Commit makes a state and its new records durable, together. When it returns an error, neither or both may be there: Load says.
	Commit(next step.State, records step.Records) error
	// Records returns the records after a number, in order, as they were signed. It refuses with ErrArchived what is gone.
	Records(after uint64) ([]proto.Signed, error)
}

// Sealed is an answer that may be released: whatever it depends on is durable. Its zero value is nothing and cannot be sent.
type Sealed struct{ envelope []byte }

// Envelope is what goes over the wire: data and status word.
func (s Sealed) Envelope() []byte { return s.envelope }

// Errors of stores.
var (
	// ErrNothing says that no purse is kept there.
	ErrNothing = errors.New("there is no purse here")
	// ErrDamaged says that neither slot can be read with its log.
	ErrDamaged = errors.New("the purse's files are damaged")
	// ErrArchived says that records were asked for which the issuer has and the purse has not.
	ErrArchived = errors.New("these records are with the issuer")
)

// Module is a purse at work: a state in a store, one command at a time. It is safe for concurrent use.
type Module struct {
	mu     sync.Mutex
	store  Store
	state  step.State
	broken bool // what is in memory may not be what is kept
}

// Open reads a module from its store.
func Open(s Store) (*Module, error) {
	state, err := s.Load()
	if err != nil {
		return nil, err
	}
	return &Module{store: s, state: state}, nil
}

// State is the module's state as it is kept.
func (m *Module) State() step.State {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state
}

// Records returns the records after a number.
func (m *Module) Records(after uint64) ([]proto.Signed, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.store.Records(after)
}

// Do steps the module, makes the outcome durable and seals the answer. When it cannot be made durable the answer is 6F00, and the
// module goes on from what its store says.
func (m *Module) Do(c proto.Command, env step.Env) Sealed {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken && !m.reread() {
		return seal(step.Refusal(proto.Fault))
	}
	next, records, response := step.Step(m.state, c, env)
	if len(records) == 0 { // every change writes a record: nothing has changed
		return seal(response)
	}
	if err := m.store.Commit(next, records); err != nil {
		m.broken = true
		m.reread()
		return seal(step.Refusal(proto.Fault))
	}
	m.state = next
	return seal(response)
}

func (m *Module) reread() bool {
	state, err := m.store.Load()
	if err == nil {
		m.state, m.broken = state, false
	}
	return err == nil
}

// seal is the only place where a Sealed is made.
func seal(r step.Response) Sealed { return Sealed{r.Encode()} }

// Memory is a store for tests, and for modules that live no longer than their process.
type Memory struct {
	state   step.State
	records []proto.Signed
	before  uint64 // number of the record before the first of records
}

// NewMemory keeps a state in memory.
func NewMemory(s step.State) *Memory { return &Memory{state: s, before: s.Records} }

// Load returns the state.
func (m *Memory) Load() (step.State, error) { return m.state, nil }

// Commit keeps state and records.
func (m *Memory) Commit(next step.State, records step.Records) error {
	m.state, m.records = next, append(m.records, records...)
	return nil
}

// Records returns the records after a number.
func (m *Memory) Records(after uint64) ([]proto.Signed, error) {
	if after < m.before {
		return nil, ErrArchived
	}
	return m.records[min(after-m.before, uint64(len(m.records))):], nil
}
