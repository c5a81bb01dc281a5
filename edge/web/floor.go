package web

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/money"
	"billfold/core/identity"
	"billfold/core/merchant"
	"billfold/core/payment"
	"billfold/core/payment/qr"
	"billfold/edge/web/ui"
)

// applyForm is where somebody opens a shop.
func (s *site) applyForm(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.applyPage(w, r, v, http.StatusOK, ui.ShopApply{Country: "DE", MCC: "5814", Currency: s.currencies()[0]})
}

func (s *site) applyPage(w http.ResponseWriter, r *http.Request, v *visit, status int, view ui.ShopApply) error {
	v.scene.Area = "me"
	view.Currencies = s.currencies()
	return s.draw(w, r, v, status, ui.Extra{}, ui.ShopApplyPage(view))
}

func (s *site) apply(w http.ResponseWriter, r *http.Request, v *visit) error {
	f := r.PostForm
	view := ui.ShopApply{Name: f.Get("name"), Handle: f.Get("handle"), MCC: f.Get("mcc"),
		Country:  strings.ToUpper(strings.TrimSpace(f.Get("country"))),
		Currency: f.Get("currency")}
	shop, err := s.Shops.Apply(r.Context(), merchant.Draft{Owner: v.session.Person.ID, Name: view.Name, Handle: view.Handle,
		MCC: strings.TrimSpace(view.MCC), Country: view.Country, Currencies: []string{view.Currency}})
	if err == nil {
		s.flash(w, "ok", "apply.done")
		return s.redirect(w, r, "/m/"+string(shop.ID))
	}
	name, words, ok := field(v.scene.Lang, err)
	if !ok {
		return err
	}
	view.Errors = ui.FieldErrors{name: words}
	return s.applyPage(w, r, v, refusalStatus(err), view)
}

// floor is the owner's page of stores, tills and staff.
func (s *site) floor(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.floorPage(w, r, v, http.StatusOK, ui.Floor{})
}

func (s *site) floorPage(w http.ResponseWriter, r *http.Request, v *visit, status int, view ui.Floor) error {
	shop, _, err := s.ownShop(r, v)
	if err != nil {
		return err
	}
	view.ID, view.Name, view.Currency = string(shop.ID), shop.Name, shop.Currencies[0]
	if view.Stores, err = s.storeBlocks(r, shop.ID); err != nil {
		return err
	}
	list, err := s.Shops.StaffOf(r.Context(), shop.ID)
	if err != nil {
		return err
	}
	for _, st := range list {
		line := ui.StaffLine{ID: string(st.ID), Name: st.Name, Locked: st.Locked, Ended: st.Ended}
		for _, limit := range st.Limits {
			line.Limits = append(line.Limits, ui.Amount(limit))
		}
		view.Staff = append(view.Staff, line)
	}
	return s.draw(w, r, v, status, ui.Extra{}, ui.FloorPage(view))
}

func (s *site) storeBlocks(r *http.Request, shop merchant.ID) ([]ui.StoreBlock, error) {
	stores, err := s.Shops.Stores(r.Context(), shop)
	if err != nil {
		return nil, err
	}
	tills, err := s.Shops.Tills(r.Context(), shop)
	if err != nil {
		return nil, err
	}
	blocks := make([]ui.StoreBlock, len(stores))
	for i, store := range stores {
		blocks[i] = ui.StoreBlock{ID: string(store.ID), Name: store.Name, City: store.City, Closed: store.Closed}
		for _, t := range tills {
			if t.Store == store.ID {
				blocks[i].Tills = append(blocks[i].Tills, ui.TillLine{ID: string(t.ID), Name: t.Name, Paired: t.Paired,
					PairedAt: t.PairedAt})
			}
		}
	}
	return blocks, nil
}

// onFloor is the frame of the floor's forms. A form that answers with something to be seen once, a pairing code, draws the page
// itself; the others lead back to it.
func (s *site) onFloor(form string, verb func(s *site, r *http.Request, shop merchant.Shop) (ui.Floor, error)) page {
	return func(w http.ResponseWriter, r *http.Request, v *visit) error {
		shop, _, err := s.ownShop(r, v)
		if err != nil {
			return err
		}
		view, err := verb(s, r, shop)
		if err == nil {
			if view.Pairing != "" {
				return s.floorPage(w, r, v, http.StatusOK, view)
			}
			s.flash(w, "ok", "floor.saved")
			return s.redirect(w, r, "/m/"+string(shop.ID)+"/floor")
		}
		f, ok := fault.As(err)
		if !ok || f.Kind == fault.NotFound || f.Kind == fault.Internal || f.Kind == fault.Unavailable {
			return err
		}
		view.Errors = ui.FieldErrors{form + "." + f.Param: detail(v.scene.Lang, f)}
		view.Typed = map[string]string{form + ".name": r.PostForm.Get("name"), form + ".city": r.PostForm.Get("city")}
		return s.floorPage(w, r, v, refusalStatus(err), view)
	}
}

func addStore(s *site, r *http.Request, shop merchant.Shop) (ui.Floor, error) {
	_, err := s.Shops.AddStore(r.Context(), shop.ID, r.PostForm.Get("name"), r.PostForm.Get("city"))
	return ui.Floor{}, err
}

func closeStore(s *site, r *http.Request, shop merchant.Shop) (ui.Floor, error) {
	return ui.Floor{}, s.Shops.CloseStore(r.Context(), shop.ID, merchant.StoreID(r.PathValue("store")))
}

func addTill(s *site, r *http.Request, shop merchant.Shop) (ui.Floor, error) {
	till, code, err := s.Shops.AddTill(r.Context(), shop.ID, merchant.StoreID(r.PathValue("store")), r.PostForm.Get("name"))
	if err != nil {
		return ui.Floor{}, err
	}
	return ui.Floor{Pairing: code, Paired: till.Name}, nil
}

func pairTill(s *site, r *http.Request, shop merchant.Shop) (ui.Floor, error) {
	code, err := s.Shops.PairingCode(r.Context(), shop.ID, merchant.TillID(r.PathValue("till")))
	if err != nil {
		return ui.Floor{}, err
	}
	return ui.Floor{Pairing: code, Paired: r.PostForm.Get("name")}, nil
}

func unpairTill(s *site, r *http.Request, shop merchant.Shop) (ui.Floor, error) {
	return ui.Floor{}, s.Shops.Unpair(r.Context(), shop.ID, merchant.TillID(r.PathValue("till")))
}

// refundLimit reads the one limit that the form has, in the shop's first currency; empty is nothing.
func refundLimit(r *http.Request, shop merchant.Shop) ([]money.Amount, error) {
	c, err := money.ParseCurrency(shop.Currencies[0])
	typed := strings.TrimSpace(r.PostForm.Get("limit"))
	if err != nil || typed == "" {
		return nil, err
	}
	a, err := typedAmount(typed, c)
	if f, ok := fault.As(err); ok {
		return nil, f.With("limits")
	}
	return []money.Amount{a}, err
}

func addStaff(s *site, r *http.Request, shop merchant.Shop) (ui.Floor, error) {
	limits, err := refundLimit(r, shop)
	if err == nil {
		_, err = s.Shops.AddStaff(r.Context(), shop.ID, r.PostForm.Get("name"), r.PostForm.Get("pin"), limits)
	}
	return ui.Floor{}, err
}

// changeStaff sets what was filled in: a PIN, a limit, or both.
func changeStaff(s *site, r *http.Request, shop merchant.Shop) (ui.Floor, error) {
	id := merchant.StaffID(r.PathValue("staff"))
	limits, err := refundLimit(r, shop)
	if err == nil && r.PostForm.Get("pin") != "" {
		err = s.Shops.SetPIN(r.Context(), shop.ID, id, r.PostForm.Get("pin"))
	}
	if err == nil && limits != nil {
		err = s.Shops.SetLimits(r.Context(), shop.ID, id, limits)
	}
	return ui.Floor{}, err
}

func endStaff(s *site, r *http.Request, shop merchant.Shop) (ui.Floor, error) {
	return ui.Floor{}, s.Shops.EndStaff(r.Context(), shop.ID, merchant.StaffID(r.PathValue("staff")))
}

// sticker is the page a shop prints: the payment code of this scheme beside one that any phone's camera opens.
func (s *site) sticker(w http.ResponseWriter, r *http.Request, v *visit) error {
	shop, _, err := s.ownShop(r, v)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	view := ui.Sticker{Shop: shop.Name, ShopID: string(shop.ID), Handle: shop.Handle, Chosen: q.Get("store"), Currencies: shop.Currencies,
		Currency: cmp.Or(q.Get("currency"), shop.Currencies[0]), Amount: q.Get("amount"), Link: s.PublicURL + "/u/" + shop.Handle,
		AskTip: q.Get("tip") == "ask", AskBill: q.Get("bill") == "ask"}
	if view.Stores, err = s.storeBlocks(r, shop.ID); err != nil {
		return err
	}
	for _, store := range view.Stores {
		if store.ID == view.Chosen {
			view.Store = store.Name
		}
	}
	k := payment.Sticker{Store: merchant.StoreID(view.Chosen)}
	if view.AskTip {
		k.Tip.Kind = qr.AskTip
	}
	if view.AskBill {
		k.Bill = qr.AskPayer
	}
	if k.Currency, err = money.ParseCurrency(view.Currency); err == nil && view.Amount != "" {
		if k.Amount, err = amountField(view.Amount, k.Currency); err == nil {
			view.Money = ui.Amount(k.Amount)
			view.Link += "?amount=" + k.Amount.Decimal() + "&currency=" + k.Currency.Code
		}
	}
	if err == nil {
		view.Code, err = s.Payments.ShopCode(r.Context(), shop.ID, k)
	}
	status := http.StatusOK
	if err != nil {
		_, words, ok := field(v.scene.Lang, err)
		if !ok {
			return err
		}
		view.Errors, status = ui.FieldErrors{"amount": words}, refusalStatus(err)
	}
	return s.draw(w, r, v, status, ui.Extra{}, ui.StickerPage(view))
}

// shopKeys lists a shop's API keys; see opsKey for why a new one is shown in the answer to its form.
func (s *site) shopKeys(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.shopKeysPage(w, r, v, http.StatusOK, ui.ShopKeys{})
}

func (s *site) shopKeysPage(w http.ResponseWriter, r *http.Request, v *visit, status int, view ui.ShopKeys) error {
	shop, _, err := s.ownShop(r, v)
	if err != nil {
		return err
	}
	view.ID, view.Name, view.Scopes = string(shop.ID), shop.Name, s.Scopes
	keys, err := s.People.Keys(r.Context(), string(shop.ID))
	if err != nil {
		return err
	}
	now := s.Real.Now()
	for _, k := range keys {
		if k.RevokedAt.IsZero() && (k.ExpiresAt.IsZero() || k.ExpiresAt.After(now)) {
			view.Keys = append(view.Keys, ui.Key{ID: string(k.ID), Label: k.Label, Hint: k.Hint, CreatedAt: k.CreatedAt,
				LastUsed:  k.LastUsed,
				ExpiresAt: k.ExpiresAt, Scopes: strings.Join(k.Scopes, " ")})
		}
	}
	return s.draw(w, r, v, status, ui.Extra{}, ui.ShopKeysPage(view))
}

func (s *site) shopKey(w http.ResponseWriter, r *http.Request, v *visit) error {
	shop, _, err := s.ownShop(r, v)
	if err != nil {
		return err
	}
	n := identity.NewKey{Owner: string(shop.ID), Kind: identity.SecretKey, Label: r.PostForm.Get("label")}
	for _, scope := range r.PostForm["scope"] {
		if slices.Contains(s.Scopes, scope) && !slices.Contains(n.Scopes, scope) {
			n.Kind, n.Scopes = identity.RestrictedKey, append(n.Scopes, scope)
		}
	}
	if len(n.Scopes) == 0 && len(r.PostForm["scope"]) > 0 { // scopes that are none: never answer them with a key for everything
		return fault.ErrInvalid.With("scope")
	}
	secret, err := db.Write(r.Context(), s.DB, func(tx *db.Tx) (string, error) {
		secret, _, err := s.People.CreateKey(tx, n)
		return secret, err
	})
	if err != nil {
		_, words, ok := field(v.scene.Lang, err)
		if !ok {
			return err
		}
		return s.shopKeysPage(w, r, v, refusalStatus(err), ui.ShopKeys{Error: words})
	}
	return s.shopKeysPage(w, r, v, http.StatusOK, ui.ShopKeys{Secret: secret})
}

// overlap is how long a rolled key goes on here: long enough to change a server, short enough to be remembered.
const overlap = 24 * time.Hour

func (s *site) rollKey(w http.ResponseWriter, r *http.Request, v *visit) error {
	shop, _, err := s.ownShop(r, v)
	if err != nil {
		return err
	}
	secret, _, err := s.People.RollKey(r.Context(), string(shop.ID), identity.KeyID(r.PathValue("key")), overlap)
	if err != nil {
		return err
	}
	return s.shopKeysPage(w, r, v, http.StatusOK, ui.ShopKeys{Secret: secret})
}

func (s *site) revokeKey(w http.ResponseWriter, r *http.Request, v *visit) error {
	shop, _, err := s.ownShop(r, v)
	if err != nil {
		return err
	}
	if err := s.People.RevokeKey(r.Context(), string(shop.ID), identity.KeyID(r.PathValue("key"))); err != nil {
		return err
	}
	s.flash(w, "ok", "shopkeys.revoked")
	return s.redirect(w, r, "/m/"+string(shop.ID)+"/keys")
}
