package ui

import (
	"context"
	"time"

	"github.com/a-h/templ"

	"billfold/base/lang"
	"billfold/edge/web/text"
)

// sampleSteps is the timeline of a payment that got as far as done steps.
func sampleSteps(done int, last string) []Step {
	names := []string{"authenticate", "request", "authorize", "confirm_payer", "confirm_payee"}
	var steps []Step
	for i, name := range names {
		switch {
		case i < done:
			steps = append(steps, Step{Name: name, Mark: "done", At: noon.Add(time.Duration(i) * 700 * time.Millisecond)})
		case i == done && last == "now":
			steps = append(steps, Step{Name: name, Mark: "now"})
		case last == "now":
			steps = append(steps, Step{Name: name, Mark: "next"})
		}
	}
	if last == "fail" || last == "expire" || last == "void" {
		steps = append(steps, Step{Name: last, Mark: "bad", At: noon.Add(5 * time.Second)})
	}
	return steps
}

func samplePayment(l lang.Tag, kind, state, side string) Payment {
	in := side == "payee"
	return Payment{
		ID: "pay_01jnm3v8q2w9tb4x6k0e7ahc00", Kind: kind, State: state, Side: side, Money: flow(4850, "EUR", in), Plain: plain(4850, "EUR"),
		Fee: plain(0, "EUR"), Total: plain(4850, "EUR"), PayerName: "Lena H.", PayeeName: "Café Linden", PayeeHandle: "linden",
		Note: "Table 7: breakfast for two", Reference: "order-1042", Receipt: "rcp_01jnm3v8q2w9tb4x6k0e7ahc00", CreatedAt: noon,
		OtherShop: side == "payer" && kind == "purchase", Steps: sampleSteps(5, ""), BackHref: "/activity", Back: text.Say(l, "nav.activity"),
	}
}

func paymentSpecimens(l lang.Tag) []Specimen {
	paid := samplePayment(l, "purchase", "completed", "payer")
	shop := samplePayment(l, "purchase", "partly_refunded", "payee")
	shop.Refunded, shop.Captured = plain(390, "EUR"), plain(4850, "EUR")
	shop.Steps = append(shop.Steps, Step{Name: "refund", Mark: "done", At: noon.Add(time.Hour), Money: plain(390, "EUR")})
	shop.Refunds = []Row{{Href: "#", Name: "Lena H.", Kind: "refund", State: "completed", At: noon.Add(time.Hour), Money: flow(390, "EUR",
		false)}}
	shop.Shop = &ShopActions{Shop: "mch_1", CanRefund: true, RefundValue: "44.60", Currency: "EUR"}
	held := samplePayment(l, "purchase", "authorized", "payee")
	held.HoldExpiresAt, held.Receipt = noon.AddDate(0, 0, 7), ""
	held.Shop = &ShopActions{Shop: "mch_1", CanCapture: true, CanVoid: true, CaptureValue: "48.50", Currency: "EUR",
		Error: FieldErrors{"capture": refusal(l, "amount_exceeds_hold")}}
	waiting := samplePayment(l, "purchase", "awaiting_confirmation", "payer")
	waiting.Steps, waiting.ConfirmHref, waiting.ExpiresAt, waiting.Receipt = sampleSteps(2, "now"), "#", noon.Add(30*time.Minute), ""
	topup := samplePayment(l, "topup", "processing", "payee")
	topup.PayerName, topup.PayeeName, topup.PayeeHandle, topup.Note = "Visa ·· 4242", "Lena Hoffmann", "lena", ""
	topup.Reference, topup.Receipt, topup.Steps = "", "", sampleSteps(3, "now")
	arrived := topup
	arrived.State, arrived.Receipt, arrived.Steps = "completed", paid.Receipt, sampleSteps(5, "")
	failed := topup
	failed.State, failed.Steps, failed.Why = "failed", sampleSteps(2, "fail"), text.Say(l, "why.card_declined")
	expired := samplePayment(l, "purchase", "expired", "payer")
	expired.Steps, expired.Receipt = sampleSteps(2, "expire"), ""
	voided := samplePayment(l, "purchase", "voided", "payer")
	voided.Steps, voided.Receipt = sampleSteps(3, "void"), ""
	refund := samplePayment(l, "refund", "completed", "payee")
	refund.PayerName, refund.PayeeName, refund.PayeeHandle = "Café Linden", "Lena Hoffmann", "lena"
	transfer := samplePayment(l, "transfer", "completed", "payee")
	refunded := samplePayment(l, "purchase", "refunded", "payer")
	refunded.Refunded = plain(4850, "EUR")
	var list []Specimen
	add := func(name string, p Payment) {
		list = append(list, Specimen{Name: "payment-" + name, Area: "activity", Page: PaymentPage(p)})
	}
	add("completed", paid)
	add("shop-refund", shop)
	add("shop-capture", held)
	add("awaiting", waiting)
	add("topup-processing", topup)
	add("topup-completed", arrived)
	add("topup-failed", failed)
	add("expired", expired)
	add("voided", voided)
	add("refund", refund)
	add("transfer", transfer)
	add("refunded", refunded)
	return list
}

func sampleConfirm() Confirm {
	return Confirm{Tip: plain(1_50, "EUR"),
		ID: "pay_1", Kind: "purchase", Money: plain(4850,
			"EUR"), PayeeName: "Café Linden", PayeeHandle: "linden", PayeeShop: true, FromName: "EUR",
		Balance: plain(128407, "EUR"), After: plain(123557, "EUR"), Fee: plain(0, "EUR"), Total: plain(4850, "EUR"),
		Note: "Table 7: breakfast for two", Reference: "order-1042", ExpiresAt: noon.Add(30 * time.Minute), Digest: "x",
		TopUpHref: "/topup", CancelHref: "/home", Action: "/confirm/pay_1",
	}
}

func decisionSpecimens(l lang.Tag) []Specimen {
	changed := sampleConfirm()
	changed.Changed, changed.New = true, true
	short := sampleConfirm()
	short.Short, short.Balance = true, plain(1200, "EUR")
	hold := sampleConfirm()
	hold.Hold = true
	open := sampleConfirm()
	chk := func(state string) Checkout {
		return Checkout{ID: "chk_1", State: state, Shop: "Café Linden", ShopHandle: "linden", Money: plain(4850, "EUR"),
			Note: "Table 7: breakfast for two", Reference: "order-1042", ExpiresAt: noon.Add(20 * time.Minute),
			ReturnHref: "https://linden.example/thanks", ReturnHost: "linden.example", Ways: []string{"wallet", "phone", "card"},
			Way: "wallet", Link: "https://wallet.example/c/chk_01jnm3v8q2w9tb4x6k0e7ahc00"}
	}
	out, in, paid, failed := chk("open"), chk("open"), chk("paid"), chk("failed")
	out.SignIn = SignIn{Next: "/c/chk_1", Personas: samplePersonas(l)[:2]}
	in.Confirm = &open
	paid.Receipt, paid.PaymentHref = "rcp_01jnm3v8q2w9tb4x6k0e7ahc00", "/activity/pay_1"
	failed.Why = text.Say(l, "why.declined")
	own := chk("open")
	byPhone := out
	byPhone.Way = "phone"
	byCard, badCard := out, out
	byCard.Way, byCard.Why, badCard.Way = "card", text.Say(l, "why.declined"), "card"
	badCard.Errors = FieldErrors{"card_number": refusal(l, "card_number"), "card_expiry": refusal(l, "card_expiry"),
		"card_code": refusal(l, "card_code")}
	asksIn, asksOut := chk("open"), byCard
	asksOut.Why = ""
	asksOut.Errors = FieldErrors{"Ecom_ShipTo_Postal_City": refusal(l, "contact_required")}
	paid.Handed = sampleHanded()
	guest := chk("paid")
	guest.Receipt = "rcp_01jnm3v8q2w9tb4x6k0e7ahc00"
	open.CancelHref = ""
	own.Own = true
	in.Items = []Item{{"Full breakfast", 2, plain(3900, "EUR")}, {"Flat white", 2, plain(950, "EUR")}}
	return []Specimen{
		{Name: "confirm", Page: ConfirmPage(sampleConfirm())},
		{Name: "confirm-changed", Page: ConfirmPage(changed)},
		{Name: "confirm-short", Page: ConfirmPage(short)},
		{Name: "confirm-hold", Page: ConfirmPage(hold)},
		{Name: "checkout-out", Out: true, Page: CheckoutPage(out)},
		{Name: "checkout-phone", Out: true, Page: CheckoutPage(byPhone)},
		{Name: "checkout-card", Out: true, Page: CheckoutPage(byCard)},
		{Name: "checkout-card-errors", Out: true, Page: CheckoutPage(badCard)},
		{Name: "checkout-guest-paid", Out: true, Page: CheckoutPage(guest)},
		{Name: "checkout-asks", Page: inWords(func(ctx context.Context) templ.Component {
			asked := sampleConfirm()
			asked.Handover = sampleHandover(ctx, true)
			asksIn.Confirm = &asked
			return CheckoutPage(asksIn)
		})},
		{Name: "checkout-card-asks", Out: true, Page: inWords(func(ctx context.Context) templ.Component {
			asksOut.Handover = sampleHandover(ctx, false)
			return CheckoutPage(asksOut)
		})},
		{Name: "checkout-own", Page: CheckoutPage(own)},
		{Name: "checkout-in", Page: CheckoutPage(in)},
		{Name: "checkout-paid", Page: CheckoutPage(paid)},
		{Name: "checkout-authorized", Page: CheckoutPage(chk("authorized"))},
		{Name: "checkout-processing", Page: CheckoutPage(chk("processing"))},
		{Name: "checkout-expired", Page: CheckoutPage(chk("expired"))},
		{Name: "checkout-voided", Page: CheckoutPage(chk("voided"))},
		{Name: "checkout-refunded", Page: CheckoutPage(chk("refunded"))},
		{Name: "checkout-failed", Page: CheckoutPage(failed)},
	}
}

func opsSpecimens(l lang.Tag) []Specimen {
	entry := Entry{ID: "ent_01jnm3v8q2w9tb4x6k0e7ahc01", Kind: "payment.capture", Reference: "pay_01jnm3v8q2w9tb4x6k0e7ahc00", At: noon,
		Legs: []Leg{{"user/usr_1/EUR", "merchant/mch_1/EUR", plain(4820, "EUR")}, {"user/usr_1/EUR", "house/fee/EUR", plain(30, "EUR")}},
		Meta: []Pair{{"receipt", "rcp_01jnm3v8q2w9tb4x6k0e7ahc00"}}}
	hold := entry
	hold.Kind, hold.Hold, hold.Resolves, hold.Legs = "payment.authorize", "pending", "", entry.Legs[:1]
	account := Account{Address: "user/usr_1/EUR", Code: "EUR", Limit: "non_negative", Posted: plain(130407, "EUR"),
		Available: plain(128407, "EUR"), Pending: plain(2000, "EUR"), PendingIn: plain(0, "EUR")}
	frozen := account
	frozen.Frozen, frozen.Address = true, "user/usr_9/EUR"
	shop := account
	shop.Address, shop.Limit, shop.Busy, shop.Posted = "merchant/mch_1/EUR", "unlimited", true, plain(942110, "EUR")
	sum := func(debits, credits int64, code string) Sum {
		return Sum{Code: code, Debits: plain(debits, code), Credits: plain(credits, code), Zero: debits == credits,
			Owed: plain(debits, code), Kept: plain(credits, code), Safe: debits == credits}
	}
	light := Light{Known: true, OK: true, At: noon.Add(-time.Hour), Entries: 4120, Accounts: 31, Live: true, Balanced: true, Open: 31,
		Sums: []Sum{sum(1294110, 1294110, "EUR"), sum(88000, 88000, "JPY")}}
	dark := Light{Known: true, Live: true, Open: 31, At: noon, Findings: []string{"ledger_leg ent_01jnm3v8q2 amount"},
		Sums: []Sum{sum(1294111, 1294110, "EUR")}}
	return []Specimen{
		{Name: "ops", Area: "ops", Page: OpsPage(Ops{Entries: []Entry{entry, hold}, Light: light, Next: "/ops?cursor=x", Demo: true})},
		{Name: "ops-demo", Area: "ops", Page: DemoPage(Demo{People: 14, Shops: 2, Payments: 412, At: noon})},
		{Name: "ops-doctor", Area: "health", Page: DoctorPage([]Check{{"database", "ok", "PostgreSQL 17.2", ""}, {"tls", "warn",
			"a self-signed certificate until 2027-03-01", "--tls-cert FILE --tls-key FILE"},
			{"mail", "fail", "nothing sends mail", "--mail-server mail.example.org:587"}}, noon)},
		{Name: "ops-demo-why", Area: "ops", Page: DemoPage(Demo{People: 14, Shops: 2, Payments: 412, At: noon, Error: refusal(l,
			"unavailable")})},
		{Name: "ops-broken", Area: "ops", Page: OpsPage(Ops{Light: dark, Found: true})},
		{Name: "ops-empty", Area: "ops", Page: OpsPage(Ops{})},
		{Name: "ops-entry", Area: "ops", Page: EntryPage(entry)},
		{Name: "ops-accounts", Area: "accounts", Page: AccountsPage(Accounts{Rows: []Account{account, frozen, shop}})},
		{Name: "ops-account", Area: "accounts", Page: LedgerAccountPage(AccountPage{Account: account, Entries: []Entry{entry, hold}})},
		{Name: "ops-people", Area: "keys", Page: PeoplePage(People{Keys: []Key{{ID: "key_1", Label: "reconciliation", CreatedAt: noon}}})},
		{Name: "ops-secret", Area: "keys", Page: PeoplePage(People{Secret: "bf_test_op_k2h7…"})},
	}
}

func problemSpecimens(l lang.Tag) []Specimen {
	var list []Specimen
	for _, p := range []Problem{
		{Status: 404, Code: "not_found", Moved: "no"}, {Status: 403, Code: "permission_denied", Moved: "no"},
		{Status: 401, Code: "unauthenticated", Moved: "no"}, {Status: 500, Code: "internal", Moved: "no"},
		{Status: 503, Code: "unavailable", Moved: "no", After: 5},
		{Status: 503, Code: "outcome_unknown", Moved: "unknown", Link: "/activity/pay_1"}, {Status: 409, Code: "payment_state", Moved: "yes",
			Link: "/activity/pay_1"},
	} {
		p.Title, p.Detail, p.Request = refused(p.Code).Title.In(l), refusal(l, p.Code), "req_01jnm3v8q2w9tb4x6k0e7ahc00"
		list = append(list, Specimen{Name: "problem-" + p.Code, Page: ProblemPage(p)})
	}
	return list
}

// sampleOpsShop is a shop in a state, with the states it may be brought to.
func sampleOpsShop(state string, next ...string) OpsShop {
	return OpsShop{ID: "mch_01jd3", Name: "Café Linden", Handle: "linden", Owner: "usr_01jd3", MCC: "5814", Country: "DE", State: state,
		Currencies: []string{"CNY", "EUR"}, Next: next, CreatedAt: noon, Trail: sampleTrail}
}

func sampleCase(state string) Case {
	return Case{ID: "case_" + state, Payment: "pay_01jnm3v8q2w9tb4x6k0e7ahc00", State: state, Person: "usr_1", Name: "Lena H.",
		AskedAt:   noon,
		ChangedAt: noon, Turns: []Turn{{At: noon, Words: "€42.00?\n42 → 4.20"}, {At: noon.Add(time.Hour), Words: "€37.80 ↩", Operator: true}}}
}
