package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"billfold/base/db"
	"billfold/core/audit"
	"billfold/core/identity"
	"billfold/core/merchant"
)

// An operator says why before they see a person; what they do is recorded with the reason, and a frozen wallet stands still.
func TestOperatorLooksAndFreezes(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	w.fund(w.lena, 4200)
	b := w.browser()
	b.signIn("olu")
	list := b.get("/ops/users")
	b.wants(list, http.StatusOK, "Lena H.")
	for _, secret := range []string{"Hoffmann", "lena@example.org"} {
		if strings.Contains(list.html, secret) {
			t.Errorf("the list says %s", secret)
		}
	}
	path := "/ops/users/" + string(w.lena.ID)
	for _, query := range []string{"lena", "lena@example.org", string(w.lena.ID)} {
		door := b.get("/ops/users?q=" + url.QueryEscape(query))
		b.wants(door, http.StatusOK, "Why do you look", string(w.lena.ID))
		if strings.Contains(door.html, "Hoffmann") || strings.Contains(door.html, "42.00") {
			t.Error("the person is shown without a reason")
		}
	}
	b.wants(b.get("/ops/users?q=nobody"), http.StatusOK, "Nobody fits")
	b.wants(b.submit(b.get(path), path+"/look", "reason", " "), http.StatusUnprocessableEntity, "Why do you look")
	page := b.submit(b.get(path), path+"/look", "reason", "case 118 <b>")
	b.wants(page, http.StatusOK, "Lena Hoffmann", "lena@example.org", "€42.00", "case 118")
	if strings.Contains(page.html, "118 <b>") {
		t.Error("a reason became markup")
	}
	b.wants(b.submit(page, path+"/state", "state", "frozen", "reason", ""), http.StatusUnprocessableEntity, "Say why")
	b.wants(b.submit(page, path+"/state", "state", "frozen", "reason", "stolen phone"), http.StatusOK, "Unfreeze", "stolen phone")
	if p, err := w.People.Get(t.Context(), w.lena.ID); err != nil || p.State != identity.Frozen {
		t.Fatalf("%+v, %v", p, err)
	}
	b.wants(b.submit(b.get(path), path+"/state", "state", "active", "reason", "she has it back"), http.StatusOK, "Freeze")

	b.wants(b.get("/ops/audit"), http.StatusOK, "stolen phone", "Olu A.")
	b.wants(b.get("/ops/audit?action=person.freeze"), http.StatusOK, "stolen phone")
	if only := b.get("/ops/audit?action=person.freeze").html; strings.Contains(only, "she has it back") {
		t.Error("the filter lets more through")
	}
	file := b.get("/ops/audit.csv")
	if !strings.Contains(file.html, "person.freeze,"+string(w.lena.ID)+",stolen phone") {
		t.Errorf("the file says %s", file.html)
	}
	trail, _, err := w.Audit.List(t.Context(), audit.Filter{Actor: string(w.olu.ID)}, "", 50)
	if w.must(err); len(trail) != 4 || trail[0].Action != audit.Exported {
		t.Errorf("%d records, the last %+v", len(trail), trail[0])
	}
	b.wants(b.get("/ops/shops"), http.StatusOK, "rosas_cafe")
	b.wants(b.get("/ops/health"), http.StatusOK, "Open tasks")
	b.wants(b.get("/ops"), http.StatusOK, "Covered", "€42.00")
	at := w.business.Now().AddDate(0, 0, -1).Format("2006-01-02")
	b.wants(b.get("/ops/account?at="+at+"&address="+url.QueryEscape("user/"+string(w.lena.ID)+"/EUR")), http.StatusOK, at, "€0.00")
	b.wants(b.get("/ops/users/usr_1"), http.StatusNotFound)
}

// Who applies for a shop waits for the operator, whose decision is recorded once, told to the owner, and opens or shuts the shop.
func TestOperatorOpensAShop(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	draft := merchant.Draft{Owner: w.lena.ID, Name: "Lena's Bakery", Handle: "lenas", MCC: "5462", Country: "DE", Currencies: []string{"EUR"}}
	shop, err := w.Shops.Apply(t.Context(), draft)
	w.must(err)
	b := w.browser()
	b.signIn("olu")
	path := "/ops/shops/" + string(shop.ID)
	b.wants(b.get("/ops/shops"), http.StatusOK, path, "Applied")
	page := b.get(path)
	b.wants(page, http.StatusOK, "5462", "Approve", "Refuse")
	b.wants(b.submit(page, path+"/state", "state", "active", "reason", ""), http.StatusUnprocessableEntity, "Say why")
	b.wants(b.submit(page, path+"/state", "state", "frozen", "reason", "never opened"), http.StatusUnprocessableEntity)
	b.wants(b.submit(page, path+"/state", "state", "active", "reason", "papers seen"), http.StatusOK, "Freeze the shop", "papers seen")
	b.wants(b.submit(page, path+"/state", "state", "active", "reason", "pressed twice"), http.StatusOK, "Freeze the shop")
	open, err := w.Shops.Get(t.Context(), shop.ID)
	if w.must(err); open.State != merchant.Active {
		t.Errorf("the shop is %s", open.State)
	}
	b.wants(b.submit(b.get(path), path+"/state", "state", "frozen", "reason", "complaints"), http.StatusOK, "Unfreeze the shop")
	trail, _, err := w.Audit.List(t.Context(), audit.Filter{Object: string(shop.ID)}, "", 10)
	if w.must(err); len(trail) != 2 || trail[0].Action != audit.Shut || trail[1].Action != audit.Approve || trail[1].Reason != "papers seen" {
		t.Errorf("the trail says %+v", trail)
	}
	lena := w.browser()
	lena.signIn("lena")
	lena.wants(lena.get("/notifications"), http.StatusOK, "Lena&#39;s Bakery is open", "Lena&#39;s Bakery is frozen", "/m/"+string(shop.ID))
	lena.wants(lena.get(path), http.StatusForbidden)
	token := lena.form(lena.get("/me"), "/signout").Get("csrf")
	lena.wants(lena.send(path+"/state", url.Values{"csrf": {token}, "reason": {"it is mine"}, "state": {"active"}}), http.StatusForbidden)
	b.wants(b.get("/ops/shops/mch_1"), http.StatusNotFound)
}

// A revoked key is refused at once, and nobody but an operator comes to these pages.
func TestOperatorsOnly(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	b := w.browser()
	b.signIn("olu")
	made := b.submit(b.get("/ops/people"), "/ops/keys", "label", "till")
	_, rest, _ := strings.Cut(made.html, `id="secret-value"`)
	_, rest, _ = strings.Cut(rest, ">")
	secret, _, _ := strings.Cut(rest, "<")
	key, err := w.People.AuthenticateKey(t.Context(), secret)
	w.must(err)
	b.wants(b.submit(b.get("/ops/people"), "/ops/keys/revoke", "key", string(key.ID)), http.StatusOK, "The key is revoked")
	if _, err := w.People.AuthenticateKey(t.Context(), secret); !errors.Is(err, identity.ErrKey) {
		t.Errorf("a revoked key: %v", err)
	}
	lena := w.browser()
	lena.signIn("lena")
	rosa := "/ops/users/" + string(w.rosa.ID)
	for _, path := range []string{"/ops/users", rosa, "/ops/shops", "/ops/audit", "/ops/audit.csv", "/ops/health"} {
		lena.wants(lena.get(path), http.StatusForbidden)
	}
	token := lena.form(lena.get("/me"), "/signout").Get("csrf")
	for _, path := range []string{rosa + "/state", rosa + "/look", "/ops/keys/revoke", "/ops/verify"} {
		lena.wants(lena.send(path, url.Values{"csrf": {token}, "reason": {"because I can"}, "state": {"frozen"}}), http.StatusForbidden)
	}
	records, err := db.Read(t.Context(), w.DB, func(tx *db.Tx) (int, error) {
		list, _, err := w.Audit.List(t.Context(), audit.Filter{Actor: string(w.lena.ID)}, "", 10)
		return len(list), err
	})
	if w.must(err); records != 0 {
		t.Errorf("%d records of somebody who may not act", records)
	}
}

// Removing the demo data asks for a reason, says what goes, leads to where the operator goes on, and is there for operators of a
// sandbox that has such data only.
func TestOperatorRemovesTheDemo(t *testing.T) {
	var asked []audit.Record
	o := Options{Sandbox: true, Demo: &Demo{
		Facts: func(context.Context) (DemoFacts, error) { return DemoFacts{People: 14, Shops: 2, Payments: 412}, nil },
		Remove: func(_ context.Context, r audit.Record) (string, error) {
			asked = append(asked, r)
			return "/setup?token=next", nil
		}}}
	w := build(t, o)
	b := w.browser()
	b.signIn("olu")
	b.wants(b.get("/ops"), http.StatusOK, `href="/ops/demo"`)
	page := b.get("/ops/demo")
	b.wants(page, http.StatusOK, "412", "begins anew", "removed_")
	b.wants(b.submit(page, "/ops/demo", "reason", " no "), http.StatusUnprocessableEntity, "Say why")
	if len(asked) != 0 {
		t.Fatal("removed without a reason")
	}
	b.wants(b.submit(page, "/ops/demo", "reason", "we begin for real"), http.StatusNotFound, "used already")
	if len(asked) != 1 || asked[0].Reason != "we begin for real" ||
		asked[0].Actor != string(w.olu.ID) || asked[0].Action != audit.DemoRemoved {
		t.Errorf("asked for: %+v", asked)
	}
	lena := w.browser()
	lena.signIn("lena")
	lena.wants(lena.get("/ops/demo"), http.StatusForbidden)
	plain := build(t, Options{Sandbox: true})
	p := plain.browser()
	p.signIn("olu")
	p.wants(p.get("/ops/demo"), http.StatusNotFound)
	if strings.Contains(p.get("/ops").html, "/ops/demo") {
		t.Error("offered where there is none")
	}
}
