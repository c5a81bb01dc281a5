package web

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"billfold/base/fault"
	"billfold/base/money"
	"billfold/core/payment"
	"billfold/edge/web/ui"
)

// requests lists what is asked of somebody, and what they asked others for.
func (s *site) requests(w http.ResponseWriter, r *http.Request, v *visit) error {
	v.scene.Area = "requests"
	var view ui.Asks
	for _, list := range []struct {
		direction payment.Direction
		rows      *[]ui.AskRow
	}{{payment.In, &view.In}, {payment.Out, &view.Out}} {
		page, err := s.Payments.Requests(r.Context(), v.caller(), list.direction, "", 50)
		if err != nil {
			return err
		}
		for _, q := range page.Requests {
			*list.rows = append(*list.rows, v.askRow(q))
		}
	}
	return s.show(w, r, v, ui.AsksPage(view))
}

func (v *visit) askRow(q payment.MoneyRequest) ui.AskRow {
	row := ui.AskRow{Href: "/r/" + string(q.ID), Name: q.OwnerName, Note: q.Note, State: string(q.State), Money: ui.Amount(q.Total),
		At:     q.CreatedAt,
		People: len(q.Shares), Split: q.Split && q.Mine}
	if !q.Mine && len(q.Shares) > 0 {
		row.State, row.Money = string(q.Shares[0].State), ui.Amount(q.Shares[0].Amount)
		return row
	}
	var names []string
	for _, share := range q.Shares {
		if share.State == payment.SharePaid {
			row.Paid++
		}
		if share.Name != "" {
			names = append(names, share.Name)
		}
	}
	row.Name = strings.Join(names, ", ")
	if row.Name == "" {
		row.Name = v.say("ask.anybody")
	}
	if q.Note != "" && len(names) > 1 {
		row.Name = q.Note
	}
	return row
}

// request shows one request to who asked or is asked.
func (s *site) request(w http.ResponseWriter, r *http.Request, v *visit) error {
	v.scene.Area = "requests"
	q, err := s.Payments.Request(r.Context(), v.caller(), payment.RequestID(r.PathValue("request")))
	if err != nil {
		return err
	}
	view := ui.Ask{ID: string(q.ID), From: q.OwnerName, Note: q.Note, State: string(q.State), Split: q.Split, Mine: q.Mine,
		Total: ui.Amount(q.Total), CreatedAt: q.CreatedAt, ExpiresAt: q.ExpiresAt, RemindedAt: q.RemindedAt, Nonce: nonce()}
	if q.Of != "" {
		view.OfHref = "/activity/" + string(q.Of)
	}
	if q.Own.Minor > 0 {
		view.Own = ui.Amount(q.Own)
	}
	left, named := q.Total.Minor-q.Own.Minor-q.Paid.Minor, false
	view.Paid, view.Left = ui.Amount(q.Paid), ui.Amount(q.Total.Currency.Of(left))
	for _, share := range q.Shares {
		one := ui.AskShare{ID: string(share.Payment), Name: share.Name, State: string(share.State), Money: ui.Amount(share.Amount),
			PaidAt: share.PaidAt, Href: "/activity/" + string(share.Payment), PayHref: "/confirm/" + string(share.Payment),
			Mine: share.Mine && share.Person != ""}
		if share.Person == "" {
			view.Link = s.PublicURL + "/r/" + string(q.ID)
		} else if share.State == payment.ShareOpen {
			named = true
		}
		if !q.Mine {
			view.Total, view.State = one.Money, one.State
		}
		view.Shares = append(view.Shares, one)
	}
	view.CanRemind = named && (q.RemindedAt.IsZero() || s.Clock.Now().Sub(q.RemindedAt) >= 24*time.Hour)
	return s.show(w, r, v, ui.AskPage(view))
}

// onRequest is what a button of one's own request does.
func (s *site) onRequest(w http.ResponseWriter, r *http.Request, v *visit) error {
	id := payment.RequestID(r.PathValue("request"))
	call := formCall(r.PostForm.Get("nonce"), string(id))
	var err error
	done := "ask.canceled"
	if strings.HasSuffix(r.URL.Path, "/remind") {
		done = "ask.reminded.done"
		_, err = s.Payments.Remind(r.Context(), v.caller(), id, call)
	} else {
		_, err = s.Payments.CancelRequest(r.Context(), v.caller(), id, call)
	}
	switch {
	case errors.Is(err, payment.ErrReminded):
		s.flash(w, "info", "ask.reminded.lately")
	case errors.Is(err, payment.ErrState): // it was paid meanwhile: the page says so
	case err != nil:
		return err
	default:
		s.flash(w, "ok", done)
	}
	return s.redirect(w, r, "/r/"+string(id))
}

// decline is the no of who is asked.
func (s *site) decline(w http.ResponseWriter, r *http.Request, v *visit) error {
	id := payment.ID(r.PathValue("payment"))
	_, err := s.Payments.Decline(r.Context(), v.caller(), id, confirmCall("void-"+id))
	switch {
	case errors.Is(err, payment.ErrState):
	case err != nil:
		return err
	default:
		s.flash(w, "ok", "ask.declined")
	}
	return s.redirect(w, r, "/requests")
}

// requestForm and splitForm begin to ask; a payment that is divided brings its amount and its note.
func (s *site) requestForm(w http.ResponseWriter, r *http.Request, v *visit) error {
	view := ui.Bill{Total: r.FormValue("amount"), Currency: r.FormValue("currency"), Note: r.FormValue("note"), Add: r.FormValue("to"),
		Action: "/request"}
	return s.billPage(w, r, v, http.StatusOK, view)
}

func (s *site) splitForm(w http.ResponseWriter, r *http.Request, v *visit) error {
	view := ui.Bill{Split: true, Own: true, Mode: string(payment.Even), Action: "/split"}
	if of := r.FormValue("payment"); of != "" {
		p, err := s.Payments.Get(r.Context(), v.caller(), payment.ID(of))
		if err != nil {
			return err
		}
		if p.Payer != string(v.session.Person.ID) || p.Captured == 0 {
			return fault.ErrNotFound
		}
		view.Of, view.Total, view.Currency, view.Note = of, p.Amount.Currency.Of(p.Captured).Decimal(), p.Amount.Currency.Code, p.Description
		if view.Note == "" {
			view.Note = p.PayeeName
		}
	}
	return s.billPage(w, r, v, http.StatusOK, view)
}

// billPage draws the form with the people who can be added to it.
func (s *site) billPage(w http.ResponseWriter, r *http.Request, v *visit, status int, view ui.Bill) error {
	v.scene.Area = "requests"
	view.Nonce, view.Currencies = cmp.Or(view.Nonce, nonce()), s.currencies()
	if view.ID != "" {
		view.Currencies = []string{view.Currency}
	}
	if !slices.Contains(view.Currencies, view.Currency) {
		view.Currency = s.firstCurrency(r, v)
	}
	people, err := s.known(r, v)
	if err != nil {
		return err
	}
	for _, k := range people {
		there := func(row ui.BillRow) bool { return row.ID == k.ID }
		if !slices.ContainsFunc(view.Rows, there) && !slices.ContainsFunc(view.PaidRows, there) {
			view.People = append(view.People, k)
		}
	}
	return s.draw(w, r, v, status, ui.Extra{}, ui.BillPage(view))
}

// bill reads the form: it names everybody and says what each would bear, and asks them when the button was the one that asks.
func (s *site) bill(w http.ResponseWriter, r *http.Request, v *visit) error {
	f := r.PostForm
	view := ui.Bill{Split: r.URL.Path == "/split", Total: f.Get("amount"), Currency: f.Get("currency"), Note: f.Get("note"), Of: f.Get("of"),
		Mode: f.Get("mode"), Action: r.URL.Path, Errors: ui.FieldErrors{}}
	terms, ready, err := s.readBill(r, v, &view, nil)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if ready && f.Get("do") == "ask" {
		q, err := s.Payments.Ask(r.Context(), v.caller(), terms, formCall(f.Get("nonce"), billText(terms)))
		if err == nil {
			s.flash(w, "ok", "ask.done")
			return s.redirect(w, r, "/r/"+string(q.ID))
		}
		if !v.billWrong(&view, err) {
			return err
		}
	} else if n := f.Get("nonce"); len(n) == nonceLength {
		view.Nonce = n // what is only looked at is the same bill still, also where it was asked for and the answer was lost
	}
	if len(view.Errors) > 0 {
		status = http.StatusUnprocessableEntity
	}
	return s.billPage(w, r, v, status, view)
}

// billText is what a bill's form says, for its idempotency.
func billText(t payment.AskTerms) string {
	text := t.Total.String() + string(t.Mode) + strconv.FormatInt(t.Own, 10) + t.Note + string(t.Of)
	for _, share := range t.Shares {
		text += "\x00" + share.Person + " " + strconv.FormatInt(share.Part, 10)
	}
	return text
}

// billWrong writes a refusal to its field; false for one that deserves a page.
func (v *visit) billWrong(view *ui.Bill, err error) bool {
	if view.Errors == nil {
		view.Errors = ui.FieldErrors{}
	}
	if stale(err) {
		view.Errors[""] = v.say("form.stale")
		return true
	}
	name, words, ok := field(v.scene.Lang, err)
	if !ok {
		return false
	}
	switch name {
	case "note", "amount", "shares":
	case "currency", "total":
		name = "amount"
	case "own":
		name = "shares"
	default:
		name = ""
	}
	view.Errors[name], view.Ready = words, false
	return true
}

// readBill resolves everybody who is named and divides the amount. ready says that everybody has one.
func (s *site) readBill(r *http.Request, v *visit, view *ui.Bill, paid []payment.Share) (t payment.AskTerms, ready bool, err error) {
	f := r.PostForm
	t = payment.AskTerms{Split: view.Split, Mode: payment.SplitMode(view.Mode), Note: view.Note, Of: payment.ID(view.Of)}
	c, err := money.ParseCurrency(view.Currency)
	if err == nil {
		t.Total, err = amountField(view.Total, c)
	}
	if err != nil && !v.billWrong(view, err) {
		return t, false, err
	}
	if err := s.readPeople(r, v, view, paid); err != nil {
		return t, false, err
	}
	view.Own, view.OwnPart = view.Split && slices.Contains(f["who"], "own"), strings.TrimSpace(f.Get("part_own"))
	if len(view.Errors) > 0 {
		return t, false, nil
	}
	rest := t.Total
	for _, share := range paid {
		rest.Minor -= share.Amount.Minor
	}
	if ready = s.divide(v, view, &t, rest); ready {
		view.Ready = true
	}
	return t, ready, nil
}

// readPeople puts those who are ticked and those whose names were typed into the rows, under their resolved names.
func (s *site) readPeople(r *http.Request, v *visit, view *ui.Bill, paid []payment.Share) error {
	f := r.PostForm
	named := slices.DeleteFunc(slices.Clone(f["who"]), func(who string) bool { return who == "own" })
	typed := strings.FieldsFunc(f.Get("add"), func(c rune) bool { return strings.ContainsRune(",;，；、 \n\t", c) })
	var left []string
	for i, who := range append(named, typed...) {
		if i > 60 {
			break
		}
		found, err := s.Payments.FindRecipient(r.Context(), v.caller(), who)
		if err != nil {
			words, ok := s.payeeWords(v, err)
			if !ok {
				return err
			}
			view.Errors["add"] = who + ": " + words
			left = append(left, who)
			continue
		}
		same := func(row ui.BillRow) bool { return row.ID == found.ID }
		if found.Shop || slices.ContainsFunc(view.Rows, same) ||
			slices.ContainsFunc(paid, func(w payment.Share) bool { return w.Person == found.ID }) {
			continue
		}
		view.Rows = append(view.Rows, ui.BillRow{ID: found.ID, Name: found.Name, Part: strings.TrimSpace(f.Get("part_" + found.ID))})
	}
	view.Add = strings.Join(left, ", ")
	return nil
}

// divide fills in who bears what; false while something is still missing, which the form then says.
func (s *site) divide(v *visit, view *ui.Bill, t *payment.AskTerms, rest money.Amount) bool {
	c := t.Total.Currency
	part := func(text string) (int64, bool) {
		if view.Mode == string(payment.ByShare) {
			n, err := strconv.ParseInt(text, 10, 32)
			return n, err == nil && n > 0
		}
		a, err := amountField(text, c)
		return a.Minor, err == nil
	}
	switch {
	case !view.Split && len(view.Rows) == 0:
		t.Shares = []payment.ShareTerms{{Part: t.Total.Minor}}
		return true
	case !view.Split: // everybody is asked for the same
		each := t.Total
		t.Total.Minor = 0
		for i, row := range view.Rows {
			t.Shares = append(t.Shares, payment.ShareTerms{Person: row.ID, Part: each.Minor})
			view.Rows[i].Money = ui.Amount(each)
			sum, err := t.Total.Add(each)
			if err != nil {
				return !v.billWrong(view, err)
			}
			t.Total = sum
		}
		view.Sum = ui.Amount(t.Total)
		return true
	case len(view.Rows) == 0:
		return false
	}
	complete := true
	for _, row := range view.Rows {
		share := payment.ShareTerms{Person: row.ID}
		if view.Mode != string(payment.Even) {
			n, ok := part(row.Part)
			share.Part, complete = n, complete && ok
		}
		t.Shares = append(t.Shares, share)
	}
	if view.Own {
		t.Own = 1
		if view.Mode != string(payment.Even) {
			n, ok := part(view.OwnPart)
			t.Own, complete = n, complete && ok
		}
	}
	if !complete {
		if r := view.Mode; r == string(payment.ByShare) {
			view.Errors["shares"] = v.say("bill.needs.parts")
		} else {
			view.Errors["shares"] = v.say("bill.needs.amounts")
		}
		return false
	}
	shares, own, err := t.Divide(rest)
	if err != nil {
		v.billWrong(view, err)
		return false
	}
	for i, minor := range shares {
		view.Rows[i].Money = ui.Amount(c.Of(minor))
	}
	if view.Own {
		view.OwnMoney = ui.Amount(c.Of(own))
	}
	view.Sum = ui.Amount(t.Total)
	return true
}

// changeForm shows a request as it is, to be divided anew.
func (s *site) changeForm(w http.ResponseWriter, r *http.Request, v *visit) error {
	q, err := s.Payments.Request(r.Context(), v.caller(), payment.RequestID(r.PathValue("request")))
	if err != nil {
		return err
	}
	if !q.Mine {
		return fault.ErrNotFound
	}
	view := v.billOf(q)
	view.Total, view.Note, view.Own = q.Total.Decimal(), q.Note, q.Own.Minor > 0
	view.Mode = string(payment.ByAmount)
	view.OwnPart, view.OwnMoney = q.Own.Decimal(), ui.Amount(q.Own)
	if !q.Own.IsPositive() {
		view.OwnPart, view.OwnMoney = "", ui.Money{}
	}
	for _, share := range q.Shares {
		if share.State == payment.ShareOpen && share.Person != "" {
			view.Rows = append(view.Rows, ui.BillRow{ID: share.Person, Name: share.Name, Part: share.Amount.Decimal(),
				Money: ui.Amount(share.Amount)})
		}
	}
	return s.billPage(w, r, v, http.StatusOK, view)
}

// billOf is the form of a request that is changed: what was paid stands.
func (v *visit) billOf(q payment.MoneyRequest) ui.Bill {
	view := ui.Bill{Split: true, ID: string(q.ID), Version: q.Version, Currency: q.Total.Currency.Code, Action: "/r/" + string(q.ID) +
		"/change",
		Errors: ui.FieldErrors{}}
	for _, share := range q.Shares {
		if share.State == payment.SharePaid {
			view.PaidRows = append(view.PaidRows, ui.BillRow{ID: share.Person, Name: share.Name, Money: ui.Amount(share.Amount)})
		}
	}
	return view
}

// change divides a request anew. When somebody paid or declined while the form was open, it says so and shows what is true now.
func (s *site) change(w http.ResponseWriter, r *http.Request, v *visit) error {
	f := r.PostForm
	id := payment.RequestID(r.PathValue("request"))
	q, err := s.Payments.Request(r.Context(), v.caller(), id)
	if err != nil {
		return err
	}
	if !q.Mine {
		return fault.ErrNotFound
	}
	view := v.billOf(q)
	view.Total, view.Note, view.Mode = f.Get("amount"), f.Get("note"), f.Get("mode")
	var paid []payment.Share
	for _, share := range q.Shares {
		if share.State == payment.SharePaid {
			paid = append(paid, share)
		}
	}
	terms, ready, err := s.readBill(r, v, &view, paid)
	if err != nil {
		return err
	}
	seen, _ := strconv.ParseInt(f.Get("version"), 10, 64)
	switch {
	case seen != q.Version:
		view.Errors[""], view.Ready = v.say("bill.changed"), true
	case ready && f.Get("do") == "ask":
		terms.Split = q.Split
		if !q.Split {
			terms.Mode, terms.Own = payment.ByAmount, 0
		}
		_, err = s.Payments.ChangeRequest(r.Context(), v.caller(), id, seen, terms, formCall(f.Get("nonce"), billText(terms)))
		if err == nil {
			s.flash(w, "ok", "bill.change.done")
			return s.redirect(w, r, "/r/"+string(id))
		}
		if !v.billWrong(&view, err) {
			return err
		}
	}
	status := http.StatusOK
	if len(view.Errors) > 0 {
		status = http.StatusUnprocessableEntity
	}
	return s.billPage(w, r, v, status, view)
}

// between is what the two sides of a payment between people can do with it.
func (s *site) between(r *http.Request, v *visit, p payment.Payment) (ui.Between, error) {
	var b ui.Between
	mine := p.Payer == string(v.session.Person.ID)
	path := "/activity/" + string(p.ID)
	if p.Kind == payment.Transfer && p.Creator == p.Payee {
		if q, err := s.Payments.RequestOf(r.Context(), v.caller(), p.ID); err == nil {
			b.RequestHref = "/r/" + string(q.ID)
		} else if !errors.Is(err, fault.ErrNotFound) {
			return b, err
		}
	}
	switch {
	case !mine:
	case p.Capture == payment.ByLink && p.State == payment.Authorized:
		link, err := s.Payments.LinkTo(r.Context(), v.caller(), p.ID)
		if err != nil {
			return b, err
		}
		b.Link, b.UntilAt, b.TakeBack = s.PublicURL+link.Path(), p.HoldExpiresAt, path+"/back"
	case p.Kind == payment.Transfer && p.Creator == p.Payer && p.State == payment.AwaitingConfirmation:
		b.TakeBack = path + "/back"
	case p.Kind == payment.Transfer && p.Creator == p.Payer && (p.State == payment.Expired || p.State == payment.Voided):
		q := url.Values{"amount": {p.Amount.Decimal()}, "currency": {p.Amount.Currency.Code}, "note": {p.Description}}
		b.AgainHref = "/send/" + p.Payee + "?" + q.Encode()
		if p.Capture == payment.ByLink {
			b.AgainHref = "/send/link?" + q.Encode()
		}
	case p.State == payment.Completed && (p.Kind == payment.Purchase || p.Kind == payment.Transfer):
		b.SplitHref = "/split?payment=" + string(p.ID)
	}
	return b, nil
}
