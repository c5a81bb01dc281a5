package ui

import (
	"time"

	"billfold/base/lang"
	"billfold/edge/web/text"
)

func sampleContacts() []Contact {
	return []Contact{
		{ID: "usr_2", Name: "*小明", Href: "#", PaidAt: noon.Add(-30 * time.Hour)},
		{ID: "usr_3", Name: "Ana G.", Called: "Ana from the choir", Href: "#", Kept: true, PaidAt: noon.AddDate(0, -1, 0)},
		{ID: "usr_4", Name: "Maximiliane-Charlotte W.", Href: "#", Kept: true},
	}
}

func sampleSendAmount() SendAmount {
	return SendAmount{ID: "usr_2", Name: "Ana G.", Handle: "ana_garcia", Amount: "24.50", Currency: "EUR", Note: "Concert tickets",
		Currencies: []string{"EUR", "CNY", "JPY"}, Pockets: sampleHome().Pockets, Action: "/send/usr_2", New: true}
}

func sampleBill() Bill {
	return Bill{Split: true, Total: "61.00", Currency: "EUR", Currencies: []string{"EUR"}, Mode: "even", Own: true, OwnMoney: plain(1525,
		"EUR"),
		Sum: plain(6100, "EUR"), Note: "Dinner", Action: "/split", People: sampleContacts()[1:], Ready: true, Rows: []BillRow{
			{ID: "usr_2", Name: "*小明", Money: plain(1525, "EUR")}, {ID: "usr_3", Name: "Ana G.", Money: plain(1525, "EUR")},
			{ID: "usr_5", Name: "Bo L.", Money: plain(1525, "EUR")}}}
}

func sampleAsk() Ask {
	return Ask{ID: "req_1", From: "Lena H.", Note: "Dinner", State: "open", Split: true, Mine: true, Total: plain(6100, "EUR"),
		Own: plain(1525,
			"EUR"), Paid: plain(1525, "EUR"), Left: plain(3050, "EUR"), CreatedAt: noon, ExpiresAt: noon.AddDate(0, 0, 14), CanRemind: true,
		RemindedAt: noon, OfHref: "#", Shares: []AskShare{
			{Name: "*小明", State: "paid", Money: plain(1525, "EUR"), PaidAt: noon, Href: "#"},
			{Name: "Ana G.", State: "open", Money: plain(1525, "EUR"), Href: "#"},
			{Name: "Bo L.", State: "declined", Money: plain(1525, "EUR"), Href: "#"}}}
}

// peopleSpecimens are the pages between people.
func peopleSpecimens(l lang.Tag) []Specimen {
	wrong, known := sampleSendAmount(), sampleSendAmount()
	wrong.Errors = FieldErrors{"": refusal(l, "request_changed"), "amount": refusal(l, "insufficient_funds"), "note": refusal(l,
		"note_too_long")}
	known.New, known.Kept, known.Called, known.Handle = false, true, "Ana from the choir", ""
	link := SendLink{Currency: "EUR", Currencies: []string{"EUR"}, Pockets: sampleHome().Pockets}
	unknown := link
	unknown.To, unknown.Unknown = "new.friend@example.org", true
	gift := Gift{ID: "gft_1", Key: "k", From: "Lena H.", Note: "For the flowers", State: "open", Money: plain(2500, "EUR"),
		ExpiresAt: noon.AddDate(0, 0, 7), PaymentHref: "#", Next: "x"}
	state := func(s string) Gift { g := gift; g.State = s; return g }
	held := gift
	held.Error = refusal(l, "link_held")
	parts := sampleBill()
	parts.Mode, parts.Ready, parts.Errors, parts.OwnPart = "share", false, FieldErrors{"shares": refusal(l, "split_terms"),
		"add": refusal(l, "payee_not_found"), "amount": refusal(l, "amount_not_positive")}, "2"
	parts.Rows[0].Part, parts.Rows[1].Part = "1", "x"
	changed := sampleBill()
	changed.ID, changed.Mode, changed.Errors = "req_1", "amount", FieldErrors{"": refusal(l, "split_sum", "€61.00")}
	changed.PaidRows = []BillRow{{ID: "usr_9", Name: "Yuki T.", Money: plain(1525, "EUR")}}
	asked := sampleAsk()
	asked.Mine, asked.Shares, asked.Total = false, []AskShare{{ID: "pay_1", State: "open", Money: plain(1525, "EUR"), PayHref: "#",
		Mine: true}},
		plain(1525, "EUR")
	open := Ask{ID: "req_2", State: "open", Mine: true, Total: plain(800, "EUR"), Paid: plain(0, "EUR"), Left: plain(800, "EUR"),
		CreatedAt: noon,
		ExpiresAt: noon.AddDate(0, 0, 14), Link: "https://pay.example.org/r/req_2", Shares: []AskShare{{State: "open", Money: plain(800, "EUR"),
			Href: "#"}}}
	sent := samplePayment(l, "transfer", "authorized", "payer")
	sent.Link, sent.PayeeName, sent.Receipt, sent.OtherShop = true, text.Say(l, "pay.nobody"), "", false
	sent.Between = Between{Link: "https://pay.example.org/g/gft_1?key=k", UntilAt: noon.AddDate(0, 0, 7), TakeBack: "#"}
	over := samplePayment(l, "transfer", "expired", "payer")
	over.Steps, over.Between = sampleSteps(2, "expire"), Between{AgainHref: "#", RequestHref: "#"}
	byLink := sampleConfirm()
	byLink.Link, byLink.PayeeShop, byLink.PayeeHandle, byLink.Kind = true, false, "", "transfer"
	rows := []AskRow{{Href: "#", Name: "Ana G.", Note: "Dinner", State: "open", Money: plain(1860, "EUR"), At: noon},
		{Href: "#", Name: "Dinner", State: "closed", Money: plain(6100, "EUR"), At: noon, Paid: 2, People: 3, Split: true}}
	return []Specimen{
		{Name: "send", Area: "send", Page: SendPage(Send{People: sampleContacts()})},
		{Name: "send-unknown", Area: "send", Page: SendPage(Send{To: "@nobody", Error: refusal(l, "payee_not_found")})},
		{Name: "send-amount", Area: "send", Page: SendAmountPage(sampleSendAmount())},
		{Name: "send-amount-errors", Area: "send", Page: SendAmountPage(wrong)},
		{Name: "send-amount-known", Area: "send", Page: SendAmountPage(known)},
		{Name: "send-link", Area: "send", Page: SendLinkPage(link)},
		{Name: "send-link-unknown", Area: "send", Page: SendLinkPage(unknown)},
		{Name: "confirm-link", Page: ConfirmPage(byLink)},
		{Name: "payment-link", Area: "activity", Page: PaymentPage(sent)},
		{Name: "payment-send-expired", Area: "activity", Page: PaymentPage(over)},
		{Name: "gift", Page: GiftPage(gift)},
		{Name: "gift-out", Out: true, Page: GiftPage(gift)},
		{Name: "gift-held", Page: GiftPage(held)},
		{Name: "gift-taken", Page: GiftPage(state("taken"))},
		{Name: "gift-mine", Page: GiftPage(state("mine"))},
		{Name: "gift-over", Out: true, Page: GiftPage(state("over"))},
		{Name: "payme", Page: PayMePage(PayMe{Handle: "ana_garcia", Name: "Ana G.", URL: "https://pay.example.org/u/ana_garcia", Href: "#"})},
		{Name: "payme-out", Out: true, Page: PayMePage(PayMe{Handle: "ana_garcia", URL: "https://pay.example.org/u/ana_garcia", Next: "x"})},
		{Name: "payme-mine", Page: PayMePage(PayMe{Handle: "lena", Name: "Lena H.", URL: "https://pay.example.org/u/lena", Mine: true})},
		{Name: "requests", Area: "requests", Page: AsksPage(Asks{In: rows[:1], Out: rows})},
		{Name: "requests-none", Area: "requests", Page: AsksPage(Asks{})},
		{Name: "ask-mine", Area: "requests", Page: AskPage(sampleAsk())},
		{Name: "ask-theirs", Area: "requests", Page: AskPage(asked)},
		{Name: "ask-open", Area: "requests", Page: AskPage(open)},
		{Name: "request", Area: "requests", Page: BillPage(Bill{Currency: "EUR", Currencies: []string{"EUR", "CNY"}, People: sampleContacts(),
			Action: "/request"})},
		{Name: "split", Area: "requests", Page: BillPage(sampleBill())},
		{Name: "split-parts", Area: "requests", Page: BillPage(parts)},
		{Name: "split-change", Area: "requests", Page: BillPage(changed)},
	}
}
