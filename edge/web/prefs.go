package web

import (
	"net/http"

	"billfold/base/lang"
	"billfold/edge/web/static"
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

// hide keeps in the browser whether its reader wants their balances hidden. It is a wish of this screen, not of the person.
func (s *site) hide(w http.ResponseWriter, r *http.Request, _ *visit) error {
	if r.PostForm.Get("hide") == "yes" {
		s.setCookie(w, cookieHide, "yes", year)
	} else {
		s.setCookie(w, cookieHide, "", -1)
	}
	return s.redirect(w, r, local(r.PostForm.Get("back"), "/home"))
}

// manifest is what an installed wallet is called and looks like.
func (s *site) manifest(w http.ResponseWriter, _ *http.Request, v *visit) error {
	body, err := static.Manifest(string(v.scene.Lang), v.say("landing.lead"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/manifest+json")
	_, _ = w.Write(body) // the reader went away: nothing to mend
	return nil
}
