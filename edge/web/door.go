package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"billfold/core/identity"
	"billfold/edge/web/ui"
)

func (s *site) landing(w http.ResponseWriter, r *http.Request, v *visit) error {
	people, err := s.personas(r.Context(), v)
	if err != nil {
		return err
	}
	return s.show(w, r, v, ui.LandingPage(people))
}

// personas are the people to enter as; none outside the sandbox, and none for somebody who is in.
func (s *site) personas(ctx context.Context, v *visit) ([]ui.Persona, error) {
	if !s.Sandbox || s.Personas == nil || v.session.ID != "" && !v.session.Locked() {
		return nil, nil
	}
	list, err := s.Personas(ctx)
	if err != nil {
		return nil, err
	}
	people := make([]ui.Persona, len(list))
	for i, p := range list {
		people[i] = ui.Persona{ID: string(p.Person), Name: p.Name, Role: p.Role.In(v.scene.Lang)}
	}
	return people, nil
}

// persona signs in without a question. Only those who are offered can be entered: the sandbox's other people have passwords.
func (s *site) persona(w http.ResponseWriter, r *http.Request, v *visit) error {
	if s.Personas == nil {
		return errMissing
	}
	list, err := s.Personas(r.Context())
	if err != nil {
		return err
	}
	for _, p := range list {
		if string(p.Person) != r.PostForm.Get("person") {
			continue
		}
		if err := s.leave(r, v); err != nil {
			return err
		}
		token, err := s.People.Enter(r.Context(), p.Person, from(r))
		if err != nil {
			return err
		}
		s.enter(w, token)
		return s.redirect(w, r, local(r.PostForm.Get("next"), "/home"))
	}
	return errMissing
}

func (s *site) signUpForm(w http.ResponseWriter, r *http.Request, v *visit) error {
	if v.session.ID != "" {
		return s.redirect(w, r, local(r.FormValue("next"), "/home"))
	}
	return s.show(w, r, v, ui.SignUpPage(ui.SignUp{Next: local(r.FormValue("next"), "")}))
}

func (s *site) signUp(w http.ResponseWriter, r *http.Request, v *visit) error {
	form := ui.SignUp{Name: r.PostForm.Get("name"), Handle: r.PostForm.Get("handle"), Email: r.PostForm.Get("email"),
		Next: local(r.PostForm.Get("next"), "")}
	pending, err := s.People.SignUp(r.Context(), identity.Draft{Name: form.Name, Handle: form.Handle, Email: form.Email,
		Password: r.PostForm.Get("password"), Lang: v.scene.Lang}, from(r))
	if name, words, ok := field(v.scene.Lang, err); ok {
		form.Errors = ui.FieldErrors{signUpField(err, name): words}
		return s.draw(w, r, v, http.StatusUnprocessableEntity, ui.Extra{}, ui.SignUpPage(form))
	}
	if err != nil {
		return err
	}
	to := "/signup/verify?pending=" + url.QueryEscape(string(pending.ID))
	if form.Next != "" {
		to += "&next=" + url.QueryEscape(form.Next)
	}
	return s.redirect(w, r, to)
}

// signUpField finds the field of a refusal that names none, by its code: "handle_taken" is about the handle.
func signUpField(err error, param string) string {
	if param != "" {
		return param
	}
	for _, name := range []string{"name", "handle", "email", "password"} {
		if strings.HasPrefix(codeOf(err), name+"_") {
			return name
		}
	}
	return ""
}

func (s *site) verifyForm(w http.ResponseWriter, r *http.Request, v *visit) error {
	if v.session.ID != "" {
		return s.redirect(w, r, local(r.FormValue("next"), "/home"))
	}
	return s.show(w, r, v, ui.VerifyPage(s.verifyView(r, "")))
}

func (s *site) verifyView(r *http.Request, problem string) ui.Verify {
	view := ui.Verify{Pending: r.FormValue("pending"), Next: local(r.FormValue("next"), ""), Error: problem}
	if s.Sandbox && s.Inbox != nil {
		view.InboxHref = "/dev/inbox"
	}
	return view
}

func (s *site) verify(w http.ResponseWriter, r *http.Request, v *visit) error {
	code := strings.ReplaceAll(r.PostForm.Get("code"), " ", "")
	_, token, err := s.People.Verify(r.Context(), identity.SignUpID(r.PostForm.Get("pending")), code, from(r))
	if _, words, ok := field(v.scene.Lang, err); ok {
		return s.draw(w, r, v, http.StatusUnprocessableEntity, ui.Extra{}, ui.VerifyPage(s.verifyView(r, words)))
	}
	if err != nil {
		return err
	}
	s.enter(w, token)
	s.flash(w, "ok", "verify.welcome")
	return s.redirect(w, r, local(r.PostForm.Get("next"), "/home"))
}

func (s *site) signInForm(w http.ResponseWriter, r *http.Request, v *visit) error {
	next := local(r.FormValue("next"), "")
	if v.session.ID != "" {
		return s.redirect(w, r, local(next, "/home"))
	}
	return s.signInPage(w, r, v, http.StatusOK, ui.SignIn{Next: next})
}

func (s *site) signInPage(w http.ResponseWriter, r *http.Request, v *visit, status int, form ui.SignIn) error {
	var err error
	if form.Personas, err = s.personas(r.Context(), v); err != nil {
		return err
	}
	return s.draw(w, r, v, status, ui.Extra{}, ui.SignInPage(form))
}

func (s *site) signIn(w http.ResponseWriter, r *http.Request, v *visit) error {
	form := ui.SignIn{Login: r.PostForm.Get("login"), Next: local(r.PostForm.Get("next"), "")}
	token, err := s.People.SignIn(r.Context(), form.Login, r.PostForm.Get("password"), from(r))
	if errors.Is(err, identity.ErrSignIn) {
		form.Error = v.say("signin.wrong")
		return s.signInPage(w, r, v, http.StatusUnauthorized, form)
	}
	if _, words, ok := field(v.scene.Lang, err); ok {
		form.Error = words
		return s.signInPage(w, r, v, http.StatusTooManyRequests, form)
	}
	if err != nil {
		return err
	}
	if err := s.leave(r, v); err != nil {
		return err
	}
	s.enter(w, token)
	return s.redirect(w, r, local(form.Next, "/home"))
}

// leave ends the session that the browser has, if any: whoever signs in anew does not leave the old one behind.
func (s *site) leave(r *http.Request, v *visit) error {
	if v.session.ID == "" {
		return nil
	}
	err := s.People.EndSession(r.Context(), v.session.Person.ID, v.session.ID)
	if errors.Is(err, identity.ErrSessionUnknown) {
		return nil
	}
	return err
}

func (s *site) signOut(w http.ResponseWriter, r *http.Request, v *visit) error {
	if err := s.leave(r, v); err != nil {
		return err
	}
	s.setCookie(w, cookieSession, "", -1)
	s.flash(w, "ok", "signout.done")
	return s.redirect(w, r, local(r.PostForm.Get("back"), "/"))
}

// unlockForm asks for the password again after a pause: money pages do not trust an unattended screen.
func (s *site) unlockForm(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.unlockPage(w, r, v, http.StatusOK, "")
}

func (s *site) unlockPage(w http.ResponseWriter, r *http.Request, v *visit, status int, problem string) error {
	next := local(r.FormValue("next"), "/home")
	if v.session.ID == "" {
		return s.redirect(w, r, "/signin?next="+url.QueryEscape(next))
	}
	if !v.session.Locked() {
		return s.redirect(w, r, next)
	}
	people, err := s.personas(r.Context(), v)
	if err != nil {
		return err
	}
	return s.draw(w, r, v, status, ui.Extra{}, ui.UnlockPage(ui.SignIn{Next: next, Error: problem, Personas: people}))
}

func (s *site) unlock(w http.ResponseWriter, r *http.Request, v *visit) error {
	if v.session.ID == "" {
		return s.unlockPage(w, r, v, http.StatusOK, "")
	}
	token, err := s.People.Reauthenticate(r.Context(), v.session, r.PostForm.Get("password"))
	if _, words, ok := field(v.scene.Lang, err); ok {
		return s.unlockPage(w, r, v, http.StatusUnprocessableEntity, words)
	}
	if err != nil {
		return err
	}
	s.enter(w, token)
	return s.redirect(w, r, local(r.PostForm.Get("next"), "/home"))
}

// setupForm is behind the operator's one-time link. Looking does not use the link up: previews in chats look, too.
func (s *site) setupForm(w http.ResponseWriter, r *http.Request, v *visit) error {
	w.Header().Set("Referrer-Policy", "no-referrer") // the token is in the address
	token := r.FormValue("token")
	link, err := s.People.PeekLink(r.Context(), token)
	if errors.Is(err, identity.ErrLink) {
		return errSetup
	}
	if err != nil {
		return err
	}
	if link.Person == "" && v.session.ID == "" {
		return s.redirect(w, r, "/signin?next="+url.QueryEscape(r.URL.RequestURI()))
	}
	return s.show(w, r, v, ui.SetupPage(token, ""))
}

func (s *site) setup(w http.ResponseWriter, r *http.Request, v *visit) error {
	token := r.PostForm.Get("token")
	session, err := s.People.RedeemLink(r.Context(), token, v.session.Person.ID, from(r))
	if errors.Is(err, identity.ErrLink) {
		return errSetup
	}
	if errors.Is(err, identity.ErrSignInFirst) {
		return s.redirect(w, r, "/signin?next="+url.QueryEscape("/setup?token="+token))
	}
	if err != nil {
		return err
	}
	s.enter(w, session)
	return s.redirect(w, r, "/ops")
}

func (s *site) offline(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.draw(w, r, v, http.StatusOK, ui.Extra{Alone: true}, ui.OfflinePage())
}
