package web

import (
	"net/http"

	"billfold/edge/web/ui"
)

// phone is where a person gives the number by which others find them.
func (s *site) phone(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.phonePage(w, r, v, http.StatusOK, ui.Phone{})
}

func (s *site) phonePage(w http.ResponseWriter, r *http.Request, v *visit, status int, view ui.Phone) error {
	if !s.People.Phones() {
		return errMissing
	}
	v.scene.Area = "me"
	has, err := s.People.PhoneOf(r.Context(), v.session.Person.ID)
	if err != nil {
		return err
	}
	view.Number, view.Waiting, view.Sandbox = has.Number, has.Waiting, s.Sandbox && s.Inbox != nil
	return s.draw(w, r, v, status, ui.Extra{}, ui.PhonePage(view))
}

// onPhone answers a form of the page: by the page again with what is wrong, or by the page as it is now.
func (s *site) onPhone(w http.ResponseWriter, r *http.Request, v *visit, err error, done string) error {
	if name, words, ok := field(v.scene.Lang, err); ok {
		return s.phonePage(w, r, v, http.StatusUnprocessableEntity, ui.Phone{Typed: r.PostForm.Get("phone"),
			Errors: ui.FieldErrors{name: words}})
	}
	if err != nil {
		return err
	}
	if done != "" {
		s.flash(w, "ok", done)
	}
	return s.redirect(w, r, "/phone")
}

func (s *site) askPhone(w http.ResponseWriter, r *http.Request, v *visit) error {
	_, err := s.People.AskPhone(r.Context(), v.session.Person.ID, r.PostForm.Get("phone"), from(r))
	return s.onPhone(w, r, v, err, "")
}

func (s *site) confirmPhone(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.onPhone(w, r, v, s.People.ConfirmPhone(r.Context(), v.session.Person.ID, r.PostForm.Get("code")), "phone.confirmed")
}

func (s *site) removePhone(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.onPhone(w, r, v, s.People.RemovePhone(r.Context(), v.session.Person.ID), "phone.removed")
}
