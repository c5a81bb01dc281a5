package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/money"
	"billfold/core/identity"
	"billfold/core/payment"
	"billfold/edge/web/ui"
)

// sendFor is how long somebody who sends has to confirm: a sheet that was left open overnight asks again.
const sendFor = 30 * time.Minute

// recentPeople is how many of those whom a person paid last are offered.
const recentPeople = 12

// sendForm asks whom: by what they are called, or by pressing somebody known.
func (s *site) sendForm(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.sendPage(w, r, v, http.StatusOK, ui.Send{To: r.FormValue("to")})
}

func (s *site) sendPage(w http.ResponseWriter, r *http.Request, v *visit, status int, view ui.Send) error {
	v.scene.Area = "send"
	var err error
	if view.People, err = s.known(r, v); err != nil {
		return err
	}
	for i := range view.People {
		view.People[i].Href = "/send/" + view.People[i].ID
	}
	return s.draw(w, r, v, status, ui.Extra{}, ui.SendPage(view))
}

// known are the people somebody pays or keeps, the latest first.
func (s *site) known(r *http.Request, v *visit) ([]ui.Contact, error) {
	list, err := s.Payments.Contacts(r.Context(), v.caller())
	var people []ui.Contact
	for _, k := range list {
		if k.Name != "" && len(people) < recentPeople || k.Kept {
			people = append(people, ui.Contact{ID: string(k.Person), Name: k.Name, Called: k.Called, Kept: k.Kept, PaidAt: k.PaidAt})
		}
	}
	return people, err
}

// sendTo finds whom the form names. An e-mail address that no wallet has can still be sent money to: by a link.
func (s *site) sendTo(w http.ResponseWriter, r *http.Request, v *visit) error {
	named := strings.TrimSpace(r.PostForm.Get("to"))
	found, err := s.Payments.FindRecipient(r.Context(), v.caller(), named)
	if err == nil {
		to := "/send/" + found.ID
		if found.Handle != "" {
			to += "?as=" + url.QueryEscape(found.Handle)
		}
		return s.redirect(w, r, to)
	}
	if mail, wrong := identity.CleanEmail(named); wrong == nil && errors.Is(err, identity.ErrPayeeUnknown) {
		return s.linkPage(w, r, v, http.StatusOK, ui.SendLink{To: mail, Unknown: true, Currency: s.firstCurrency(r, v)})
	}
	words, ok := s.payeeWords(v, err)
	if !ok {
		return err
	}
	return s.sendPage(w, r, v, refusalStatus(err), ui.Send{To: named, Error: words})
}

// payeeWords says what is wrong with whom somebody named; ok is false for what deserves a page.
func (s *site) payeeWords(v *visit, err error) (words string, ok bool) {
	if errors.Is(err, identity.ErrPayeeUnknown) {
		return v.say("send.unknown"), true
	}
	_, words, ok = field(v.scene.Lang, err)
	return words, ok
}

func (s *site) firstCurrency(r *http.Request, v *visit) string {
	if pockets, err := s.pockets(r, "user/"+string(v.session.Person.ID), nil); err == nil && len(pockets) > 0 {
		return pockets[0].Code
	}
	return s.currencies()[0]
}

// amountForm asks how much, for somebody whose masked name stands above the field.
func (s *site) amountForm(w http.ResponseWriter, r *http.Request, v *visit) error {
	view := ui.SendAmount{Amount: r.FormValue("amount"), Currency: r.FormValue("currency"), Note: r.FormValue("note")}
	if !slices.Contains(s.currencies(), view.Currency) {
		view.Currency = s.firstCurrency(r, v)
	}
	return s.amountPage(w, r, v, http.StatusOK, view)
}

func (s *site) amountPage(w http.ResponseWriter, r *http.Request, v *visit, status int, view ui.SendAmount) error {
	v.scene.Area = "send"
	to := r.PathValue("payee")
	found, err := s.Payments.FindRecipient(r.Context(), v.caller(), to)
	if err != nil {
		if words, ok := s.payeeWords(v, err); ok && !errors.Is(err, identity.ErrPayeeUnknown) {
			return s.sendPage(w, r, v, refusalStatus(err), ui.Send{Error: words})
		}
		return err
	}
	view.ID, view.Name, view.Shop, view.New, view.Nonce = found.ID, found.Name, found.Shop, found.New, nonce()
	view.Handle, view.Action = s.handleOf(r, r.FormValue("as"), found.ID), "/send/"+found.ID
	if view.Pockets, err = s.pockets(r, "user/"+string(v.session.Person.ID), nil); err != nil {
		return err
	}
	view.Currencies = s.currencies()
	people, err := s.known(r, v)
	for _, k := range people {
		if k.ID == found.ID {
			view.Kept, view.Called = k.Kept, k.Called
		}
	}
	if err != nil {
		return err
	}
	return s.draw(w, r, v, status, ui.Extra{}, ui.SendAmountPage(view))
}

// handleOf is a handle from an address, if it is really that payee's: an address can say anything.
func (s *site) handleOf(r *http.Request, handle, payee string) string {
	if handle == "" {
		return ""
	}
	if shop, err := s.Shops.ByHandle(r.Context(), handle); err == nil && string(shop.ID) == payee {
		return handle
	}
	person, err := db.Read(r.Context(), s.DB, func(tx *db.Tx) (identity.Person, error) { return s.People.ByHandle(tx, handle) })
	if err != nil || string(person.ID) != payee {
		return ""
	}
	return person.Handle
}

// send writes the payment down; nothing moves before it is confirmed on the next page.
func (s *site) send(w http.ResponseWriter, r *http.Request, v *visit) error {
	f := r.PostForm
	view := ui.SendAmount{Amount: f.Get("amount"), Currency: f.Get("currency"), Note: f.Get("note")}
	terms := payment.Terms{Payee: r.PathValue("payee"), Description: view.Note, ExpiresAt: s.Clock.Now().Add(sendFor)}
	p, errs, err := s.draft(r, v, terms, view.Amount, view.Currency)
	switch {
	case errs != nil:
		view.Errors = errs
		return s.amountPage(w, r, v, http.StatusUnprocessableEntity, view)
	case err != nil:
		return err
	}
	to := "/confirm/" + string(p.ID)
	if as := f.Get("as"); as != "" {
		to += "?as=" + url.QueryEscape(as)
	}
	return s.redirect(w, r, to)
}

// draft makes the payment that a form describes, and says which field is wrong where it cannot.
func (s *site) draft(r *http.Request, v *visit, terms payment.Terms, amount, currency string) (payment.Payment, ui.FieldErrors, error) {
	c, err := money.ParseCurrency(currency)
	if err == nil {
		terms.Amount, err = amountField(amount, c)
	}
	var p payment.Payment
	if err == nil {
		call := formCall(r.PostForm.Get("nonce"), terms.Payee, terms.Amount.String(), terms.Description, terms.SendTo)
		p, err = s.Payments.Create(r.Context(), v.caller(), terms, false, call)
	}
	if err == nil {
		return p, nil, nil
	}
	if stale(err) {
		return p, ui.FieldErrors{"": v.say("form.stale")}, nil
	}
	f, ok := fault.As(err)
	_, words, mend := field(v.scene.Lang, err)
	if !ok || !mend {
		return p, nil, err
	}
	switch f.Param {
	case "description":
		return p, ui.FieldErrors{"note": words}, nil
	case "send_to":
		return p, ui.FieldErrors{"to": words}, nil
	case "payee":
		return p, ui.FieldErrors{"": words}, nil
	}
	return p, ui.FieldErrors{"amount": words}, nil
}

// keep puts somebody among the contacts or takes them out again.
func (s *site) keep(w http.ResponseWriter, r *http.Request, v *visit) error {
	person, err := r.PathValue("payee"), error(nil)
	if r.PostForm.Get("do") == "drop" {
		err = s.Payments.Drop(r.Context(), v.caller(), identity.PersonID(person))
	} else {
		_, err = s.Payments.Keep(r.Context(), v.caller(), person, strings.TrimSpace(r.PostForm.Get("called")))
	}
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		return err
	}
	return s.redirect(w, r, "/send/"+person)
}

// linkForm asks how much a link shall carry.
func (s *site) linkForm(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.linkPage(w, r, v, http.StatusOK, ui.SendLink{Amount: r.FormValue("amount"), Currency: s.firstCurrency(r, v)})
}

func (s *site) linkPage(w http.ResponseWriter, r *http.Request, v *visit, status int, view ui.SendLink) error {
	v.scene.Area = "send"
	view.Currencies, view.Nonce = s.currencies(), nonce()
	var err error
	if view.Pockets, err = s.pockets(r, "user/"+string(v.session.Person.ID), nil); err != nil {
		return err
	}
	return s.draw(w, r, v, status, ui.Extra{}, ui.SendLinkPage(view))
}

// sendLink writes down a payment to whoever will hold its link.
func (s *site) sendLink(w http.ResponseWriter, r *http.Request, v *visit) error {
	f := r.PostForm
	view := ui.SendLink{Amount: f.Get("amount"), Currency: f.Get("currency"), Note: f.Get("note"), To: strings.TrimSpace(f.Get("to"))}
	p, errs, err := s.draft(r, v, payment.Terms{Capture: payment.ByLink, HoldFor: payment.LinkFor, Description: view.Note, SendTo: view.To,
		ExpiresAt: s.Clock.Now().Add(sendFor)}, view.Amount, view.Currency)
	switch {
	case errs != nil:
		view.Errors = errs
		return s.linkPage(w, r, v, http.StatusUnprocessableEntity, view)
	case err != nil:
		return err
	}
	return s.redirect(w, r, "/confirm/"+string(p.ID))
}

// gift shows what a link carries to whoever opens it.
func (s *site) gift(w http.ResponseWriter, r *http.Request, v *visit) error {
	w.Header().Set("Referrer-Policy", "no-referrer") // the address is the secret
	link := payment.Link{ID: payment.LinkID(r.PathValue("gift")), Key: r.FormValue("key")}
	g, err := s.Payments.ViewLink(r.Context(), v.caller(), link)
	if err != nil {
		return err
	}
	return s.giftPage(w, r, v, http.StatusOK, link, g, "")
}

func (s *site) giftPage(w http.ResponseWriter, r *http.Request, v *visit, status int, link payment.Link, g payment.Gift,
	words string) error {
	view := ui.Gift{ID: string(link.ID), Key: link.Key, From: g.From, Money: ui.Amount(g.Amount), Note: g.Note, ExpiresAt: g.ExpiresAt,
		State: "over", Error: words, Next: url.QueryEscape(link.Path())}
	if view.From == "" {
		view.From = v.say("pay.nobody")
	}
	switch {
	case g.Sender:
		view.State, view.PaymentHref = "mine", "/activity/"+string(g.Payment)
	case g.Receiver:
		view.State, view.PaymentHref = "taken", "/activity/"+string(g.Payment)
	case g.State == payment.Authorized:
		view.State = "open"
	}
	return s.draw(w, r, v, status, ui.Extra{}, ui.GiftPage(view))
}

// claim takes the money. However often it is pressed, it is taken once.
func (s *site) claim(w http.ResponseWriter, r *http.Request, v *visit) error {
	w.Header().Set("Referrer-Policy", "no-referrer")
	link := payment.Link{ID: payment.LinkID(r.PathValue("gift")), Key: r.PostForm.Get("key")}
	p, err := s.Payments.Claim(r.Context(), v.caller(), link, confirmCall(payment.ID("claim-"+string(link.ID))))
	if err == nil {
		return s.redirect(w, r, "/activity/"+string(p.ID))
	}
	_, words, ok := field(v.scene.Lang, err)
	g, gone := s.Payments.ViewLink(r.Context(), v.caller(), link)
	if !ok || gone != nil {
		return err
	}
	if g.State != payment.Authorized {
		words = "" // the page says it by itself
	}
	return s.giftPage(w, r, v, refusalStatus(err), link, g, words)
}

// takeBack is the sender's second thought: a link that nobody has used, or a payment that is not confirmed.
func (s *site) takeBack(w http.ResponseWriter, r *http.Request, v *visit) error {
	id := payment.ID(r.PathValue("payment"))
	_, err := s.Payments.Void(r.Context(), v.caller(), id, confirmCall("void-"+id))
	switch {
	case errors.Is(err, payment.ErrState): // somebody was faster: its page says who has the money
	case err != nil:
		return err
	default:
		s.flash(w, "ok", "link.back.done")
	}
	return s.redirect(w, r, "/activity/"+string(id))
}

// payMe is the page behind a person's code. Who is not signed in learns nothing from it, not even whether the handle is anybody's.
func (s *site) payMe(w http.ResponseWriter, r *http.Request, v *visit) error {
	handle, err := identity.CleanHandle(r.PathValue("handle"))
	if err != nil {
		return errMissing
	}
	view := ui.PayMe{Handle: handle, URL: s.PublicURL + "/u/" + handle}
	switch {
	case v.session.Person.ID == "":
		view.Next = url.QueryEscape("/u/" + handle)
	case v.session.Person.Handle == handle:
		v.scene.Area = "receive"
		view.Mine, view.Name = true, v.session.Person.Masked()
	default:
		found, err := s.Payments.FindRecipient(r.Context(), v.caller(), "@"+handle)
		if err != nil {
			return err
		}
		view.Name, view.Shop, view.Href = found.Name, found.Shop, "/send/"+found.ID+"?as="+url.QueryEscape(handle)
		if q := r.URL.Query(); q.Get("amount") != "" {
			view.Href += "&" + url.Values{"amount": {q.Get("amount")}, "currency": {q.Get("currency")}}.Encode()
		}
	}
	return s.show(w, r, v, ui.PayMePage(view))
}

// receive leads to one's own code.
func (s *site) receive(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.redirect(w, r, "/u/"+v.session.Person.Handle)
}
