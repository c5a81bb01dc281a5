package payment

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/fault"
	"billfold/core/identity"
	"billfold/core/identity/ecml"
	"billfold/core/merchant"
)

// ContactField is one that a shop asks the payer of a checkout for, by its name in RFC 4112. One that is not required is handed over only
// where the payer fills it in.
type ContactField struct {
	Name     string
	Required bool
}

// Handed is what the payer of a checkout handed to its shop.
type Handed struct {
	Payment ID
	Fields  map[string]string // by the names of RFC 4112; nil once the person it is about was erased
	At      time.Time
}

// handedMost is how many of their latest handovers a person is shown.
const handedMost = 100

// encodeAsks writes down what is asked for, "ShipTo_Postal_City!" for a required field; contact_fields for a name that is none or stands
// twice.
func encodeAsks(list []ContactField) (string, error) {
	words, seen := make([]string, len(list)), make(map[string]bool, len(list))
	for i, f := range list {
		if _, _, ok := ecml.Split(f.Name); !ok || seen[f.Name] {
			return "", ErrContactFields.With("contact_fields")
		}
		seen[f.Name] = true
		words[i] = strings.TrimPrefix(f.Name, "Ecom_")
		if f.Required {
			words[i] += "!"
		}
	}
	return strings.Join(words, " "), nil
}

func decodeAsks(asks string) (list []ContactField) {
	for word := range strings.FieldsSeq(asks) {
		name, required := strings.CutSuffix(word, "!")
		list = append(list, ContactField{"Ecom_" + name, required})
	}
	return list
}

// chosen is what goes to the shop: of what was filled in exactly what it asked for, and nothing that was left empty.
func chosen(asks string, given map[string]string) (map[string]string, error) {
	out := map[string]string{}
	for _, f := range decodeAsks(asks) {
		_, part, _ := ecml.Split(f.Name)
		value, ok := part.Clean(given[f.Name])
		switch {
		case !ok:
			return nil, identity.ErrContactValue.With("contact." + f.Name)
		case value == "" && f.Required:
			return nil, ErrContactRequired.With("contact." + f.Name)
		case value != "":
			out[f.Name] = value
		}
	}
	return out, nil
}

func handoverRow(payment ID) string { return "payment_handover.given/" + string(payment) }

// sealChosen checks and seals what is handed over, before the transaction: with the key of the person it is about, so that it goes with
// them, or with the shop's where a guest has none. nil when nothing is.
func (s *Service) sealChosen(payment ID, owner, asks string, given map[string]string) ([]byte, error) {
	if asks == "" {
		return nil, nil
	}
	fields, err := chosen(asks, given)
	if err != nil || len(fields) == 0 {
		return nil, err
	}
	plain, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	return s.Keys.Seal(owner, handoverRow(payment), plain)
}

// handOver keeps what was sealed in the transaction that pays. What another way to pay left is not the payer's: it goes.
func (s *Service) handOver(tx *db.Tx, payment ID, owner, asks string, sealed []byte) {
	switch {
	case sealed != nil:
		tx.Queue(upsertHandover, string(payment), owner, sealed, micros(s.Clock.Now()))
	case asks != "":
		tx.Queue(deleteHandover, string(payment))
	}
}

// HandedOver is what was handed over with a payment: to its payer, and to its shop once it is paid or the money is held. Nobody else is
// told whether there is anything (not_found).
func (s *Service) HandedOver(ctx context.Context, c Caller, p Payment) (Handed, error) {
	ofShop := c.Shop != "" && string(c.Shop) == p.Payee
	if !ofShop && (c.Person == "" || string(c.Person) != p.Payer) || p.Kind != Purchase {
		return Handed{}, fault.ErrNotFound
	}
	if ofShop && p.Captured == 0 && p.State != Authorized {
		return Handed{}, nil
	}
	list, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]handedRow, error) {
		return db.All(tx, scanHandover, selectHandover, string(p.ID))
	})
	if err != nil || len(list) == 0 {
		return Handed{}, err
	}
	return s.openHandover(list[0])
}

// HandoversOf lists what a person handed to shops, the latest first, at most a hundred.
func (s *Service) HandoversOf(ctx context.Context, person identity.PersonID) ([]Handed, error) {
	rows, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]handedRow, error) {
		return db.All(tx, scanHandover, selectHandovers, string(person), handedMost)
	})
	list := make([]Handed, len(rows))
	for i, row := range rows {
		if err == nil {
			list[i], err = s.openHandover(row)
		}
	}
	return list, err
}

func (s *Service) openHandover(row handedRow) (Handed, error) {
	h := Handed{Payment: ID(row.payment), At: clock.FromMicros(row.at)}
	plain, err := s.open(row.owner, handoverRow(h.Payment), row.given)
	if err != nil || plain == "" {
		return h, err
	}
	return h, json.Unmarshal([]byte(plain), &h.Fields)
}

// AsksContact says whether a payment's checkout asks its payer for something to hand over, so that it is paid on the checkout's page.
func (s *Service) AsksContact(ctx context.Context, p Payment) (bool, error) {
	if p.Kind != Purchase || p.Creator != p.Payee {
		return false, nil
	}
	list, err := s.checkoutRows(ctx, p.ID)
	return len(list) > 0 && list[0].asks != "", err
}

// checkoutRows is the session of a payment, if it has one.
func (s *Service) checkoutRows(ctx context.Context, payment ID) ([]checkoutRow, error) {
	return db.Read(ctx, s.DB, func(tx *db.Tx) ([]checkoutRow, error) {
		return db.All(tx, scanCheckout, selectCheckout, string(CheckoutOf(payment)))
	})
}

// handedTo is what a shop was handed in a session of its own.
func (s *Service) handedTo(ctx context.Context, shop merchant.ID, k *Checkout) error {
	if len(k.Contact) == 0 || k.Shop != shop {
		return nil
	}
	handed, err := s.HandedOver(ctx, Caller{Shop: shop}, k.Payment)
	k.Given = handed.Fields
	return err
}
