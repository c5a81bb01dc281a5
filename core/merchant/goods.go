package merchant

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/money"
)

// ItemID names something that a shop sells at its tills: itm_ and 26 characters.
type ItemID string

// Item is one of them: what it is called, and what one costs.
type Item struct {
	ID        ItemID
	Shop      ID
	Name      string
	Price     money.Amount
	CreatedAt time.Time
}

// Counter is how a shop's tills ask: which tips they offer, and whether bills are numbered by themselves.
type Counter struct {
	Tips     []int64 // percentages, 1 to 50; none: no tip is asked for unless OwnTip is set
	OwnTip   bool    // the payer names a tip of their own
	Numbered bool    // each sale gets the next number
	Prefix   string  // stands before the number: "A-" makes "A-17"
	bill     int64   // the last number that was given out
}

const (
	maxItems   = 500 // of one shop
	maxTips    = 4
	highestTip = 50 // percent
	maxPrefix  = 12
)

// Items lists what a shop sells at its tills, in the order in which it was added.
func (s *Service) Items(ctx context.Context, shop ID) ([]Item, error) {
	return db.Read(ctx, s.o.DB, func(tx *db.Tx) ([]Item, error) { return db.All(tx, scanItem, selectItems, string(shop)) })
}

func (s *Service) checkItem(ctx context.Context, shop ID, name string, price money.Amount) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" || len(name) > maxName || !shown(name) {
		return "", ErrItem.With("name")
	}
	if err := price.Positive(); err != nil {
		return "", err
	}
	found, err := s.Get(ctx, shop)
	if err == nil && !found.Takes(price.Currency) {
		err = ErrCurrency.With("currency")
	}
	return name, err
}

// AddItem puts something on the list. Faults: till_item, amount_not_positive, merchant_currency, too_many_places.
func (s *Service) AddItem(ctx context.Context, shop ID, name string, price money.Amount) (Item, error) {
	name, err := s.checkItem(ctx, shop, name, price)
	if err != nil {
		return Item{}, err
	}
	i := Item{ID: ItemID(s.o.IDs.New("itm")), Shop: shop, Name: name, Price: price, CreatedAt: s.o.Clock.Now()}
	return i, s.o.DB.Write(ctx, func(tx *db.Tx) error {
		if err := s.roomFor(tx, countItems, shop, maxItems); err != nil {
			return err
		}
		_, err := tx.Exec(insertItem, string(i.ID), string(shop), name, price.Currency.Code, price.Minor, clock.Micros(i.CreatedAt))
		return err
	})
}

// SetItem changes what something is called or costs, for sales from now on. Faults: those of AddItem, merchant_not_found for what is not
// the shop's.
func (s *Service) SetItem(ctx context.Context, shop ID, item ItemID, name string, price money.Amount) error {
	name, err := s.checkItem(ctx, shop, name, price)
	if err != nil {
		return err
	}
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(updateItem, string(item), string(shop), name, price.Currency.Code, price.Minor)
		if err != nil || n == 0 {
			return orNot(err, ErrNotFound)
		}
		return nil
	})
}

// EndItem takes something off the list; what was sold of it stays sold.
func (s *Service) EndItem(ctx context.Context, shop ID, item ItemID) error {
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(endItem, string(item), string(shop), clock.Micros(s.o.Clock.Now()))
		if err != nil || n == 0 {
			return orNot(err, ErrNotFound)
		}
		return nil
	})
}

// CounterOf is how a shop's tills ask; a shop that never said so asks for nothing and numbers nothing.
func (s *Service) CounterOf(ctx context.Context, shop ID) (Counter, error) {
	return db.Read(ctx, s.o.DB, func(tx *db.Tx) (Counter, error) { return counterIn(tx, shop, "") })
}

func counterIn(tx *db.Tx, shop ID, lock string) (Counter, error) {
	c, err := db.One(tx, scanCounter, selectCounter+lock, string(shop))
	if errors.Is(err, db.ErrNoRow) {
		return Counter{}, nil
	}
	return c, err
}

// SetCounter says how a shop's tills ask. The numbers of bills go on where they were. till_rules with "tips" or "prefix" where that
// cannot be.
func (s *Service) SetCounter(ctx context.Context, shop ID, c Counter) error {
	tips := slices.Compact(slices.Sorted(slices.Values(c.Tips)))
	words := make([]string, len(tips))
	for i, tip := range tips {
		if tip < 1 || tip > highestTip {
			return ErrCounter.With("tips")
		}
		words[i] = strconv.FormatInt(tip, 10)
	}
	c.Prefix = strings.TrimSpace(c.Prefix)
	plain := !strings.ContainsFunc(c.Prefix, func(r rune) bool { return r <= 0x20 || r > 0x7E }) // as payment codes carry it
	switch {
	case len(tips) > maxTips:
		return ErrCounter.With("tips")
	case len(c.Prefix) > maxPrefix || !plain || c.Prefix == "***": // that would ask the payer for the number (MPM 4.8.1)
		return ErrCounter.With("prefix")
	}
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(upsertCounter, string(shop), strings.Join(words, " "), c.OwnTip, c.Numbered, c.Prefix)
		return err
	})
}

// NextBill gives out the next number of a shop that numbers its bills, "" for any other. No number is given out twice; one whose sale
// does not come about is not used again.
func (s *Service) NextBill(ctx context.Context, shop ID) (string, error) {
	return db.Write(ctx, s.o.DB, func(tx *db.Tx) (string, error) {
		c, err := counterIn(tx, shop, tx.ForUpdate())
		if err != nil || !c.Numbered {
			return "", err
		}
		_, err = tx.Exec(updateBill, string(shop), c.bill+1)
		return c.Prefix + strconv.FormatInt(c.bill+1, 10), err
	})
}
