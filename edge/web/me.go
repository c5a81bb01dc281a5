package web

import (
	"errors"
	"net/http"
	"strings"

	"billfold/core/identity"
	"billfold/edge/web/ui"
)

func (s *site) me(w http.ResponseWriter, r *http.Request, v *visit) error {
	v.scene.Area = "me"
	return s.show(w, r, v, ui.MePage(ui.Me{Phones: s.People.Phones()}))
}

func (s *site) sessions(w http.ResponseWriter, r *http.Request, v *visit) error {
	v.scene.Area = "me"
	list, err := s.People.Sessions(r.Context(), v.session.Person.ID)
	if err != nil {
		return err
	}
	var view ui.Me
	for _, one := range list {
		browser, system, phone := device(one.Agent)
		session := ui.Session{ID: string(one.ID), Browser: browser, System: system, Phone: phone, IP: one.IP, CreatedAt: one.CreatedAt,
			SeenAt: one.SeenAt, This: one.ID == v.session.ID}
		if session.Browser == "" {
			session.Browser = v.say("sessions.unknown")
		}
		view.Sessions = append(view.Sessions, session)
	}
	return s.show(w, r, v, ui.SessionsPage(view))
}

func (s *site) endSession(w http.ResponseWriter, r *http.Request, v *visit) error {
	err := s.People.EndSession(r.Context(), v.session.Person.ID, identity.SessionID(r.PostForm.Get("session")))
	if err != nil && !errors.Is(err, identity.ErrSessionUnknown) { // one that is over already is what was wanted
		return err
	}
	s.flash(w, "ok", "sessions.ended")
	return s.redirect(w, r, "/sessions")
}

func (s *site) endOthers(w http.ResponseWriter, r *http.Request, v *visit) error {
	if _, err := s.People.EndOthers(r.Context(), v.session.Person.ID, v.session.ID); err != nil {
		return err
	}
	s.flash(w, "ok", "sessions.ended.all")
	return s.redirect(w, r, "/sessions")
}

// device reads a User-Agent just well enough for somebody to recognise their own. Order matters: every browser claims to be its
// ancestors as well.
func device(agent string) (browser, system string, phone bool) {
	for _, b := range [][2]string{{"Edg", "Edge"}, {"OPR/", "Opera"}, {"MicroMessenger", "WeChat"}, {"Firefox/", "Firefox"}, {"FxiOS",
		"Firefox"},
		{"Chrome/", "Chrome"}, {"CriOS", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"}, {"Go-http-client", "Go"}} {
		if strings.Contains(agent, b[0]) {
			browser = b[1]
			break
		}
	}
	for _, o := range [][2]string{{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"Mac OS", "macOS"},
		{"CrOS", "ChromeOS"}, {"Linux", "Linux"}} {
		if strings.Contains(agent, o[0]) {
			system = o[1]
			break
		}
	}
	return browser, system, system == "iPhone" || system == "Android"
}
