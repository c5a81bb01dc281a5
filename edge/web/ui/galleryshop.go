package ui

import (
	"time"

	"billfold/base/lang"
)

// sampleCode is a code of the right length; what it says leads nowhere.
const sampleCode = "00020101021226380032000000000000000000000000000000000102XX5204581453039785802DE5911CAFE LINDEN6006BERLIN6304ABCD"

// daySpecimens are a shop's day with and without sales.
func daySpecimens(l lang.Tag) []Specimen {
	day := ShopDay{ID: "mch_1", Name: "Café Linden", Day: noon, More: true, Lines: []DayLine{{Currency: "EUR", Sales: 41, Refunds: 2,
		In: plain(512_40, "EUR"), Out: plain(7_80, "EUR"), Net: plain(504_60, "EUR")}, {Currency: "JPY", Sales: 1, In: plain(900, "JPY"),
		Out: plain(0, "JPY"), Net: plain(900, "JPY")}}}
	return []Specimen{{Name: "shop-day", Area: "shop:mch_1", Page: ShopDayPage(day)},
		{Name: "shop-day-empty", Area: "shop:mch_1", Page: ShopDayPage(ShopDay{ID: "mch_1", Name: "Café Linden", Day: noon, Today: true})}}
}

// demoSpecimens are the web shop's pages.
func demoSpecimens(l lang.Tag) []Specimen {
	shelf := DemoShop{Most: 5, Order: "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
	for _, name := range []string{"beans", "mug", "filter", "gift"} {
		shelf.Goods = append(shelf.Goods, DemoGood{Name: name, Money: plain(17_90, "EUR")})
	}
	wrong := shelf
	wrong.Error = refusal(l, "line_items")
	list := []Specimen{{Name: "demo-shop", Out: true, Page: DemoShopPage(shelf)},
		{Name: "demo-shop-empty", Out: true, Page: DemoShopPage(wrong)},
		{Name: "demo-shop-none", Out: true, Page: DemoMissingPage(DemoMissing{Title: refused("not_found").Title.In(l), Detail: refusal(l,
			"not_found")})}}
	for _, state := range []string{"open", "completed", "processing", "expired", "partly_refunded", "refunded"} {
		o := DemoOrder{Session: "chk_01kjkz4n8dj4dfwkkh5k6r7a00", Payment: "pay_01kjkz4n8dj4dfwkkh5k6r7a00", State: state,
			Total: plain(49_80, "EUR"), Lines: []Item{{Name: "Espresso beans, 500 g", Quantity: 2, Money: plain(35_80, "EUR")},
				{Name: "Enamel mug", Quantity: 1, Money: plain(14_00, "EUR")}}}
		switch state {
		case "open":
			o.PayHref = "/c/chk_01kjkz4n8dj4dfwkkh5k6r7a00"
		case "completed":
			o.Receipt, o.Refunds = "rcp_01jnm3v8q2", true
		case "partly_refunded":
			o.Receipt, o.Refunds, o.Returned, o.Problem = "rcp_01jnm3v8q2", true, plain(14_00, "EUR"), refusal(l, "refund_exceeds_payment",
				"€35.80")
		case "refunded":
			o.Receipt, o.Returned = "rcp_01jnm3v8q2", o.Total
		}
		list = append(list, Specimen{Name: "demo-order-" + state, Out: true, Page: DemoOrderPage(o)})
	}
	return list
}

// shopSpecimens are the shop's pages, the till's and the scanner's.
func shopSpecimens(l lang.Tag) []Specimen {
	stores := []StoreBlock{{ID: "sto_1", Name: "Lindenplatz", City: "Berlin", Tills: []TillLine{{ID: "til_1", Name: "Counter", Paired: true,
		PairedAt: noon}, {ID: "til_2", Name: "Terrace"}}}, {ID: "sto_2", Name: "Old Market", Closed: true}}
	staff := []StaffLine{{ID: "stf_1", Name: "Ana", Limits: []Money{plain(50_00, "EUR")}}, {ID: "stf_2", Name: "小李", Locked: true}}
	floor := Floor{ID: "mch_1", Name: "Café Linden", Stores: stores, Staff: staff, Currency: "EUR"}
	pairing, wrong := floor, floor
	pairing.Pairing, pairing.Paired = "k7qf-2m9x", "Counter"
	wrong.Errors = FieldErrors{"store.name": refusal(l, "merchant_place"), "staff.pin": refusal(l, "staff_pin"), "staff.limits": refusal(l,
		"staff_limit", "€50.00")}
	sticker := Sticker{Shop: "Café Linden", ShopID: "mch_1", Handle: "cafe_linden", Store: "Lindenplatz", Stores: stores, Chosen: "sto_1",
		Currencies: []string{"EUR", "USD"}, Currency: "EUR", Code: sampleCode, Link: "https://wallet.example/u/cafe_linden"}
	priced := sticker
	priced.Amount, priced.Money, priced.AskTip = "4.20", plain(4_20, "EUR"), true
	sale := Sale{ID: "chk_1", Shop: "Café Linden", Till: "Counter", State: "open", Money: plain(12_50, "EUR"), What: "2 × Flat white",
		Bill: "A-17", Items: []Item{{Name: "Flat white", Quantity: 2, Money: plain(8_40, "EUR")},
			{Name: "Tip", Quantity: 1,
				Money: plain(4_10, "EUR")}}, Code: sampleCode, Link: "https://wallet.example/c/chk_1", Until: noon.Add(15 * time.Minute)}
	ended := func(state string) Sale {
		k := sale
		k.State, k.Payer, k.Receipt = state, "Lena H.", "rcp_01jnm3v8q2"
		return k
	}
	asked := ScanRead{Shop: "Café Linden", Handle: "cafe_linden", Store: "Lindenplatz, Berlin", Currency: "EUR", AskTip: true,
		AskBill: true, Terminal: "Table 7"}
	fixed := asked
	fixed.Money, fixed.Tip = plain(12_50, "EUR"), plain(0, "EUR")
	made := PayLink{ID: "lnk_1", Shop: "Café Linden", Title: "Yoga on Sundays", Note: "Bring a mat.", URL: "https://wallet.example/l/lnk_1",
		State: "active", Money: plain(15_00, "EUR"), Currency: "EUR", Used: 3, Most: 12, ExpiresAt: noon.Add(48 * time.Hour)}
	given, over := made, made
	given.ID, given.Title, given.Money, given.Least, given.Most = "lnk_2", "Donate", Money{}, plain(2_00, "EUR"), 0
	given.Errors = FieldErrors{"amount": refusal(l, "amount_not_positive")}
	over.ID, over.State = "lnk_3", "disabled"
	linkForm := PayLinkForm{Currency: "EUR", Currencies: []string{"EUR", "USD"}, Asks: []Choice{{Name: "name", On: true}, {Name: "address"},
		{Name: "phone"}, {Name: "email", On: true}}}
	made.Asks = []string{"Postal_Name_First", "Postal_Name_Last", "Online_Email"}
	linkErrors := linkForm
	linkErrors.Errors = FieldErrors{"title": refusal(l, "checkout_link_terms"), "amount": refusal(l, "too_many_decimals"),
		"uses": refusal(l, "checkout_link_terms"), "days": refusal(l, "invalid_expiry")}
	return []Specimen{
		{Name: "links", Area: "shop:mch_1", Page: PayLinksPage(PayLinks{ID: "mch_1", Name: "Café Linden", Links: []PayLink{made, given, over},
			Form: linkForm, More: "/m/mch_1/links"})},
		{Name: "links-none", Area: "shop:mch_1", Page: PayLinksPage(PayLinks{ID: "mch_1", Name: "Café Linden", Form: linkErrors})},
		{Name: "link-fixed", Out: true, Page: PayLinkPage(made)},
		{Name: "link-typed", Out: true, Page: PayLinkPage(given)},
		{Name: "link-over", Out: true, Page: PayLinkPage(over)},
		{Name: "shop-apply", Area: "me", Page: ShopApplyPage(ShopApply{Country: "DE", Currencies: []string{"EUR", "CNY"}, Currency: "EUR",
			Errors: FieldErrors{"handle": refusal(l, "merchant_handle_taken")}})},
		{Name: "floor", Area: "shop:mch_1", Page: FloorPage(floor)},
		{Name: "floor-new", Area: "shop:mch_1", Page: FloorPage(Floor{ID: "mch_1", Name: "Café Linden", Currency: "EUR"})},
		{Name: "floor-pairing", Area: "shop:mch_1", Page: FloorPage(pairing)},
		{Name: "floor-errors", Area: "shop:mch_1", Page: FloorPage(wrong)},
		{Name: "sticker", Area: "shop:mch_1", Page: StickerPage(sticker)},
		{Name: "sticker-amount", Area: "shop:mch_1", Page: StickerPage(priced)},
		{Name: "sticker-error", Area: "shop:mch_1", Page: StickerPage(Sticker{Shop: "Café Linden", ShopID: "mch_1",
			Currencies: []string{"EUR"},
			Errors:     FieldErrors{"amount": refusal(l, "too_many_decimals")}})},
		{Name: "shop-keys", Area: "shop:mch_1", Page: ShopKeysPage(ShopKeys{ID: "mch_1", Name: "Café Linden",
			Secret: "bf_test_rk_0123456789",
			Scopes: []string{"checkout:write", "payments:read"}, Keys: []Key{{ID: "key_1", Label: "Web shop", Hint: "bf_test_sk_…9x2k",
				LastUsed: noon},
				{ID: "key_2", Label: "Reports", Hint: "bf_test_rk_…11aa", Scopes: "payments:read", ExpiresAt: noon}}})},
		{Name: "till-pair", Out: true, Page: TillPairPage(Till{Errors: FieldErrors{"code": refusal(l, "till_code")}})},
		{Name: "till-signin", Out: true, Page: TillSignInPage(Till{Shop: "Café Linden", Till: "Counter", Staff: staff,
			Errors: FieldErrors{"pin": refusal(l, "staff_pin_wrong")}})},
		{Name: "till-nobody", Out: true, Page: TillSignInPage(Till{Shop: "Café Linden", Till: "Counter"})},
		{Name: "till", Out: true, Page: TillPage(Till{Shop: "Café Linden", Till: "Counter", Name: "Ana", Currencies: []string{"EUR", "USD"},
			Currency: "EUR", Amount: "12.50"})},
		{Name: "till-items", Out: true, Page: TillPage(Till{Shop: "Café Linden", Till: "Counter", Name: "Ana", Currencies: []string{"EUR"},
			Currency: "EUR", Scales: []int{2}, Amount: "12.50 + 3.20", Items: sampleTillItems(), Tips: []int64{5, 10, 15}, OwnTip: true, Tip: "10",
			Numbered: true, Total: plain(28_16, "EUR")})},
		{Name: "till-errors", Out: true, Page: TillPage(Till{Shop: "Café Linden", Till: "Counter", Name: "Ana", Currencies: []string{"EUR"},
			Currency: "EUR", Scales: []int{2}, Items: sampleTillItems(), OwnTip: true, Tip: "own",
			Errors: FieldErrors{"": refusal(l, "line_items"), "amount": refusal(l, "amount_not_positive"), "bill": refusal(l, "checkout_bill"),
				"tip": refusal(l, "too_many_decimals"), "q-itm_1": refusal(l, "till_item")}})},
		{Name: "goods", Area: "shop:mch_1", Page: GoodsPage(sampleGoods(l))},
		{Name: "goods-none", Area: "shop:mch_1", Page: GoodsPage(Goods{ID: "mch_1", Name: "Café Linden", Currencies: []string{"EUR"},
			New:    GoodsItem{Errors: FieldErrors{"name": refusal(l, "till_item"), "price": refusal(l, "too_many_decimals")}},
			Errors: FieldErrors{"tips": refusal(l, "till_rules"), "prefix": refusal(l, "till_rules")}})},
		{Name: "origins", Area: "shop:mch_1", Page: OriginsPage(Origins{ID: "mch_1", Name: "Café Linden",
			List: []string{"https://linden.example",
				"https://test.linden.example:8443"}, Typed: "linden", Error: refusal(l, "return_origin")})},
		{Name: "origins-none", Area: "shop:mch_1", Page: OriginsPage(Origins{ID: "mch_1", Name: "Café Linden"})},
		{Name: "till-sale", Out: true, Page: SalePage(sale)},
		{Name: "till-paid", Out: true, Page: SalePage(ended("paid"))},
		{Name: "till-expired", Out: true, Page: SalePage(ended("expired"))},
		{Name: "till-processing", Out: true, Page: SalePage(ended("processing"))},
		{Name: "till-today", Out: true, Page: TillDayPage(TillDay{Shop: "Café Linden", Till: "Counter", Name: "Ana", Problem: refusal(l,
			"staff_limit", "€50.00"),
			Limits: []Money{plain(50_00, "EUR")}, Older: "#", Sales: []SaleLine{{ID: "pay_1", State: "completed", Bill: "A-17",
				What: "2 × Flat white", Left: "12.50", Code: "EUR", At: noon, Money: plain(12_50, "EUR"), CanRefund: true},
				{ID: "pay_2", State: "refunded", At: noon,
					Money: plain(4_20, "EUR")}}})},
		{Name: "till-today-none", Out: true, Page: TillDayPage(TillDay{Shop: "Café Linden", Till: "Counter", Name: "Ana"})},
		{Name: "scan", Area: "scan", Page: ScanPage(Scan{})},
		{Name: "scan-refused", Area: "scan", Page: ScanPage(Scan{Code: "000201…", Problem: refusal(l, "qr_checksum")})},
		{Name: "scan-ask", Area: "scan", Page: ScanPage(Scan{Code: sampleCode, Read: &asked, Errors: FieldErrors{"amount": refusal(l,
			"amount_not_positive")}})},
		{Name: "scan-fixed", Area: "scan", Page: ScanPage(Scan{Code: sampleCode, Read: &fixed})},
	}
}

func sampleTillItems() []TillItem {
	return []TillItem{{ID: "itm_1", Name: "Flat white", Minor: "420", Code: "EUR", Quantity: "2", Money: plain(4_20, "EUR")},
		{ID: "itm_2", Name: "Buttercroissant mit hausgemachter Erdbeermarmelade", Minor: "350", Code: "EUR", Money: plain(3_50, "EUR")}}
}

func sampleGoods(l lang.Tag) Goods {
	return Goods{ID: "mch_1", Name: "Café Linden", Currencies: []string{"EUR", "USD"}, Tips: "5 10 15", OwnTip: true, Numbered: true,
		Prefix: "A-", Items: []GoodsItem{{ID: "itm_1", Title: "Flat white", Price: "4.20", Currency: "EUR", Money: plain(4_20, "EUR"),
			Errors: FieldErrors{"price": refusal(l, "too_many_decimals")}}, {ID: "itm_2", Title: "Croissant", Price: "3.50", Currency: "EUR",
			Money: plain(3_50, "EUR")}},
		New: GoodsItem{Currency: "EUR"}}
}
