package identity

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/id"
	"billfold/base/lang"
)

const forPhone = "phone" // purpose of a code

// Phone is the number by which a person can be found, and the one that they are about to confirm; either may be empty.
type Phone struct {
	Number  string // "+4915112345678"
	Waiting string
	// ExpiresAt is when the code for the number that waits stops working.
	ExpiresAt time.Time
}

// CleanPhone gives a number in the form of E.164: "+", a country code and at most 15 digits in all. Blanks, hyphens, dots, slashes and
// brackets between digits are left out, and "00" in front is "+". A number without its country is refused: which one was meant?
func CleanPhone(raw string) (string, error) {
	raw = strings.TrimSpace(raw)
	if len(raw) > 40 {
		return "", ErrPhone.With("phone")
	}
	if rest, ok := strings.CutPrefix(raw, "00"); ok {
		raw = "+" + rest
	}
	rest, ok := strings.CutPrefix(raw, "+")
	var digits strings.Builder
	for _, r := range rest {
		switch {
		case r >= '0' && r <= '9':
			digits.WriteRune(r)
		case strings.ContainsRune(" -.()/\u00a0", r):
		default:
			ok = false
		}
	}
	number := digits.String()
	if !ok || len(number) < 7 || len(number) > 15 || number[0] == '0' {
		return "", ErrPhone.With("phone")
	}
	return "+" + number, nil
}

// IsPhone says whether somebody is named by a telephone number: no handle is without a letter, and no address without an "@".
func IsPhone(named string) bool {
	_, err := CleanPhone(named)
	return err == nil
}

// MaskPhone leaves the country and the last two digits: "+49 … 78".
func MaskPhone(number string) string {
	if len(number) < 8 {
		return "…"
	}
	return number[:3] + " … " + number[len(number)-2:]
}

func (s *Service) findPhone(number string) []byte {
	mac := s.phoneMac.Sum([]byte(number))
	return mac[:]
}

func phoneField(name string, id PersonID) string { return "identity_phone." + name + "/" + string(id) }

// Phones says whether numbers can be confirmed here: somebody has to carry the texts.
func (s *Service) Phones() bool { return s.texts }

// AskPhone sends a six-digit code to a number that a person wants to be found by. What is answered is the same whether somebody else is
// found by it or not: only who can read the code learns anything, and then it is theirs. A later number takes the place of an earlier one
// that waits. Too many texts, of one person, to one number or from one network, give ErrTooMany.
func (s *Service) AskPhone(ctx context.Context, person PersonID, raw string, v Visit) (Phone, error) {
	if !s.texts {
		return Phone{}, ErrPhoneOff
	}
	number, err := CleanPhone(raw)
	if err != nil {
		return Phone{}, err
	}
	sealed, err := s.keys.Seal(string(person), phoneField("waiting", person), []byte(number))
	if err != nil {
		return Phone{}, err
	}
	now := s.real.Now()
	type answer struct {
		phone   Phone
		refusal error
	}
	a, err := db.Write(ctx, s.db, func(tx *db.Tx) (a answer, err error) {
		for _, b := range []struct {
			of rule
			at string
		}{{phoneRule, string(person)}, {phoneRule, number}, {networkRule, network(v.IP)}} {
			wait, err := s.take(tx, s.bucketKey(b.of, "text", b.at), b.of, now)
			if err != nil || wait > 0 {
				return answer{refusal: refused(wait)}, err
			}
		}
		row, err := selectPersonForUpdate(tx, person)
		if err != nil {
			return a, missing(err, ErrPerson)
		}
		code := id.Digits(codeDigits)
		expires := now.Add(codeLife)
		upsertWish(tx, phoneRow{person, s.findPhone(number), sealed, clock.Micros(now)})
		upsertCode(tx, codeRow{string(person), forPhone, s.codeHash(forPhone, string(person)+number, code), 0, clock.Micros(now),
			clock.Micros(expires)})
		a.phone = Phone{Waiting: number, ExpiresAt: expires}
		return a, s.send(tx, Mail{Owner: string(person), To: number, Lang: lang.Tag(row.lang), Template: MailPhoneCode,
			Data: map[string]string{"code": code, "minutes": strconv.Itoa(int(codeLife / time.Minute))}})
	})
	if err != nil {
		return Phone{}, err
	}
	return a.phone, a.refusal
}

// ConfirmPhone makes the number that waits the person's, when the code is the one that was sent to it. Somebody else who was found by it
// is not any more, and is told: the number is with whoever reads its texts. Wrong codes are counted; the fifth ends the try.
func (s *Service) ConfirmPhone(ctx context.Context, person PersonID, code string) error {
	now := s.real.Now()
	code = strings.Join(strings.Fields(code), "")
	refusal, err := db.Write(ctx, s.db, func(tx *db.Tx) (refusal, err error) {
		wish, err := selectWish(tx, person)
		if errors.Is(err, db.ErrNoRow) {
			return ErrCodeExpired.With("code"), nil
		}
		if err != nil {
			return nil, err
		}
		number, err := s.keys.Open(string(person), phoneField("waiting", person), wish.number)
		if err != nil {
			return nil, err
		}
		if refusal, err = s.tryCodeOf(tx, forPhone, string(person), string(person)+string(number), code, now); err != nil || refusal != nil {
			return refusal, err
		}
		if err := s.yieldPhone(tx, wish.mac, person); err != nil {
			return nil, err
		}
		sealed, err := s.keys.Seal(string(person), phoneField("number", person), number)
		if err != nil {
			return nil, err
		}
		deleteWish(tx, person)
		deleteCode(tx, string(person), forPhone)
		return nil, upsertPhone(tx, phoneRow{person, wish.mac, sealed, clock.Micros(now)})
	})
	if err != nil {
		return err
	}
	return refusal
}

// yieldPhone takes a number from whoever was found by it, and tells them by mail.
func (s *Service) yieldPhone(tx *db.Tx, mac []byte, to PersonID) error {
	was, err := selectPhoneOwner(tx, mac)
	if errors.Is(err, db.ErrNoRow) || err == nil && was == to {
		return nil
	}
	if err != nil {
		return err
	}
	deletePhone(tx, was)
	row, err := selectPerson(tx, was)
	if err != nil {
		return err
	}
	p, err := s.open(row)
	if err != nil || p.Email == "" {
		return err
	}
	return s.send(tx, Mail{Owner: string(was), To: p.Email, Lang: p.Lang, Template: MailPhoneMoved})
}

// RemovePhone has a person not be found by number any more, and forgets one that waits.
func (s *Service) RemovePhone(ctx context.Context, person PersonID) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		deletePhone(tx, person)
		deleteWish(tx, person)
		deleteCode(tx, string(person), forPhone)
		return nil
	})
}

// PhoneOf is a person's own number, in the clear: for their own page.
func (s *Service) PhoneOf(ctx context.Context, person PersonID) (p Phone, err error) {
	now := s.real.Now()
	return db.Read(ctx, s.db, func(tx *db.Tx) (p Phone, err error) {
		for _, one := range []struct {
			to     *string
			field  string
			lookup func(*db.Tx, PersonID) (phoneRow, error)
		}{{&p.Number, "number", selectPhone}, {&p.Waiting, "waiting", peekWish}} {
			row, err := one.lookup(tx, person)
			if errors.Is(err, db.ErrNoRow) {
				continue
			}
			if err != nil {
				return p, err
			}
			number, err := s.keys.Open(string(person), phoneField(one.field, person), row.number)
			if err != nil {
				return p, err
			}
			*one.to = string(number)
			if one.to == &p.Waiting {
				p.ExpiresAt = clock.FromMicros(row.at).Add(codeLife)
			}
		}
		if !p.ExpiresAt.After(now) { // it waits no longer; the row goes with the next number, or with the person
			p.Waiting, p.ExpiresAt = "", time.Time{}
		}
		return p, nil
	})
}
