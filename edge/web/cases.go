package web

import (
	"net/http"
	"slices"

	"billfold/base/db"
	"billfold/core/audit"
	"billfold/core/identity"
	"billfold/core/inquiry"
	"billfold/edge/web/ui"
)

// help is what to do when a payment is not as it should be, and what was asked about it.
func (s *site) help(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.helpPage(w, r, v, http.StatusOK, ui.Help{})
}

func (s *site) helpPage(w http.ResponseWriter, r *http.Request, v *visit, status int, view ui.Help) error {
	_, payment, err := s.mine(r, v)
	if err != nil {
		return err
	}
	payment.BackHref, payment.Back = "/activity/"+payment.ID, v.say("help.back")
	list, err := s.Cases.Of(r.Context(), v.session.Person.ID, payment.ID)
	if err != nil {
		return err
	}
	for _, c := range list {
		view.Cases = append(view.Cases, caseView(c))
	}
	return s.draw(w, r, v, status, ui.Extra{}, ui.HelpPage(payment, view))
}

func caseView(c inquiry.Case) ui.Case {
	view := ui.Case{ID: string(c.ID), Payment: c.Payment, Person: string(c.Person), State: string(c.State), AskedAt: c.AskedAt,
		ChangedAt: c.ChangedAt}
	for _, t := range c.Turns {
		view.Turns = append(view.Turns, ui.Turn{At: t.At, Words: t.Words, Operator: t.Author != ""})
	}
	return view
}

// askHelp writes to the operator about a payment of the signed-in person's.
func (s *site) askHelp(w http.ResponseWriter, r *http.Request, v *visit) error {
	p, _, err := s.mine(r, v)
	if err != nil {
		return err
	}
	said := r.PostForm.Get("words")
	_, err = s.Cases.Ask(r.Context(), v.session.Person.ID, string(p.ID), said)
	if _, words, ok := field(v.scene.Lang, err); ok {
		return s.helpPage(w, r, v, http.StatusUnprocessableEntity, ui.Help{Typed: said, Error: words})
	}
	if err != nil {
		return err
	}
	s.flash(w, "ok", "help.sent")
	return s.redirect(w, r, "/activity/"+string(p.ID)+"/help")
}

// lastCase is how the newest case about a payment stands, for the payment's page; "" where there is none.
func (s *site) lastCase(r *http.Request, v *visit, payment string) (state string, err error) {
	list, err := s.Cases.Of(r.Context(), v.session.Person.ID, payment)
	if err != nil || len(list) == 0 {
		return "", err
	}
	return string(list[0].State), nil
}

// opsCases lists what people asked, by masked names.
func (s *site) opsCases(w http.ResponseWriter, r *http.Request, v *visit) error {
	v.scene.Area = "cases"
	state := inquiry.State(r.FormValue("state"))
	if !slices.Contains(inquiry.States, state) {
		state = ""
	}
	list, err := s.Cases.List(r.Context(), state, inquiry.ID(r.FormValue("cursor")), opsRows)
	if err != nil {
		return err
	}
	names, err := s.maskedNames(r, list)
	if err != nil {
		return err
	}
	view := ui.Cases{State: string(state)}
	for _, c := range list {
		row := caseView(c)
		row.Name = names[c.Person]
		view.Rows = append(view.Rows, row)
	}
	if len(list) == opsRows {
		view.Next = older(r, string(list[len(list)-1].ID))
	}
	return s.show(w, r, v, ui.CasesPage(view))
}

func (s *site) maskedNames(r *http.Request, list []inquiry.Case) (map[identity.PersonID]string, error) {
	var people []identity.PersonID
	for _, c := range list {
		if !slices.Contains(people, c.Person) {
			people = append(people, c.Person)
		}
	}
	if len(people) == 0 {
		return nil, nil
	}
	return db.Read(r.Context(), s.DB, func(tx *db.Tx) (map[identity.PersonID]string, error) { return s.People.Names(tx, people...) })
}

func (s *site) opsCase(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.opsCasePage(w, r, v, http.StatusOK, ui.Help{})
}

func (s *site) opsCasePage(w http.ResponseWriter, r *http.Request, v *visit, status int, form ui.Help) error {
	v.scene.Area = "cases"
	c, err := s.Cases.Get(r.Context(), inquiry.ID(r.PathValue("case")))
	if err != nil {
		return err
	}
	names, err := s.maskedNames(r, []inquiry.Case{c})
	if err != nil {
		return err
	}
	view := caseView(c)
	view.Name = names[c.Person]
	return s.draw(w, r, v, status, ui.Extra{}, ui.CasePage(view, form))
}

// onCase does something about a case for the reason in the form, and records it in the same transaction.
func (s *site) onCase(w http.ResponseWriter, r *http.Request, v *visit, action audit.Action, done string,
	do func(tx *db.Tx, of inquiry.ID) error) error {
	of, typed := inquiry.ID(r.PathValue("case")), r.PostForm.Get("words")
	reason, err := audit.Reason(r.PostForm.Get("reason"))
	if err == nil {
		err = s.DB.Write(r.Context(), func(tx *db.Tx) error {
			if err := do(tx, of); err != nil {
				return err
			}
			return s.Audit.Add(tx, v.did(r, action, string(of), reason))
		})
	}
	if name, words, ok := field(v.scene.Lang, err); ok {
		form := ui.Help{Typed: typed, Reason: r.PostForm.Get("reason")}
		if name == "reason" {
			form.ReasonError = words
		} else {
			form.Error = words
		}
		return s.opsCasePage(w, r, v, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	s.flash(w, "ok", done)
	return s.redirect(w, r, "/ops/cases/"+string(of))
}

func (s *site) opsAnswer(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.onCase(w, r, v, audit.CaseAnswered, "cases.answered", func(tx *db.Tx, of inquiry.ID) error {
		_, err := s.Cases.Answer(tx, of, v.session.Person.ID, r.PostForm.Get("words"))
		return err
	})
}

func (s *site) opsClose(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.onCase(w, r, v, audit.CaseClosed, "cases.closed", func(tx *db.Tx, of inquiry.ID) error {
		_, err := s.Cases.Close(tx, of)
		return err
	})
}
