package web

import (
	"net/http"
	"time"

	"billfold/base/fault"
	"billfold/base/once"
	"billfold/core/payment"
	"billfold/core/rail"
	"billfold/edge/web/ui"
)

// payByCard is a guest's yes. What was typed from the card goes through the rail's door, and nowhere else: not back onto the page either.
func (s *site) payByCard(w http.ResponseWriter, r *http.Request, v *visit) error {
	if s.Cards == nil {
		return errMissing
	}
	id := payment.CheckoutID(r.PathValue("checkout"))
	k, err := s.Payments.ViewCheckout(r.Context(), v.caller(), id)
	if err != nil {
		return err
	}
	if k.State != payment.CheckoutOpen || k.Payment.State != payment.AwaitingConfirmation {
		return s.redirect(w, r, "/c/"+string(id))
	}
	f := r.PostForm
	card, err := s.Cards.Keep(r.Context(), rail.CardForm{Number: rail.Hidden(f.Get("card_number")), Expiry: rail.Hidden(f.Get("card_expiry")),
		Code: rail.Hidden(f.Get("card_code"))})
	if err == nil {
		_, err = s.Payments.PayByCard(r.Context(), id, card, givenIn(f, k), formCall(f.Get("nonce"), string(id)))
	}
	return s.afterCard(w, r, v, k, err)
}

// afterCard leads on where the card is being asked or the session has moved on, and shows the form again where it can be mended.
func (s *site) afterCard(w http.ResponseWriter, r *http.Request, v *visit, k payment.Checkout, err error) error {
	to := "/c/" + string(k.ID)
	if found, ok := fault.As(err); err == nil || ok && found.Kind == fault.Conflict && !stale(err) {
		return s.redirect(w, r, to)
	}
	if stale(err) {
		return s.checkoutWith(w, r, v, http.StatusConflict, k, nil, ui.FieldErrors{"": v.say("form.stale")})
	}
	name, words, ok := field(v.scene.Lang, err)
	if !ok {
		return err
	}
	if asked, ok := contactField(err); ok {
		name = asked
	} else if len(name) < 4 || name[:4] != "card" {
		name = ""
	}
	return s.checkoutWith(w, r, v, refusalStatus(err), k, nil, ui.FieldErrors{name: words})
}

// whyCard is the word for why a card was declined, of those that have a sentence.
func whyCard(code string) string {
	switch code {
	case "card_declined", "card_insufficient_funds":
		return code
	}
	return "declined"
}

// playCheckout is the sandbox's panel on a checkout: what the world outside could do, at the press of a button and by the same doors.
func (s *site) playCheckout(w http.ResponseWriter, r *http.Request, v *visit) error {
	id := payment.CheckoutID(r.PathValue("checkout"))
	k, err := s.Payments.ViewCheckout(r.Context(), v.caller(), id)
	if err != nil {
		return err
	}
	token := map[string]string{"pay": rail.TokenOK, "decline": rail.TokenDecline, "later": rail.TokenLater}[r.PostForm.Get("do")]
	switch {
	case r.PostForm.Get("do") == "expire":
		_, err = s.Payments.ExpireCheckout(r.Context(), payment.Caller{Shop: k.Shop}, id, once.Call{Key: "panel-expire-" + string(id)})
	case s.Cards == nil || token == "":
		return errMissing
	default:
		var card rail.KeptCard
		card, err = s.Cards.Keep(r.Context(), rail.CardForm{Number: rail.Hidden(rail.TestCard(token)),
			Expiry: rail.Hidden(goodUntil(s.Clock.Now())), Code: "123"})
		if err == nil {
			_, err = s.Payments.PayByCard(r.Context(), id, card, samplePanel(k), formCall(r.PostForm.Get("nonce"), string(id), token))
		}
	}
	return s.afterCard(w, r, v, k, err)
}

// goodUntil is an expiry date that a card of the panel's has.
func goodUntil(now time.Time) string { return now.AddDate(2, 0, 0).Format("01/06") }
