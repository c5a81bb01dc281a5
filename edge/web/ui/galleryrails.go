package ui

import (
	"time"

	"billfold/base/lang"
	"billfold/edge/web/text"
)

// railSpecimens are the pages of the roads in and out, in their states.
func railSpecimens(l lang.Tag) []Specimen {
	lines := &QuoteLines{Gets: plain(11710, "USD"), Mid: "1 EUR = 1.1740 USD", Ours: "1 EUR = 1.1711 USD", Source: "sandbox",
		At: noon.AddDate(0, -2, 0), Now: noon, Expires: noon.Add(42 * time.Second)}
	over := *lines
	over.Over = true
	sheet := sampleConfirm()
	sheet.Kind, sheet.PayeeShop, sheet.New, sheet.PayeeHandle, sheet.Note, sheet.Reference = "exchange", false, false, "", "", ""
	sheet.PayeeName, sheet.Quote = "USD", lines
	late := sheet
	late.Quote = &over
	out := sampleConfirm()
	out.Kind, out.PayeeShop, out.PayeeName, out.PayeeHandle, out.Note, out.Reference = "withdrawal", false, "DE ·· 3000", "", "", ""
	waits := samplePayment(l, "topup", "processing", "payee")
	waits.PayerName, waits.Note, waits.Receipt, waits.Live, waits.Steps = text.Say(l, "pay.nobody"), "", "", true, sampleSteps(2, "now")
	waits.Outside = &Outside{Remittance: &Remittance{Holder: "Billfold", IBAN: "DE02120300000000202051", BIC: "BYLADEM1001",
		Bank: "Sandbox Bank", Reference: "RF518HQ0C3VN2K7M",
		Code: "BCD\n002\n1\nSCT\nBYLADEM1001\nBillfold\nDE02120300000000202051\nEUR48.50\n\nRF518HQ0C3VN2K7M"}}
	waits.Play = &PlayBank{Payment: waits.ID, Amount: "48.50", Currency: "EUR", Purpose: "RF518HQ0C3VN2K7M"}
	back := samplePayment(l, "topup", "reversed", "payee")
	back.PayerName, back.Why = text.Say(l, "pay.card"), text.Say(l, "why.card_disputed")
	back.Outside = &Outside{Owed: plain(4200, "EUR"), Left: plain(3200, "EUR")}
	gone := samplePayment(l, "withdrawal", "processing", "payer")
	gone.PayeeName, gone.OtherShop, gone.Note, gone.Reference, gone.Steps = "DE ·· 3000", false, "", "", sampleSteps(3, "now")
	swap := samplePayment(l, "exchange", "completed", "payer")
	swap.PayeeName, swap.OtherShop, swap.Note, swap.Reference, swap.Outside = "USD", false, "", "", &Outside{Quote: lines}
	form := Withdraw{Amount: "30.00", Currency: "EUR", Currencies: []string{"EUR", "JPY"}, Holder: "Lena Hoffmann",
		Tests: []TestAccount{{"DE89370400440532013000", "ok"}, {"DE02370400440532010002", "rejected"}}}
	known := form
	known.Accounts = []BankAccount{{ID: "ins_1", Shown: "DE ·· 3000", At: noon.AddDate(0, 0, -9)}}
	wrong := form
	wrong.Errors = FieldErrors{"iban": refusal(l, "bank_account"), "amount": refusal(l, "insufficient_funds")}
	owed := []Owed{{Href: "#", Name: "Lena H.", Left: plain(3200, "EUR"), All: plain(4200, "EUR"), At: noon.AddDate(0, 0, -3)}}
	pockets := Pockets{Pockets: sampleHome().Pockets, More: []string{"GBP", "KWD"}, CanSwap: true}
	indebted := pockets
	indebted.Owed = owed
	ask := ExchangeForm{Amount: "100.00", From: "EUR", To: "USD", Currencies: []string{"EUR", "USD", "JPY", "KWD"}, Rate: lines}
	small := ask
	small.Errors = FieldErrors{"amount": refusal(l, "exchange_too_small")}
	waiting := OpsRails{Owed: owed, Arrivals: []Arrival{{ID: "arr_1", Sender: "DE ·· 3000", Words: "FORMYWALLET",
		Reason: "reference_unknown",
		Money:  plain(20000, "EUR"), At: noon}},
		Held: []HeldPayment{{ID: "pay_1", Kind: "topup", Why: text.Say(l, "why.rail_mismatch"), Who: "Lena H.", Money: plain(5000, "EUR"),
			At: noon}}}
	month := sampleInsights()
	return []Specimen{
		{Name: "insights", Area: "insights", Page: InsightsPage(month)},
		{Name: "insights-none", Area: "insights", Page: InsightsPage(Insights{Month: "2026-03", Currency: "EUR", At: noon, Zone: "UTC",
			Total: plain(0, "EUR"), Bars: month.Bars[:0], Earlier: "#", Choices: month.Choices})},
		{Name: "confirm-exchange", Page: ConfirmPage(sheet)}, {Name: "confirm-exchange-over", Page: ConfirmPage(late)},
		{Name: "confirm-withdrawal", Page: ConfirmPage(out)},
		{Name: "payment-transfer-awaited", Area: "activity", Page: PaymentPage(waits)},
		{Name: "payment-charged-back", Area: "activity", Page: PaymentPage(back)},
		{Name: "payment-withdrawal", Area: "activity", Page: PaymentPage(gone)},
		{Name: "payment-exchange", Area: "activity", Page: PaymentPage(swap)},
		{Name: "withdraw", Area: "withdraw", Page: WithdrawPage(known)}, {Name: "withdraw-first", Area: "withdraw", Page: WithdrawPage(form)},
		{Name: "withdraw-errors", Area: "withdraw", Page: WithdrawPage(wrong)},
		{Name: "pockets", Area: "pockets", Page: PocketsPage(pockets)}, {Name: "pockets-owed", Area: "pockets", Page: PocketsPage(indebted)},
		{Name: "exchange", Area: "exchange", Page: ExchangePage(ask)}, {Name: "exchange-errors", Area: "exchange", Page: ExchangePage(small)},
		{Name: "ops-rails", Area: "rails", Page: OpsRailsPage(waiting)}, {Name: "ops-rails-none", Area: "rails",
			Page: OpsRailsPage(OpsRails{})},
	}
}

func sampleInsights() Insights {
	v := Insights{Month: "2026-03", Currency: "EUR", At: noon, Zone: "Europe/Berlin", Zones: []string{"UTC", "Europe/Berlin"},
		Currencies: []string{"EUR", "CNY"}, Total: plain(48210, "EUR"), Earlier: "#", Later: "#",
		Choices:  []string{"groceries", "eating_out", "people"},
		Upcoming: sampleHome().Waiting,
		Categories: []CategoryLine{{Category: "eating_out", Spent: plain(21780, "EUR"), Budget: plain(20000, "EUR"), Percent: 108, Width: 100},
			{Category: "groceries", Spent: plain(16430, "EUR"), Budget: plain(20000, "EUR"), Percent: 82, Width: 82},
			{Category: "people", Spent: plain(10000, "EUR"), Width: 46}},
		Payees: []PayeeLine{{Payee: "mch_1", Name: "Café Linden", Category: "eating_out", Money: plain(21780, "EUR")},
			{Payee: "usr_2", Name: "Ana G.", Category: "people", Money: plain(10000, "EUR")}}}
	for i, height := range []int{40, 62, 55, 100, 71, 84} {
		v.Bars = append(v.Bars, MonthBar{At: noon.AddDate(0, i-5, 0), Total: plain(int64(height)*570, "EUR"), Height: height, This: i == 5})
	}
	return v
}
