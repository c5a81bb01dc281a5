package payment

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"billfold/base/db"
	"billfold/base/lang"
	"billfold/core/identity"
	"billfold/core/merchant"
	"billfold/core/notice"
	"billfold/core/rail"
	"billfold/test/harness"
)

// readers are two people who read mail, in two languages, and a shop whose owner does.
type readers struct {
	mara, ming identity.PersonID
	shop       merchant.Shop
}

func (w *world) readers() (r readers) {
	w.t.Helper()
	made, err := w.People.Create(w.ctx, []identity.NewPerson{{Name: "Mara Stein", Handle: "mara", Email: "mara@example.org"},
		{Name: "王小明", Handle: "ming", Email: "ming@example.org", Lang: lang.ZH},
		{Name: "Olga Shopkeeper", Handle: "olga", Email: "olga@example.org"}})
	if err != nil {
		w.t.Fatal(err)
	}
	r.mara, r.ming = made[0].ID, made[1].ID
	r.shop, err = w.Shops.Register(w.ctx, merchant.Draft{Owner: made[2].ID, Name: "Olga's Books", Handle: "olgas_books", MCC: "5942",
		Country: "DE", Currencies: []string{"EUR"}})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// mails are the sandbox's, oldest first.
func (w *world) mails() []notice.Message {
	w.t.Helper()
	list, _, err := w.Notices.Inbox(w.ctx, "", 100)
	if err != nil {
		w.t.Fatal(err)
	}
	slices.Reverse(list)
	return list
}

// mailed checks which mails there are, as "to template subject"; those of one event come in any order of time.
func (w *world) mailed(doing string, want ...string) {
	w.t.Helper()
	var got []string
	for _, m := range w.mails() {
		name, _, _ := strings.Cut(m.To, "@")
		got = append(got, name+" "+m.Template+" "+m.Subject)
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("%s, mails:\n%s\nwant:\n%s", doing, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// done fails the test where a verb was refused.
func (w *world) done(p Payment, err error) Payment {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) send(from, to identity.PersonID, minor int64) Payment {
	w.t.Helper()
	return w.done(w.Create(w.ctx, w.by(from), Terms{Payee: string(to), Amount: eur.Of(minor)}, true, w.key()))
}

// A mail for money that moved, one each, in its reader's language; none to shops or to people without an address; and a batch
// that is told again mails nothing again.
func TestMails(t *testing.T) {
	engines(t, func(w *world) {
		r := w.readers()
		till := Caller{Shop: r.shop.ID, AuthenticatedAt: w.business.Now()}
		w.fund(w.omar, 5000)
		w.fund(r.mara, 9000)
		w.fund(r.ming, 10_000)
		failed := w.done(w.TopUp(w.ctx, w.by(r.ming), eur.Of(700), rail.TokenOK, w.key()))
		if err := w.Settle(w.ctx, rail.Callback{ID: "no", Rail: rail.Card, Reference: string(failed.ID), Merchant: "test",
			Outcome: rail.Declined, Reason: "card_insufficient_funds", Amount: 700, Currency: "EUR"}); err != nil {
			t.Fatal(err)
		}
		terms := Terms{Payee: string(r.shop.ID), Amount: eur.Of(1250)}
		bought := w.done(w.Create(w.ctx, w.by(r.ming), terms, true, w.key()))
		back, part := eur.Of(250), eur.Of(1000)
		w.done(w.Refund(w.ctx, till, bought.ID, &back, "a page was missing", w.key()))
		terms.Capture = Manual
		held := w.done(w.Create(w.ctx, w.by(r.mara), terms, true, w.key()))
		w.done(w.Capture(w.ctx, till, held.ID, &part, w.key()))
		freed := w.done(w.Create(w.ctx, w.by(r.mara), terms, true, w.key()))
		w.done(w.Void(w.ctx, till, freed.ID, w.key()))
		w.done(w.Create(w.ctx, Caller{Shop: r.shop.ID}, Terms{Amount: eur.Of(1)}, false, w.key()))
		w.send(r.ming, r.mara, 300)
		w.send(w.omar, r.mara, 100)
		w.send(w.omar, w.lena, 100)
		w.pay(w.omar, 100)
		want := []string{
			"mara topup_completed Your top-up of 90.00 EUR has arrived",
			"ming topup_completed 您充值的 100.00 EUR 已到账",
			"ming topup_failed 您的 7.00 EUR 充值失败",
			"ming receipt 您已向 Olga's Books 支付 12.50 EUR",
			"ming refund Olga's Books 已向您退款 2.50 EUR",
			"mara receipt You paid 10.00 EUR to Olga's Books",
			"ming receipt 您已向 Mara S. 支付 3.00 EUR",
			"mara received *小明 paid you 3.00 EUR",
			"mara received Omar H. paid you 1.00 EUR",
		}
		w.rest()
		w.mailed("told", want...)
		for range 2 { // before and after the mails have left
			if err := w.DB.Write(w.ctx, func(tx *db.Tx) error { return w.tell(tx, w.untold()) }); err != nil {
				t.Fatal(err)
			}
			w.mailed("told again", want...)
			w.rest()
		}
		for _, m := range w.mails() {
			if m.State != notice.Sent {
				t.Errorf("%s is %s", m.Subject, m.State)
			}
		}
		receipt, _ := Receipt(bought.ID)
		w.reads(3, "您于 2026年3月1日 09:00 UTC 向 Olga's Books 支付了 12.50 EUR。", "收据编号 "+receipt, "/activity/"+string(bought.ID))
		w.reads(2, "充值未成功：卡内余额不足。", "https://pay.example.org/activity/"+string(failed.ID))
		w.reads(5, "on 1 March 2026 at 09:00 UTC.")
	})
}

func (w *world) reads(number int, words ...string) {
	w.t.Helper()
	list := w.mails()
	if len(list) <= number {
		w.t.Fatalf("no mail %d", number)
	}
	for _, part := range words {
		if !strings.Contains(list[number].Text, part) {
			w.t.Errorf("mail %d lacks %q:\n%s", number, part, list[number].Text)
		}
	}
}

// Once it is known that people have no address, their news is not even looked at with the database.
func TestNoMailCostsNothing(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 1000)
		w.pay(w.lena, 100)
		w.send(w.lena, w.omar, 100)
		var list []telling
		w.rest()
		for _, e := range w.untold() {
			if n, err := ParseNews(e); err != nil {
				t.Fatal(err)
			} else if told, ok := heard(e, n); ok {
				list = append(list, told)
			}
		}
		if len(list) != 3 {
			t.Fatalf("%d events to tell", len(list))
		}
		if err := w.mail(nil, list, nil); err != nil { // a statement would have no transaction to run in
			t.Error(err)
		}
		w.mailed("to nobody")
		r := w.readers()
		w.fund(r.ming, 100)
		w.rest()
		w.mailed("to somebody new", "ming topup_completed 您充值的 1.00 EUR 已到账")
	})
}

// What happened days ago is told in the app and not mailed: a demo's history, a process that stood still. A sandbox's clock that
// was moved ahead does not stop mails.
func TestOldNewsIsNotMailed(t *testing.T) {
	engines(t, func(w *world) {
		r := w.readers()
		w.fund(r.mara, 1000)
		if err := w.real.Advance(newsLives + time.Second); err != nil {
			t.Fatal(err)
		}
		w.rest()
		w.mailed("of the past")
		if told := w.titles(string(r.mara)); len(told) != 1 {
			t.Errorf("told in the app: %q", told)
		}
		if err := w.business.Advance(90 * 24 * time.Hour); err != nil {
			t.Fatal(err)
		}
		w.send(r.mara, w.omar, 100)
		w.rest()
		w.mailed("of a clock ahead", "mara receipt You paid 1.00 EUR to Omar H.")
	})
}

// A mail's row gives neither its reader nor what it says away, and an erased reader keeps nobody from being told.
func TestMailsAreSealed(t *testing.T) {
	engines(t, func(w *world) {
		r := w.readers()
		w.fund(r.mara, 123_400)
		w.send(r.mara, r.ming, 4321)
		w.rest()
		rows, err := harness.Raw(t, w.DB).Query(`select recipient, data from notice_mail`)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		seen := 0
		for ; rows.Next(); seen++ {
			var recipient, data []byte
			if err := rows.Scan(&recipient, &data); err != nil {
				t.Fatal(err)
			}
			for _, canary := range []string{"example.org", "mara", "Mara", "小明", "43.21", "1234.00", "pay_", "rcp_"} {
				if bytes.Contains(recipient, []byte(canary)) || bytes.Contains(data, []byte(canary)) {
					t.Errorf("%q is legible in a mail's row", canary)
				}
			}
		}
		if seen != 3 {
			t.Errorf("%d mails", seen)
		}
		if err := w.Keys.Destroy(string(r.mara)); err != nil {
			t.Fatal(err)
		}
		w.send(r.ming, r.mara, 100)
		w.rest()
		w.mailed("with an erased reader", "ming received Mara S. 已向您支付 43.21 EUR", "ming receipt 您已向 Mara S. 支付 1.00 EUR")
		if told := w.titles(string(r.ming)); len(told) != 2 {
			t.Errorf("told in the app: %q", told)
		}
	})
}
