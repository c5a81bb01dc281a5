package bench

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"billfold/app"
	"billfold/app/demo"
	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/id"
	"billfold/base/money"
	"billfold/base/once"
	"billfold/core/identity"
	"billfold/core/ledger"
	"billfold/core/merchant"
	"billfold/core/payment"
)

// townDays is over how many days the payments of a town are spread, beside the demo's ninety.
const townDays = 30

// town is the demo's world grown large: its people and shops, many times as many payments, one person with very many, and as many
// others as there would be with that many payments.
type town struct {
	*world
	people map[string]identity.PersonID // the demo's, by handle
	shops  map[string]merchant.ID
	oldest payment.Payment // of the person with very many payments
	made   int             // payments
}

// inTown opens a sandbox with the demo's history, has something measured in it, closes it and verifies its books.
func inTown(ctx context.Context, c *common, measure func(*town) error) (verified bool, err error) {
	t, err := openTown(ctx, c)
	if err != nil {
		return false, err
	}
	if err := errors.Join(measure(t), t.close(ctx)); err != nil {
		return false, err
	}
	return t.verify(ctx, c)
}

// openTown opens a sandbox with the demo's history, which a bench then makes larger.
func openTown(ctx context.Context, c *common) (*town, error) {
	w, err := openAs(ctx, c, func(o *app.Config) { o.Mode, o.Wait, o.Rate, o.Guests = app.Sandbox, 30_000, 1_000_000, 1_000_000 })
	if err != nil {
		return nil, err
	}
	t := &town{world: w, people: map[string]identity.PersonID{}, shops: map[string]merchant.ID{}}
	err = w.DB.Read(ctx, func(tx *db.Tx) error {
		for _, p := range demo.People {
			known, err := w.People.ByHandle(tx, p.Handle)
			if err != nil {
				return err
			}
			t.people[p.Handle] = known.ID
		}
		return nil
	})
	for _, s := range demo.Shops {
		if err != nil {
			break
		}
		var shop merchant.Shop
		shop, err = w.Shops.ByHandle(ctx, s.Handle)
		t.shops[s.Handle] = shop.ID
	}
	if err != nil {
		return nil, errors.Join(err, w.close(ctx))
	}
	return t, nil
}

// restart closes the server and opens it again on the same database.
func (t *town) restart(ctx context.Context, c *common) error {
	if err := t.close(ctx); err != nil {
		return err
	}
	again := *c
	again.data = t.data
	next, err := openTown(ctx, &again)
	if err != nil {
		return err
	}
	next.temp = t.temp
	t.world = next.world
	return nil
}

// grow repeats the demo's purchases and transfers so many times, brings the holder's payments to `many`, opens as many more people and
// shops, and posts entries between accounts of the bench's own.
func (t *town) grow(ctx context.Context, inFlight, times, many, entries int) error {
	if err := t.strangers(ctx, times); err != nil {
		return err
	}
	acts := demo.Acts(demo.Plan(t.Config.Seed, 90))
	var list []demo.Act
	mine := 0
	for range times - 1 {
		for _, a := range acts {
			if a.Deed == demo.Buy || a.Deed == demo.Send {
				list = append(list, a)
				if a.Who == demo.Holder {
					mine++
				}
			}
		}
	}
	if more := many - mine; more > 0 {
		list = spread(list, more)
	}
	t.made = len(list)
	if err := t.endow(ctx, list); err != nil {
		return err
	}
	for day := range townDays {
		if err := t.live(ctx, inFlight, list[len(list)*day/townDays:len(list)*(day+1)/townDays]); err != nil {
			return err
		}
		if err := t.nextDay(ctx); err != nil {
			return err
		}
	}
	if err := t.told(ctx); err != nil {
		return err
	}
	if err := t.post(ctx, entries); err != nil {
		return err
	}
	return t.lookBack(ctx)
}

// lookBack finds the oldest payment of the person with very many: what is farthest back in every list. It may be of an earlier run in the
// same folder.
func (t *town) lookBack(ctx context.Context) error {
	lena, shop := t.caller(demo.Holder), string(t.shops[demo.Till])
	for cursor, more := "", true; more; {
		page, err := t.Payments.Activity(ctx, lena, lena.Owner(), payment.ActivityFilter{}, cursor, 100)
		if err != nil {
			return err
		}
		for _, item := range page.Items {
			if item.Payment.Payee == shop && item.Payment.Kind == payment.Purchase {
				t.oldest = item.Payment
			}
		}
		cursor, more = page.Next, page.Next != ""
	}
	return nil
}

// spread puts so many purchases of the holder evenly between the acts.
func spread(list []demo.Act, more int) []demo.Act {
	out := make([]demo.Act, 0, len(list)+more)
	for i := range more {
		out = append(out, list[len(list)*i/more:len(list)*(i+1)/more]...)
		out = append(out, demo.Act{Deed: demo.Buy, Who: demo.Holder, Whom: demo.Till, Currency: "EUR", Minor: 100 + int64(i%5000),
			Words: "number " + strconv.Itoa(i) + " " + goods[i%len(goods)]})
	}
	return out
}

// goods are what the holder buys, so that a search has something to tell apart.
var goods = []string{"cappuccino", "flat white and croissant", "breakfast", "lunch menu", "two slices of cake", "beans", "brunch"}

// strangers opens as many people and shops again as the demo has, so many times. Without them an operator's lists would be short.
func (t *town) strangers(ctx context.Context, times int) error {
	run := id.Secret(5)
	var list []identity.NewPerson
	for i := range (times - 1) * len(demo.People) {
		list = append(list, identity.NewPerson{Name: "Neighbour " + strconv.Itoa(i), Handle: "n" + run + "_" + strconv.Itoa(i),
			Email: "n" + run + "." + strconv.Itoa(i) + "@example.org"})
	}
	people, err := t.People.Create(ctx, list)
	if err != nil {
		return err
	}
	for i := range (times - 1) * len(demo.Shops) {
		_, err := t.Shops.Register(ctx, merchant.Draft{Owner: people[i].ID, Name: "Corner shop " + strconv.Itoa(i), MCC: "5411", Country: "DE",
			Handle: "c" + run + "_" + strconv.Itoa(i), Currencies: []string{"EUR"}})
		if err != nil {
			return err
		}
	}
	return nil
}

// endow gives everybody who pays enough for all of it.
func (t *town) endow(ctx context.Context, list []demo.Act) error {
	need := map[[2]string]int64{}
	for _, a := range list {
		need[[2]string{a.Who, a.Currency}] += a.Minor
	}
	return t.DB.Write(ctx, func(tx *db.Tx) error {
		for who, sum := range need {
			c, err := money.ParseCurrency(who[1])
			if err != nil {
				return err
			}
			source, err := t.Ledger.Open(tx, ledger.Spec{Address: "bench/float/" + c.Code, Currency: c, Limit: ledger.Unlimited, Busy: true})
			if err != nil {
				return err
			}
			wallet, err := t.Payments.OpenWallet(tx, t.people[who[0]], c)
			if err != nil {
				return err
			}
			leg := ledger.Leg{Debit: source.ID, Credit: wallet, Amount: 2*sum + 10_000_00}
			if _, err := t.Ledger.Post(tx, ledger.Entry{Kind: "bench.fund", Legs: []ledger.Leg{leg}}); err != nil {
				return err
			}
		}
		return nil
	})
}

// live has everybody do what a day brings, as many at once as there are callers.
func (t *town) live(ctx context.Context, inFlight int, list []demo.Act) error {
	return together(inFlight, len(list), func(i int) error {
		_, err := t.pay(ctx, list[i])
		return err
	})
}

func (t *town) pay(ctx context.Context, a demo.Act) (payment.Payment, error) {
	c, err := money.ParseCurrency(a.Currency)
	if err != nil {
		return payment.Payment{}, err
	}
	payee := string(t.shops[a.Whom])
	if payee == "" {
		payee = string(t.people[a.Whom])
	}
	call := once.Call{Key: id.Secret(12)}
	return patient(ctx, func() (payment.Payment, error) {
		return t.Payments.Create(ctx, t.caller(a.Who), payment.Terms{Payee: payee, Amount: c.Of(a.Minor), Description: a.Words}, true, call)
	})
}

// patient asks again where it was told to, with the same key: a machine that stands still for a moment must not end the making of a world
// that takes many minutes.
func patient[T any](ctx context.Context, do func() (T, error)) (out T, err error) {
	for range 100 {
		out, err = do()
		if f, ok := fault.As(err); !ok || !f.Retryable && !errors.Is(err, fault.ErrOutcomeUnknown) {
			return out, err
		}
		if err := clock.Wait(ctx, time.Second); err != nil {
			return out, err
		}
	}
	return out, err
}

func (t *town) caller(handle string) payment.Caller {
	return payment.Caller{Person: t.people[handle], AuthenticatedAt: t.Real.Now()}
}

// nextDay moves the sandbox's clock.
func (t *town) nextDay(ctx context.Context) error {
	_, err := patient(ctx, func() (time.Time, error) { return t.AdvanceClock(ctx, 24*time.Hour) })
	return err
}

// told pays once more, and waits until both sides were told of it, and so of everything before.
func (t *town) told(ctx context.Context) error {
	last, err := t.pay(ctx, demo.Act{Who: demo.Holder, Whom: demo.Till, Currency: "EUR", Minor: 380, Words: "Cappuccino"})
	for err == nil {
		var steps []payment.Step
		steps, err = patient(ctx, func() ([]payment.Step, error) { return t.Payments.Timeline(ctx, t.caller(demo.Holder), last.ID) })
		if slices.ContainsFunc(steps, func(s payment.Step) bool { return s.Name == payment.StepConfirmPayee }) {
			break
		}
		if err == nil {
			err = clock.Wait(ctx, 10*time.Millisecond)
		}
	}
	return err
}

// post posts transfers between accounts that belong to nobody here.
func (t *town) post(ctx context.Context, entries int) error {
	if entries == 0 {
		return nil
	}
	l := &transferLoad{world: t.world, accounts: 10_000, batch: ledger.MaxBatch, entries: entries}
	return l.prepare(ctx)
}

// enter signs one of the demo's people in.
func (t *town) enter(ctx context.Context, handle string) (*visitor, error) {
	token, err := t.People.Enter(ctx, t.people[handle], identity.Visit{Agent: "bench"})
	return t.visitor("bf_session=" + token), err
}

// counter opens a till of a shop, and signs somebody in at its device.
func (w *world) counter(ctx context.Context, shop merchant.ID, name string) (*visitor, error) {
	store, err := w.Shops.AddStore(ctx, shop, "Store of "+name, "Berlin")
	if err != nil {
		return nil, err
	}
	_, code, err := w.Shops.AddTill(ctx, shop, store.ID, name)
	if err != nil {
		return nil, err
	}
	_, device, err := w.Shops.Pair(ctx, code)
	if err != nil {
		return nil, err
	}
	clerk, err := w.Shops.AddStaff(ctx, shop, "Clerk "+name, "4071", nil)
	if err != nil {
		return nil, err
	}
	shift, err := w.Shops.SignIn(ctx, device, clerk.ID, "4071")
	return w.visitor("bf_till=" + device + "; bf_shift=" + shift), err
}

// things are what is still to be done, so that the pages about it have something to show.
func (t *town) things(ctx context.Context) (paths []string, err error) {
	euro, _ := money.Lookup("EUR")
	call := func() once.Call { return once.Call{Key: id.Secret(12)} }
	lena, shop := t.caller(demo.Holder), payment.Caller{Shop: t.shops[demo.Till]}
	if err := t.Payments.SetNote(ctx, lena, t.oldest.ID, "Noted down"); err != nil {
		return nil, err
	}
	wait, err := t.Payments.Create(ctx, lena, payment.Terms{Payee: string(shop.Shop), Amount: euro.Of(4_20)}, false, call())
	if err != nil {
		return nil, err
	}
	gift, err := t.Payments.Create(ctx, lena, payment.Terms{Amount: euro.Of(5_00), Capture: payment.ByLink}, true, call())
	if err != nil {
		return nil, err
	}
	link, err := t.Payments.LinkTo(ctx, lena, gift.ID)
	if err != nil {
		return nil, err
	}
	asked, err := t.Payments.Ask(ctx, lena, payment.AskTerms{Split: true, Mode: payment.Even, Total: euro.Of(30_00), Own: 1,
		Shares: []payment.ShareTerms{{Person: "ana_garcia", Part: 1}, {Person: "bo_lindqvist", Part: 1}}, Note: "Dinner"}, call())
	if err != nil {
		return nil, err
	}
	checkout, err := t.Payments.CreateCheckout(ctx, shop, payment.CheckoutTerms{ReturnURL: "https://shop.example/",
		Terms: payment.Terms{Amount: euro.Of(7_50), Description: "Brunch"}}, call())
	if err != nil {
		return nil, err
	}
	if _, err := t.Cases.Ask(ctx, lena.Person, string(gift.ID), "Where is it now?"); err != nil {
		return nil, err
	}
	sold, err := t.Payments.CreatePayLink(ctx, shop, payment.PayLink{Amount: euro.Of(12_00), Title: "Voucher"}, call())
	if err != nil {
		return nil, err
	}
	return []string{"/l/" + string(sold.ID), "/confirm/" + string(wait.ID), link.Path(), "/r/" + string(asked.ID), "/c/" + string(checkout.ID),
		"/activity/" + string(gift.ID), "/u/" + demo.Till}, nil
}

// sale is the session behind the code on a till's screen.
func (t *town) sale(ctx context.Context) (payment.CheckoutID, error) {
	euro, _ := money.Lookup("EUR")
	k, err := t.Payments.CreateCheckout(ctx, payment.Caller{Shop: t.shops[demo.Till]},
		payment.CheckoutTerms{InPerson: true, Terms: payment.Terms{Amount: euro.Of(4_20)}}, once.Call{Key: id.Secret(12)})
	return k.ID, err
}

// settledWords waits until the word lists of those with very many payments are written.
func (t *town) settledWords(ctx context.Context, owners ...payment.Caller) error {
	for _, owner := range owners {
		for {
			listed, err := patient(ctx, func() (bool, error) { return t.Payments.Listed(ctx, owner.Owner()) })
			if err != nil {
				return err
			}
			if listed {
				break
			}
			if err := clock.Wait(ctx, time.Second); err != nil {
				return err
			}
		}
	}
	return nil
}

// fits says whether an address is of a pattern such as /activity/{payment}.
func fits(pattern, path string) bool {
	path, _, _ = strings.Cut(path, "?")
	want, have := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(have) {
		return false
	}
	for i := range want {
		if want[i] != have[i] && (!strings.HasPrefix(want[i], "{") || have[i] == "") {
			return false
		}
	}
	return true
}

// shape is a pattern with the names of what its address asks for: /activity?q&state; with all of it for one of our questions.
func shape(pattern, path string) string {
	_, query, _ := strings.Cut(path, "?")
	if slices.Contains(questions, query) && !strings.HasSuffix(pattern, ".csv") {
		return pattern + "?" + query
	}
	values, err := url.ParseQuery(query)
	if err != nil || len(values) == 0 {
		return pattern
	}
	return pattern + "?" + strings.Join(slices.Sorted(maps.Keys(values)), "&")
}
