package web

import (
	"net/http"

	"billfold/edge/web/ui"
)

// origins is the owner's page of where checkouts may return to.
func (s *site) origins(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.originsPage(w, r, v, http.StatusOK, "")
}

func (s *site) originsPage(w http.ResponseWriter, r *http.Request, v *visit, status int, wrong string) error {
	shop, _, err := s.ownShop(r, v)
	if err != nil {
		return err
	}
	view := ui.Origins{ID: string(shop.ID), Name: shop.Name, List: shop.ReturnOrigins, Error: wrong}
	if wrong != "" {
		view.Typed = r.PostForm.Get("origin")
	}
	return s.draw(w, r, v, status, ui.Extra{}, ui.OriginsPage(view))
}

func (s *site) addOrigin(w http.ResponseWriter, r *http.Request, v *visit) error {
	shop, _, err := s.ownShop(r, v)
	if err != nil {
		return err
	}
	_, err = s.Shops.AddReturnOrigin(r.Context(), shop.ID, r.PostForm.Get("origin"))
	if _, words, ok := field(v.scene.Lang, err); ok {
		return s.originsPage(w, r, v, refusalStatus(err), words)
	}
	if err != nil {
		return err
	}
	s.flash(w, "ok", "origins.saved")
	return s.redirect(w, r, "/m/"+string(shop.ID)+"/origins")
}

func (s *site) removeOrigin(w http.ResponseWriter, r *http.Request, v *visit) error {
	shop, _, err := s.ownShop(r, v)
	if err == nil {
		err = s.Shops.RemoveReturnOrigin(r.Context(), shop.ID, r.PostForm.Get("origin"))
	}
	if err != nil {
		return err
	}
	s.flash(w, "ok", "origins.removed")
	return s.redirect(w, r, "/m/"+string(shop.ID)+"/origins")
}
