package identity

import (
	"errors"
	"net/netip"
	"strconv"
	"time"

	"billfold/base/db"
)

// bucket counts the tries at one thing. Its zero value is full of trust.
type bucket struct {
	tries int64
	last  time.Time
	until time.Time // no further try before this
}

// rule says how a bucket answers: free tries, then a wait that doubles from base up to most; all is forgotten after a
// rest.
type rule struct {
	name string
	free int64
	base time.Duration
	most time.Duration
	rest time.Duration
}

var (
	// Online guessing against 15 characters is hopeless at 100 tries a day (NIST SP 800-63B-4, 3.2.2 allows 100 in
	// all); the ceiling keeps the owner's longest wait at a quarter of an hour.
	accountRule = rule{"account", 5, 2 * time.Second, 15 * time.Minute, 24 * time.Hour}
	// A campus signs in through one address: many may fail there before it looks like stuffing.
	networkRule = rule{"network", 50, time.Second, 5 * time.Minute, time.Hour}
	// Mails with codes to one address: enough for the clumsy, too few to annoy its owner or to try codes across sign-ups.
	addressRule = rule{"address", 5, time.Minute, time.Hour, 24 * time.Hour}
	// Where the person has signed in before, strangers elsewhere do not count.
	knownRule = rule{"known", 5, 2 * time.Second, 15 * time.Minute, 24 * time.Hour}
	// Texts with codes, of one person and to one number: they cost money, and a number is quickly mistyped once.
	phoneRule = rule{"phone", 3, time.Minute, time.Hour, 24 * time.Hour}
	// Names of payees that are not there, by who asked: a list typed with mistakes passes, a dictionary does not. It is
	// counted by miss: `most` is the window.
	payeeRule = rule{name: "payee", free: 30, most: 10 * time.Minute}
)

// take counts a try, or refuses it and says how long to wait. A refused try is not counted: waiting is always enough.
func (b bucket) take(now time.Time, r rule) (bucket, time.Duration) {
	if now.Before(b.until) {
		return b, b.until.Sub(now)
	}
	if now.Sub(b.last) >= r.rest {
		b = bucket{}
	}
	b.tries++
	b.last = now
	if over := b.tries - r.free; over > 0 {
		wait := r.most
		if over < 20 {
			wait = min(r.most, r.base<<(over-1))
		}
		b.until = now.Add(wait)
	}
	return b, 0
}

// bucketKey names a bucket by keyed hash: the table tells nobody who is being tried.
func (s *Service) bucketKey(r rule, parts ...string) []byte {
	all := make([][]byte, 0, len(parts)+1)
	all = append(all, []byte(r.name))
	for _, p := range parts {
		all = append(all, []byte(p))
	}
	mac := s.keys.Mac("identity.throttle", all...)
	return mac[:]
}

// take counts a try in a stored bucket. The refusal is returned as a value, so that the counts of other buckets are kept.
func (s *Service) take(tx *db.Tx, key []byte, r rule, now time.Time) (wait time.Duration, err error) {
	b, err := selectBucket(tx, key)
	if errors.Is(err, db.ErrNoRow) { // a row that does not exist cannot be locked: parallel first tries would each count one
		if err := insertBucket(tx, key); err != nil {
			return 0, err
		}
		b, err = selectBucket(tx, key)
	}
	if err != nil {
		return 0, err
	}
	b, wait = b.take(now, r)
	if wait > 0 {
		return wait, nil
	}
	return 0, upsertBucket(tx, key, b)
}

// over says how long to wait where the window that began with the first miss is used up.
func (b bucket) over(now time.Time, r rule) time.Duration {
	if b.tries < r.free || now.Sub(b.last) >= r.most {
		return 0
	}
	return r.most - now.Sub(b.last)
}

// miss counts a failure in a stored bucket whose `last` is the start of its window, or refuses to say that it was one:
// askers in parallel, in any number of processes, are told of `free` failures and no more.
func (s *Service) miss(tx *db.Tx, key []byte, r rule, now time.Time) (wait time.Duration, err error) {
	if err := insertBucket(tx, key); err != nil {
		return 0, err
	}
	b, err := selectBucket(tx, key)
	if err != nil {
		return 0, err
	}
	if wait = b.over(now, r); wait > 0 {
		return wait, nil
	}
	if now.Sub(b.last) >= r.most {
		b = bucket{last: now}
	}
	b.tries++
	return 0, upsertBucket(tx, key, b)
}

// forgive takes back what a successful try counted.
func forgive(tx *db.Tx, key []byte) error {
	b, err := selectBucket(tx, key)
	if errors.Is(err, db.ErrNoRow) {
		return nil
	}
	if err != nil {
		return err
	}
	b.tries = max(0, b.tries-1)
	return upsertBucket(tx, key, b)
}

func tooMany(wait time.Duration) error {
	seconds := int64((wait + time.Second - 1) / time.Second)
	return ErrTooMany.Fill(strconv.FormatInt(seconds, 10)).RetryIn(time.Duration(seconds) * time.Second)
}

// network is the part of an address that one party usually controls: the whole of an IPv4 address, 64 bits of an IPv6
// one.
func network(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return "unknown"
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is4() {
		return addr.String()
	}
	prefix, err := addr.Prefix(64)
	if err != nil {
		return "unknown"
	}
	return prefix.String()
}
