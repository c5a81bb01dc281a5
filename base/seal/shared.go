package seal

import (
	"context"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
)

//go:embed schema
var files embed.FS

// Schema is the tables of a keyring in a database of its own.
var Schema = db.Schema{Package: "seal", FS: files}

const (
	// trust is how long a process believes that no key was destroyed without asking: the longest a key outlives its end elsewhere.
	trust = 500 * time.Millisecond
	// keptMost bounds the keys that a process remembers of a shared keyring; beyond that it begins anew.
	keptMost = 100_000
	// sweepPage is how many keys a sweep looks at at a time.
	sweepPage = 1_000
)

// shared is the keyring in a database, for several processes. It holds wrapped keys only, and nobody's name.
type shared struct {
	d     *db.DB
	clock clock.Clock
	salt  []byte
	wrap  cipher.AEAD
	names *MacKey

	mu      sync.Mutex
	epoch   int64 // how often keys had been destroyed when we last looked
	checked time.Time
	asking  sync.Mutex // one at a time; the others wait for its answer
}

// openShared opens the keyring that is in a database, or makes it. The master key comes from where it comes for a folder.
func openShared(o Options) (_ *shared, err error) {
	s := &shared{d: o.DB, clock: o.Clock}
	ctx := context.Background()
	if !o.ReadOnly {
		if err := s.d.Migrate(ctx, o.Clock.Now(), Schema); err != nil {
			return nil, err
		}
	}
	salt, proof, err := s.ring(ctx)
	made := err == nil
	if err != nil && !errors.Is(err, db.ErrNoRow) {
		return nil, err
	}
	if !made && o.ReadOnly {
		return nil, ErrKeyring.Because(errors.New("the database holds no keyring"))
	}
	master, err := masterFor(o, made)
	if err != nil {
		return nil, err
	}
	if !made {
		fresh := &file{salt: make([]byte, saltSize)}
		rand.Read(fresh.salt)
		if err := fresh.derive(master); err != nil {
			return nil, err
		}
		err := s.d.Write(ctx, func(tx *db.Tx) error {
			tx.Queue(insertRing, fresh.salt, fresh.check)
			return nil
		})
		if err != nil {
			return nil, err
		}
		if salt, proof, err = s.ring(ctx); err != nil { // another process may have been first
			return nil, err
		}
	}
	f := &file{salt: salt}
	if err := f.derive(master); err != nil {
		return nil, err
	}
	if !hmac.Equal(f.check, proof) {
		return nil, ErrMasterKey
	}
	secret, err := hkdf.Key(sha256.New, master, salt, "billfold names v1", keySize)
	if err != nil {
		return nil, err
	}
	s.salt, s.wrap, s.names = salt, f.wrap, newMacKey(secret)
	return s, nil
}

// masterFor reads the master key. Its file is made only where there is no keyring yet, by one process at a time.
func masterFor(o Options, made bool) ([]byte, error) {
	if o.MasterKey != "" {
		return parseMaster(o.MasterKey)
	}
	if !o.ReadOnly {
		if err := makeFolder(o.Dir, osDisk); err != nil {
			return nil, storage(err)
		}
	}
	folder, err := os.Open(o.Dir)
	if err != nil {
		return nil, storage(err)
	}
	defer folder.Close()
	if err := syscall.Flock(int(folder.Fd()), syscall.LOCK_EX); err != nil {
		return nil, storage(err)
	}
	f := &file{dir: o.Dir, disk: osDisk, folder: folder, readOnly: o.ReadOnly || made}
	return f.master("")
}

// ring reads what the keys are wrapped under, and takes note of the epoch.
func (s *shared) ring(ctx context.Context) (salt, proof []byte, err error) {
	asked := s.clock.Now()
	err = s.d.Read(ctx, func(tx *db.Tx) error { return tx.Row(selectRing).Scan(&salt, &proof, &s.epoch) })
	if err == nil {
		s.checked = asked
	}
	return salt, proof, err
}

// name is what an owner's key is found by.
func (s *shared) name(owner string) [32]byte { return s.names.Sum([]byte(owner)) }

// position is the additional data of a wrapped key: it belongs to this keyring and to this name.
func (s *shared) position(name []byte) []byte { return append(append([]byte{}, s.salt...), name...) }

// pack wraps an owner's key.
func (s *shared) pack(r record) (name, wrapped []byte) {
	sum := s.name(r.owner)
	plain := append([]byte{byte(len(r.owner))}, r.owner...)
	plain = append(plain, r.key[:]...)
	return sum[:], s.wrap.Seal(nil, nil, plain, s.position(sum[:]))
}

// scan reads a row of seal_key.
func (s *shared) scan(row db.Row) (r record, err error) {
	var name, wrapped []byte
	if err := row.Scan(&name, &r.created, &wrapped); err != nil {
		return r, err
	}
	plain, err := s.wrap.Open(nil, nil, wrapped, s.position(name))
	if err != nil || len(plain) < 1 || len(plain) != 1+int(plain[0])+keySize {
		return r, ErrKeyring.Because(fmt.Errorf("the row of key %x does not open", name))
	}
	r.owner = string(plain[1 : 1+int(plain[0])])
	copy(r.key[:], plain[1+int(plain[0]):])
	return r, nil
}

// append makes keys durable where there are none yet, and answers with those that then are there: of two processes that make one owner's
// key the first has it.
func (s *shared) append(records []record) (kept []record, epoch int64, err error) {
	err = s.d.Write(context.Background(), func(tx *db.Tx) error {
		kept = nil
		if err := tx.Row(selectRing).Scan(new([]byte), new([]byte), &epoch); err != nil {
			return err
		}
		rows, names := make([]any, 0, 3*len(records)), make([]any, 0, len(records))
		for _, r := range records {
			name, wrapped := s.pack(r)
			rows, names = append(rows, name, r.created, wrapped), append(names, name)
		}
		insertKeys.Queue(tx, rows)
		var failed error
		db.Chunks(names, 1, func(n int, args []any) {
			list, err := db.All(tx, s.scan, selectKeys(n), args...)
			kept, failed = append(kept, list...), errors.Join(failed, err)
		})
		return failed
	})
	return kept, epoch, err
}

// load reads an owner's key; found says whether there is one.
func (s *shared) load(owner string) (r record, epoch int64, found bool, err error) {
	name := s.name(owner)
	err = s.d.Read(context.Background(), func(tx *db.Tx) error {
		if err := tx.Row(selectRing).Scan(new([]byte), new([]byte), &epoch); err != nil {
			return err
		}
		r, err = db.One(tx, s.scan, selectKey, name[:])
		return err
	})
	if errors.Is(err, db.ErrNoRow) {
		return r, epoch, false, nil
	}
	return r, epoch, err == nil, err
}

// destroy deletes keys and leaves word for the other processes.
func (s *shared) destroy(owners []string) (removed int, err error) {
	err = s.d.Write(context.Background(), func(tx *db.Tx) error {
		removed = 0
		var epoch int64
		if err := tx.Row(selectRing+tx.ForUpdate()).Scan(new([]byte), new([]byte), &epoch); err != nil {
			return err
		}
		epoch++
		for _, owner := range owners {
			name := s.name(owner)
			n, err := tx.Exec(deleteKey, name[:])
			if err != nil {
				return err
			}
			if n > 0 {
				removed++
				tx.Queue(insertGone, epoch, name[:])
			}
		}
		if removed > 0 {
			tx.Queue(raiseEpoch, epoch)
		}
		return nil
	})
	return removed, err
}

// current says whether what this process remembers may be believed without asking.
func (s *shared) current() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	age := s.clock.Now().Sub(s.checked)
	return age >= 0 && age < trust
}

// news answers with the names of the keys that were destroyed since the last look, and the epoch they lead to.
func (s *shared) news() (gone [][]byte, epoch int64, err error) {
	s.mu.Lock()
	known := s.epoch
	s.mu.Unlock()
	err = s.d.Read(context.Background(), func(tx *db.Tx) error {
		gone = nil
		if err := tx.Row(selectRing).Scan(new([]byte), new([]byte), &epoch); err != nil || epoch == known {
			return err
		}
		gone, err = db.All(tx, func(r db.Row) (name []byte, err error) {
			err = r.Scan(&name)
			return name, err
		}, selectGone, known)
		return err
	})
	return gone, epoch, err
}

// old answers with the owners of keys from before a moment.
func (s *shared) old(before int64) (owners []string, err error) {
	for after := []byte{}; ; {
		page, err := db.Read(context.Background(), s.d, func(tx *db.Tx) ([]record, error) {
			return db.All(tx, s.scan, selectOld, after, before, sweepPage)
		})
		if err != nil {
			return nil, err
		}
		for _, r := range page {
			owners = append(owners, r.owner)
			name := s.name(r.owner)
			after = name[:]
		}
		if len(page) < sweepPage {
			return owners, nil
		}
	}
}

func (s *shared) count() (n int, err error) {
	err = s.d.Read(context.Background(), func(tx *db.Tx) error { return tx.Row(countKeys).Scan(&n) })
	return n, err
}

// follow forgets the keys that another process destroyed. It refuses where that cannot be known.
func (k *Keyring) follow() error {
	s := k.shared
	if s.current() {
		return nil
	}
	s.asking.Lock()
	defer s.asking.Unlock()
	if s.current() {
		return nil
	}
	asked := s.clock.Now()
	gone, epoch, err := s.news()
	if err != nil {
		return err
	}
	names := map[[32]byte]bool{}
	for _, name := range gone {
		names[[32]byte(name)] = true
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(names) > 0 {
		for owner, data := range k.keys {
			if owner != macRoot && names[s.name(owner)] {
				clear(data.bytes[:])
				delete(k.keys, owner)
			}
		}
	}
	s.mu.Lock()
	s.epoch, s.checked = epoch, asked
	s.mu.Unlock()
	return nil
}

// fetch brings an owner's key into memory.
func (k *Keyring) fetch(owner string) error {
	for {
		r, epoch, found, err := k.shared.load(owner)
		if err != nil || !found {
			return err
		}
		if k.remember([]record{r}, epoch) {
			return nil
		}
	}
}

// remember keeps keys that were read in an epoch, unless that is over: then one of them may be gone meanwhile.
func (k *Keyring) remember(list []record, epoch int64) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.shared.mu.Lock()
	late := k.shared.epoch > epoch
	k.shared.mu.Unlock()
	if k.closed || late {
		return k.closed
	}
	if len(k.keys)+len(list) > keptMost {
		for owner := range k.keys {
			if owner != macRoot && owner != Installation {
				delete(k.keys, owner)
			}
		}
		k.cached.Store(0)
	}
	for _, r := range list {
		if k.keys[r.owner] == nil {
			k.keys[r.owner] = &key{bytes: r.key, created: r.created}
		}
	}
	return true
}
