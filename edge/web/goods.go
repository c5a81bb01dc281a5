package web

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"

	"billfold/base/fault"
	"billfold/base/money"
	"billfold/core/merchant"
	"billfold/edge/web/ui"
)

// goods is the owner's page of what the tills sell and how they ask.
func (s *site) goods(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.goodsPage(w, r, v, http.StatusOK, "", nil)
}

// goodsPage shows it, with what is wrong in one of its forms: "new", "rules", or an item's.
func (s *site) goodsPage(w http.ResponseWriter, r *http.Request, v *visit, status int, form string, wrong ui.FieldErrors) error {
	shop, _, err := s.ownShop(r, v)
	if err != nil {
		return err
	}
	items, err := s.Shops.Items(r.Context(), shop.ID)
	if err != nil {
		return err
	}
	rules, err := s.Shops.CounterOf(r.Context(), shop.ID)
	if err != nil {
		return err
	}
	f := r.PostForm
	typed := ui.GoodsItem{Title: f.Get("name"), Price: f.Get("price"), Currency: f.Get("currency"), Errors: wrong}
	view := ui.Goods{ID: string(shop.ID), Name: shop.Name, Currencies: shop.Currencies, OwnTip: rules.OwnTip, Numbered: rules.Numbered,
		Prefix: rules.Prefix}
	for i, tip := range rules.Tips {
		if i > 0 {
			view.Tips += " "
		}
		view.Tips += strconv.FormatInt(tip, 10)
	}
	for _, item := range items {
		one := ui.GoodsItem{ID: string(item.ID), Title: item.Name, Price: item.Price.Decimal(), Currency: item.Price.Currency.Code,
			Money: ui.Amount(item.Price)}
		if one.ID == form {
			typed.ID, typed.Money = one.ID, one.Money
			one = typed
		}
		view.Items = append(view.Items, one)
	}
	switch form {
	case "new":
		view.New = typed
	case "rules":
		view.Tips, view.Prefix, view.OwnTip, view.Numbered, view.Errors = f.Get("tips"), f.Get("prefix"), f.Get("own_tip") != "",
			f.Get("numbered") != "", wrong
	}
	view.New.Currency = cmp.Or(view.New.Currency, shop.Currencies[0])
	return s.draw(w, r, v, status, ui.Extra{}, ui.GoodsPage(view))
}

// onGoods answers one of the page's forms.
func (s *site) onGoods(w http.ResponseWriter, r *http.Request, v *visit, shop merchant.ID, form string, err error) error {
	if err == nil {
		s.flash(w, "ok", "goods.saved")
		return s.redirect(w, r, "/m/"+string(shop)+"/goods")
	}
	name, words, ok := field(v.scene.Lang, err)
	if !ok {
		return err
	}
	if name != "name" && name != "tips" && name != "prefix" {
		name = "price"
	}
	return s.goodsPage(w, r, v, refusalStatus(err), form, ui.FieldErrors{name: words})
}

// price reads what one of something costs.
func price(r *http.Request) (money.Amount, error) {
	c, err := money.ParseCurrency(r.PostForm.Get("currency"))
	if err != nil {
		return money.Amount{}, err
	}
	return amountField(r.PostForm.Get("price"), c)
}

func (s *site) addItem(w http.ResponseWriter, r *http.Request, v *visit) error {
	shop, _, err := s.ownShop(r, v)
	if err != nil {
		return err
	}
	cost, err := price(r)
	if err == nil {
		_, err = s.Shops.AddItem(r.Context(), shop.ID, r.PostForm.Get("name"), cost)
	}
	return s.onGoods(w, r, v, shop.ID, "new", err)
}

func (s *site) setItem(w http.ResponseWriter, r *http.Request, v *visit) error {
	shop, _, err := s.ownShop(r, v)
	if err != nil {
		return err
	}
	item := r.PathValue("item")
	cost, err := price(r)
	if err == nil {
		err = s.Shops.SetItem(r.Context(), shop.ID, merchant.ItemID(item), r.PostForm.Get("name"), cost)
	}
	return s.onGoods(w, r, v, shop.ID, item, err)
}

func (s *site) endItem(w http.ResponseWriter, r *http.Request, v *visit) error {
	shop, _, err := s.ownShop(r, v)
	if err == nil {
		err = s.Shops.EndItem(r.Context(), shop.ID, merchant.ItemID(r.PathValue("item")))
	}
	if err != nil {
		return err
	}
	return s.onGoods(w, r, v, shop.ID, "", nil)
}

// setRules says which tips the tills offer and whether bills are numbered.
func (s *site) setRules(w http.ResponseWriter, r *http.Request, v *visit) error {
	shop, _, err := s.ownShop(r, v)
	if err != nil {
		return err
	}
	f := r.PostForm
	rules := merchant.Counter{OwnTip: f.Get("own_tip") != "", Numbered: f.Get("numbered") != "", Prefix: f.Get("prefix")}
	for _, word := range strings.FieldsFunc(f.Get("tips"), func(r rune) bool { return strings.ContainsRune(" ,;%、，％", r) }) {
		n, bad := strconv.ParseInt(word, 10, 64)
		if bad != nil {
			n = 0 // which the service refuses in words of its own
		}
		rules.Tips = append(rules.Tips, n)
	}
	err = s.Shops.SetCounter(r.Context(), shop.ID, rules)
	if f, ok := fault.As(err); ok && f.Kind == fault.NotFound {
		return err
	}
	return s.onGoods(w, r, v, shop.ID, "rules", err)
}
