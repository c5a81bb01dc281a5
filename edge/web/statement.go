package web

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"billfold/base/db"
	"billfold/base/money"
	"billfold/core/identity"
	"billfold/core/ledger"
	"billfold/core/payment"
	"billfold/edge/web/paper"
	"billfold/edge/web/ui"
)

// statements lists the months there are statements of, in one pocket.
func (s *site) statements(w http.ResponseWriter, r *http.Request, v *visit) error {
	v.scene.Area = "me"
	view := ui.Statements{Months: months(v.session.Person, v.scene.Now.In(v.scene.Zone))}
	accounts, err := db.Read(r.Context(), s.DB, func(tx *db.Tx) ([]ledger.Account, error) {
		return s.Ledger.OwnedBy(tx, "user/"+string(v.session.Person.ID))
	})
	if err != nil {
		return err
	}
	for _, a := range accounts {
		view.Currencies = append(view.Currencies, a.Currency.Code)
	}
	if len(view.Currencies) > 0 {
		view.Currency = cmp.Or(r.FormValue("currency"), view.Currencies[0])
	}
	return s.show(w, r, v, ui.StatementsPage(view))
}

// months are the first moments of each month since somebody has a wallet, newest first, at most ten years of them.
func months(p identity.Person, now time.Time) []time.Time {
	var list []time.Time
	from := p.CreatedAt.In(now.Location())
	for m := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, now.Location()); len(list) < 120; m = m.AddDate(0, -1, 0) {
		list = append(list, m)
		if !m.After(from) {
			break
		}
	}
	return list
}

// statement draws up what an address like /statements/2026-02.csv?currency=EUR names; "all" is everything there is.
func (s *site) statement(r *http.Request, v *visit) (st payment.Statement, name string, err error) {
	name, _, _ = strings.Cut(r.PathValue("file"), ".")
	currency, ok := money.Lookup(r.FormValue("currency"))
	if !ok {
		return st, "", errMissing
	}
	list := months(v.session.Person, v.scene.Now.In(v.scene.Zone))
	from, to := list[len(list)-1], v.scene.Now.Add(time.Second)
	if name != "all" {
		if from, err = time.ParseInLocation("2006-01", name, v.scene.Zone); err != nil {
			return st, "", errMissing
		}
		to = from.AddDate(0, 1, 0)
	}
	st, err = s.Payments.Statement(r.Context(), v.session.Person.ID, currency, from, to)
	return st, "billfold-" + name + "-" + currency.Code, err
}

const statementPath = "/statements/"

// statementFile answers with a statement as CSV or PDF.
func (s *site) statementFile(w http.ResponseWriter, r *http.Request, v *visit) error {
	_, kind, _ := strings.Cut(r.PathValue("file"), ".")
	if kind != "csv" && kind != "pdf" {
		return errMissing
	}
	st, name, err := s.statement(r, v)
	if err != nil {
		return err
	}
	if kind == "csv" {
		return s.sendLines(w, r, name+".csv", func(line putLine) error { return v.statementCSV(r.Context(), st, line) })
	}
	body, err := v.statementPDF(r.Context(), st)
	if err != nil {
		return err
	}
	return download(w, name+".pdf", body)
}

// statementCSV writes a statement with what was there before and what is there after.
func (v *visit) statementCSV(ctx context.Context, st payment.Statement, line putLine) error {
	err := line(v.say("csv.date"), v.say("csv.time"), v.say("csv.kind"), v.say("csv.with"), v.say("csv.text"), v.say("csv.amount"),
		v.say("csv.balance"), v.say("form.currency"), v.say("pay.id"), v.say("pay.receipt"))
	if err != nil {
		return err
	}
	row := func(at time.Time, kind, with, text, amount string, balance money.Amount, id, receipt string) error {
		at = at.In(v.scene.Zone)
		return line(at.Format(time.DateOnly), at.Format(time.TimeOnly), kind, inert(with), inert(text), amount, balance.Decimal(),
			balance.Currency.Code, id, receipt)
	}
	if err := row(st.From, v.say("csv.opening"), "", "", "", st.Opening, "", ""); err != nil {
		return err
	}
	err = st.Each(ctx, func(l payment.StatementLine) error {
		return row(l.At, v.kind(l), v.with(l), l.Text, l.Amount.Decimal(), l.Balance, string(l.Payment), l.Receipt)
	})
	if err != nil {
		return err
	}
	return row(st.To, v.say("csv.closing"), "", "", "", st.Closing, "", "")
}

func (v *visit) kind(l payment.StatementLine) string {
	return ui.Word(v.scene.Lang, "kind", string(l.Kind))
}

func (v *visit) with(l payment.StatementLine) string {
	switch {
	case l.Kind == payment.TopUp && l.Method == payment.FromBank:
		return v.say("pay.bank")
	case l.Kind == payment.TopUp:
		return v.say("pay.card")
	case l.Kind == payment.Exchange:
		return v.say("statement.pocket")
	case l.With == "" && l.ByLink:
		return v.say("link.row")
	case l.With == "":
		return v.say("pay.nobody")
	}
	return l.With
}

// sheetMost is how many movements stand on paper one by one, some 120 pages. Of more there is a line for each day.
const sheetMost = 5000

func (v *visit) statementPDF(ctx context.Context, st payment.Statement) ([]byte, error) {
	name, _ := st.From.In(v.scene.Zone).Zone()
	day := func(t time.Time) string { return t.In(v.scene.Zone).Format(time.DateOnly) }
	sheet := paper.Sheet{Title: v.say("statement.title"), Owner: v.session.Person.Name, At: v.scene.Now, Foot: v.say("statement.foot"),
		Facts: []paper.Line{
			{Label: v.say("statement.period"), Value: v.say("statement.days", day(st.From), day(st.To.Add(-time.Second)), name)},
			{Label: v.say("csv.opening"), Value: ui.Amount(st.Opening).String()},
			{Label: v.say("statement.in"), Value: ui.Flow(st.In, true).String()},
			{Label: v.say("statement.out"), Value: ui.Flow(st.Out, false).String()},
			{Label: v.say("csv.closing"), Value: ui.Amount(st.Closing).String(), Strong: true}},
		Head: []string{v.say("csv.date"), v.say("csv.with"), v.say("csv.kind"), "\t" + v.say("csv.amount"), "\t" + v.say("csv.balance")}}
	if st.Count > sheetMost {
		return v.daysPDF(ctx, st, sheet)
	}
	err := st.Each(ctx, func(l payment.StatementLine) error {
		in := l.Amount.Minor > 0
		amount := l.Amount
		if !in {
			amount = amount.Currency.Of(-amount.Minor)
		}
		sheet.Rows = append(sheet.Rows, []string{l.At.In(v.scene.Zone).Format("2006-01-02 15:04"), v.with(l), v.kind(l),
			ui.Flow(amount, in).String(), ui.Amount(l.Balance).String()})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return paper.Statement(sheet)
}

// daysPDF is a statement that would be hundreds of pages: its days.
func (v *visit) daysPDF(ctx context.Context, st payment.Statement, sheet paper.Sheet) ([]byte, error) {
	days, err := st.Days(ctx, v.scene.Zone)
	if err != nil {
		return nil, err
	}
	sheet.Foot = v.say("statement.foot.days")
	sheet.Head = []string{v.say("csv.date"), v.say("statement.count"), "\t" + v.say("statement.in"), "\t" + v.say("statement.out"),
		"\t" + v.say("csv.balance")}
	for _, d := range days {
		sheet.Rows = append(sheet.Rows, []string{d.Day.In(v.scene.Zone).Format(time.DateOnly), strconv.Itoa(d.Count),
			ui.Flow(d.In, true).String(), ui.Flow(d.Out, false).String(), ui.Amount(d.Balance).String()})
	}
	return paper.Statement(sheet)
}

// receiptPDF is the receipt as a file: the words and figures of the page.
func (s *site) receiptPDF(w http.ResponseWriter, r *http.Request, v *visit) error {
	p, view, err := s.mine(r, v)
	if err != nil {
		return err
	}
	if view.Receipt == "" {
		return errMissing
	}
	slip := paper.Slip{Title: v.say("payment.receipt"), With: v.say("headline."+view.Side) + " " + view.Other(), Money: view.Money.String(),
		State: ui.Word(v.scene.Lang, "state", view.State), Foot: v.say("landing.title"), At: p.CreatedAt}
	add := func(label, value string, strong bool) {
		if value != "" {
			slip.Lines = append(slip.Lines, paper.Line{Label: label, Value: value, Strong: strong})
		}
	}
	add(v.say("csv.date"), p.CreatedAt.In(v.scene.Zone).Format("2006-01-02 15:04:05 MST"), false)
	add(v.say("pay.kind"), ui.Word(v.scene.Lang, "kind", view.Kind), false)
	add(v.say("pay.from"), view.PayerName, false)
	add(v.say("pay.to"), view.PayeeName, false)
	add(v.say("pay.amount"), view.Plain.String(), false)
	if !view.Captured.Zero() && view.Captured != view.Plain {
		add(v.say("pay.captured"), view.Captured.String(), false)
	}
	add(v.say("pay.fee"), view.Fee.String(), false)
	add(v.say("total."+view.Side), view.Total.String(), true)
	if !view.Refunded.Zero() {
		add(v.say("pay.refunded"), view.Refunded.String(), false)
	}
	add(v.say("pay.note"), view.Note, false)
	add(v.say("pay.bill"), view.Bill, false)
	if p.Kind == payment.Exchange {
		rate := rateLines(p.Quote.Mid)
		add(v.say("exchange.mid"), rate.Mid, false)
		add(v.say("exchange.ours"), rate.Ours, false)
		add(v.say("exchange.gets"), ui.Amount(p.Quote.Deal.Gets).String(), true)
	} else {
		add(v.say("pay.reference"), view.Reference, false)
	}
	add(v.say("pay.receipt"), view.Receipt, false)
	add(v.say("pay.id"), view.ID, false)
	body, err := paper.Receipt(slip)
	if err != nil {
		return err
	}
	return download(w, view.Receipt+".pdf", body)
}
