package insight

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/event"
	"billfold/base/money"
	"billfold/core/merchant"
	"billfold/core/notice"
	"billfold/core/payment"
)

// Options are what the service is built from.
type Options struct {
	DB      *db.DB
	Clock   clock.Clock // business time: which month it is
	Shops   *merchant.Service
	Notices *notice.Service
	Zone    string // of people who chose none; "" = UTC
}

// Service keeps the facts and answers about them. It is safe for concurrent use.
type Service struct {
	o     Options
	first atomic.Int64 // day of which there are sums, 0 until it was read
	codes sync.Map     // category codes of shops, by id: they never change
}

// New makes the service. Feed has to be subscribed to the outbox under the name [Subscriber].
func New(o Options) *Service {
	if o.Zone == "" {
		o.Zone = "UTC"
	}
	return &Service{o: o}
}

// Subscriber is the name under which the outbox keeps the place of Feed for ever.
const Subscriber = "insight.feed"

// Budget is what a person means to spend in a category a month.
type Budget struct {
	Category Category
	Amount   money.Amount
}

// code is a shop's category code (ISO 18245).
func (s *Service) code(tx *db.Tx, shop string) (string, error) {
	if code, ok := s.codes.Load(shop); ok {
		return code.(string), nil
	}
	found, err := s.o.Shops.GetIn(tx, merchant.ID(shop))
	if err == nil {
		s.codes.Store(shop, found.MCC)
	}
	return found.MCC, err
}

// natural is the category of a payee of whom nobody said another: what the shop's category code says, or that it went to people.
func (s *Service) natural(tx *db.Tx, payee string) (Category, error) {
	if !strings.HasPrefix(payee, "mch_") {
		return People, nil
	}
	code, err := s.code(tx, payee)
	return OfCode(code), err
}

// Feed takes in what was paid. A batch that came before adds nothing.
func (s *Service) Feed(tx *db.Tx, events []event.Event) error {
	touched := map[string]time.Time{}
	var facts []any
	for _, e := range events {
		if e.Type != "payment.completed" && e.Type != "payment.captured" {
			continue
		}
		n, err := payment.ParseNews(e)
		if err != nil {
			return err
		}
		person, other, sign := n.Payer, n.Payee, int64(1)
		if n.Kind == payment.Refund {
			person, other, sign = n.Payee, n.Payer, -1
		}
		if n.Kind != payment.Purchase && n.Kind != payment.Transfer && n.Kind != payment.Refund || !strings.HasPrefix(person, "usr_") {
			continue
		}
		amount, err := strconv.ParseInt(n.Captured, 10, 64)
		if err != nil || amount <= 0 {
			continue
		}
		category, err := s.natural(tx, other)
		if err != nil {
			return err
		}
		facts = append(facts, person, clock.Micros(e.At), string(n.Payment), other, string(category), n.Currency, sign*amount)
		touched[person] = e.At
	}
	if err := s.keep(tx, facts); err != nil {
		return err
	}
	return s.watchAll(tx, touched)
}

// watchAll looks at the budgets of those who have any: most people have none, and cost no statement of their own.
func (s *Service) watchAll(tx *db.Tx, touched map[string]time.Time) error {
	people := make([]any, 0, len(touched))
	for _, person := range slices.Sorted(maps.Keys(touched)) {
		people = append(people, person)
	}
	var careful []string
	var failed error
	db.Chunks(people, 1, func(rows int, args []any) {
		list, err := db.All(tx, scanText, selectBudgeted[rows], args...)
		careful, failed = append(careful, list...), errors.Join(failed, err)
	})
	for _, person := range careful {
		if failed == nil {
			failed = s.watch(tx, person, touched[person])
		}
	}
	return failed
}

// thresholds are at how many percent of a budget its owner is told.
var thresholds = []int64{80, 100}

// watch tells a person about budgets that the month has reached, each threshold once a month.
func (s *Service) watch(tx *db.Tx, person string, at time.Time) error {
	budgets, err := db.All(tx, scanBudget, selectBudgets, person)
	if err != nil || len(budgets) == 0 {
		return err
	}
	zone, err := s.zone(tx, person)
	if err != nil {
		return err
	}
	m := MonthOf(at, zone)
	sums, err := s.sums(tx, person, m, zone)
	if err != nil {
		return err
	}
	for _, b := range budgets {
		spent := sums[b.Amount.Currency].by[b.Category]
		for _, percent := range thresholds {
			if !reached(spent, b.Amount.Minor, percent) {
				continue
			}
			fresh, err := tx.Exec(insertAlert, person, string(b.Category), b.Amount.Currency.Code, m.String(), percent)
			if err != nil {
				return err
			}
			if fresh == 0 {
				continue
			}
			name := "budget/" + m.String() + "/" + string(b.Category) + "/" + b.Amount.Currency.Code + "/" + strconv.FormatInt(percent, 10)
			if err := s.o.Notices.Tell(tx, []notice.Notice{{ID: name + "/" + person, Owner: person,
				Template: "budget." + strconv.FormatInt(percent, 10), At: at, Data: map[string]string{"amount": b.Amount.String(),
					"kind": string(b.Category)}}}); err != nil {
				return err
			}
		}
	}
	return nil
}

// reached compares without dividing and without overflow: spent is at least so many percent of the budget.
func reached(spent, budget, percent int64) bool {
	var a, b money.Sum128
	for range 100 {
		a.Add(spent)
	}
	for range percent {
		b.Add(budget)
	}
	return a.Cmp(b) >= 0
}

// tally is what was spent in one currency.
type tally struct {
	by     map[Category]int64
	payees map[string]int64
	total  int64
}

// sums adds a month up, per currency. Sums that 64 bits cannot hold stand still at the largest number there is.
func (s *Service) sums(tx *db.Tx, person string, m Month, zone *time.Location) (map[money.Currency]tally, error) {
	from, to := m.Bounds(zone)
	facts, err := s.between(tx, person, from, to)
	if err != nil {
		return nil, err
	}
	rules, err := s.rules(tx, person)
	if err != nil {
		return nil, err
	}
	sums := map[money.Currency]tally{}
	for _, f := range facts {
		t, ok := sums[f.currency]
		if !ok {
			t = tally{by: map[Category]int64{}, payees: map[string]int64{}}
		}
		category := f.category
		if own, ok := rules[f.payee]; ok {
			category = own
		}
		t.by[category], t.payees[f.payee], t.total = plus(t.by[category], f.amount), plus(t.payees[f.payee], f.amount), plus(t.total, f.amount)
		sums[f.currency] = t
	}
	return sums, nil
}

func plus(a, b int64) int64 {
	sum, err := money.Amount{Minor: a}.Add(money.Amount{Minor: b})
	if err != nil {
		return a
	}
	return sum.Minor
}

func (s *Service) rules(tx *db.Tx, person string) (map[string]Category, error) {
	list, err := db.All(tx, scanRule, selectRules, person)
	rules := make(map[string]Category, len(list))
	for _, r := range list {
		rules[r.payee] = r.category
	}
	return rules, err
}

func (s *Service) zone(tx *db.Tx, person string) (*time.Location, error) {
	name, err := db.One(tx, scanText, selectZone, person)
	if errors.Is(err, db.ErrNoRow) {
		name, err = s.o.Zone, nil
	}
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC, nil // the zone was in an older list
	}
	return zone, nil
}

// Spent is what one category came to.
type Spent struct {
	Category Category
	Amount   money.Amount
	Budget   money.Amount // zero for none
	Percent  int64        // of the budget
}

// Paid is what one payee got.
type Paid struct {
	Payee    string
	Category Category
	Amount   money.Amount
}

// Bar is the total of one month.
type Bar struct {
	Month Month
	Total money.Amount
}

// Report is one month of one currency.
type Report struct {
	Month      Month
	Zone       string
	Currency   money.Currency
	Currencies []money.Currency // in which something was spent in these months, or budgeted
	Total      money.Amount
	Categories []Spent // largest first; budgets without spending too
	Payees     []Paid  // largest first
	Bars       []Bar   // oldest first; the last is Month
	Next       bool    // there is a later month that has begun
}

const (
	barsMost   = 6
	payeesMost = 8
)

// Report adds up a month of a person and the five before it. The zero month is the one it is now; a currency that is none is the one in
// which most payments were made.
func (s *Service) Report(ctx context.Context, person string, m Month, currency money.Currency) (Report, error) {
	return db.Read(ctx, s.o.DB, func(tx *db.Tx) (Report, error) {
		zone, err := s.zone(tx, person)
		if err != nil {
			return Report{}, err
		}
		now := MonthOf(s.o.Clock.Now(), zone)
		if m == (Month{}) || now.Before(m) {
			m = now
		}
		rep := Report{Month: m, Zone: zone.String(), Next: m.Before(now)}
		months := make([]map[money.Currency]tally, barsMost)
		seen := map[money.Currency]int{}
		for i := range months {
			if months[i], err = s.sums(tx, person, m.Add(i-barsMost+1), zone); err != nil {
				return rep, err
			}
			for c, t := range months[i] {
				seen[c] += len(t.payees)
			}
		}
		budgets, err := db.All(tx, scanBudget, selectBudgets, person)
		if err != nil {
			return rep, err
		}
		for _, b := range budgets {
			seen[b.Amount.Currency] += 0
		}
		rep.choose(seen, currency)
		for i, sums := range months {
			rep.Bars = append(rep.Bars, Bar{m.Add(i - barsMost + 1), rep.Currency.Of(sums[rep.Currency].total)})
		}
		rules, err := s.rules(tx, person)
		if err != nil {
			return rep, err
		}
		return rep, s.fill(tx, person, &rep, months[barsMost-1][rep.Currency], budgets, rules)
	})
}

// choose picks the currency that is shown, and lists those that could be.
func (r *Report) choose(seen map[money.Currency]int, wanted money.Currency) {
	for c := range seen {
		r.Currencies = append(r.Currencies, c)
	}
	sort.Slice(r.Currencies, func(i, j int) bool {
		a, b := r.Currencies[i], r.Currencies[j]
		if seen[a] != seen[b] {
			return seen[a] > seen[b]
		}
		return a.Code < b.Code
	})
	r.Currency = wanted
	if wanted.IsZero() {
		r.Currency, _ = money.Lookup("EUR")
		if len(r.Currencies) > 0 {
			r.Currency = r.Currencies[0]
		}
	}
	if !slices.Contains(r.Currencies, r.Currency) {
		r.Currencies = append(r.Currencies, r.Currency)
	}
}

func (s *Service) fill(tx *db.Tx, person string, r *Report, t tally, budgets []Budget, rules map[string]Category) error {
	r.Total = r.Currency.Of(t.total)
	limits := map[Category]int64{}
	for _, b := range budgets {
		if b.Amount.Currency == r.Currency {
			limits[b.Category] = b.Amount.Minor
		}
	}
	for _, c := range Categories {
		spent, some := t.by[c]
		if limit, set := limits[c]; some || set {
			one := Spent{Category: c, Amount: r.Currency.Of(spent), Budget: r.Currency.Of(limit)}
			if limit > 0 {
				one.Percent = percentOf(spent, limit)
			}
			r.Categories = append(r.Categories, one)
		}
	}
	sort.SliceStable(r.Categories, func(i, j int) bool { return r.Categories[i].Amount.Minor > r.Categories[j].Amount.Minor })
	for payee, amount := range t.payees {
		r.Payees = append(r.Payees, Paid{Payee: payee, Amount: r.Currency.Of(amount)})
	}
	sort.Slice(r.Payees, func(i, j int) bool {
		a, b := r.Payees[i], r.Payees[j]
		if a.Amount.Minor != b.Amount.Minor {
			return a.Amount.Minor > b.Amount.Minor
		}
		return a.Payee < b.Payee
	})
	r.Payees = r.Payees[:min(len(r.Payees), payeesMost)]
	for i := range r.Payees {
		p := &r.Payees[i]
		if own, ok := rules[p.Payee]; ok {
			p.Category = own
			continue
		}
		first, err := db.One(tx, scanFact, selectPaid, person, p.Payee)
		if err != nil {
			return err
		}
		p.Category = first.category
	}
	return nil
}

// percentOf is spent in percent of a limit, rounded down, at most 999.
func percentOf(spent, limit int64) int64 {
	part, _, err := money.Amount{Minor: max(spent, 0)}.Mul(100, limit, money.Down)
	if err != nil {
		return 999
	}
	return min(part.Minor, 999)
}

// SetBudget sets what a person means to spend in a category a month; an amount of zero takes the budget away. Faults: category_unknown,
// amount_not_positive.
func (s *Service) SetBudget(ctx context.Context, person string, b Budget) error {
	if !Known(b.Category) {
		return ErrCategory.With("category")
	}
	if b.Amount.Minor < 0 {
		return money.ErrAmountNotPositive
	}
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		if b.Amount.IsZero() {
			tx.Queue(deleteBudget, person, string(b.Category), b.Amount.Currency.Code)
			return nil
		}
		if _, err := tx.Exec(upsertBudget, person, string(b.Category), b.Amount.Currency.Code, b.Amount.Minor); err != nil {
			return err
		}
		return s.watch(tx, person, s.o.Clock.Now())
	})
}

// Remember files everything a person pays to a payee under a category, from the first payment on. Faults: category_unknown,
// payee_never_paid.
func (s *Service) Remember(ctx context.Context, person, payee string, c Category) error {
	if !Known(c) {
		return ErrCategory.With("category")
	}
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		if _, err := db.One(tx, scanFact, selectPaid, person, payee); errors.Is(err, db.ErrNoRow) {
			return ErrPayee.With("payee")
		} else if err != nil {
			return err
		}
		tx.Queue(upsertRule, person, payee, string(c))
		return nil
	})
}

// CategoryOf says what a person files their payments to a payee under: their own choice, else what the shop's category code says, else
// that it went to people.
func (s *Service) CategoryOf(ctx context.Context, person, payee string) (Category, error) {
	return db.Read(ctx, s.o.DB, func(tx *db.Tx) (Category, error) {
		own, err := db.One(tx, scanRule, selectRule, person, payee)
		if !errors.Is(err, db.ErrNoRow) {
			return own.category, err
		}
		return s.natural(tx, payee)
	})
}

// SetZone chooses the time zone that a person's months are cut by. Faults: time_zone.
func (s *Service) SetZone(ctx context.Context, person, zone string) error {
	if _, err := time.LoadLocation(zone); err != nil || zone == "" || zone == "Local" {
		return ErrZone.With("zone")
	}
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		tx.Queue(upsertZone, person, zone)
		return nil
	})
}
