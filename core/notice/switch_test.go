package notice

import (
	"fmt"
	"testing"

	"billfold/base/lang"
)

// What was switched off is not told; money that goes out always is.
func TestSwitches(t *testing.T) {
	engines(t, sandbox, func(w *world) {
		var all []Switch
		for _, kind := range Kinds {
			for _, channel := range Channels {
				all = append(all, Switch{kind, channel})
			}
		}
		w.must(w.SetOff(w.ctx, lena, append(all, Switch{"everything", InApp})), "switch off")
		off, err := w.Off(w.ctx, lena)
		w.must(err, "look")
		if len(off) != 6 || off[Switch{MoneyOut, InApp}] || off[Switch{MoneyOut, ByMail}] {
			t.Errorf("off: %v", off)
		}
		in, out := paid(1, lena, "payee"), paid(2, lena, "payer")
		w.tell(in, out, paid(3, linden, "payee"))
		if got := w.unread(lena) + " " + w.unread(linden); got != "1 false 1 false" {
			t.Errorf("unread: %s", got)
		}
		data := map[string]string{"amount": "1.00 EUR", "payee": "P", "payer": "P", "receipt": "rcp_1", "at": "now", "link": origin + "/x"}
		for _, template := range []string{Received, Receipt} {
			w.mail(Mail{Owner: lena, To: "lena@example.org", Lang: lang.EN, Template: template, Data: data})
		}
		mails, _, err := w.Inbox(w.ctx, "", 10)
		w.must(err, "inbox")
		if len(mails) != 1 || mails[0].Template != Receipt {
			t.Errorf("mails: %v", fmt.Sprint(mails))
		}
		w.must(w.SetOff(w.ctx, lena, nil), "switch on")
		w.tell(paid(4, lena, "payee"))
		if got := w.unread(lena); got != "2 false" {
			t.Errorf("unread: %s", got)
		}
	})
}
