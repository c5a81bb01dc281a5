package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"billfold/base/clock"
)

// Installation is the owner of what belongs to nobody in particular. Its key always exists.
const Installation = "installation"

// macRoot owns the key from which all MAC keys derive. It lies in the keyring and not in the master key, so that
// the ledger's tags survive a change of the master key; the NUL keeps it out of reach of callers.
const macRoot = "\x00mac"

const keySize = 32

// version is the first byte of a sealed field.
const version = 1

// maxOwner bounds an owner's name, which is an id.
const maxOwner = 255

// sweepAge protects keys whose rows are not committed yet: a key is durable before the first row that it seals.
const sweepAge = time.Hour

// perAppend bounds one frame: with the longest names it stays under maxFrame.
const perAppend = 32768

// maxCached bounds the ciphers kept ready. One takes about 1 KiB and half a microsecond to make; a million idle
// people must not hold a gigabyte.
const maxCached = 16384

// Keyring seals and opens fields, and makes and destroys the keys. Safe for concurrent use.
type Keyring struct {
	clock clock.Clock
	file  *file

	mu     sync.RWMutex // guards what follows
	keys   map[string]*key
	cached atomic.Int64
	closed bool

	macs sync.Map // purpose → *MacKey

	waitMu  sync.Mutex // guards waiting
	waiting []*creation
	writeMu sync.Mutex // held by the one who changes the file; taken before mu
}

// key is one owner's data key and, once it was used, its cipher.
type key struct {
	bytes   [keySize]byte
	created int64 // microseconds
	aead    atomic.Pointer[cipher.AEAD]
}

// creation is one caller of Create who waits for a shared fsync.
type creation struct {
	owners []string
	done   bool
	err    error
}

// Options say where the keyring is and what opens it. Only Dir is needed.
type Options struct {
	Dir       string      // made with mode 0700 when absent
	MasterKey string      // 64 hexadecimal digits; "" means the file master.key, made on first start
	Clock     clock.Clock // real time; nil means the system's
	ReadOnly  bool        // read the keyring of a running process: no lock, nothing is made or changed
}

// OpenFile opens the keyring in a folder with the master key that lies there, and makes both on first start.
func OpenFile(dir string) (*Keyring, error) { return Open(Options{Dir: dir}) }

// Open opens a keyring, making it on first start. It refuses a folder that another process uses (ErrInUse), a master
// key that is missing or wrong (ErrMasterKey), and a file with damage before its end (ErrKeyring).
func Open(o Options) (*Keyring, error) { return openOn(o, osDisk) }

func openOn(o Options, d disk) (*Keyring, error) {
	if o.Clock == nil {
		o.Clock = clock.System()
	}
	f, records, err := openFile(o.Dir, o.MasterKey, o.ReadOnly, d)
	if err != nil {
		return nil, fmt.Errorf("open keyring %s: %w", o.Dir, err)
	}
	k := &Keyring{clock: o.Clock, file: f, keys: make(map[string]*key, len(records))}
	for _, r := range records {
		k.keys[r.owner] = &key{bytes: r.key, created: r.created}
	}
	if err := k.create([]string{macRoot, Installation}); err != nil {
		k.Close()
		return nil, fmt.Errorf("open keyring %s: %w", o.Dir, err)
	}
	return k, nil
}

// Recovered returns how many bytes of a torn, never acknowledged append Open cut off; the caller logs it.
func (k *Keyring) Recovered() int64 { return k.file.recovered }

// Owners returns how many owners have a key, the installation included.
func (k *Keyring) Owners() int {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return max(len(k.keys)-1, 0) // without macRoot
}

// Create makes a key for each owner who has none, and returns when all of them are on disk: call it before the
// transaction that stores the first sealed field. Many owners, and callers who wait at the same time, share one
// fsync. It refuses an owner's name that is empty, longer than 255 bytes or contains a NUL; on a full or read-only
// disk it makes none of the keys (of more than 32768 at once, not the later ones).
func (k *Keyring) Create(owners ...string) error {
	for _, owner := range owners {
		if err := validOwner(owner); err != nil {
			return err
		}
	}
	return k.create(owners)
}

func (k *Keyring) create(owners []string) error {
	if known, err := k.all(owners); known || err != nil {
		return err
	}
	mine := &creation{owners: owners}
	k.waitMu.Lock()
	k.waiting = append(k.waiting, mine)
	k.waitMu.Unlock()

	// Whoever gets here first writes for all who wait; the others find their work done.
	k.writeMu.Lock()
	defer k.writeMu.Unlock()
	if !mine.done {
		k.waitMu.Lock()
		group := k.waiting
		k.waiting = nil
		k.waitMu.Unlock()
		err := k.append(group)
		for _, c := range group {
			c.done, c.err = true, err
		}
	}
	return mine.err
}

// all tells whether every owner has a key already.
func (k *Keyring) all(owners []string) (bool, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if k.closed {
		return false, errClosed
	}
	for _, owner := range owners {
		if k.keys[owner] == nil {
			return false, nil
		}
	}
	return true, nil
}

// append makes the missing keys of a group durable, then known. The caller holds writeMu.
func (k *Keyring) append(group []*creation) error {
	now := clock.Micros(k.clock.Now())
	var fresh []record
	seen := map[string]bool{}
	k.mu.RLock()
	closed := k.closed
	for _, c := range group {
		for _, owner := range c.owners {
			if k.keys[owner] == nil && !seen[owner] {
				seen[owner] = true
				fresh = append(fresh, record{owner: owner, created: now})
			}
		}
	}
	k.mu.RUnlock()
	if closed {
		return errClosed
	}
	if k.file.broken != nil && len(fresh) > 0 {
		// What the file holds is unknown; what was answered is in memory. A new file from that is sound again.
		if err := k.file.rewrite(k.records(nil)); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(fresh, perAppend) {
		for i := range part {
			rand.Read(part[i].key[:])
		}
		if err := k.file.append(part); err != nil {
			return err
		}
		k.mu.Lock()
		for _, r := range part {
			k.keys[r.owner] = &key{bytes: r.key, created: r.created}
		}
		k.mu.Unlock()
	}
	return nil
}

func validOwner(owner string) error {
	if owner == "" || len(owner) > maxOwner {
		return fmt.Errorf("owner of %d bytes", len(owner))
	}
	for i := range len(owner) {
		if owner[i] == 0 {
			return errors.New("owner with a NUL byte")
		}
	}
	return nil
}

// Seal encrypts a field of an owner for one row, named like "identity_person.name/usr_…". It refuses an owner
// without a key (ErrShredded). Sealing the same twice gives different bytes; the length of the plain text shows.
func (k *Keyring) Seal(owner, row string, plain []byte) ([]byte, error) {
	aead, err := k.cipher(owner)
	if err != nil {
		return nil, err
	}
	sealed := make([]byte, 1, 1+len(plain)+aead.Overhead())
	sealed[0] = version
	return aead.Seal(sealed, nil, plain, additional(row)), nil
}

// Open decrypts a field. It refuses an owner without a key with ErrShredded, and bytes that were changed, cut,
// sealed for another row or for another owner with ErrDamaged.
func (k *Keyring) Open(owner, row string, sealed []byte) ([]byte, error) {
	aead, err := k.cipher(owner)
	if err != nil {
		return nil, err
	}
	if len(sealed) < 1+aead.Overhead() || sealed[0] != version {
		return nil, ErrDamaged
	}
	plain, err := aead.Open(nil, nil, sealed[1:], additional(row))
	if err != nil {
		return nil, ErrDamaged.Because(fmt.Errorf("open %s: %w", row, err))
	}
	return plain, nil
}

func additional(row string) []byte {
	data := make([]byte, 0, 1+len(row))
	return append(append(data, version), row...)
}

// cipher returns the owner's cipher, ready to use. Its nonces are random, which is sound for 2^32 fields of an owner.
func (k *Keyring) cipher(owner string) (cipher.AEAD, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if k.closed {
		return nil, errClosed
	}
	data := k.keys[owner]
	if data == nil || owner == macRoot {
		return nil, ErrShredded
	}
	if ready := data.aead.Load(); ready != nil {
		return *ready, nil
	}
	aead, err := newAEAD(data.bytes[:])
	if err != nil {
		return nil, err
	}
	if k.cached.Add(1) > maxCached {
		// Forget all and begin again: simpler than an order of use, and a hot cipher is back after one call.
		for _, other := range k.keys {
			other.aead.Store(nil)
		}
		k.cached.Store(1)
	}
	data.aead.Store(&aead)
	return aead, nil
}

func newAEAD(secret []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// Destroy removes the owners' keys from disk and from memory: what was sealed under them can never be opened again. It
// returns when that is durable; many owners share one rewrite. Destroying a key that does not exist is no error; the
// installation's is refused.
func (k *Keyring) Destroy(owners ...string) error {
	if slices.Contains(owners, Installation) || slices.Contains(owners, macRoot) {
		return errReserved
	}
	_, err := k.remove(owners)
	return err
}

// Sweep destroys the keys of owners whom keep does not want: left behind by a crash between the making of a key
// and the commit of its first row. Keys younger than an hour are left alone, since their rows may be on the way.
func (k *Keyring) Sweep(keep func(owner string) bool) (removed int, err error) {
	old := clock.Micros(k.clock.Now().Add(-sweepAge))
	var orphans []string
	k.mu.RLock()
	for owner, data := range k.keys {
		if owner != Installation && owner != macRoot && data.created < old {
			orphans = append(orphans, owner)
		}
	}
	k.mu.RUnlock()
	// keep asks the database: not while holding a lock that every request needs.
	gone := orphans[:0]
	for _, owner := range orphans {
		if !keep(owner) {
			gone = append(gone, owner)
		}
	}
	return k.remove(gone)
}

// remove rewrites the file without these owners.
func (k *Keyring) remove(owners []string) (int, error) {
	k.writeMu.Lock()
	defer k.writeMu.Unlock()
	k.mu.RLock()
	closed := k.closed
	gone := map[string]bool{}
	for _, owner := range owners {
		if k.keys[owner] != nil {
			gone[owner] = true
		}
	}
	k.mu.RUnlock()
	if closed {
		return 0, errClosed
	}
	// After a failed append the file may hold a key that memory never knew: then it is rewritten all the same.
	if len(gone) == 0 && k.file.broken == nil {
		return 0, nil
	}
	rest := k.records(gone)
	if err := k.file.rewrite(rest); err != nil {
		return 0, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for owner := range gone {
		if data := k.keys[owner]; data != nil {
			clear(data.bytes[:])
			delete(k.keys, owner)
		}
	}
	return len(gone), nil
}

// records returns every key but those of the given owners, as the file keeps them.
func (k *Keyring) records(without map[string]bool) []record {
	k.mu.RLock()
	defer k.mu.RUnlock()
	rest := make([]record, 0, len(k.keys))
	for owner, data := range k.keys {
		if !without[owner] {
			rest = append(rest, record{owner: owner, created: data.created, key: data.bytes})
		}
	}
	return rest
}

// Close forgets all keys and releases the folder. A second Close does nothing.
func (k *Keyring) Close() error {
	k.writeMu.Lock()
	defer k.writeMu.Unlock()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return nil
	}
	k.closed = true
	for _, data := range k.keys {
		clear(data.bytes[:])
	}
	k.keys = nil
	return k.file.close()
}
