package web

import (
	"cmp"
	"errors"
	"net/http"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"billfold/base/db"
	"billfold/base/money"
	"billfold/core/audit"
	"billfold/core/identity"
	"billfold/core/ledger"
	"billfold/edge/web/ui"
)

// opsRows is how many entries or accounts a page shows.
const opsRows = 50

// addressBook remembers which address and currency an account number stands for: neither ever changes.
type addressBook struct{ known sync.Map }

type addressed struct {
	address  string
	currency money.Currency
}

func (s *site) address(tx *db.Tx, account ledger.AccountID) (addressed, error) {
	if a, ok := s.names.known.Load(account); ok {
		return a.(addressed), nil
	}
	found, err := s.Ledger.Account(tx, account)
	if err != nil {
		return addressed{}, err
	}
	a := addressed{found.Address, found.Currency}
	s.names.known.Store(account, a)
	return a, nil
}

func (s *site) entry(tx *db.Tx, e ledger.Entry) (ui.Entry, error) {
	view := ui.Entry{ID: string(e.ID), Kind: e.Kind, Reference: e.Reference, At: e.At, Resolves: string(e.Resolves)}
	if e.Phase != ledger.Posted {
		view.Hold = e.Phase.String()
	}
	for _, leg := range e.Legs {
		debit, err := s.address(tx, leg.Debit)
		if err != nil {
			return view, err
		}
		credit, err := s.address(tx, leg.Credit)
		if err != nil {
			return view, err
		}
		amount := leg.Amount
		if amount == 0 {
			amount = leg.Released
		}
		view.Legs = append(view.Legs, ui.Leg{Debit: debit.address, Credit: credit.address, Money: ui.Amount(debit.currency.Of(amount))})
	}
	for name, value := range e.Meta {
		view.Meta = append(view.Meta, ui.Pair{Name: name, Value: value})
	}
	sort.Slice(view.Meta, func(i, j int) bool { return view.Meta[i].Name < view.Meta[j].Name })
	return view, nil
}

type entriesPage struct {
	list []ui.Entry
	next string
}

func (s *site) entries(r *http.Request, f ledger.Filter) (entriesPage, error) {
	f.Before, f.Limit = r.FormValue("cursor"), opsRows
	return db.Read(r.Context(), s.DB, func(tx *db.Tx) (entriesPage, error) {
		list, next, err := s.Ledger.Entries(tx, f)
		page := entriesPage{next: next}
		for _, e := range list {
			view, err := s.entry(tx, e)
			if err != nil {
				return page, err
			}
			page.list = append(page.list, view)
		}
		return page, err
	})
}

// older is the address of the page after this one.
func older(r *http.Request, next string) string {
	if next == "" {
		return ""
	}
	q := r.URL.Query()
	q.Set("cursor", next)
	return r.URL.Path + "?" + q.Encode()
}

func (s *site) ops(w http.ResponseWriter, r *http.Request, v *visit) error {
	v.scene.Area = "ops"
	q := r.URL.Query()
	view := ui.Ops{Query: ui.OpsQuery{Reference: q.Get("reference"), Kind: q.Get("kind")}}
	view.Found = view.Query != ui.OpsQuery{}
	page, err := s.entries(r, ledger.Filter{Reference: view.Query.Reference, Kind: view.Query.Kind})
	if err != nil {
		return err
	}
	view.Entries, view.Next, view.Recheck = page.list, older(r, page.next), s.Recheck != nil
	view.Demo = s.Demo != nil
	if view.Light, err = s.light(r); err != nil {
		return err
	}
	return s.show(w, r, v, ui.OpsPage(view))
}

// sumsMost is the largest ledger whose control sums are added up for a page; beyond it the light is the last verify's alone.
const sumsMost = 1_000

// light says whether the books balance: the finding of the last verify where it is kept, and the sums of this moment where they
// are quick to have.
func (s *site) light(r *http.Request) (ui.Light, error) {
	var light ui.Light
	if s.Books != nil {
		books, err := s.Books(r.Context())
		if err != nil {
			return light, err
		}
		light = ui.Light{Known: books.Known, OK: books.OK, At: books.At, Entries: books.Entries, Accounts: books.Accounts,
			Findings: books.Findings}
	}
	if s.many.Load() { // accounts become no fewer
		return light, nil
	}
	var accounts []ledger.Account
	err := s.DB.Read(r.Context(), func(tx *db.Tx) error {
		accounts = nil
		for after := ledger.AccountID(0); len(accounts) < sumsMost; {
			list, err := s.Ledger.Accounts(tx, "", after, 200)
			accounts = append(accounts, list...)
			if err != nil || len(list) < 200 {
				return err
			}
			after = list[len(list)-1].ID
		}
		return nil
	})
	if err != nil || len(accounts) >= sumsMost {
		s.many.Store(err == nil)
		return light, err
	}
	light.Sums = controlSums(accounts)
	light.Balanced = len(light.Sums) > 0
	for _, sum := range light.Sums {
		light.Balanced = light.Balanced && sum.Zero
	}
	light.Live, light.Open = true, int64(len(accounts))
	safeguarding(accounts, light.Sums)
	return light, nil
}

// controlSums adds up what all accounts were debited and credited, by currency, in 128 bits.
func controlSums(accounts []ledger.Account) []ui.Sum {
	type sums struct{ debits, credits, difference money.Sum128 }
	by := map[money.Currency]*sums{}
	for _, a := range accounts {
		sum := by[a.Currency]
		if sum == nil {
			sum = &sums{}
			by[a.Currency] = sum
		}
		sum.debits.Add(a.DebitsPosted)
		sum.credits.Add(a.CreditsPosted)
		sum.difference.Add(a.DebitsPosted)
		sum.difference.Sub(a.CreditsPosted)
	}
	var list []ui.Sum
	for currency, sum := range by {
		row := ui.Sum{Code: currency.Code, Zero: sum.difference.Sign() == 0}
		if minor, ok := sum.debits.Int64(); ok {
			row.Debits = ui.Amount(currency.Of(minor))
		}
		if minor, ok := sum.credits.Int64(); ok {
			row.Credits = ui.Amount(currency.Of(minor))
		}
		list = append(list, row)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Code < list[j].Code })
	return list
}

// safeguarding adds to each currency's sum what customers hold, and what stands against it on the roads to banks and cards.
func safeguarding(accounts []ledger.Account, sums []ui.Sum) {
	type both struct{ owed, kept money.Sum128 }
	by := map[string]*both{}
	for _, a := range accounts {
		b := by[a.Currency.Code]
		if b == nil {
			b = &both{}
			by[a.Currency.Code] = b
		}
		var side *money.Sum128
		switch kind, _, _ := strings.Cut(a.Address, "/"); kind {
		case "user", "merchant":
			side = &b.owed
		case "rail", "fx": // what lies at banks and acquirers, and the desk's position
			side = &b.kept
		default:
			continue
		}
		side.Add(a.CreditsPosted)
		side.Sub(a.DebitsPosted)
	}
	for i, sum := range sums {
		b, currency := by[sum.Code], money.Currency{}
		if found, ok := money.Lookup(sum.Code); ok {
			currency = found
		}
		owed, ok1 := b.owed.Int64()
		kept, ok2 := b.kept.Int64()
		if !ok1 || !ok2 || currency.IsZero() {
			continue
		}
		sums[i].Owed, sums[i].Kept, sums[i].Safe = ui.Amount(currency.Of(owed)), ui.Amount(currency.Of(-kept)), -kept >= owed
	}
}

func (s *site) opsEntry(w http.ResponseWriter, r *http.Request, v *visit) error {
	v.scene.Area = "ops"
	view, err := db.Read(r.Context(), s.DB, func(tx *db.Tx) (ui.Entry, error) {
		e, err := s.Ledger.Entry(tx, ledger.EntryID(r.PathValue("entry")))
		if err != nil {
			return ui.Entry{}, err
		}
		return s.entry(tx, e)
	})
	if err != nil {
		return err
	}
	return s.show(w, r, v, ui.EntryPage(view))
}

func account(a ledger.Account) (ui.Account, error) {
	b, err := a.Balance()
	draw := func(minor int64) ui.Money { return ui.Amount(b.Amount(minor)) }
	return ui.Account{Address: a.Address, Code: a.Currency.Code, Limit: a.Limit.String(), Busy: a.Busy, Frozen: a.Frozen, Closed: a.Closed,
		Posted: draw(b.Posted), Available: draw(b.Available), Pending: draw(b.Pending), PendingIn: draw(b.Incoming)}, err
}

func (s *site) opsAccounts(w http.ResponseWriter, r *http.Request, v *visit) error {
	v.scene.Area = "accounts"
	view := ui.Accounts{Prefix: r.FormValue("prefix")}
	after, err := strconv.ParseInt(cmp.Or(r.FormValue("cursor"), "0"), 10, 64)
	if err != nil {
		after = 0
	}
	list, err := db.Read(r.Context(), s.DB, func(tx *db.Tx) ([]ledger.Account, error) {
		return s.Ledger.Accounts(tx, view.Prefix, ledger.AccountID(after), opsRows)
	})
	if err != nil {
		return err
	}
	for _, a := range list {
		row, err := account(a)
		if err != nil {
			return err
		}
		view.Rows = append(view.Rows, row)
	}
	if len(list) == opsRows {
		view.Next = older(r, strconv.FormatInt(int64(list[len(list)-1].ID), 10))
	}
	return s.show(w, r, v, ui.AccountsPage(view))
}

// opsAccount is one account: as it is, or as it was at the end of a day.
func (s *site) opsAccount(w http.ResponseWriter, r *http.Request, v *visit) error {
	v.scene.Area = "accounts"
	view := ui.AccountPage{AsOf: r.FormValue("at")}
	end, err := time.ParseInLocation(time.DateOnly, view.AsOf, v.scene.Zone)
	if err != nil {
		view.AsOf = ""
	}
	found, err := db.Read(r.Context(), s.DB, func(tx *db.Tx) (ledger.Account, error) {
		found, err := s.Ledger.ByAddress(tx, r.FormValue("address"))
		if err != nil || view.AsOf == "" {
			return found, err
		}
		then, err := s.Ledger.BalanceAt(tx, found.ID, end.AddDate(0, 0, 1).Add(-time.Microsecond))
		view.Then = ui.Amount(then.Amount(then.Posted))
		return found, err
	})
	if err != nil {
		return err
	}
	if view.Account, err = account(found); err != nil {
		return err
	}
	page, err := s.entries(r, ledger.Filter{Account: found.ID})
	if err != nil {
		return err
	}
	view.Entries, view.Next = page.list, older(r, page.next)
	return s.show(w, r, v, ui.LedgerAccountPage(view))
}

func (s *site) opsPeople(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.opsPeoplePage(w, r, v, http.StatusOK, ui.People{})
}

func (s *site) opsPeoplePage(w http.ResponseWriter, r *http.Request, v *visit, status int, view ui.People) error {
	v.scene.Area = "keys"
	keys, err := s.People.Keys(r.Context(), string(v.session.Person.ID))
	if err != nil {
		return err
	}
	for _, k := range keys {
		if k.Kind == identity.OperatorKey && k.RevokedAt.IsZero() {
			view.Keys = append(view.Keys, ui.Key{ID: string(k.ID), Label: k.Label, Hint: k.Hint, CreatedAt: k.CreatedAt, LastUsed: k.LastUsed})
		}
	}
	return s.draw(w, r, v, status, ui.Extra{}, ui.PeoplePage(view))
}

// opsKey makes a key and shows it in the answer to the form: a secret does not travel through an address or a cookie, so here there
// is no redirect. Sending the form again makes another key, which the list shows.
func (s *site) opsKey(w http.ResponseWriter, r *http.Request, v *visit) error {
	secret, err := db.Write(r.Context(), s.DB, func(tx *db.Tx) (string, error) {
		secret, key, err := s.People.CreateKey(tx, identity.NewKey{Owner: string(v.session.Person.ID), Kind: identity.OperatorKey,
			Label: r.PostForm.Get("label")})
		if err != nil {
			return "", err
		}
		return secret, s.Audit.Add(tx, v.did(r, audit.KeyMade, string(key.ID), "made"))
	})
	if errors.Is(err, identity.ErrLabel) {
		_, words, _ := field(v.scene.Lang, err)
		return s.opsPeoplePage(w, r, v, http.StatusUnprocessableEntity, ui.People{Error: words})
	}
	if err != nil {
		return err
	}
	return s.opsPeoplePage(w, r, v, http.StatusOK, ui.People{Secret: secret})
}
