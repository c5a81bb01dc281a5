package ledger

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"billfold/base/clock"
	"billfold/base/money"
)

// draft is an entry on its way into the book: its shape checked, its metadata in canonical form.
type draft struct {
	Entry
	key      key
	number   int64      // of its first leg
	prev     [][2]int64 // of each leg: the leg before of its debited and of its credited account
	resolves key        // of a resolution
	hold     int64      // the number of the entry it resolves
	meta     string     // canonical JSON; "" where there is none
	stored   bool       // it was there already: nothing is to be written
}

// prepare checks everything about an entry that can be checked without the database.
func prepare(e Entry, phase Phase, expires time.Time) (*draft, error) {
	d := &draft{Entry: e}
	d.At, d.Phase, d.Resolves, d.ExpiresAt = time.Time{}, phase, "", expires.UTC().Truncate(time.Microsecond)
	var ok bool
	if d.key, ok = parseEntryID(e.ID); !ok {
		return nil, ErrEntryInvalid.With("id")
	}
	if !validKind(e.Kind) {
		return nil, ErrEntryInvalid.With("kind")
	}
	if len(e.Reference) > maxReference || !validText(e.Reference) {
		return nil, ErrEntryInvalid.With("reference")
	}
	if d.meta, ok = canonicalMeta(e.Meta); !ok {
		return nil, ErrEntryInvalid.With("meta")
	}
	if len(e.Legs) == 0 || len(e.Legs) > MaxLegs {
		return nil, ErrEntryInvalid.With("legs")
	}
	d.Legs = slices.Clone(e.Legs)
	for i := range d.Legs {
		leg := &d.Legs[i]
		if leg.Amount <= 0 {
			return nil, money.ErrAmountNotPositive.With(fmt.Sprintf("legs[%d].amount", i))
		}
		if leg.Debit == leg.Credit {
			return nil, ErrSameAccount.With(fmt.Sprintf("legs[%d]", i))
		}
		leg.Phase, leg.Released = phase, 0
	}
	return d, nil
}

func validKind(s string) bool {
	if s == "" || len(s) > maxKind {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

// validText refuses what one of the engines would refuse or change: invalid UTF-8 and the zero byte.
func validText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// canonicalMeta writes metadata so that equal maps give equal bytes: keys sorted, no spaces.
func canonicalMeta(meta map[string]string) (string, bool) {
	if len(meta) == 0 {
		return "", true
	}
	for k, v := range meta {
		if k == "" || !validText(k) || !validText(v) {
			return "", false
		}
	}
	text, err := json.Marshal(meta)
	if err != nil || len(text) > maxMeta {
		return "", false
	}
	return string(text), true
}

// sameContent tells whether a stored entry says what the draft wants to say. Times are the ledger's own and do not count.
func (d *draft) sameContent(s *draft) bool {
	return d.Kind == s.Kind && d.Reference == s.Reference && d.meta == s.meta && d.Phase == s.Phase && d.resolves == s.resolves &&
		d.ExpiresAt.Equal(s.ExpiresAt) && slices.Equal(d.Legs, s.Legs)
}

// encodingVersion is the first byte under every tag, so that the encoding may change one day and old tags still verify.
const encodingVersion = 1

// encode appends the canonical encoding that the tag is computed over: every field with a fixed width or its length in front, so that no
// two entries share one.
func (d *draft) encode(b []byte) []byte {
	b = append(b, encodingVersion, byte(d.Phase))
	b = append(b, d.key[:]...)
	b = append(b, d.resolves[:]...)
	b = appendInt(b, clock.Micros(d.At))
	b = appendInt(b, clock.Micros(d.ExpiresAt))
	b = appendText(b, d.Kind)
	b = appendText(b, d.Reference)
	b = appendText(b, d.meta)
	b = appendInt(b, int64(len(d.Legs)))
	for _, leg := range d.Legs {
		b = appendInt(b, int64(leg.Debit))
		b = appendInt(b, int64(leg.Credit))
		b = appendInt(b, leg.Amount)
		b = appendInt(b, leg.Released)
		b = append(b, byte(leg.Phase))
	}
	return b
}

// encodeTerms appends what never changes about an account, and its flags, for the account's tag. Totals are not in it: they
// are checked against the legs.
func encodeTerms(b []byte, r *row) []byte {
	b = append(b, encodingVersion, byte(r.Limit), flag(r.Busy), byte(r.Currency.Scale))
	b = appendInt(b, int64(r.ID))
	b = appendInt(b, clock.Micros(r.OpenedAt))
	b = appendInt(b, r.frozenAt)
	b = appendInt(b, r.closedAt)
	b = appendText(b, r.Address)
	b = appendText(b, r.Owner)
	return appendText(b, r.Currency.Code)
}

func appendInt(b []byte, v int64) []byte { return binary.BigEndian.AppendUint64(b, uint64(v)) }

func appendText(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// resolution drafts the entry that ends a hold. amounts is nil for the whole of every leg, else one amount per leg.
func resolution(hold *draft, id key, phase Phase, amounts []int64) (*draft, error) {
	d := &draft{key: id, resolves: hold.key, hold: hold.number}
	d.ID, d.Kind, d.Reference, d.Phase, d.Resolves = id.text(), hold.Kind, hold.Reference, phase, hold.ID
	if amounts != nil && len(amounts) != len(hold.Legs) {
		return nil, ErrEntryInvalid.With("amounts")
	}
	d.Legs = slices.Clone(hold.Legs)
	taken := false
	for i := range d.Legs {
		leg := &d.Legs[i]
		leg.Phase, leg.Released = phase, leg.Amount
		if amounts == nil {
			continue
		}
		switch a := amounts[i]; {
		case a < 0:
			return nil, money.ErrAmountNotPositive.With(fmt.Sprintf("amounts[%d]", i))
		case a > leg.Amount:
			return nil, ErrAmountExceedsHold.With(fmt.Sprintf("amounts[%d]", i))
		case a == 0:
			leg.Phase = Void
		default:
			leg.Amount, taken = a, true
		}
	}
	if amounts != nil && !taken {
		return nil, money.ErrAmountNotPositive.With("amounts")
	}
	return d, nil
}
