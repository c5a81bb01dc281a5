package web

import (
	"net/http"

	"billfold/base/lang"
)

// language keeps the chosen language in the browser, and in the profile of whoever is signed in: mails follow it.
func (s *site) language(w http.ResponseWriter, r *http.Request, v *visit) error {
	tag, ok := lang.Parse(r.PostForm.Get("lang"))
	if !ok {
		return errMissing
	}
	s.setCookie(w, cookieLang, string(tag), year)
	if v.session.ID != "" {
		if err := s.People.SetLang(r.Context(), v.session.Person.ID, tag); err != nil {
			return err
		}
	}
	return s.redirect(w, r, local(r.PostForm.Get("back"), "/"))
}

// theme keeps light, dark or the system's choice in the browser.
func (s *site) theme(w http.ResponseWriter, r *http.Request, _ *visit) error {
	switch theme := r.PostForm.Get("theme"); theme {
	case "light", "dark":
		s.setCookie(w, cookieTheme, theme, year)
	default:
		s.setCookie(w, cookieTheme, "", -1)
	}
	return s.redirect(w, r, local(r.PostForm.Get("back"), "/"))
}
