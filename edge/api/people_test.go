package api

import (
	"net/http"
	"strings"
	"testing"

	"billfold/client"
)

// peopleVisits are the operations between people, as their rightful callers call them.
func (w *world) peopleVisits() map[string]visit {
	at := func(path string) func() string { return func() string { return path } }
	w.fund(w.omarKey, "1000")
	link := func(key string) client.Payment {
		p, err := w.as(key).CreatePayment(w.ctx, client.CreatePayment{Amount: eur("100"), Capture: "link", Confirm: true})
		if err != nil {
			w.t.Fatal(err)
		}
		return p
	}
	// Asked of somebody who is nobody else in these tests, so that the other keys are strangers to it.
	asked := func(verb string) func() string {
		return func() string {
			q, err := w.as(w.lenaKey).CreateRequest(w.ctx, client.CreateMoneyRequest{Total: eur("100"), Split: true,
				Shares: []client.NewShare{{Person: string(w.ida)}}})
			if err != nil {
				w.t.Fatal(err)
			}
			return "/v1/requests/" + q.ID + verb
		}
	}
	ofLena := func() string {
		q, err := w.as(w.omarKey).CreateRequest(w.ctx, client.CreateMoneyRequest{Total: eur("100"),
			Shares: []client.NewShare{{Person: "@lena", Part: "100"}}})
		if err != nil {
			w.t.Fatal(err)
		}
		return "/v1/payments/" + q.Shares[0].Payment + "/decline"
	}
	open, err := w.as(w.omarKey).PaymentLink(w.ctx, link(w.omarKey).ID)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.as(w.lenaKey).KeepContact(w.ctx, client.KeepContact{Payee: "@omar"}); err != nil {
		w.t.Fatal(err)
	}
	return map[string]visit{
		"findPayee":      {owner: w.lenaKey, path: at("/v1/payees/lookup"), body: `{"payee":"` + string(w.ida) + `"}`},
		"listContacts":   {owner: w.lenaKey, path: at("/v1/contacts")},
		"keepContact":    {owner: w.lenaKey, path: at("/v1/contacts"), body: `{"payee":"` + string(w.ida) + `"}`},
		"removeContact":  {owner: w.lenaKey, path: at("/v1/contacts/" + string(w.omar) + "/remove"), foreign: true},
		"getPaymentLink": {owner: w.lenaKey, path: func() string { return "/v1/payments/" + link(w.lenaKey).ID + "/link" }, foreign: true},
		"viewLink":       {owner: w.lenaKey, path: at("/v1/links/view"), body: `{"link":"` + open.URL + `"}`},
		"claimLink":      {owner: w.lenaKey, path: at("/v1/links/claim"), body: `{"link":"` + open.URL + `"}`},
		"declinePayment": {owner: w.lenaKey, path: ofLena, foreign: true},
		"createRequest": {owner: w.lenaKey, path: at("/v1/requests"),
			body: `{"shares":[{"person":"` + string(w.ida) + `","part":"100"}],"total":{"amount":"100","currency":"EUR"}}`},
		"listRequests": {owner: w.lenaKey, path: at("/v1/requests?direction=in")},
		"getRequest":   {owner: w.lenaKey, path: asked(""), foreign: true},
		"changeRequest": {owner: w.lenaKey, path: asked("/change"), foreign: true,
			body: `{"seen":2,"shares":[{"person":"` + string(w.ida) + `"}],"total":{"amount":"90","currency":"EUR"}}`},
		"cancelRequest": {owner: w.lenaKey, path: asked("/cancel"), foreign: true},
		"remindRequest": {owner: w.lenaKey, path: asked("/remind"), foreign: true},
	}
}

// TestPeople walks the API between people: somebody is found by name, and sent money by a link that another takes. Every answer is
// checked against the document.
func TestPeople(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lenaKey, "10000")
		lena, omar := w.as(w.lenaKey), w.as(w.omarKey)
		found, err := lena.FindPayee(w.ctx, "@omar")
		if err != nil || found.ID != string(w.omar) || !found.FirstTime || strings.Contains(found.Name, "Haddad") {
			t.Errorf("omar is %+v, %v", found, err)
		}
		p, err := lena.CreatePayment(w.ctx, client.CreatePayment{Amount: eur("1500"), Capture: "link", Confirm: true, Description: "flowers"})
		if err != nil || p.State != "authorized" || !p.Payee.IsZero() {
			t.Fatalf("by link: %+v, %v", p, err)
		}
		link, err := lena.PaymentLink(w.ctx, p.ID)
		if err != nil || !strings.Contains(link.URL, "/g/gft_") {
			t.Fatalf("its link: %+v, %v", link, err)
		}
		if facts, err := omar.ViewLink(w.ctx, link.URL); err != nil || facts.State != "open" || facts.Note != "flowers" {
			t.Errorf("what it carries: %+v, %v", facts, err)
		}
		for _, bad := range []string{link.URL[:len(link.URL)-1], "nonsense", "https://evil.example/g/" + p.ID + "?key=x", "%zz"} {
			if a := w.send(w.omarKey, http.MethodPost, "/v1/links/claim", `{"link":"`+bad+`"}`).problem(t); a.Status != 404 {
				t.Errorf("%s: %+v", bad, a)
			}
		}
		if took, err := omar.ClaimLink(w.ctx, link.URL); err != nil || took.State != "completed" || took.Payee.ID != string(w.omar) {
			t.Errorf("taken: %+v, %v", took, err)
		}
	})
}

// TestRequests walks a split bill: paid, changed against what is over and against what is true, reminded, withdrawn.
func TestRequests(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.omarKey, "10000")
		lena, omar := w.as(w.lenaKey), w.as(w.omarKey)
		q, err := lena.CreateRequest(w.ctx, client.CreateMoneyRequest{Total: eur("6100"), Split: true, Own: "1", Note: "dinner",
			Shares: []client.NewShare{{Person: "@omar"}, {Person: string(w.ida)}}})
		if err != nil || q.Shares[0].Amount.Amount != "2033" || q.Own.Amount != "2034" {
			t.Fatalf("divided: %+v, %v", q, err)
		}
		mine, err := omar.Request(w.ctx, q.ID)
		if err != nil || len(mine.Shares) != 1 {
			t.Fatalf("omar sees %+v, %v", mine, err)
		}
		paid, err := omar.ConfirmPayment(w.ctx, mine.Shares[0].Payment, client.ConfirmPayment{})
		if err != nil || paid.State != "completed" {
			t.Errorf("omar paid: %+v, %v", paid, err)
		}
		late := w.send(w.lenaKey, http.MethodPost, "/v1/requests/"+q.ID+"/change",
			`{"seen":`+"3"+`,"shares":[{"person":"`+string(w.ida)+`"}],"total":{"amount":"7000","currency":"EUR"}}`).problem(t)
		if late.Code != "request_changed" || late.Status != 409 {
			t.Errorf("a change of what is over: %+v", late)
		}
		now, err := lena.Request(w.ctx, q.ID)
		if err != nil || now.Version <= q.Version {
			t.Fatal(now, err)
		}
		now, err = lena.ChangeRequest(w.ctx, q.ID, client.ChangeMoneyRequest{Seen: now.Version, Total: eur("7000"),
			Shares: []client.NewShare{{Person: string(w.ida)}}})
		if err != nil || len(now.Shares) != 2 || now.Shares[1].Amount.Amount != "4967" {
			t.Errorf("changed: %+v, %v", now, err)
		}
		if all, err := lena.Requests(w.ctx, "out", client.Page{}); err != nil || len(all.Data) != 1 {
			t.Errorf("listed: %+v, %v", all, err)
		}
		if _, err := lena.RemindRequest(w.ctx, q.ID); err != nil {
			t.Error(err)
		}
		if now, err = lena.CancelRequest(w.ctx, q.ID); err != nil || now.State != "closed" || now.Shares[0].State != "paid" {
			t.Errorf("withdrawn: %+v, %v", now, err)
		}
		if list, err := omar.Contacts(w.ctx); err != nil || len(list.Data) != 1 || list.Data[0].ID != string(w.lena) {
			t.Errorf("omar's recents: %+v, %v", list, err)
		}
		for _, amount := range []string{"1e3", "007", "-5", "٣", "9223372036854775808"} {
			body := `{"shares":[{"person":"@omar","part":"` + amount + `"}],"total":{"amount":"100","currency":"EUR"}}`
			if a := w.send(w.lenaKey, http.MethodPost, "/v1/requests", body).problem(t); a.Status < 400 || a.Status >= 500 {
				t.Errorf("a part of %s: %+v", amount, a)
			}
		}
	})
}
