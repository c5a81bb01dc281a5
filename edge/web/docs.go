package web

import (
	"net/http"
	"strings"
	"sync"

	"billfold/base/fault"
	"billfold/edge/reply"
	"billfold/edge/web/manual"
	"billfold/edge/web/ui"
)

// DevKeys are the keys with which a sandbox's samples speak.
type DevKeys struct{ Shop, Payer string }

// docsView is what every page for developers has. A sandbox's keys are shown to people who are signed in to it: each of them could step
// into the demo's shop and make one. A live installation shows none.
func (s *site) docsView(r *http.Request, v *visit, here string) (ui.Docs, error) {
	v.scene.Area = "docs"
	d := ui.Docs{URL: s.PublicURL, Sandbox: s.Sandbox, Here: here}
	for i, name := range manual.Names {
		p, _ := manual.Find(v.scene.Lang, name)
		place := ui.DocsPlace{Href: docsPath(name), Label: v.say("docs.place." + name)}
		if i > 0 && d.Places[i-1].Href == here {
			d.Next = ui.DocsPlace{Href: place.Href, Label: p.Title}
		}
		d.Places = append(d.Places, place)
	}
	d.Places = append(d.Places, ui.DocsPlace{Href: "/docs/api", Label: v.say("docs.api")},
		ui.DocsPlace{Href: "/docs/errors", Label: v.say("docs.errors")})
	if s.Sandbox && s.DevKeys != nil && v.session.ID != "" && !v.session.Locked() {
		keys, err := s.DevKeys(r.Context())
		if err != nil {
			return d, err
		}
		d.Key, d.PayerKey = keys.Shop, keys.Payer
	}
	return d, nil
}

func docsPath(name string) string {
	if name == "index" {
		return "/docs"
	}
	return "/docs/" + name
}

func (s *site) docs(w http.ResponseWriter, r *http.Request, v *visit) error {
	name := r.PathValue("page")
	if name == "" {
		name = "index"
	}
	if typed := r.PathValue("page"); typed == "quickstart" || typed == "index" { // what people guess that the first page is called
		return s.redirect(w, r, "/docs")
	}
	page, ok := manual.Find(v.scene.Lang, name)
	if !ok {
		return errMissing
	}
	d, err := s.docsView(r, v, docsPath(name))
	if err != nil {
		return err
	}
	return s.draw(w, r, v, http.StatusOK, ui.Extra{Summary: page.Summary()}, ui.DocsPage(d, page))
}

// docsErrors explains every refusal that there is.
func (s *site) docsErrors(w http.ResponseWriter, r *http.Request, v *visit) error {
	d, err := s.docsView(r, v, "/docs/errors")
	if err != nil {
		return err
	}
	holes := strings.NewReplacer("%s", "…", "%d", "…")
	var list []ui.DocsError
	for _, f := range fault.All() {
		again := "docs.no"
		if f.Retryable {
			again = "docs.yes"
		}
		list = append(list, ui.DocsError{Code: f.Code, Title: f.Title.In(v.scene.Lang), Detail: holes.Replace(f.Detail.In(v.scene.Lang)),
			Moved: v.say("docs.moved." + f.Moved.String()), Again: v.say(again), Status: reply.Status(f.Kind)})
	}
	return s.draw(w, r, v, http.StatusOK, ui.Extra{Summary: v.say("docs.errors.lead")}, ui.DocsErrors(d, list))
}

// reference is made from the document once: it does not change while the program runs.
type reference struct {
	once   sync.Once
	groups []manual.Group
	err    error
}

func (s *site) docsReference(w http.ResponseWriter, r *http.Request, v *visit) error {
	if s.OpenAPI == nil {
		return errMissing
	}
	s.reference.once.Do(func() { s.reference.groups, s.reference.err = manual.Reference(s.OpenAPI()) })
	if s.reference.err != nil {
		return s.reference.err
	}
	d, err := s.docsView(r, v, "/docs/api")
	if err != nil {
		return err
	}
	return s.draw(w, r, v, http.StatusOK, ui.Extra{Summary: v.say("docs.api.lead")}, ui.DocsReference(d, s.reference.groups))
}
