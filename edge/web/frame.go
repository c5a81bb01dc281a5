package web

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"

	"github.com/a-h/templ"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/id"
	"billfold/edge/web/ui"
)

// policy lets a page load what is ours and nothing else. Forms go to us only: Chrome applies form-action to redirects too, which
// is why a payer goes back to a shop by a link.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// The scanner alone may run WebAssembly and ask for the camera.
var scanPolicy = strings.Replace(policy, "script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'", 1)

const permissions = "camera=(), microphone=(), geolocation=(), payment=(), usb=()"

var scanPermissions = strings.Replace(permissions, "camera=()", "camera=(self)", 1)

// frame is around every answer: headers, the request's id, the origin check, the limits, and a page for what broke.
func (s *site) frame(next http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(s.serve(door, func(http.ResponseWriter, *http.Request, *visit) error { return errCrossed }))
	guarded := guard.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", permissions)
		most := int64(bodyMost)
		switch r.URL.Path {
		case scanPath, picturePath: // the second answers with the first's page
			h.Set("Content-Security-Policy", scanPolicy)
			h.Set("Permissions-Policy", scanPermissions)
			if r.URL.Path == picturePath {
				most += pictureMost
			}
		}
		h.Set("X-Frame-Options", "DENY") // for browsers older than frame-ancestors
		if s.secure && !s.Sandbox {      // a sandbox's name, such as localhost, is others' tomorrow, at other ports too (RFC 6797, 8.3)
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if h.Get("Request-Id") == "" { // whoever is around us may have named the request already
			h.Set("Request-Id", s.IDs.New("req"))
		}
		r.Body = http.MaxBytesReader(w, r.Body, most)
		// A stream lasts, and so does a long file, which sees to it by itself.
		if r.URL.Path != livePath && r.URL.Path != watchPath && !strings.HasPrefix(r.URL.Path, statementPath) {
			ctx, cancel := context.WithTimeout(r.Context(), patience)
			defer cancel()
			r = r.WithContext(ctx)
		}
		guarded.ServeHTTP(w, r)
	})
}

// serve turns a page into a handler: it finds out who is there, checks the form token, and turns an error into a page.
func (s *site) serve(who access, p page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{site: s}
		defer func() {
			if broke := recover(); broke != nil {
				if broke == http.ErrAbortHandler {
					panic(broke)
				}
				s.problem(w, r, v, fmt.Errorf("panic: %v\n%s", broke, debug.Stack()))
			}
		}()
		w.Header().Set("Cache-Control", "no-store")
		err := s.meet(w, r, v)
		if err == nil && !db.Keeps(r.URL.Path) { // no id is written so
			err = errMissing
		}
		if err == nil && !keeps(r.URL.Query()) {
			err = fault.ErrMalformed
		}
		if err == nil {
			err = s.admit(w, r, v, who)
		}
		if err == nil {
			err = p(w, r, v)
		}
		if err != nil && !errors.Is(err, errAnswered) {
			s.problem(w, r, v, err)
		}
	})
}

// errAnswered says that the answer is written already: a redirect to the door.
var errAnswered = errors.New("answered")

// admit checks who may open a page, and the token of a form.
func (s *site) admit(w http.ResponseWriter, r *http.Request, v *visit, who access) error {
	signedIn := v.session.ID != ""
	switch {
	case who == sandbox && !s.Sandbox:
		return errMissing
	case (who == holder || who == operator) && !signedIn:
		switch {
		case v.ended && r.Method == http.MethodPost:
			s.flash(w, "info", "problem.signin.unsent")
		case v.ended:
			s.flash(w, "info", "problem.signin.says")
		}
		return s.redirect(w, r, "/signin?next="+back(r))
	case (who == holder || who == operator) && v.session.Locked():
		return s.redirect(w, r, "/unlock?next="+back(r))
	case who == operator && !v.session.Person.Operator:
		return fault.ErrDenied
	}
	if r.Method != http.MethodPost {
		return nil
	}
	if r.URL.Path == picturePath {
		if err := takePicture(r); err != nil {
			return err
		}
	} else if err := r.ParseForm(); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return errLarge
		}
		if f, ok := fault.As(err); ok { // the rest of it was not let in
			return f
		}
		return fault.ErrMalformed.Because(err)
	}
	if !keeps(r.PostForm) {
		return fault.ErrMalformed
	}
	token := r.PostForm.Get("csrf")
	if signedIn && v.session.CheckCSRF(token) {
		return nil
	}
	if (!signedIn || who == door || who == sandbox) && v.seed != "" &&
		subtle.ConstantTimeCompare([]byte(s.seedToken(v.seed)), []byte(token)) == 1 {
		return nil
	}
	return errCrossed
}

// keeps says whether every text that somebody sent can be kept and looked for.
func keeps(sent url.Values) bool {
	for _, list := range sent {
		for _, text := range list {
			if !db.Keeps(text) {
				return false
			}
		}
	}
	return true
}

// seedToken is the form token of a browser that is not signed in: a keyed hash of a random cookie.
func (s *site) seedToken(seed string) string {
	mac := s.Keys.Mac("web/form", []byte(seed))
	return base64.RawURLEncoding.EncodeToString(mac[:18])
}

// draw renders a page into memory first, so that half a page is never sent.
func (s *site) draw(w http.ResponseWriter, r *http.Request, v *visit, status int, extra ui.Extra, c templ.Component) error {
	v.readForms(w)
	scene := v.scene
	if r.Method != http.MethodGet && v.session.ID != "" && !v.session.Locked() {
		if n, err := s.bell(r, v.session.Person.ID); err == nil { // the form's answer matters more than the number on the bell
			scene.Unread = n
		}
	}
	scene.Flash = s.takeFlash(w, r, scene.Lang)
	ctx := ui.WithExtra(ui.With(r.Context(), scene), extra)
	var b bytes.Buffer
	if err := c.Render(ctx, &b); err != nil {
		return fmt.Errorf("draw %s: %w", r.URL.Path, err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", string(scene.Lang))
	h.Add("Vary", "Cookie, Accept-Language")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the reader went away: nothing to mend
	return nil
}

// show is draw for a page that is simply there.
func (s *site) show(w http.ResponseWriter, r *http.Request, v *visit, c templ.Component) error {
	return s.draw(w, r, v, http.StatusOK, ui.Extra{}, c)
}

// redirect answers a form: what follows is a GET. It leads to paths of ours only.
func (s *site) redirect(w http.ResponseWriter, r *http.Request, to string) error {
	http.Redirect(w, r, local(to, "/"), http.StatusSeeOther)
	return errAnswered
}

// nonce names a form, so that sending it again is the same request.
func nonce() string { return id.Secret(16) }
