package web

import (
	"net/http"
	"sort"

	"billfold/base/db"
	"billfold/base/money"
	"billfold/core/identity"
	"billfold/core/ledger"
	"billfold/core/payment"
	"billfold/edge/web/ui"
)

// recentMost is how many payments home looks at to find the five it shows, those that wait and those on their way.
const recentMost = 40

func (s *site) home(w http.ResponseWriter, r *http.Request, v *visit) error {
	v.scene.Area = "home"
	owner := string(v.session.Person.ID)
	page, err := s.Payments.Activity(r.Context(), v.caller(), owner, payment.ActivityFilter{}, "", recentMost)
	if err != nil {
		return err
	}
	var view ui.Home
	coming := map[string]money.Amount{}
	for _, item := range page.Items {
		p := item.Payment
		if p.State == payment.Processing && item.Direction == payment.In {
			code := p.Amount.Currency.Code
			if sum, err := p.Amount.Add(p.Amount.Currency.Of(coming[code].Minor)); err == nil {
				coming[code] = sum
			}
		}
		if p.State == payment.AwaitingConfirmation && item.Direction == payment.Out && len(view.Waiting) < 3 {
			row := v.row(item, "/confirm")
			view.Waiting = append(view.Waiting, row)
			continue
		}
		if len(view.Recent) < 5 {
			view.Recent = append(view.Recent, v.row(item, "/activity"))
		}
	}
	asked, err := s.Payments.Asked(r.Context(), v.caller(), 3)
	if err != nil {
		return err
	}
	for _, p := range asked {
		view.Waiting = append(view.Waiting, v.row(payment.Item{Payment: p, Direction: payment.Out, With: p.PayeeName, At: p.CreatedAt},
			"/confirm"))
	}
	if view.Pockets, err = s.pockets(r, "user/"+owner, coming); err != nil {
		return err
	}
	view.Frozen = v.session.Person.State == identity.Frozen
	if view.Owed, err = s.owed(r, v); err != nil {
		return err
	}
	return s.draw(w, r, v, http.StatusOK, ui.Extra{Live: true}, ui.HomePage(view))
}

// pockets are the balances of one owner: the currency they use most is in front, what they never used is last.
func (s *site) pockets(r *http.Request, owner string, coming map[string]money.Amount) ([]ui.Pocket, error) {
	balances, err := db.Read(r.Context(), s.DB, func(tx *db.Tx) ([]ledger.Balance, error) {
		accounts, err := s.Ledger.OwnedBy(tx, owner)
		if err != nil {
			return nil, err
		}
		sort.SliceStable(accounts, func(i, j int) bool { return accounts[i].Entries > accounts[j].Entries })
		list := make([]ledger.Balance, 0, len(accounts))
		for _, a := range accounts {
			b, err := s.Ledger.Balance(tx, a.ID)
			if err != nil {
				return nil, err
			}
			list = append(list, b)
		}
		return list, nil
	})
	if err != nil {
		return nil, err
	}
	var pockets []ui.Pocket
	for _, b := range balances {
		pocket := ui.Pocket{Code: b.Currency.Code, Available: ui.Amount(b.Amount(b.Available))}
		if b.Pending > 0 {
			pocket.Held = ui.Amount(b.Amount(b.Pending))
		}
		if in, ok := coming[b.Currency.Code]; ok {
			pocket.Incoming = ui.Amount(in)
			delete(coming, b.Currency.Code)
		}
		pockets = append(pockets, pocket)
	}
	for _, in := range coming { // on its way into a pocket that is not open yet
		pockets = append(pockets, ui.Pocket{Code: in.Currency.Code, Available: ui.Amount(in.Currency.Of(0)), Incoming: ui.Amount(in)})
	}
	return pockets, nil
}

// balance is what a person may spend in one currency; zero where they have no pocket.
func (s *site) balance(r *http.Request, v *visit, c money.Currency) (money.Amount, error) {
	return db.Read(r.Context(), s.DB, func(tx *db.Tx) (money.Amount, error) {
		account, err := s.Ledger.ByAddress(tx, payment.WalletAddress(v.session.Person.ID, c))
		if err != nil {
			if codeOf(err) == ledger.ErrAccountNotFound.Code {
				return c.Of(0), nil
			}
			return c.Of(0), err
		}
		b, err := account.Balance()
		return c.Of(b.Available), err
	})
}
