package identity

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/id"
	"billfold/base/seal"
)

// KeyKind says what an API key may do.
type KeyKind string

// The kinds of keys.
const (
	SecretKey     KeyKind = "secret"     // a shop's server; owner "mch_…"
	RestrictedKey KeyKind = "restricted" // a part of a shop's server that may do only what its scopes say; owner "mch_…"
	PayerKey      KeyKind = "payer"      // pays from a person's wallet; owner "usr_…"
	OperatorKey   KeyKind = "operator"   // reads and acts as an operator; owner "usr_…" with that role
)

// usedEvery is how coarse Key.LastUsed is.
const usedEvery = 15 * time.Minute

var keyKinds = map[KeyKind]struct{ mark, owner string }{
	SecretKey:     {"sk", "mch_"},
	RestrictedKey: {"rk", "mch_"},
	PayerKey:      {"pt", "usr_"},
	OperatorKey:   {"op", "usr_"},
}

// Key is an API key without its secret, which is shown once, by CreateKey.
type Key struct {
	ID        KeyID
	Owner     string // "usr_…" or "mch_…"
	Kind      KeyKind
	Label     string
	Scopes    []string  // of a restricted key: "payments:read" and so on; the edge knows what each opens
	Hint      string    // prefix and the last four characters, to tell keys apart
	CreatedAt time.Time // business clock
	LastUsed  time.Time // to a quarter of an hour; zero for never
	RevokedAt time.Time // zero while it works
	ExpiresAt time.Time // real clock; zero for a key that was not rolled
}

// NewKey says which key to make.
type NewKey struct {
	Owner string
	Kind  KeyKind
	Label string
	// Scopes are at least one for a restricted key, and none for another.
	Scopes []string
}

func (s *Service) keyPrefix(kind KeyKind) string {
	mode := "test"
	if s.live {
		mode = "live"
	}
	return "bf_" + mode + "_" + keyKinds[kind].mark + "_"
}

// CreateKey makes an API key in the caller's transaction. The secret is returned here and nowhere else. The caller
// has checked that the owner may have it; an operator's key is refused to people without the role, and a kind that
// does not suit the owner is a mistake of the caller.
func (s *Service) CreateKey(tx *db.Tx, n NewKey) (secret string, k Key, err error) {
	kind, ok := keyKinds[n.Kind]
	if !ok || !strings.HasPrefix(n.Owner, kind.owner) {
		return "", k, fault.ErrInvalid.With("kind").Because(fmt.Errorf("a %q key for %q", n.Kind, n.Owner))
	}
	if (n.Kind == RestrictedKey) != (len(n.Scopes) > 0) || !goodScopes(n.Scopes) {
		return "", k, fault.ErrInvalid.With("scopes")
	}
	label, err := cleanLine(n.Label, ErrLabel.With("label"), false)
	if err != nil {
		return "", k, err
	}
	if kind.owner == "usr_" {
		p, err := selectPerson(tx, PersonID(n.Owner))
		if err != nil {
			return "", k, missing(err, ErrPerson)
		}
		if n.Kind == OperatorKey && !p.operator {
			return "", k, fault.ErrDenied
		}
	}
	secret = id.NewKey(s.keyPrefix(n.Kind))
	mac := s.keyMac.Sum([]byte(secret))
	k = Key{ID: KeyID(s.ids.New("key")), Owner: n.Owner, Kind: n.Kind, Label: label, Scopes: n.Scopes,
		Hint: s.keyPrefix(n.Kind) + "…" + secret[len(secret)-4:], CreatedAt: s.clock.Now()}
	sealed, err := s.keys.Seal(labelOwner(n.Owner), labelField(k.ID), []byte(label))
	if err != nil {
		return "", k, err
	}
	insertKey(tx, keyRow{id: k.ID, hash: mac[:], owner: k.Owner, kind: k.Kind, label: sealed, hint: k.Hint,
		created: clock.Micros(k.CreatedAt), scopes: strings.Join(n.Scopes, " ")})
	return secret, k, nil
}

var scopeForm = regexp.MustCompile(`^[a-z]{1,20}:(read|write)$`)

// goodScopes checks the form of scopes; what they open is the edge's to know.
func goodScopes(scopes []string) bool {
	for _, s := range scopes {
		if !scopeForm.MatchString(s) {
			return false
		}
	}
	return len(scopes) <= 20
}

// labelOwner: shops have no key of their own in the keyring; what they call a key is no personal data.
func labelOwner(owner string) string {
	if strings.HasPrefix(owner, "usr_") {
		return owner
	}
	return seal.Installation
}

func labelField(id KeyID) string { return "identity_key.label/" + string(id) }

// AuthenticateKey finds the key of a secret. Its checksum and mode are checked first, without a look at the database:
// ErrKeyMode is for a key of the other mode, ErrKey for everything else that does not work. It is on the path of
// every payment: see the package's word on the revocation epoch.
func (s *Service) AuthenticateKey(ctx context.Context, secret string) (Key, error) {
	prefix, ok := id.ValidKey(secret)
	if !ok {
		return Key{}, ErrKey
	}
	kind, err := s.kindOf(prefix)
	if err != nil {
		return Key{}, err
	}
	hash := s.keyMac.Sum([]byte(secret))
	number, err := s.epoch.now(ctx)
	if err != nil {
		return Key{}, err
	}
	k, ok := s.apiKeys.get(hash, number)
	if !ok {
		if k, number, err = s.loadKey(ctx, hash, kind); err != nil {
			return Key{}, err
		}
		s.apiKeys.put(hash, k, number)
	}
	now := s.real.Now()
	if !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt) {
		return Key{}, ErrKey
	}
	if now.Sub(k.LastUsed) >= usedEvery {
		k.LastUsed = now
		s.used.touch(k.ID, now, time.Time{})
		s.apiKeys.put(hash, k, number)
	}
	return k, nil
}

func (s *Service) kindOf(prefix string) (KeyKind, error) {
	for kind, k := range keyKinds {
		switch prefix {
		case s.keyPrefix(kind):
			return kind, nil
		case "bf_test_" + k.mark + "_", "bf_live_" + k.mark + "_":
			return "", ErrKeyMode
		}
	}
	return "", ErrKey
}

// loadKey reads a key and the epoch from one snapshot. An operator's key lives as long as the owner's role.
func (s *Service) loadKey(ctx context.Context, hash [32]byte, kind KeyKind) (Key, int64, error) {
	var number int64
	row, err := db.Read(ctx, s.db, func(tx *db.Tx) (k keyRow, err error) {
		if k, err = selectKey(tx, hash[:]); err != nil {
			return k, missing(err, ErrKey)
		}
		if k.revoked != 0 || k.kind != kind {
			return k, ErrKey
		}
		if kind == OperatorKey {
			p, err := selectPerson(tx, PersonID(k.owner))
			if err != nil {
				return k, err
			}
			if !p.operator {
				return k, ErrKey
			}
		}
		number, err = selectEpoch(tx)
		return k, err
	})
	if err != nil {
		return Key{}, 0, err
	}
	k, err := s.keyOf(row)
	if errors.Is(err, seal.ErrShredded) { // nobody acts for an erased person
		return Key{}, 0, ErrKey
	}
	return k, number, err
}

func (s *Service) keyOf(r keyRow) (Key, error) {
	label, err := s.keys.Open(labelOwner(r.owner), labelField(r.id), r.label)
	if err != nil {
		return Key{}, fmt.Errorf("open %s: %w", labelField(r.id), err)
	}
	return Key{ID: r.id, Owner: r.owner, Kind: r.kind, Label: string(label), Hint: r.hint, CreatedAt: clock.FromMicros(r.created),
		Scopes: strings.Fields(r.scopes), LastUsed: clock.FromMicros(r.used), RevokedAt: clock.FromMicros(r.revoked),
		ExpiresAt: clock.FromMicros(r.expires)}, nil
}

// Keys lists the keys of a person or a shop, newest first, revoked ones included.
func (s *Service) Keys(ctx context.Context, owner string) ([]Key, error) {
	rows, err := db.Read(ctx, s.db, func(tx *db.Tx) ([]keyRow, error) { return selectKeys(tx, owner) })
	if err != nil {
		return nil, err
	}
	list := make([]Key, len(rows))
	for i, r := range rows {
		if list[i], err = s.keyOf(r); err != nil {
			return nil, err
		}
		if t, ok := s.used.last(r.id); ok {
			list[i].LastUsed = later(t.seen, list[i].LastUsed)
		}
	}
	return list, nil
}

// RevokeKey ends a key for good; the next request with it is refused. Revoking it again changes nothing. A key that
// is not there, or somebody else's, gives ErrKeyUnknown.
func (s *Service) RevokeKey(ctx context.Context, owner string, key KeyID) error {
	return s.db.Write(ctx, func(tx *db.Tx) error { return s.RevokeKeyIn(tx, owner, key) })
}

// RevokeKeyIn is RevokeKey in the caller's transaction, beside the record of who did it.
func (s *Service) RevokeKeyIn(tx *db.Tx, owner string, key KeyID) error {
	n, err := revokeKey(tx, owner, key, clock.Micros(s.clock.Now()))
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrKeyUnknown
	}
	return s.epoch.raise(tx)
}

// LongestOverlap is how long a rolled key may go on beside its successor.
const LongestOverlap = 7 * 24 * time.Hour

// RollKey makes a successor of a key, with the same label and the same rights, and lets the old one work for the overlap (real
// time, 0 to LongestOverlap), so that servers can change over one by one. The new secret is returned here and nowhere else.
// Faults: key_not_found for a key that is not the owner's or works no more.
func (s *Service) RollKey(ctx context.Context, owner string, key KeyID, overlap time.Duration) (secret string, k Key, err error) {
	if overlap < 0 || overlap > LongestOverlap {
		return "", k, fault.ErrInvalid.With("overlap")
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		row, err := selectKeyByID(tx, owner, key)
		if err != nil {
			return missing(err, ErrKeyUnknown)
		}
		old, err := s.keyOf(row)
		now := s.real.Now()
		switch {
		case err != nil:
			return err
		case !old.RevokedAt.IsZero() || !old.ExpiresAt.IsZero() && !now.Before(old.ExpiresAt):
			return ErrKeyUnknown
		}
		if secret, k, err = s.CreateKey(tx, NewKey{Owner: owner, Kind: old.Kind, Label: old.Label, Scopes: old.Scopes}); err != nil {
			return err
		}
		end := now.Add(overlap)
		if !old.ExpiresAt.IsZero() && old.ExpiresAt.Before(end) {
			end = old.ExpiresAt // rolled twice, it does not live longer for it
		}
		if err := expireKey(tx, key, clock.Micros(end)); err != nil {
			return err
		}
		return s.epoch.raise(tx)
	})
	return secret, k, err
}
