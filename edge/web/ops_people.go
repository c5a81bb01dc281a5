package web

import (
	"errors"
	"net/http"

	"billfold/base/db"
	"billfold/core/audit"
	"billfold/core/identity"
	"billfold/core/payment"
	"billfold/edge/web/ui"
)

// did is a record of what the signed-in operator does.
func (v *visit) did(r *http.Request, action audit.Action, object, reason string) audit.Record {
	return audit.Record{Actor: string(v.session.Person.ID), Action: action, Object: object, Reason: reason, IP: from(r).IP}
}

// opsUsers lists people by masked names, or leads to the one who is looked for. Who it is, is behind a reason.
func (s *site) opsUsers(w http.ResponseWriter, r *http.Request, v *visit) error {
	v.scene.Area = "users"
	view := ui.Users{Query: r.FormValue("q")}
	if view.Query != "" {
		id, err := s.findPerson(r, v, view.Query)
		if err == nil {
			return s.redirect(w, r, "/ops/users/"+string(id))
		}
		if !errors.Is(err, identity.ErrPerson) && !errors.Is(err, identity.ErrPayeeUnknown) {
			return err
		}
		view.Missing = true
	}
	list, err := db.Read(r.Context(), s.DB, func(tx *db.Tx) ([]identity.Person, error) {
		return s.People.List(tx, identity.PersonID(r.FormValue("cursor")), opsRows)
	})
	if err != nil {
		return err
	}
	for _, p := range list {
		view.Rows = append(view.Rows, ui.User{ID: string(p.ID), Name: p.Masked(), Frozen: p.State == identity.Frozen, Operator: p.Operator,
			CreatedAt: p.CreatedAt})
	}
	if len(list) == opsRows {
		view.Next = older(r, string(list[len(list)-1].ID))
	}
	return s.show(w, r, v, ui.UsersPage(view))
}

// findPerson finds somebody by id, handle or e-mail.
func (s *site) findPerson(r *http.Request, v *visit, query string) (identity.PersonID, error) {
	if p, err := s.People.Get(r.Context(), identity.PersonID(query)); err == nil {
		return p.ID, nil
	}
	payee, err := s.People.FindPayee(r.Context(), v.session.Person.ID, query)
	return payee.ID, err
}

// opsUser is all there is about one person, for fifteen minutes after a reason was given.
func (s *site) opsUser(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.opsUserPage(w, r, v, http.StatusOK, "")
}

func (s *site) opsUserPage(w http.ResponseWriter, r *http.Request, v *visit, status int, problem string) error {
	v.scene.Area = "users"
	p, err := s.People.Get(r.Context(), identity.PersonID(r.PathValue("person")))
	if err != nil {
		return err
	}
	id := string(p.ID)
	err = s.Audit.MayLook(r.Context(), string(v.session.Person.ID), id)
	if errors.Is(err, audit.ErrLook) {
		return s.draw(w, r, v, status, ui.Extra{}, ui.LookPage(id, problem))
	}
	if err != nil {
		return err
	}
	view := ui.User{ID: id, Name: p.Name, Handle: p.Handle, Email: p.Email, Lang: string(p.Lang), Frozen: p.State == identity.Frozen,
		Operator: p.Operator, CreatedAt: p.CreatedAt, Error: problem}
	if view.Pockets, err = s.pockets(r, "user/"+id, nil); err != nil {
		return err
	}
	sessions, err := s.People.Sessions(r.Context(), p.ID)
	if err != nil {
		return err
	}
	view.Sessions = len(sessions)
	page, err := s.Payments.Activity(r.Context(), payment.Caller{Person: v.session.Person.ID, Operator: true}, id, payment.ActivityFilter{},
		"", pageRows)
	if err != nil {
		return err
	}
	for _, item := range page.Items {
		row := v.row(item, "")
		row.Href = "/ops?reference=" + string(item.Payment.ID)
		view.Recent = append(view.Recent, row)
	}
	if view.Trail, _, err = s.trail(r, audit.Filter{Object: id}, "", 20); err != nil {
		return err
	}
	return s.draw(w, r, v, status, ui.Extra{}, ui.UserPage(view))
}

// opsLook records why an operator looks at a person, which opens the page.
func (s *site) opsLook(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.explained(w, r, v, func(reason string) error {
		p, err := s.People.Get(r.Context(), identity.PersonID(r.PathValue("person")))
		if err != nil {
			return err
		}
		return s.Audit.Note(r.Context(), v.did(r, audit.Look, string(p.ID), reason))
	})
}

// opsState freezes a person or lets them go again. The state, the wallets and the record are one transaction.
func (s *site) opsState(w http.ResponseWriter, r *http.Request, v *visit) error {
	state, action := identity.Frozen, audit.Freeze
	if r.PostForm.Get("state") == string(identity.Active) {
		state, action = identity.Active, audit.Unfreeze
	}
	id := r.PathValue("person")
	return s.explained(w, r, v, func(reason string) error {
		return s.DB.Write(r.Context(), func(tx *db.Tx) error {
			if _, err := s.People.SetStateIn(tx, identity.PersonID(id), state); err != nil {
				return err
			}
			return s.Audit.Add(tx, v.did(r, action, id, reason))
		})
	})
}

// explained does something to a person for the reason in the form, and goes back to their page.
func (s *site) explained(w http.ResponseWriter, r *http.Request, v *visit, do func(reason string) error) error {
	reason, err := audit.Reason(r.PostForm.Get("reason"))
	if err != nil {
		_, words, _ := field(v.scene.Lang, err)
		return s.opsUserPage(w, r, v, http.StatusUnprocessableEntity, words)
	}
	if err := do(reason); err != nil {
		return err
	}
	return s.redirect(w, r, "/ops/users/"+r.PathValue("person"))
}
