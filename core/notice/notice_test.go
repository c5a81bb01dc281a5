package notice

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/lang"
)

func paid(n int, owner, role string) Notice {
	return Notice{ID: fmt.Sprintf("evt_%04d/%s", n, owner), Owner: owner, Template: "payment.completed", Object: "pay_1",
		At: time.Date(2026, 3, 1, 9, 0, n, 0, time.UTC), Data: map[string]string{"kind": "purchase", "role": role,
			"amount": "48.50 EUR", "with": "Lena H."}}
}

func (w *world) tell(list ...Notice) {
	w.t.Helper()
	w.must(w.db.Write(w.ctx, func(tx *db.Tx) error { return w.Tell(tx, list) }), "tell")
}

func (w *world) unread(owner string) string {
	w.t.Helper()
	n, more, err := w.Unread(w.ctx, owner)
	w.must(err, "unread")
	return fmt.Sprint(n, more)
}

func TestNoticesAreToldOnceAndReadInPages(t *testing.T) {
	engines(t, sandbox, func(w *world) {
		var list []Notice
		for i := range 75 { // an odd number of statements
			list = append(list, paid(i, linden, "payee"))
		}
		list = append(list, paid(7, lena, "payer"))
		w.tell(list...)
		w.tell(list[:40]...) // the batch came again
		if got := w.unread(linden) + " " + w.unread(lena) + " " + w.unread("usr_nobody"); got != "75 false 1 false 0 false" {
			w.t.Errorf("unread: %s", got)
		}
		var seen []Notice
		before := ""
		for pages := 0; ; pages++ {
			page, next, err := w.Notices(w.ctx, linden, before, 30)
			w.must(err, "notices")
			seen = append(seen, page...)
			if before = next; next == "" {
				if pages != 2 {
					w.t.Errorf("%d pages", pages+1)
				}
				break
			}
		}
		for i, n := range seen {
			want := list[74-i]
			if n.ID != want.ID || !n.At.Equal(want.At) || n.Object != "pay_1" || n.Read || n.Data["amount"] != "48.50 EUR" {
				w.t.Fatalf("notice %d is %+v, want %+v", i, n, want)
			}
		}
		if len(seen) != 75 {
			w.t.Errorf("%d notices", len(seen))
		}
		w.must(w.MarkRead(w.ctx, linden, list[70].ID), "read some")
		if got := w.unread(linden); got != "4 false" {
			w.t.Errorf("unread after some: %s", got)
		}
		w.must(w.MarkRead(w.ctx, linden, list[3].ID), "read older ones")
		w.must(w.MarkRead(w.ctx, "usr_nobody", ""), "read nothing")
		if got := w.unread(linden); got != "4 false" {
			w.t.Errorf("reading went back: %s", got)
		}
		w.must(w.MarkRead(w.ctx, linden, ""), "read all")
		if got := w.unread(linden) + " " + w.unread(lena); got != "0 false 1 false" {
			w.t.Errorf("unread after all: %s", got)
		}
		if page, _, err := w.Notices(w.ctx, linden, "", 1); err != nil || !page[0].Read {
			w.t.Errorf("newest: %+v, %v", page, err)
		}
		var many []Notice
		for i := range 150 {
			many = append(many, paid(100+i, linden, "payee"))
		}
		w.tell(many...)
		if got := w.unread(linden); got != "99 true" {
			w.t.Errorf("many unread: %s", got)
		}
	})
}

func TestAnErasedOwnerDoesNotStopTheOthers(t *testing.T) {
	engines(t, sandbox, func(w *world) {
		w.tell(paid(1, lena, "payer"), paid(1, linden, "payee"))
		w.must(w.keys.Destroy(lena), "erase")
		w.tell(paid(2, lena, "payer"), paid(2, linden, "payee"))
		if page, _, err := w.Notices(w.ctx, lena, "", 10); err != nil || len(page) != 0 {
			w.t.Errorf("of an erased owner: %v, %v", page, err)
		}
		if page, _, err := w.Notices(w.ctx, linden, "", 10); err != nil || len(page) != 2 {
			w.t.Errorf("of the other: %v, %v", page, err)
		}
	})
}

func TestNoticesSpeakBothLanguages(t *testing.T) {
	for key, s := range sayings {
		if s.title.Missing() || s.body != (lang.Text{}) && s.body.Missing() {
			t.Errorf("%q lacks a language", key)
		}
	}
	n := paid(1, lena, "payer")
	n.Data["with"] = "Café Linden"
	for _, c := range []struct {
		change   func(*Notice)
		en, zh   string
		withBody bool
	}{
		{func(*Notice) {}, "You paid 48.50 EUR to Café Linden", "您已向 Café Linden 支付 48.50 EUR", false},
		{func(n *Notice) { n.Data["role"] = "payee" }, "Café Linden paid you 48.50 EUR", "Café Linden 已向您支付 48.50 EUR", false},
		{func(n *Notice) { n.Data["with"] = "" }, "You paid 48.50 EUR to somebody", "您已向对方支付 48.50 EUR", false},
		{func(n *Notice) { n.Template, n.Data["kind"] = "payment.failed", "topup" }, "Your top-up of 48.50 EUR failed",
			"您的 48.50 EUR 充值失败", true},
		{func(n *Notice) { n.Template = "payment.expired" }, "The payment of 48.50 EUR has expired", "48.50 EUR 的付款已过期", true},
		{func(n *Notice) { n.Template = "circle.joined" }, "There is news about a payment", "您有一笔付款的新动态", false},
		{func(n *Notice) { n.Data["with"] = "{amount}" }, "You paid 48.50 EUR to {amount}", "您已向 {amount} 支付 48.50 EUR", false},
	} {
		n := n
		n.Data = map[string]string{"kind": "purchase", "role": "payer", "amount": "48.50 EUR", "with": "Café Linden"}
		c.change(&n)
		if n.Title(lang.EN) != c.en || n.Title(lang.ZH) != c.zh || (n.Body(lang.EN) != "") != c.withBody ||
			(n.Body(lang.ZH) != "") != c.withBody {
			t.Errorf("%s: %q, %q; %q, %q", n.Template, n.Title(lang.EN), n.Title(lang.ZH), n.Body(lang.EN), n.Body(lang.ZH))
		}
	}
}

func TestEveryLetterIsWhole(t *testing.T) {
	s := &Service{from: "Billfold <no-reply@pay.example.org>", origin: origin}
	for name, l := range letters {
		for _, tag := range lang.All() {
			data := map[string]string{}
			for _, key := range l.needs {
				data[key] = "<" + key + ">"
			}
			if data["link"] != "" {
				data["link"] = origin + "/activity/pay_1?a=b&c=d"
			}
			m, err := s.write("mail_1", Mail{To: "lena@example.org", Lang: tag, Template: name, Data: data})
			if err != nil {
				t.Fatal(err)
			}
			for what, in := range map[string]string{"subject": m.Subject, "text": m.Text, "html": m.HTML} {
				if in == "" || strings.ContainsAny(in, "{}") {
					t.Errorf("%s in %s has an odd %s: %q", name, tag, what, in)
				}
			}
			for key := range data {
				if key == "link" {
					if !strings.Contains(m.HTML, `<a href="https://pay.example.org/activity/pay_1?a=b&amp;c=d">`) ||
						!strings.Contains(m.Text, data[key]) {
						t.Errorf("%s in %s lost its link:\n%s", name, tag, m.HTML)
					}
				} else if !strings.Contains(m.Text, "<"+key+">") || !strings.Contains(m.HTML, "&lt;"+key+"&gt;") ||
					strings.Contains(m.HTML, "<"+key+">") {
					t.Errorf("%s in %s does not tell its %s, or not safely:\n%s", name, tag, key, m.HTML)
				}
			}
			if l.subject.Missing() || !strings.Contains(m.HTML, `<html lang="`+string(tag)+`">`) {
				t.Errorf("%s lacks %s", name, tag)
			}
		}
	}
}

func TestMailRefusesMistakes(t *testing.T) {
	engines(t, sandbox, func(w *world) {
		good := func() Mail {
			return Mail{Owner: lena, To: "lena@example.org", Lang: lang.EN, Template: TopUpFailed,
				Data: map[string]string{"amount": "10.00 EUR", "reason": "declined", "link": origin + "/activity/pay_1"}}
		}
		w.mail(good())
		for name, change := range map[string]func(*Mail){
			"an unknown template":  func(m *Mail) { m.Template = "lottery" },
			"missing data":         func(m *Mail) { delete(m.Data, "amount") },
			"a foreign link":       func(m *Mail) { m.Data["link"] = "https://pay.example.org.evil.example/x" },
			"a script as link":     func(m *Mail) { m.Data["link"] = "javascript:alert(1)" },
			"two addresses":        func(m *Mail) { m.To = "lena@example.org, mila@example.org" },
			"a header for address": func(m *Mail) { m.To = "lena@example.org\r\nBcc: mila@example.org" },
			"a name and address":   func(m *Mail) { m.To = "Lena <lena@example.org>" },
			"an owner without key": func(m *Mail) { m.Owner = "usr_nobody" },
		} {
			m := good()
			change(&m)
			if err := w.db.Write(w.ctx, func(tx *db.Tx) error { return w.Mail(tx, m) }); err == nil {
				w.t.Errorf("%s was taken", name)
			}
		}
		if n := w.step(); n != 1 {
			w.t.Errorf("%d mails were queued", n)
		}
	})
}

func TestSandboxInbox(t *testing.T) {
	sweepStep = 1
	t.Cleanup(func() { sweepStep = 500 })
	engines(t, sandbox, func(w *world) {
		for i := range 3 {
			w.mail(Mail{Owner: lena, To: "lena@example.org", Lang: lang.ZH, Template: Code,
				Data: map[string]string{"code": fmt.Sprintf("00000%d", i), "minutes": "10"}})
		}
		w.mail(Mail{Owner: linden, To: "linden@example.org", Template: KnownEmail})
		if n := w.step(); n != 4 {
			w.t.Errorf("%d tasks ran", n)
		}
		first, next, err := w.Inbox(w.ctx, "", 2)
		w.must(err, "inbox")
		if len(first) != 2 || first[0].To != "linden@example.org" || first[0].Lang != lang.EN || first[0].State != Sent ||
			first[1].Subject != "您的 Billfold 验证码：000002" || !strings.Contains(first[1].Text, "000002") || next == "" {
			w.t.Errorf("inbox: %+v, %q", first, next)
		}
		w.must(w.keys.Destroy(linden), "erase")
		rest, next, err := w.Inbox(w.ctx, next, 50)
		if err != nil || len(rest) != 2 || next != "" || rest[1].Subject != "您的 Billfold 验证码：000000" {
			w.t.Errorf("rest: %+v, %q, %v", rest, next, err)
		}
		if all, _, err := w.Inbox(w.ctx, "", 50); err != nil || len(all) != 3 {
			w.t.Errorf("with an erased owner: %d, %v", len(all), err)
		}
		w.pass(keepSandbox + time.Hour)
		w.must(w.sweep(w.ctx), "sweep")
		if all, _, err := w.Inbox(w.ctx, "", 50); err != nil || len(all) != 0 {
			w.t.Errorf("after a week: %d, %v", len(all), err)
		}
		for i := range 4 { // two of them grow old
			w.mail(Mail{Owner: lena, To: "lena@example.org", Template: Code,
				Data: map[string]string{"code": fmt.Sprintf("00000%d", i), "minutes": "10"}})
			w.step()
			w.pass(keepSandbox / 3)
		}
		w.pass(time.Hour)
		w.must(w.sweep(w.ctx), "sweep")
		if all, _, err := w.Inbox(w.ctx, "", 50); err != nil || len(all) != 2 {
			w.t.Errorf("of four, two of which are older than a week: %d, %v", len(all), err)
		}
	})
}

func TestNoInboxWhereMailsAreSent(t *testing.T) {
	engines(t, func() Sender { return failing{&Refusal{Class: "connection"}} }, func(w *world) {
		_, _, err := w.Inbox(w.ctx, "", 10)
		if !errors.Is(err, fault.ErrNotFound) {
			w.t.Errorf("inbox of a real installation: %v", err)
		}
	})
}
