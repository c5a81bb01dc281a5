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
	"billfold/base/db"
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
	clock  clock.Clock
	file   *file   // where the keys lie: in a folder,
	shared *shared // or in a database of their own, which several processes may use

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
	DB        *db.DB      // a database of its own, for several processes; nil means the folder. Close closes it.
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
	if o.DB != nil {
		return openRing(o)
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

// openRing opens a keyring in a database.
func openRing(o Options) (*Keyring, error) {
	s, err := openShared(o)
	if err != nil {
		return nil, fmt.Errorf("open the shared keyring: %w", err)
	}
	k := &Keyring{clock: o.Clock, shared: s, keys: map[string]*key{}}
	for _, owner := range []string{macRoot, Installation} {
		if o.ReadOnly {
			err = k.fetch(owner)
		} else {
			err = k.create([]string{owner})
		}
		if err == nil && k.keys[owner] == nil {
			err = ErrKeyring.Because(errors.New("the installation's own keys are missing"))
		}
		if err != nil {
			return nil, fmt.Errorf("open the shared keyring: %w", err)
		}
	}
	return k, nil
}

// Recovered returns how many bytes of a torn, never acknowledged append Open cut off; the caller logs it.
func (k *Keyring) Recovered() int64 {
	if k.file == nil {
		return 0
	}
	return k.file.recovered
}

// Owners returns how many owners have a key, the installation included; of a shared keyring that does not answer, how many this process
// knows.
func (k *Keyring) Owners() int {
	if k.shared != nil {
		if n, err := k.shared.count(); err == nil {
			return max(n-1, 0)
		}
	}
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
	if k.shared != nil {
		if err := k.follow(); err != nil {
			return err
		}
	}
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
	if k.shared != nil {
		return k.share(fresh)
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

// share makes keys durable in the database, then known.
func (k *Keyring) share(fresh []record) error {
	for part := range slices.Chunk(fresh, perFrame) {
		for i := range part {
			rand.Read(part[i].key[:])
		}
		kept, epoch, err := k.shared.append(part)
		if err != nil {
			return err
		}
		if k.remember(kept, epoch) {
			continue
		}
		for _, r := range kept { // somebody's key was destroyed meanwhile: look which are still there
			if err := k.fetch(r.owner); err != nil {
				return err
			}
		}
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

// Holds says whether an owner's fields can still be opened. Whoever keeps opened fields for a while asks before each use.
func (k *Keyring) Holds(owner string) bool {
	_, err := k.cipher(owner)
	return err == nil
}

func additional(row string) []byte {
	data := make([]byte, 0, 1+len(row))
	return append(append(data, version), row...)
}

// cipher returns the owner's cipher, ready to use. Its nonces are random, which is sound for 2^32 fields of an owner.
func (k *Keyring) cipher(owner string) (cipher.AEAD, error) {
	if k.shared != nil && owner != macRoot {
		if err := k.follow(); err != nil {
			return nil, err
		}
		k.mu.RLock()
		known := k.keys[owner] != nil || k.closed
		k.mu.RUnlock()
		if !known {
			if err := k.fetch(owner); err != nil {
				return nil, err
			}
		}
	}
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
	orphans, err := k.old(clock.Micros(k.clock.Now().Add(-sweepAge)))
	if err != nil {
		return 0, err
	}
	// keep asks the database: not while holding a lock that every request needs.
	gone := orphans[:0]
	for _, owner := range orphans {
		if !keep(owner) {
			gone = append(gone, owner)
		}
	}
	return k.remove(gone)
}

// old are the owners of keys from before a moment, but for the installation's.
func (k *Keyring) old(before int64) (owners []string, err error) {
	if k.shared != nil {
		owners, err = k.shared.old(before)
		return slices.DeleteFunc(owners, func(owner string) bool { return owner == Installation || owner == macRoot }), err
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	for owner, data := range k.keys {
		if owner != Installation && owner != macRoot && data.created < before {
			owners = append(owners, owner)
		}
	}
	return owners, nil
}

// remove rewrites the file without these owners, or deletes their rows.
func (k *Keyring) remove(owners []string) (int, error) {
	k.writeMu.Lock()
	defer k.writeMu.Unlock()
	if k.shared != nil {
		return k.unshare(owners)
	}
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

// unshare deletes keys from the database and, whatever becomes of that, from memory: they are read again where they are still there.
func (k *Keyring) unshare(owners []string) (int, error) {
	n, err := 0, error(nil)
	if len(owners) > 0 {
		n, err = k.shared.destroy(owners)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return 0, errClosed
	}
	for _, owner := range owners {
		if data := k.keys[owner]; data != nil {
			clear(data.bytes[:])
			delete(k.keys, owner)
		}
	}
	return n, err
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
	if k.shared != nil {
		return k.shared.d.Close()
	}
	return k.file.close()
}
