package store_test

import (
	"errors"
	"maps"
)

var (
	errMissing = errors.New("no such file")
	errBroken  = errors.New("input/output error")
)

// crash is what the disk panics with when the power goes.
type crash struct{}

// fate is what becomes of what was not synced when the power goes.
type fate int

const (
	allLost  fate = iota // nothing of it is there
	allKept              // all of it is there
	torn                 // half of every write is there
	nameLost             // new files are gone, though their content was synced
	fates
)

// disk is a folder that knows what would survive. It loses power, or fails once, at a chosen call.
type disk struct {
	durable, volatile map[string][]byte
	named             map[string]bool // names that are durable
	calls             int
	dieAt, failAt     int // number of a call; 0 is never
	dead              bool
	reverse           bool // of the files synced at once the last is durable first
}

func newDisk() *disk {
	return &disk{durable: map[string][]byte{}, volatile: map[string][]byte{}, named: map[string]bool{}}
}

// call counts a call that changes something.
func (d *disk) call() error {
	if d.dead {
		panic(crash{})
	}
	d.calls++
	if d.calls == d.dieAt {
		d.dead = true
		panic(crash{})
	}
	if d.calls == d.failAt {
		return errBroken
	}
	return nil
}

func (d *disk) Read(name string) ([]byte, error) {
	b, ok := d.volatile[name]
	if !ok {
		return nil, errMissing
	}
	return append([]byte(nil), b...), nil
}

func (d *disk) Missing(err error) bool { return errors.Is(err, errMissing) }

func splice(old []byte, at int64, b []byte) []byte {
	out := append([]byte(nil), old...)
	for int64(len(out)) < at+int64(len(b)) {
		out = append(out, 0)
	}
	copy(out[at:], b)
	return out
}

// Write can be cut off: when the power goes during it, half of it has reached the cache.
func (d *disk) Write(name string, at int64, b []byte) error {
	d.volatile[name] = splice(d.volatile[name], at, b[:len(b)/2])
	if err := d.call(); err != nil {
		return err
	}
	d.volatile[name] = splice(d.volatile[name], at, b)
	return nil
}

// Sync that fails says nothing about what is durable: here, nothing.
// Files that are synced at once become durable one after the other, in either order.
func (d *disk) Sync(names ...string) error {
	for i := range names {
		name := names[i]
		if d.reverse {
			name = names[len(names)-1-i]
		}
		if err := d.call(); err != nil {
			return err
		}
		d.durable[name] = append([]byte(nil), d.volatile[name]...)
	}
	return nil
}

func (d *disk) SyncFolder() error {
	if err := d.call(); err != nil {
		return err
	}
	d.named = map[string]bool{}
	for name := range d.volatile {
		d.named[name] = true
	}
	return nil
}

func (d *disk) Remove(name string) error {
	if err := d.call(); err != nil {
		return err
	}
	delete(d.volatile, name)
	return nil
}

// after returns the disk as it is when the power is back.
func (d *disk) after(f fate) *disk {
	n := newDisk()
	for name, kept := range d.durable {
		if d.named[name] || f == allKept || f == torn {
			n.durable[name] = kept
		}
	}
	if f == allKept || f == torn {
		for name, cached := range d.volatile {
			old := d.durable[name]
			if f == torn {
				half := len(cached) / 2
				cached = splice(old, 0, cached[:half])
			}
			n.durable[name] = cached
		}
	}
	for name := range n.durable {
		n.named[name] = true
	}
	n.volatile = maps.Clone(n.durable)
	return n
}
