package rail

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/id"
)

// Hidden is what must never be written anywhere: it prints as nothing, in logs and in JSON alike.
type Hidden string

// String hides.
func (Hidden) String() string { return "•" }

// GoString hides from %#v.
func (Hidden) GoString() string { return "•" }

// MarshalText hides from every encoder.
func (Hidden) MarshalText() ([]byte, error) { return []byte("•"), nil }

// CardForm is what somebody types from their card. It exists between the form and Keep, and nowhere else.
type CardForm struct{ Number, Expiry, Code Hidden }

// KeptCard is what everybody but the acquirer knows of a card. Token is card_ and 26 characters.
type KeptCard struct {
	Token       string
	Brand       string // "Visa"
	Last4       string
	Month, Year int
}

// Shown is how a card is named to people.
func (c KeptCard) Shown() string { return c.Brand + " •••• " + c.Last4 }

// Cards is the one door through which a card's number comes in. Keep turns it into a token; the number and the code are not stored.
type Cards interface {
	Keep(ctx context.Context, f CardForm) (KeptCard, error)
}

// Back is money that goes back to the card of a charge. Asking again with the same Reference is the same.
type Back struct {
	Reference string // our refund's id
	Charge    string // the reference of the charge
	Merchant  string
	Currency  string
	Amount    int64
}

// testCard is a card of the sandbox: its number stands in the documentation, and belongs to nobody.
type testCard struct{ brand, behaves string }

// testCards are the numbers that the sandbox takes. Any other is refused, so that nobody's real card is ever taken in by a sandbox.
var testCards = map[string]testCard{
	"4242424242424242": {"Visa", TokenOK},
	"5555555555554444": {"Mastercard", TokenOK},
	"6200000000000005": {"UnionPay", TokenOK},
	"4000000000000002": {"Visa", TokenDecline},
	"4000000000009995": {"Visa", TokenInsufficient},
	"4000000000000259": {"Visa", TokenDispute},
	"4000000000000077": {"Visa", TokenLater},
}

// TestCard is the number of the sandbox's card that does what a test token says; "" for none.
func TestCard(token string) string {
	found := ""
	for number, c := range testCards {
		if c.behaves == token && (found == "" || number < found) {
			found = number
		}
	}
	return found
}

// Keep takes a card of the sandbox in and answers with its token. Faults: card_number, card_expiry, card_code for what cannot be on a
// card; card_real for a number that is none of the sandbox's.
func (s *Sandbox) Keep(ctx context.Context, f CardForm) (KeptCard, error) {
	number := digitsOf(string(f.Number))
	if len(number) < 12 || len(number) > 19 || !id.Luhn(number) {
		return KeptCard{}, ErrCardNumber.With("card_number")
	}
	month, year, ok := expiry(string(f.Expiry))
	if now := s.o.Clock.Now(); !ok || year < now.Year() || year == now.Year() && month < int(now.Month()) || year > now.Year()+20 {
		return KeptCard{}, ErrCardExpiry.With("card_expiry")
	}
	if code := digitsOf(string(f.Code)); len(code) != 3 && len(code) != 4 {
		return KeptCard{}, ErrCardCode.With("card_code")
	}
	known, ok := testCards[number]
	if !ok {
		return KeptCard{}, ErrCardReal.With("card_number")
	}
	c := KeptCard{Token: s.o.IDs.New("card"), Brand: known.brand, Last4: number[len(number)-4:], Month: month, Year: year}
	return c, s.o.DB.Write(ctx, func(tx *db.Tx) error {
		tx.Queue(insertCard, c.Token, known.behaves, c.Brand, c.Last4, int64(month), int64(year), clock.Micros(s.o.Real.Now()))
		return nil
	})
}

// digitsOf drops the blanks and hyphens that people type; anything else makes it "".
func digitsOf(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case r != ' ' && r != '-' && r != '\u00a0':
			return ""
		}
	}
	return b.String()
}

// expiry reads "04/29", "4 / 2029" and "0429".
func expiry(s string) (month, year int, ok bool) {
	s = strings.Join(strings.Fields(s), "")
	m, y, cut := strings.Cut(s, "/")
	if !cut && len(s) == 4 {
		m, y = s[:2], s[2:]
	}
	month, err := strconv.Atoi(m)
	year, err2 := strconv.Atoi(y)
	if len(y) == 2 {
		year += 2000
	}
	return month, year, err == nil && err2 == nil && month >= 1 && month <= 12 && (len(y) == 2 || len(y) == 4)
}

// behaviour is the test token behind a card's token, or the test token itself.
func behaviour(tx *db.Tx, token string) (string, error) {
	if !id.Valid(token, "card") {
		return token, nil
	}
	behaves, err := db.One(tx, func(r db.Row) (s string, err error) { return s, r.Scan(&s) }, selectCard, token)
	if errors.Is(err, db.ErrNoRow) {
		return "", ErrToken.With("token")
	}
	return behaves, err
}

// GiveBack takes note of money that goes back to a card; it says nothing more about it.
func (s *Sandbox) GiveBack(ctx context.Context, b Back) error {
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		c, err := db.One(tx, scanCharge, selectCharge, b.Charge)
		if errors.Is(err, db.ErrNoRow) || err == nil && c.currency != b.Currency {
			return ErrCharge
		}
		if err != nil {
			return err
		}
		tx.Queue(insertRefund, b.Reference, b.Charge, b.Merchant, b.Amount, b.Currency, clock.Micros(s.o.Real.Now()))
		return nil
	})
}

// GivenBack is what went back to the card of a charge so far, in minor units: for tests and for whoever reconciles.
func GivenBack(tx *db.Tx, charge string) (sum int64, err error) {
	list, err := db.All(tx, func(r db.Row) (n int64, err error) { return n, r.Scan(&n) }, selectRefunds, charge)
	for _, n := range list {
		sum += n
	}
	return sum, err
}

// later is when a charge with the token that settles late does, by business time.
const later = 3 * 24 * time.Hour
