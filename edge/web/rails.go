package web

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"

	"billfold/base/db"
	"billfold/base/money"
	"billfold/core/fx"
	"billfold/core/identity"
	"billfold/core/payment"
	"billfold/core/rail"
	"billfold/edge/web/text"
	"billfold/edge/web/ui"
)

// dressOutside adds to a payment's page what only some kinds have: where to send the money, the rate, what is owed.
func (s *site) dressOutside(r *http.Request, v *visit, p payment.Payment, view *ui.Payment) error {
	out := &ui.Outside{}
	if m := p.Remittance; m.Reference != "" {
		out.Remittance = &ui.Remittance{Holder: m.Holder, IBAN: m.IBAN, BIC: m.BIC, Bank: m.Bank, Reference: m.Reference,
			Code: transferCode(m, p.Amount)}
		if s.Sandbox && s.SendTransfer != nil {
			view.Play = &ui.PlayBank{Payment: string(p.ID), Amount: p.Amount.Decimal(), Currency: p.Amount.Currency.Code, Purpose: p.Reference}
		}
	}
	if p.Quote.ID != "" {
		out.Quote = s.quoteLines(p.Quote)
		view.Reference = ""
		if p.State != payment.AwaitingConfirmation && p.State != payment.Completed {
			out.AgainHref = "/exchange?from=" + p.Quote.Mid.From.Code + "&to=" + p.Quote.Mid.To.Code + "&amount=" + p.Amount.Decimal()
		}
	}
	owed, was, err := s.Payments.OwedFor(r.Context(), p)
	if err != nil {
		return err
	}
	if was {
		out.Owed = ui.Amount(owed.Amount)
		if left := owed.Left(); left.Minor > 0 {
			out.Left = ui.Amount(left)
		}
	}
	view.Outside = out
	return nil
}

// rateLine is "1 EUR = 1.1740 USD".
func rateLine(r fx.Rate) string { return "1 " + r.From.Code + " = " + r.Text() + " " + r.To.Code }

func rateLines(mid fx.Rate) *ui.QuoteLines {
	return &ui.QuoteLines{Mid: rateLine(mid), Ours: rateLine(mid.Ours()), Source: mid.Source, At: mid.At}
}

func (s *site) quoteLines(q fx.Quote) *ui.QuoteLines {
	lines := rateLines(q.Mid)
	lines.Gets, lines.Expires, lines.Now = ui.Amount(q.Deal.Gets), q.ExpiresAt, s.Payments.Desk.Now()
	lines.Over = !lines.Now.Before(q.ExpiresAt)
	return lines
}

// transferCode is what a banking app scans to fill in a SEPA credit transfer (EPC069-12, version 002, UTF-8); "" where it knows no such
// amount, because it is in euros only.
func transferCode(m payment.Remittance, amount money.Amount) string {
	if amount.Currency.Code != "EUR" || amount.Minor > 999_999_999_99 {
		return ""
	}
	return strings.Join([]string{"BCD", "002", "1", "SCT", m.BIC, m.Holder, m.IBAN, "EUR" + amount.Decimal(), "", m.Reference}, "\n")
}

// playBank sends, as the sandbox's bank would, what the person says they sent.
func (s *site) playBank(w http.ResponseWriter, r *http.Request, v *visit) error {
	if s.SendTransfer == nil {
		return errMissing
	}
	p, err := s.Payments.Get(r.Context(), v.caller(), payment.ID(r.PathValue("payment")))
	if err != nil {
		return err
	}
	c, err := money.ParseCurrency(r.PostForm.Get("currency"))
	if err != nil {
		return err
	}
	amount, err := amountField(r.PostForm.Get("sent"), c)
	if err != nil {
		s.flash(w, "bad", "play.bad")
		return s.redirect(w, r, "/activity/"+string(p.ID))
	}
	if _, err := s.SendTransfer(r.Context(), r.PostForm.Get("purpose"), amount); err != nil {
		return err
	}
	s.flash(w, "ok", "play.sent")
	return s.redirect(w, r, "/activity/"+string(p.ID))
}

func (s *site) withdrawForm(w http.ResponseWriter, r *http.Request, v *visit) error {
	if s.Payments.Bank == nil {
		return errMissing
	}
	form := ui.Withdraw{Amount: r.FormValue("amount"), Currency: r.FormValue("currency"), Holder: v.session.Person.Name}
	return s.withdrawPage(w, r, v, http.StatusOK, form)
}

func (s *site) withdrawPage(w http.ResponseWriter, r *http.Request, v *visit, status int, form ui.Withdraw) error {
	v.scene.Area = "withdraw"
	pockets, err := s.pockets(r, "user/"+string(v.session.Person.ID), nil)
	if err != nil {
		return err
	}
	form.Pockets = pockets
	for _, p := range pockets {
		form.Currencies = append(form.Currencies, p.Code)
	}
	if !slices.Contains(form.Currencies, form.Currency) && len(form.Currencies) > 0 {
		form.Currency = form.Currencies[0]
	}
	accounts, err := s.Payments.Accounts.List(r.Context(), string(v.session.Person.ID))
	if err != nil {
		return err
	}
	for _, a := range accounts {
		form.Accounts = append(form.Accounts, ui.BankAccount{ID: string(a.ID), Shown: a.Shown, At: a.CreatedAt})
	}
	if s.Sandbox {
		for _, t := range rail.TestAccounts {
			form.Tests = append(form.Tests, ui.TestAccount{IBAN: t.IBAN, Behaviour: t.Behaviour})
		}
	}
	form.Nonce = nonce()
	return s.draw(w, r, v, status, ui.Extra{}, ui.WithdrawPage(form))
}

// withdraw links the account where a new one was typed, and leads to the sheet on which the withdrawal is confirmed.
func (s *site) withdraw(w http.ResponseWriter, r *http.Request, v *visit) error {
	if s.Payments.Bank == nil {
		return errMissing
	}
	f := r.PostForm
	form := ui.Withdraw{Amount: f.Get("amount"), Currency: f.Get("currency"), Account: f.Get("account"), IBAN: f.Get("iban"),
		Holder: f.Get("holder")}
	p, err := s.startWithdrawal(r, v, form, f.Get("nonce"))
	if err == nil {
		return s.redirect(w, r, "/confirm/"+string(p.ID))
	}
	form.Errors = s.formErrors(v, err, "amount", "iban", "holder", "account")
	if form.Errors == nil {
		return err
	}
	return s.withdrawPage(w, r, v, http.StatusUnprocessableEntity, form)
}

func (s *site) startWithdrawal(r *http.Request, v *visit, form ui.Withdraw, nonce string) (payment.Payment, error) {
	c, err := money.ParseCurrency(form.Currency)
	if err != nil {
		return payment.Payment{}, err
	}
	amount, err := amountField(form.Amount, c)
	if err != nil {
		return payment.Payment{}, err
	}
	account := rail.AccountID(form.Account)
	if account == "" {
		linked, err := s.Payments.Accounts.Link(r.Context(), string(v.session.Person.ID), form.Holder, form.IBAN)
		if err != nil {
			return payment.Payment{}, err
		}
		account = linked.ID
	}
	return s.Payments.Withdraw(r.Context(), v.caller(), amount, account, formCall(nonce, amount.String(), string(account)))
}

// formErrors says what is wrong with a form, by field; nil for what deserves a page of its own. A currency is part of its amount.
func (s *site) formErrors(v *visit, err error, fields ...string) ui.FieldErrors {
	if stale(err) {
		return ui.FieldErrors{"": v.say("form.stale")}
	}
	param, words, ok := field(v.scene.Lang, err)
	if !ok {
		return nil
	}
	if param == "currency" {
		param = "amount"
	}
	if !slices.Contains(fields, param) {
		param = ""
	}
	return ui.FieldErrors{param: words}
}

func (s *site) pocketList(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.pocketsPage(w, r, v, http.StatusOK, "")
}

func (s *site) pocketsPage(w http.ResponseWriter, r *http.Request, v *visit, status int, problem string) error {
	v.scene.Area = "pockets"
	view := ui.Pockets{Error: problem, CanSwap: s.Payments.Desk != nil}
	var err error
	if view.Pockets, err = s.pockets(r, "user/"+string(v.session.Person.ID), nil); err != nil {
		return err
	}
	for _, code := range s.currencies() {
		if !slices.ContainsFunc(view.Pockets, func(p ui.Pocket) bool { return p.Code == code }) {
			view.More = append(view.More, code)
		}
	}
	if view.Owed, err = s.owed(r, v); err != nil {
		return err
	}
	return s.draw(w, r, v, status, ui.Extra{}, ui.PocketsPage(view))
}

// owed is what the signed-in person has to pay back.
func (s *site) owed(r *http.Request, v *visit) ([]ui.Owed, error) {
	list, err := s.Payments.Owed(r.Context(), v.caller(), v.session.Person.ID)
	var view []ui.Owed
	for _, one := range list {
		view = append(view, ui.Owed{Href: "/activity/" + string(one.Payment), Left: ui.Amount(one.Left()), All: ui.Amount(one.Amount),
			At: one.OpenedAt})
	}
	return view, err
}

func (s *site) openPocket(w http.ResponseWriter, r *http.Request, v *visit) error {
	c, err := money.ParseCurrency(r.PostForm.Get("currency"))
	if err == nil {
		err = s.Payments.OpenPocket(r.Context(), v.caller(), c)
	}
	if err == nil {
		s.flash(w, "ok", "pockets.opened")
		return s.redirect(w, r, "/pockets")
	}
	if _, words, ok := field(v.scene.Lang, err); ok {
		return s.pocketsPage(w, r, v, http.StatusUnprocessableEntity, words)
	}
	return err
}

func (s *site) exchangeForm(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.exchangePage(w, r, v, http.StatusOK, ui.ExchangeForm{Amount: r.FormValue("amount"),
		From: cmp.Or(r.FormValue("from"), r.FormValue("currency")), To: r.FormValue("to")})
}

func (s *site) exchangePage(w http.ResponseWriter, r *http.Request, v *visit, status int, form ui.ExchangeForm) error {
	if s.Payments.Desk == nil {
		return errMissing
	}
	v.scene.Area = "exchange"
	form.Currencies = s.currencies()
	pockets, err := s.pockets(r, "user/"+string(v.session.Person.ID), nil)
	if err != nil {
		return err
	}
	form.Pockets = pockets
	if !slices.Contains(form.Currencies, form.From) {
		form.From = form.Currencies[0]
		if len(pockets) > 0 {
			form.From = pockets[0].Code
		}
	}
	if !slices.Contains(form.Currencies, form.To) || form.To == form.From {
		form.To = form.Currencies[0]
		if form.To == form.From && len(form.Currencies) > 1 {
			form.To = form.Currencies[1]
		}
	}
	from, _ := money.Lookup(form.From)
	to, _ := money.Lookup(form.To)
	if mid, ok := s.Payments.Desk.Rate(from, to); ok {
		form.Rate = rateLines(mid)
	}
	form.Nonce = nonce()
	return s.draw(w, r, v, status, ui.Extra{Htmx: true}, ui.ExchangePage(form))
}

// exchange asks for a quote and leads to the sheet that shows it. Pressing again leads to the same sheet.
func (s *site) exchange(w http.ResponseWriter, r *http.Request, v *visit) error {
	f := r.PostForm
	form := ui.ExchangeForm{Amount: f.Get("amount"), From: f.Get("currency"), To: f.Get("to")}
	p, err := s.startExchange(r, v, form, f.Get("nonce"))
	if err == nil {
		return s.redirect(w, r, "/confirm/"+string(p.ID))
	}
	if form.Errors = s.formErrors(v, err, "amount", "to"); form.Errors == nil {
		return err
	}
	return s.exchangePage(w, r, v, http.StatusUnprocessableEntity, form)
}

func (s *site) startExchange(r *http.Request, v *visit, form ui.ExchangeForm, nonce string) (payment.Payment, error) {
	if s.Payments.Desk == nil {
		return payment.Payment{}, errMissing
	}
	from, err := money.ParseCurrency(form.From)
	if err != nil {
		return payment.Payment{}, err
	}
	to, err := money.ParseCurrency(form.To)
	if err != nil {
		return payment.Payment{}, money.ErrUnknownCurrency.With("to")
	}
	amount, err := amountField(form.Amount, from)
	if err != nil {
		return payment.Payment{}, err
	}
	q, err := s.Payments.Desk.Quote(r.Context(), v.session.Person.ID, amount, to)
	if err != nil {
		return payment.Payment{}, err
	}
	return s.Payments.Exchange(r.Context(), v.caller(), q.ID, formCall(nonce, amount.String(), to.Code))
}

// renewed leads to a new sheet where the quote of an exchange ran out before its yes; false where that was not the reason.
func (s *site) renewed(w http.ResponseWriter, r *http.Request, v *visit, id payment.ID, refusal error) (bool, error) {
	if !errors.Is(refusal, fx.ErrExpired) && !errors.Is(refusal, payment.ErrExpired) {
		return false, nil
	}
	next, err := s.Payments.Renew(r.Context(), v.caller(), id, formCall(nonce(), string(id)))
	if err != nil || next.ID == id {
		return false, err
	}
	s.flash(w, "info", "exchange.renewed")
	return true, s.redirect(w, r, "/confirm/"+string(next.ID))
}

func (s *site) opsRails(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.opsRailsPage(w, r, v, http.StatusOK, "", "")
}

// opsMost is how much of each kind waits on the operator's page at a time.
const opsMost = 50

func (s *site) opsRailsPage(w http.ResponseWriter, r *http.Request, v *visit, status int, at, problem string) error {
	v.scene.Area = "rails"
	view := ui.OpsRails{At: at, Error: problem}
	c := v.caller()
	c.Operator = true
	arrivals, err := s.Payments.Arrivals(r.Context(), c, "", opsMost)
	if err != nil {
		return err
	}
	for _, a := range arrivals {
		view.Arrivals = append(view.Arrivals, ui.Arrival{ID: string(a.ID), Sender: a.Sender, Words: a.Words, Reason: a.Reason,
			Payment: string(a.Payment), Nonce: nonce(), Money: ui.Amount(a.Amount), At: a.At})
	}
	held, err := s.Payments.HeldPayments(r.Context(), c, "", opsMost)
	if err != nil {
		return err
	}
	for _, p := range held {
		h := ui.HeldPayment{ID: string(p.ID), Kind: string(p.Kind), Who: p.PayeeName, Nonce: nonce(), Money: ui.Amount(p.Amount), At: p.CreatedAt,
			Why: v.say("why.other")}
		if p.Kind == payment.Withdrawal {
			h.Who = p.PayerName
		}
		if key := "why." + p.Failure; text.Has(key) {
			h.Why = v.say(key)
		}
		view.Held = append(view.Held, h)
	}
	owed, err := s.Payments.Owed(r.Context(), c, "")
	if err != nil {
		return err
	}
	names, err := db.Read(r.Context(), s.DB, func(tx *db.Tx) (map[identity.PersonID]string, error) {
		var people []identity.PersonID
		for _, one := range owed {
			people = append(people, one.Person)
		}
		slices.Sort(people)
		return s.People.Names(tx, slices.Compact(people)...)
	})
	if err != nil {
		return err
	}
	for _, one := range owed {
		view.Owed = append(view.Owed, ui.Owed{Name: names[one.Person], Left: ui.Amount(one.Left()), All: ui.Amount(one.Amount), At: one.OpenedAt})
	}
	return s.draw(w, r, v, status, ui.Extra{}, ui.OpsRailsPage(view))
}

// opsArrival assigns money in suspense to a person, or sends it back.
func (s *site) opsArrival(w http.ResponseWriter, r *http.Request, v *visit) error {
	id, f := r.PathValue("arrival"), r.PostForm
	return s.decided(w, r, v, id, func(c payment.Caller) error {
		if f.Get("do") == "return" {
			_, err := s.Payments.ReturnArrival(r.Context(), c, payment.ArrivalID(id), f.Get("reason"))
			return err
		}
		person, err := s.People.FindPayee(r.Context(), c.Person, f.Get("person"))
		if err != nil {
			return err
		}
		_, err = s.Payments.Assign(r.Context(), c, payment.ArrivalID(id), person.ID, f.Get("reason"),
			formCall(f.Get("nonce"), string(person.ID), f.Get("reason")))
		return err
	})
}

// opsHeld releases a held payment, or takes it back.
func (s *site) opsHeld(w http.ResponseWriter, r *http.Request, v *visit) error {
	id, f := r.PathValue("payment"), r.PostForm
	return s.decided(w, r, v, id, func(c payment.Caller) error {
		call := formCall(f.Get("nonce"), f.Get("do"), f.Get("reason"))
		verb := s.Payments.TakeBack
		if f.Get("do") == "release" {
			verb = s.Payments.Release
		}
		_, err := verb(r.Context(), c, payment.ID(id), f.Get("reason"), call)
		return err
	})
}

// decided carries a decision out and leads back to the list, or says there what was wrong with it.
func (s *site) decided(w http.ResponseWriter, r *http.Request, v *visit, id string, decide func(c payment.Caller) error) error {
	c := v.caller()
	c.Operator = true
	err := decide(c)
	if err == nil {
		s.flash(w, "ok", "rails.done")
		return s.redirect(w, r, "/ops/rails")
	}
	if stale(err) {
		return s.opsRailsPage(w, r, v, http.StatusConflict, id, v.say("form.stale"))
	}
	if _, words, ok := field(v.scene.Lang, err); ok || codeOf(err) == identity.ErrPayeeUnknown.Code {
		return s.opsRailsPage(w, r, v, http.StatusUnprocessableEntity, id, cmp.Or(words, v.say("rails.nobody")))
	}
	return err
}
