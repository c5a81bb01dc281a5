package api

import (
	"testing"

	"billfold/client"
)

// linkVisits are the operations on payment links, as their shop calls them.
func (w *world) linkVisits() map[string]visit {
	link := func() string {
		amount := eur("100")
		l, err := w.as(w.cafeKey).CreateCheckoutLink(w.ctx, client.CreateCheckoutLink{Title: "Yoga", Amount: &amount})
		if err != nil {
			w.t.Fatal(err)
		}
		return "/v1/checkout/links/" + l.ID
	}
	return map[string]visit{
		"createCheckoutLink": {owner: w.cafeKey, path: func() string { return "/v1/checkout/links" },
			body: `{"title":"Yoga","amount":{"amount":"100","currency":"EUR"}}`},
		"listCheckoutLinks":   {owner: w.cafeKey, path: func() string { return "/v1/checkout/links" }},
		"getCheckoutLink":     {owner: w.cafeKey, path: link, foreign: true},
		"disableCheckoutLink": {owner: w.cafeKey, path: func() string { return link() + "/disable" }, foreign: true},
		"enableCheckoutLink":  {owner: w.cafeKey, path: func() string { return link() + "/enable" }, foreign: true},
	}
}

// TestCheckoutLinks: a shop makes links over the API, reads and closes them; terms that could not be paid are refused by name.
func TestCheckoutLinks(t *testing.T) {
	engines(t, func(w *world) {
		c, amount, least := w.as(w.cafeKey), eur("1500"), eur("200")
		fixed, err := c.CreateCheckoutLink(w.ctx, client.CreateCheckoutLink{Title: "Yoga", Amount: &amount, Uses: 2}, client.IdempotencyKey("l1"))
		if err != nil || fixed.State != "active" || fixed.Amount == nil || *fixed.Amount != amount || fixed.Uses != 2 ||
			fixed.URL != w.server.URL+"/l/"+fixed.ID {
			t.Fatalf("%+v, %v", fixed, err)
		}
		again, err := c.CreateCheckoutLink(w.ctx, client.CreateCheckoutLink{Title: "Yoga", Amount: &amount, Uses: 2}, client.IdempotencyKey("l1"))
		if err != nil || again.ID != fixed.ID {
			t.Errorf("made again: %+v, %v", again, err)
		}
		open, err := c.CreateCheckoutLink(w.ctx, client.CreateCheckoutLink{Title: "Donate", Currency: "EUR", Least: &least})
		if err != nil || open.Amount != nil || open.Least == nil || *open.Least != least {
			t.Errorf("open: %+v, %v", open, err)
		}
		off, err := c.DisableCheckoutLink(w.ctx, fixed.ID)
		if err != nil || off.State != "disabled" {
			t.Errorf("disabled: %+v, %v", off, err)
		}
		if on, err := c.EnableCheckoutLink(w.ctx, fixed.ID); err != nil || on.State != "active" {
			t.Errorf("enabled: %+v, %v", on, err)
		}
		list, err := c.CheckoutLinks(w.ctx, client.Page{})
		if err != nil || len(list.Data) != 2 || list.Data[0].ID != open.ID {
			t.Errorf("list: %+v, %v", list, err)
		}
		none := client.Money{Amount: "0", Currency: "EUR"}
		for param, in := range map[string]client.CreateCheckoutLink{"title": {Amount: &amount}, "currency": {Title: "x"},
			"least": {Title: "x", Amount: &amount, Least: &least}, "uses": {Title: "x", Amount: &amount, Uses: -1},
			"amount": {Title: "x", Amount: &none}} {
			if _, err := c.CreateCheckoutLink(w.ctx, in); err == nil {
				t.Errorf("a link is made with a bad %s", param)
			}
		}
	})
}
