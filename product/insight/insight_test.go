package insight

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/event"
	"billfold/base/id"
	"billfold/base/job"
	"billfold/base/money"
	"billfold/base/seal"
	"billfold/core/identity"
	"billfold/core/ledger"
	"billfold/core/merchant"
	"billfold/core/notice"
	"billfold/core/payment"
	"billfold/test/harness"
)

var eur, _ = money.Lookup("EUR")

type world struct {
	*Service
	t     *testing.T
	d     *db.DB
	clock *clock.Sandbox
	ids   *id.Minter
	shop  merchant.Shop
	lena  string
	n     int
}

func engines(t *testing.T, body func(w *world)) {
	harness.Engines(t, func(t *testing.T, d *db.DB) {
		w := &world{t: t, d: d, clock: harness.Clock()}
		w.build(harness.Keyring(t))
		body(w)
	}, event.Schema, job.Schema, ledger.Schema, identity.Schema, notice.Schema, merchant.Schema, Schema)
}

func (w *world) build(keys *seal.Keyring) {
	w.t.Helper()
	w.ids = id.NewMinter(w.clock.Now)
	log := harness.Logger(w.t)
	books := ledger.New(ledger.Options{Clock: w.clock, Real: w.clock, Keys: keys, IDs: w.ids})
	queue := job.New(job.Options{DB: w.d, IDs: w.ids, Clock: w.clock, Real: w.clock, Log: log})
	people, err := identity.New(identity.Options{DB: w.d, Clock: w.clock, Real: w.clock, Keys: keys, IDs: w.ids,
		Send: func(*db.Tx, identity.Mail) error { return nil }})
	if err != nil {
		w.t.Fatal(err)
	}
	shops := merchant.New(merchant.Options{DB: w.d, Clock: w.clock, Real: w.clock, IDs: w.ids, Ledger: books, People: people, Keys: keys})
	notices, err := notice.New(notice.Options{DB: w.d, Real: w.clock, Keys: keys, IDs: w.ids, Jobs: queue, Sender: notice.Sandbox{},
		From: "Billfold <no-reply@billfold.example>", Origin: "https://billfold.example"})
	if err != nil {
		w.t.Fatal(err)
	}
	made, err := people.Create(w.t.Context(), []identity.NewPerson{{Name: "Lena Hoffmann", Handle: "lena"}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.lena = string(made[0].ID)
	if w.shop, err = shops.Register(w.t.Context(), merchant.Draft{Owner: made[0].ID, Name: "Market", Handle: "market", MCC: "5411",
		Country: "DE", Currencies: []string{"EUR"}}); err != nil {
		w.t.Fatal(err)
	}
	w.Service = New(Options{DB: w.d, Clock: w.clock, Shops: shops, Notices: notices})
}

// spend tells of a payment at a moment, twice: a batch may come again.
func (w *world) spend(at time.Time, kind payment.Kind, other string, minor int64) {
	w.t.Helper()
	w.n++
	n := payment.News{Payment: payment.ID(w.ids.New("pay")), Kind: kind, State: payment.Completed, Payer: w.lena, Payee: other, Amount: "1",
		Currency: "EUR", Scale: 2, Captured: strconv.FormatInt(minor, 10)}
	if kind == payment.Refund {
		n.Payer, n.Payee = other, w.lena
	}
	data, err := json.Marshal(n)
	if err != nil {
		w.t.Fatal(err)
	}
	e := event.Event{ID: fmt.Sprintf("evt_%d", w.n), Type: "payment.completed", Object: string(n.Payment), At: at, Data: data}
	for range 2 {
		if err := w.d.Write(w.t.Context(), func(tx *db.Tx) error { return w.Feed(tx, []event.Event{e}) }); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) report(m Month) Report {
	w.t.Helper()
	r, err := w.Report(w.t.Context(), w.lena, m, eur)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) titles() (list []string) {
	w.t.Helper()
	told, _, err := w.o.Notices.Notices(w.t.Context(), w.lena, "", 50)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, n := range told {
		list = append(list, n.Template)
	}
	return list
}

// TestSpending: each payment once, what came back against it, by the code's category until the person says otherwise.
func TestSpending(t *testing.T) {
	engines(t, func(w *world) {
		now := w.clock.Now()
		w.spend(now, payment.Purchase, string(w.shop.ID), 5000)
		w.spend(now, payment.Refund, string(w.shop.ID), 1000)
		w.spend(now, payment.Transfer, "usr_other", 700)
		w.spend(now, payment.TopUp, w.lena, 9999) // no spending
		r := w.report(Month{})
		if r.Total.Minor != 4700 || len(r.Categories) != 2 || r.Categories[0].Category != Groceries || r.Categories[0].Amount.Minor != 4000 ||
			r.Categories[1].Category != People || r.Payees[0].Payee != string(w.shop.ID) || len(r.Bars) != 6 || r.Bars[5].Total.Minor != 4700 {
			t.Errorf("%+v", r)
		}
		if err := w.Remember(t.Context(), w.lena, string(w.shop.ID), EatingOut); err != nil {
			t.Fatal(err)
		}
		w.spend(now.Add(time.Minute), payment.Purchase, string(w.shop.ID), 100)
		if r = w.report(Month{}); r.Categories[0].Category != EatingOut || r.Categories[0].Amount.Minor != 4100 ||
			r.Payees[0].Category != EatingOut {
			t.Errorf("remembered: %+v", r.Categories)
		}
		if err := w.Remember(t.Context(), w.lena, "mch_never", EatingOut); !errors.Is(err, ErrPayee) {
			t.Errorf("somebody never paid: %v", err)
		}
		if err := w.Remember(t.Context(), w.lena, string(w.shop.ID), "nonsense"); !errors.Is(err, ErrCategory) {
			t.Errorf("no category: %v", err)
		}
	})
}

// TestBudget: told once at 80 % and once at 100 %, again in the next month, also when the budget comes after the spending.
func TestBudget(t *testing.T) {
	engines(t, func(w *world) {
		now := w.clock.Now()
		if err := w.SetBudget(t.Context(), w.lena, Budget{Groceries, eur.Of(1000)}); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			minor int64
			told  int
		}{{799, 0}, {1, 1}, {100, 1}, {100, 2}, {5000, 2}} {
			w.spend(now, payment.Purchase, string(w.shop.ID), c.minor)
			if got := w.titles(); len(got) != c.told {
				t.Errorf("after %d more: %v", c.minor, got)
			}
		}
		if r := w.report(Month{}); r.Categories[0].Percent != 600 || r.Categories[0].Budget.Minor != 1000 {
			t.Errorf("%+v", r.Categories)
		}
		w.spend(now.AddDate(0, 1, 0), payment.Purchase, string(w.shop.ID), 1000)
		if got := w.titles(); len(got) != 4 {
			t.Errorf("in the next month: %v", got)
		}
		if err := w.SetBudget(t.Context(), w.lena, Budget{Groceries, eur.Of(0)}); err != nil {
			t.Fatal(err)
		}
		if r := w.report(Month{}); r.Categories[0].Budget.Minor != 0 {
			t.Errorf("taken away: %+v", r.Categories)
		}
	})
}

// TestMonths: a month ends at midnight where the person is: month's end, 29 February, a clock that is turned, midnight that is not there.
func TestMonths(t *testing.T) {
	zone := func(name string) *time.Location {
		z, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		return z
	}
	for _, c := range []struct{ zone, month, from, to string }{
		{"UTC", "2028-02", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"},
		{"Asia/Shanghai", "2026-11", "2026-10-31T16:00:00Z", "2026-11-30T16:00:00Z"},
		{"Europe/Berlin", "2026-03", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"},
		{"Europe/Berlin", "2026-10", "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z"},
		{"America/Asuncion", "2017-10", "2017-10-01T04:00:00Z", "2017-11-01T03:00:00Z"},
		{"Pacific/Apia", "2011-12", "2011-12-01T10:00:00Z", "2011-12-31T10:00:00Z"}, // a month without its 30th
	} {
		m, ok := ParseMonth(c.month)
		from, to := m.Bounds(zone(c.zone))
		if !ok || from.UTC().Format(time.RFC3339) != c.from || to.UTC().Format(time.RFC3339) != c.to || m.String() != c.month {
			t.Errorf("%s in %s is from %s to %s", c.month, c.zone, from.UTC(), to.UTC())
		}
		if MonthOf(from, zone(c.zone)) != m || MonthOf(from.Add(-1), zone(c.zone)) != m.Add(-1) || MonthOf(to, zone(c.zone)) != m.Add(1) {
			t.Errorf("%s in %s does not begin and end with itself", c.month, c.zone)
		}
	}
	engines(t, func(w *world) {
		late := time.Date(2028, 2, 29, 23, 30, 0, 0, time.UTC) // March has begun in Berlin
		if err := w.clock.Advance(late.Add(time.Hour).Sub(w.clock.Now())); err != nil {
			t.Fatal(err)
		}
		w.spend(late, payment.Purchase, string(w.shop.ID), 100)
		february, march := Month{2028, time.February}, Month{2028, time.March}
		if w.report(february).Total.Minor != 100 || w.report(march).Total.Minor != 0 {
			t.Error("29 February in UTC")
		}
		if err := w.SetZone(t.Context(), w.lena, "Europe/Berlin"); err != nil {
			t.Fatal(err)
		}
		if w.report(february).Total.Minor != 0 || w.report(march).Total.Minor != 100 {
			t.Error("1 March in Berlin")
		}
		if err := w.SetZone(t.Context(), w.lena, "Mars/Olympus"); !errors.Is(err, ErrZone) {
			t.Errorf("a zone that is none: %v", err)
		}
	})
}

func TestOfCode(t *testing.T) {
	for code, want := range map[string]Category{"5411": Groceries, "5814": EatingOut, "3008": Travel, "4112": Transport, "4900": Home,
		"5541": Transport, "8062": Health, "7832": Leisure, "9311": Public, "0000": Other, "": Other, "x": Other, "54110": Other,
		"5651": Shopping} {
		if got := OfCode(code); got != want {
			t.Errorf("%s is %s, want %s", code, got, want)
		}
	}
	for i, r := range ranges {
		if r.from > r.to || !Known(r.is) {
			t.Errorf("range %d: %+v", i, r)
		}
	}
}
