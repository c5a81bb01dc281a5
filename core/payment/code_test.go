package payment

import (
	"errors"
	"strings"
	"testing"

	"billfold/base/fault"
	"billfold/core/merchant"
	"billfold/core/payment/qr"
)

// A shop's sticker leads to the shop as it is registered, with what the shop asks for; the till's code leads to its session.
func TestCodes(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 100_00)
		store, err := w.Shops.AddStore(w.ctx, w.shop.ID, "Linden Square 4", "Köln")
		if err != nil {
			w.t.Fatal(err)
		}
		payload, err := w.ShopCode(w.ctx, w.shop.ID, Sticker{Store: store.ID, Amount: eur.Of(12_50), Tip: qr.Tip{Kind: qr.PercentTip, Value: "5"},
			Bill: qr.AskPayer, Terminal: "Table 7"})
		if err != nil {
			w.t.Fatal(err)
		}
		read, err := w.ReadCode(w.ctx, " "+payload+"\n")
		if err != nil {
			w.t.Fatal(err)
		}
		if read.Shop.ID != w.shop.ID || read.Store != store.ID || !read.Asked || read.Amount != eur.Of(12_50) || read.Tip != eur.Of(62) ||
			read.Bill != qr.AskPayer || read.Terminal != "Table 7" || read.Checkout != "" {
			w.t.Errorf("the sticker is read as %+v", read)
		}
		printed, err := qr.Parse(payload)
		if err != nil || printed.Name != "Rosa's Cafe" || printed.City != "Koln" || printed.Category != "5814" || printed.Currency != "978" {
			w.t.Errorf("others read it as %+v, %v", printed, err)
		}

		session, err := w.CreateCheckout(w.ctx, w.byShop(),
			CheckoutTerms{Terms: Terms{Amount: eur.Of(4_20)}, ReturnURL: "https://rosas.example/"}, w.key())
		if err != nil {
			w.t.Fatal(err)
		}
		live, err := w.CheckoutCode(w.ctx, w.byShop(), session.ID)
		if err != nil {
			w.t.Fatal(err)
		}
		if read, err = w.ReadCode(w.ctx, live); err != nil || read.Checkout != session.ID || read.Amount != eur.Of(4_20) {
			w.t.Errorf("the till's code is read as %+v, %v", read, err)
		}
		_, err = w.CheckoutCode(w.ctx, Caller{Shop: "mch_another"}, session.ID)
		w.refused(err, fault.ErrNotFound, "another shop's session")
		if _, err := w.ExpireCheckout(w.ctx, w.byShop(), session.ID, w.key()); err != nil {
			w.t.Fatal(err)
		}
		_, err = w.CheckoutCode(w.ctx, w.byShop(), session.ID)
		w.refused(err, ErrState, "a code for an expired session")
		_, err = w.ShopCode(w.ctx, w.shop.ID, Sticker{Currency: jpy})
		w.refused(err, merchant.ErrCurrency, "a currency the shop does not take")
	})
}

// Whatever is changed in a code of ours is refused, with the checksum made right again; codes of others are told apart.
func TestForgedCodes(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 1_00)
		payload, err := w.ShopCode(w.ctx, w.shop.ID, Sticker{Amount: eur.Of(12_50), Bill: "A-17"})
		if err != nil {
			w.t.Fatal(err)
		}
		rival, err := w.Shops.Register(w.ctx, merchant.Draft{Owner: w.omar, Name: "Rosa's Café", Handle: "rosas_cafee", MCC: "5814",
			Country: "DE", Currencies: []string{"EUR"}})
		if err != nil {
			w.t.Fatal(err)
		}
		forged := 0
		for what, change := range map[string]func(c *qr.Code){
			"the amount":    func(c *qr.Code) { c.Amount = "1250.00" },
			"no amount":     func(c *qr.Code) { c.Amount = "" },
			"the currency":  func(c *qr.Code) { c.Currency = "840" },
			"the payee":     func(c *qr.Code) { c.Accounts[0].Objects[1].Value = body(string(rival.ID)) },
			"a tip":         func(c *qr.Code) { c.Tip = qr.Tip{Kind: qr.FixedTip, Value: "5"} },
			"the bill":      func(c *qr.Code) { c.Additional.Bill = "A-18" },
			"the name":      func(c *qr.Code) { c.Name = "Trust me" },
			"the method":    func(c *qr.Code) { c.Method = qr.Dynamic },
			"no signature":  func(c *qr.Code) { c.Unreserved = nil },
			"another place": func(c *qr.Code) { c.Accounts[0].ID = 27 },
			"a store": func(c *qr.Code) {
				c.Unreserved[0].Objects = append(c.Unreserved[0].Objects, qr.Object{ID: codeStore, Value: "x"})
			},
			"a second account": func(c *qr.Code) {
				c.Accounts = append(c.Accounts, qr.Template{ID: 30, GUID: "A000000000", Objects: []qr.Object{{ID: 1, Value: "1"}}})
			},
		} {
			c, err := qr.Parse(payload)
			if err != nil {
				w.t.Fatal(err)
			}
			change(&c)
			changed, err := c.Encode()
			if err != nil {
				w.t.Fatal(what, err)
			}
			_, err = w.ReadCode(w.ctx, changed)
			w.refused(err, ErrCodeForged, what)
			forged++
		}
		if forged != 12 {
			w.t.Errorf("%d changes were tried", forged)
		}
		foreign := "00020101021229300012D156000000000510A93FO3230Q31280012D15600000001030812345678520441115802CN5914BEST TRANSPORT" +
			"6007BEIJING64200002ZH0104最佳运输0202北京540523.7253031565502016233030412340603***0708A60086670902ME" +
			"91320016A0112233449988770708123456786304A13A"
		_, err = w.ReadCode(w.ctx, foreign)
		w.refused(err, ErrCodeForeign, "another scheme's code")
		elsewhere, err := qr.Parse(payload)
		if err != nil {
			w.t.Fatal(err)
		}
		elsewhere.Accounts[0].Objects[0].Value = "00000000"
		changed, err := elsewhere.Encode()
		if err != nil {
			w.t.Fatal(err)
		}
		_, err = w.ReadCode(w.ctx, changed)
		w.refused(err, ErrCodeForeign, "another installation's code")
		for _, rubbish := range []string{"", "hello", strings.Repeat("0", 5000), payload[:len(payload)-1], "https://evil.example/c/chk_1"} {
			if _, err := w.ReadCode(w.ctx, rubbish); !errors.Is(err, qr.ErrForm) && !errors.Is(err, qr.ErrChecksum) {
				w.t.Errorf("%.20q: %v", rubbish, err)
			}
		}
	})
}

// A shop with a Chinese name keeps it in the language template, and is readable without it.
func TestChineseName(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 1_00)
		shop, err := w.Shops.Register(w.ctx, merchant.Draft{Owner: w.omar, Name: "小王的面馆", Handle: "xiaowang_noodles", MCC: "5812",
			Country: "CN", Currencies: []string{"CNY"}})
		if err != nil {
			w.t.Fatal(err)
		}
		payload, err := w.ShopCode(w.ctx, shop.ID, Sticker{})
		if err != nil {
			w.t.Fatal(err)
		}
		c, err := qr.Parse(payload)
		if err != nil || c.Name != "xiaowang_noodles" || c.Local.Name != "小王的面馆" || c.Currency != "156" {
			w.t.Errorf("%+v, %v", c, err)
		}
		if read, err := w.ReadCode(w.ctx, payload); err != nil || read.Shop.ID != shop.ID {
			w.t.Errorf("%+v, %v", read, err)
		}
	})
}
