package web

import (
	"net/http"
	"net/url"

	"billfold/base/lang"
	"billfold/core/identity"
	"billfold/core/identity/ecml"
	"billfold/edge/web/text"
	"billfold/edge/web/ui"
)

// handedShown is how many of their latest handovers a person sees.
const handedShown = 20

func say(tag lang.Tag, key string, args ...any) string { return text.Say(tag, key, args...) }

// addresses is a person's own page of what they saved for checkouts, and of what they handed over.
func (s *site) addresses(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.addressesPage(w, r, v, http.StatusOK, nil)
}

func (s *site) addressesPage(w http.ResponseWriter, r *http.Request, v *visit, status int, wrong ui.FieldErrors) error {
	v.scene.Area = "me"
	list, err := s.People.Addresses(r.Context(), v.session.Person.ID)
	if err != nil {
		return err
	}
	changed := r.PostForm.Get("address")
	view := ui.Addresses{}
	for _, a := range list {
		one := ui.SavedAddress{ID: string(a.ID), Lines: lines(a.Parts), Open: wrong != nil && changed == string(a.ID)}
		if one.Open {
			one.Fields = addressFields(v.scene.Lang, one.ID, typedParts(r.PostForm), wrong)
		} else {
			one.Fields = addressFields(v.scene.Lang, one.ID, a.Parts, nil)
		}
		view.List = append(view.List, one)
	}
	if wrong != nil && changed == "" {
		view.New, view.Errors = addressFields(v.scene.Lang, "new", typedParts(r.PostForm), wrong), wrong
	} else {
		view.New = addressFields(v.scene.Lang, "new", nil, nil)
	}
	if err := s.handedRows(r, v, &view); err != nil {
		return err
	}
	return s.draw(w, r, v, status, ui.Extra{}, ui.AddressesPage(view))
}

// handedRows lists which shops were given what: the parts by name, and the payment's page for what they said.
func (s *site) handedRows(r *http.Request, v *visit, view *ui.Addresses) error {
	list, err := s.Payments.HandoversOf(r.Context(), v.session.Person.ID)
	if err != nil {
		return err
	}
	for i, h := range list {
		if i == handedShown {
			break
		}
		p, err := s.Payments.Get(r.Context(), v.caller(), h.Payment)
		if err != nil {
			return err
		}
		row := ui.HandedRow{Shop: p.PayeeName, Href: "/activity/" + string(p.ID), At: h.At}
		for _, part := range ecml.Parts {
			for _, to := range ecml.Destinations {
				if h.Fields[ecml.Name(to, part)] != "" {
					row.Parts = append(row.Parts, string(part))
					break
				}
			}
		}
		view.Handed = append(view.Handed, row)
	}
	return nil
}

// addressFields is the form of an address; row tells its ids from those of others on the page.
func addressFields(tag lang.Tag, row string, parts map[ecml.Part]string, wrong ui.FieldErrors) (list []ui.Input) {
	for _, part := range ecml.Parts {
		switch part {
		case ecml.Prefix, ecml.Middle, ecml.Suffix, ecml.Street3:
			if parts[part] == "" { // few have one; what a checkout saved is shown
				continue
			}
		}
		in := partInput(tag, part, string(part), ecml.Auto("", part))
		in.Row, in.Value, in.Error, in.Bare = row, parts[part], wrong[string(part)], true
		list = append(list, in)
	}
	return list
}

func typedParts(f url.Values) map[ecml.Part]string {
	parts := map[ecml.Part]string{}
	for _, part := range ecml.Parts {
		parts[part] = f.Get(string(part))
	}
	return parts
}

// saveAddress saves a new one, or what was changed in one.
func (s *site) saveAddress(w http.ResponseWriter, r *http.Request, v *visit) error {
	_, err := s.People.KeepAddress(r.Context(), v.session.Person.ID,
		identity.Address{ID: identity.AddressID(r.PostForm.Get("address")), Parts: typedParts(r.PostForm)})
	if name, words, ok := field(v.scene.Lang, err); ok {
		return s.addressesPage(w, r, v, refusalStatus(err), ui.FieldErrors{name: words})
	}
	if err != nil {
		return err
	}
	s.flash(w, "ok", "addresses.saved")
	return s.redirect(w, r, "/addresses")
}

func (s *site) removeAddress(w http.ResponseWriter, r *http.Request, v *visit) error {
	if err := s.People.RemoveAddress(r.Context(), v.session.Person.ID, identity.AddressID(r.PostForm.Get("address"))); err != nil {
		return err
	}
	s.flash(w, "ok", "addresses.removed")
	return s.redirect(w, r, "/addresses")
}
