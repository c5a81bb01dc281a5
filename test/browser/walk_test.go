package browser

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"billfold/base/lang"
	"billfold/client"
)

// person is somebody who opens a wallet during a walk.
type person struct{ name, handle, email, password string }

var people = map[lang.Tag]person{
	lang.EN: {"Mara Okafor", "mara", "mara@example.org", "the blue kettle sings at seven"},
	lang.ZH: {"周晓梅", "xiaomei", "xiaomei@example.org", "清晨七点蓝色的水壶会唱一首很长的歌"},
}

// TestMainJob is the main job as a person does it, in each language on a phone: she opens a wallet with the code from her
// mail, puts money in, pays a shop through its checkout, is given a part of it back and finds all of it in her activity. Every
// page on the way is checked by axe.
func TestMainJob(t *testing.T) {
	t.Parallel()
	at := open(t)
	b := Start(t)
	for _, look := range []Look{{Lang: lang.EN}, {Lang: lang.ZH, Dark: true}} {
		t.Run(look.String(), func(t *testing.T) {
			v := b.Visit(t, at.URL, look)
			signUp(v, people[look.Lang])
			topUp(v, "50.00")
			paid := payCheckout(t, v, at)
			refund(t, at, paid, "500")
			lookBack(v, at, paid)
		})
	}
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

func signUp(v *Visitor, p person) {
	v.t.Helper()
	v.Go("/")
	v.See(v.Say("landing.title"))
	v.Check()
	v.Press(v.Say("sign.up"))
	v.At("/signup")
	v.Check()
	v.Fill("name", p.name)
	v.Fill("handle", p.handle)
	v.Fill("email", p.email)
	v.Fill("password", p.password)
	v.Press(v.Say("signup.go"))
	v.See(v.Say("verify.title"))
	v.Check()
	verify := v.Path()

	v.Go("/dev/inbox")
	v.See(p.email)
	v.Check()
	_, mail, _ := strings.Cut(v.Text(), p.email)
	code := sixDigits.FindString(mail)
	if code == "" {
		v.t.Fatalf("no code in the mail to %s:\n%s", p.email, v.Text())
	}
	v.Go(verify)
	v.Fill("code", code)
	v.Press(v.Say("verify.go"))
	v.At("/home")
	v.See(v.Say("verify.welcome"), v.Say("home.none"))
	v.Check()
}

// topUp brings money in from the first card, whose bank says yes, a little later and by a callback.
func topUp(v *Visitor, amount string) {
	v.t.Helper()
	v.Press(v.Say("nav.topup"))
	v.At("/topup")
	v.Check()
	v.Fill("amount", amount)
	v.Press(v.Say("topup.go"))
	v.At("/activity/pay_")
	// The page turns by itself when the rail has answered.
	v.See(v.Say("state.completed"), v.Say("where.topup.completed.payee"), v.Say("step.settle"))
	v.Check()
	v.Go("/home")
	v.See(amount)
	v.Check()
}

// payCheckout pays 12.50 in the shop's hosted checkout and returns the payment as the shop sees it.
func payCheckout(t *testing.T, v *Visitor, at site) client.Payment {
	t.Helper()
	session := at.checkout(t, "1250")
	v.Go(session.URL)
	v.See("12.50", v.Say("confirm.title"))
	v.Check()
	v.Click("#approve button")
	v.See(v.Say("checkout.paid"))
	v.Check()
	after, err := at.shop().CheckoutSession(context.Background(), session.ID)
	if err != nil {
		t.Fatal(err)
	}
	paid := after.Payment
	if paid.State != "completed" || paid.Captured.Amount != "1250" {
		t.Fatalf("the payer reads that it is paid, the shop reads %s, %s captured", paid.State, paid.Captured.Amount)
	}
	v.See(paid.Receipt)

	v.Press(v.Say("checkout.see"))
	v.At("/activity/" + paid.ID)
	for _, step := range []string{"authenticate", "request", "authorize", "confirm_payer", "confirm_payee"} {
		v.See(v.Say("step." + step))
	}
	v.See(paid.Receipt, v.Say("where.completed.payer"))
	v.Check()
	return paid
}

func refund(t *testing.T, at site, paid client.Payment, minor string) {
	t.Helper()
	amount := client.Money{Amount: minor, Currency: paid.Amount.Currency}
	back, err := at.shop().RefundPayment(context.Background(), paid.ID, client.RefundPayment{Amount: amount, Reason: "one was cold"})
	if err != nil {
		t.Fatal(err)
	}
	if back.Kind != "refund" || back.State != "completed" {
		t.Fatalf("the refund is a %s, %s", back.Kind, back.State)
	}
}

// lookBack finds everything that happened where a person looks for it.
func lookBack(v *Visitor, at site, paid client.Payment) {
	v.t.Helper()
	v.Go("/activity/" + paid.ID)
	v.See(v.Say("state.partly_refunded"), v.Say("pay.refunded"), v.Say("step.refund"), "5.00")
	v.Check()
	v.Go("/home")
	v.See("42.50")
	v.Go("/activity")
	v.See("12.50", "5.00", "50.00", v.Say("kind.refund"), v.Say("kind.topup"))
	v.Check()
	v.Go("/sessions")
	v.See(v.Say("sessions.this"))
	v.Check()
	v.Go("/me")
	v.Check()
	v.Press(v.Say("sign.out"))
	v.See(v.Say("signout.done"))
	v.Go("/home")
	v.At("/signin")
	v.Check()
}

// TestCheckoutWithoutScript pays a checkout with scripts switched off: signing in on the page, confirming, and reading what
// became of it are plain forms.
func TestCheckoutWithoutScript(t *testing.T) {
	t.Parallel()
	at := open(t)
	b := Start(t)
	for _, look := range []Look{{Lang: lang.EN, NoScript: true}, {Lang: lang.ZH, NoScript: true, Desktop: true, Dark: true}} {
		t.Run(look.String(), func(t *testing.T) {
			session := at.checkout(t, "320")
			v := b.Visit(t, at.URL, look)
			v.Go(session.URL)
			v.See("3.20", v.Say("checkout.signin"))
			v.Check()
			enter(v, holders[look.Lang])
			v.See(v.Say("confirm.title"))
			v.Check()
			v.Click("#approve button")
			v.See(v.Say("checkout.paid"))
			v.Check()
			after, err := at.shop().CheckoutSession(context.Background(), session.ID)
			if err != nil || after.State != "complete" || after.Payment.State != "completed" {
				t.Fatalf("the shop reads %s, %s, %v", after.State, after.Payment.State, err)
			}
			v.See(after.Payment.Receipt)
		})
	}
}
