package web

import (
	"net/http"

	"billfold/base/db"
	"billfold/core/audit"
	"billfold/core/merchant"
	"billfold/core/notice"
	"billfold/edge/web/ui"
)

// opsShops lists the shops; a shop is a business, whose name is public.
func (s *site) opsShops(w http.ResponseWriter, r *http.Request, v *visit) error {
	v.scene.Area = "shops"
	list, err := s.Shops.List(r.Context(), merchant.ID(r.FormValue("cursor")), opsRows)
	if err != nil {
		return err
	}
	var view ui.OpsShops
	for _, shop := range list {
		view.Rows = append(view.Rows, opsShopOf(shop))
	}
	if len(list) == opsRows {
		view.Next = older(r, string(list[len(list)-1].ID))
	}
	return s.show(w, r, v, ui.OpsShopsPage(view))
}

func opsShopOf(shop merchant.Shop) ui.OpsShop {
	return ui.OpsShop{ID: string(shop.ID), Name: shop.Name, Handle: shop.Handle, Owner: string(shop.Owner), MCC: shop.MCC,
		Country: shop.Country, State: string(shop.State), Currencies: shop.Currencies, CreatedAt: shop.CreatedAt}
}

// opsShop is one shop: what its owner said about it, and what was decided.
func (s *site) opsShop(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.opsShopPage(w, r, v, http.StatusOK, "")
}

func (s *site) opsShopPage(w http.ResponseWriter, r *http.Request, v *visit, status int, problem string) error {
	v.scene.Area = "shops"
	shop, err := db.Read(r.Context(), s.DB, func(tx *db.Tx) (merchant.Shop, error) { // fresh: a decision hangs on it
		return s.Shops.GetIn(tx, merchant.ID(r.PathValue("shop")))
	})
	if err != nil {
		return err
	}
	view := opsShopOf(shop)
	view.Error = problem
	for _, to := range shop.State.Next() {
		view.Next = append(view.Next, string(to))
	}
	if view.Trail, _, err = s.trail(r, audit.Filter{Object: view.ID}, "", 20); err != nil {
		return err
	}
	return s.draw(w, r, v, status, ui.Extra{}, ui.OpsShopPage(view))
}

// decided names what an operator did to a shop by where it was and where it went.
var decided = map[[2]merchant.State]audit.Action{
	{merchant.Pending, merchant.Active}:  audit.Approve,
	{merchant.Refused, merchant.Active}:  audit.Approve,
	{merchant.Pending, merchant.Refused}: audit.Refuse,
	{merchant.Active, merchant.Frozen}:   audit.Shut,
	{merchant.Frozen, merchant.Active}:   audit.Reopen,
}

// opsShopState approves, refuses, freezes or reopens a shop. The state, the receipts accounts, the record and what the owner is told
// are one transaction. Pressed twice it is done, recorded and told once.
func (s *site) opsShopState(w http.ResponseWriter, r *http.Request, v *visit) error {
	id, to := merchant.ID(r.PathValue("shop")), merchant.State(r.PostForm.Get("state"))
	reason, err := audit.Reason(r.PostForm.Get("reason"))
	if err != nil {
		_, words, _ := field(v.scene.Lang, err)
		return s.opsShopPage(w, r, v, http.StatusUnprocessableEntity, words)
	}
	err = s.DB.Write(r.Context(), func(tx *db.Tx) error {
		was, err := s.Shops.SetStateIn(tx, id, to)
		if err != nil || was == to {
			return err
		}
		shop, err := s.Shops.GetIn(tx, id)
		if err != nil {
			return err
		}
		record := v.did(r, decided[[2]merchant.State{was, to}], string(id), reason)
		if err := s.Audit.Add(tx, record); err != nil {
			return err
		}
		return s.Notices.Tell(tx, []notice.Notice{{ID: s.IDs.New("evt"), Owner: string(shop.Owner), Template: string(record.Action),
			Object: string(id), At: s.Clock.Now(), Data: map[string]string{"with": shop.Name}}})
	})
	if err != nil {
		return err
	}
	return s.redirect(w, r, "/ops/shops/"+string(id))
}
