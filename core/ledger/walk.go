package ledger

import (
	"encoding/base64"
	"encoding/binary"
	"math"

	"billfold/base/db"
	"billfold/base/fault"
)

// place is where a list has an entry: by the leg that touches the account, or by the entry itself where the list is nobody's.
type place struct {
	at, entry, kind, leg int64
}

// olderThan tells whether a leg's place is before another's in the history of an account.
func (p place) olderThan(o place) bool { return p.at < o.at || p.at == o.at && p.leg < o.leg }

// walker reads one list, newest first, a slice at a time.
type walker struct {
	// read answers with the next places, at most some of them, and with the place to read on from; nil after the last.
	read func(tx *db.Tx, from place, most int) (list []place, on *place, err error)
	// keep says which of them the filter wants.
	keep   func(place) bool
	from   place
	byTime bool // its places are found by time and leg, not by leg alone
}

// walkSlice bounds what one statement reads, where a filter may drop most of it.
const walkSlice = 500

// page reads until it has so many different entries, and answers with the place that comes after them, nil where there is none.
func (w *walker) page(tx *db.Tx, limit int) (list []place, more *place, err error) {
	for from, most := &w.from, limit+2; from != nil; most = min(2*most, walkSlice) {
		var some []place
		if some, from, err = w.read(tx, *from, most); err != nil {
			return nil, nil, err
		}
		for _, p := range some {
			switch n := len(list); {
			case n > 0 && list[n-1].entry == p.entry || !w.keep(p):
			case n == limit:
				return list, &p, nil
			default:
				list = append(list, p)
			}
		}
	}
	return list, nil, nil
}

// The cursor is the place that the next page begins with.
func (w *walker) cursor(p place) string {
	var b []byte
	if w.byTime {
		b = binary.BigEndian.AppendUint64(b, uint64(p.at))
	}
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint64(b, uint64(p.leg)))
}

func (w *walker) begin(cursor string) error {
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	size := 8
	if w.byTime {
		size = 16
	}
	if err != nil || len(b) != size {
		return fault.ErrInvalid.With("before")
	}
	w.from.leg = int64(binary.BigEndian.Uint64(b[size-8:]))
	if w.byTime {
		w.from.at = int64(binary.BigEndian.Uint64(b))
	}
	if w.from.leg < 0 || w.from.at < 0 {
		return fault.ErrInvalid.With("before")
	}
	return nil
}

// walker chooses the way through a list; nil where nothing can be in it.
func (l *Ledger) walker(tx *db.Tx, f Filter) (w *walker, err error) {
	w = &walker{keep: func(place) bool { return true }, from: place{leg: math.MaxInt64}}
	kind := int64(0)
	if f.Kind != "" {
		known := false
		if kind, known, err = l.findKind(tx, f.Kind); err != nil || !known {
			return nil, err
		}
		w.keep = func(p place) bool { return p.kind == kind }
	}
	switch {
	case f.Reference != "":
		w.read = referenceWalk(f.Reference, f.Account)
	case f.Account != 0:
		r, err := l.readNow(tx, selectAccount, int64(f.Account))
		if cause, _ := fault.As(err); cause != nil && cause.Code == ErrAccountNotFound.Code {
			return nil, nil
		} else if err != nil {
			return nil, err
		}
		w.byTime, w.from.leg, w.read = r.Busy, r.lastLeg, chainWalk(f.Account)
		if r.Busy {
			w.from, w.read = place{at: math.MaxInt64}, busyWalk(f.Account)
		}
	case f.Kind != "":
		w.read = runWalk(kind)
	default:
		w.read = allWalk
	}
	if f.Before != "" {
		return w, w.begin(f.Before)
	}
	return w, nil
}

func scanPlace(r db.Row) (p place, err error) { return p, r.Scan(&p.entry, &p.at, &p.kind, &p.leg) }

type reader = func(tx *db.Tx, from place, most int) ([]place, *place, error)

// chainWalk walks the chain of an account. A leg that is not the account's ends it, so a cursor shows nobody else's entries.
func chainWalk(id AccountID) reader {
	return func(tx *db.Tx, from place, most int) ([]place, *place, error) {
		var list []place
		next := from.leg
		for numbers := int64(most + 1); next != 0 && len(list) <= most && numbers <= windowMost; numbers *= windowShare {
			some, err := window(tx, id, next, numbers)
			if err != nil {
				return nil, nil, err
			}
			for _, leg := range some {
				list, next = append(list, place{leg.at, leg.entry, leg.kind, leg.number}), leg.prev
			}
			if !closeBy(len(some), numbers) {
				break
			}
		}
		if next != 0 && len(list) <= most {
			rest, err := db.All(tx, scanPlace, selectChainPlaces, int64(id), next, most+1-len(list))
			if err != nil {
				return nil, nil, err
			}
			list = append(list, rest...)
		}
		if len(list) <= most {
			return list, nil, nil
		}
		return list[:most], &list[most], nil
	}
}

// busyWalk walks the two indexes of a busy account, which have the time as a negative number.
func busyWalk(id AccountID) reader {
	return func(tx *db.Tx, from place, most int) ([]place, *place, error) {
		list, err := db.All(tx, scanPlace, selectBusyPlaces, int64(id), -from.at, from.leg, most+1)
		if len(list) <= most {
			return list, nil, err
		}
		return list[:most], &list[most], err
	}
}

func referenceWalk(reference string, of AccountID) reader {
	return func(tx *db.Tx, from place, most int) (list []place, on *place, err error) {
		if of == 0 {
			list, err = db.All(tx, scanPlace, selectReferencePlaces, reference, from.leg, most)
		} else {
			list, err = db.All(tx, scanPlace, selectReferencePlacesOf, reference, from.leg, most, int64(of))
		}
		return list, below(list, most), err
	}
}

func allWalk(tx *db.Tx, from place, most int) ([]place, *place, error) {
	list, err := db.All(tx, scanPlace, selectAllPlaces, from.leg, most)
	return list, below(list, most), err
}

// below is the place under the last of a full slice.
func below(list []place, most int) *place {
	if len(list) < most {
		return nil
	}
	return &place{leg: list[len(list)-1].leg - 1}
}

// runWalk reads the runs that have entries of a kind, the highest first.
func runWalk(kind int64) reader {
	return func(tx *db.Tx, from place, most int) ([]place, *place, error) {
		var list []place
		for first := true; ; first = false {
			lowest := from.leg - from.leg%runLength
			if first && from.leg == math.MaxInt64 {
				lowest = math.MaxInt64 // begin with the highest run there is
			} else {
				some, err := db.All(tx, scanPlace, selectRunPlaces, lowest, from.leg, kind, most-len(list))
				if list = append(list, some...); err != nil || len(list) >= most {
					return list, below(list, most), err
				}
			}
			var number int64
			switch found, err := db.All(tx, scanNumber, selectNextRun, kind, lowest); {
			case err != nil || len(found) == 0:
				return list, nil, err
			default:
				number = found[0]
			}
			from.leg = number - number%runLength + runLength - 1
		}
	}
}

func scanNumber(r db.Row) (n int64, err error) { return n, r.Scan(&n) }
