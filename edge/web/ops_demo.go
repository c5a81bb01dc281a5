package web

import (
	"net/http"

	"billfold/core/audit"
	"billfold/edge/web/ui"
)

// opsDemo says what goes when the demo data is removed, and asks why.
func (s *site) opsDemo(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.opsDemoPage(w, r, v, http.StatusOK, "")
}

func (s *site) opsDemoPage(w http.ResponseWriter, r *http.Request, v *visit, status int, problem string) error {
	if s.Demo == nil {
		return errMissing
	}
	v.scene.Area = "ops"
	facts, at, err := s.counted.look(s.Real.Now, func() (DemoFacts, error) { return s.Demo.Facts(r.Context()) })
	if err != nil {
		return err
	}
	return s.draw(w, r, v, status, ui.Extra{}, ui.DemoPage(ui.Demo{People: facts.People, Shops: facts.Shops, Payments: facts.Payments,
		At: at, Error: problem}))
}

// opsDemoRemove has the sandbox begin anew. This server is about to make room for its successor: the next request waits at the port
// until that one answers, on a connection of its own.
func (s *site) opsDemoRemove(w http.ResponseWriter, r *http.Request, v *visit) error {
	if s.Demo == nil {
		return errMissing
	}
	reason, err := audit.Reason(r.PostForm.Get("reason"))
	if err != nil {
		_, words, _ := field(v.scene.Lang, err)
		return s.opsDemoPage(w, r, v, http.StatusUnprocessableEntity, words)
	}
	path, err := s.Demo.Remove(r.Context(), v.did(r, audit.DemoRemoved, "", reason))
	if err != nil {
		return err
	}
	w.Header().Set("Connection", "close")
	s.setCookie(w, cookieSession, "", -1)
	return s.redirect(w, r, path)
}
