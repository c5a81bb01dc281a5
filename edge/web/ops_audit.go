package web

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"slices"
	"time"

	"billfold/base/db"
	"billfold/base/event"
	"billfold/base/job"
	"billfold/core/audit"
	"billfold/core/identity"
	"billfold/edge/web/ui"
)

// trail reads records of the audit trail, with the masked names of who acted.
func (s *site) trail(r *http.Request, f audit.Filter, before string, limit int) ([]ui.AuditRow, string, error) {
	list, next, err := s.Audit.List(r.Context(), f, before, limit)
	if err != nil {
		return nil, "", err
	}
	var actors []identity.PersonID
	for _, record := range list {
		if id := identity.PersonID(record.Actor); !slices.Contains(actors, id) {
			actors = append(actors, id)
		}
	}
	names, err := db.Read(r.Context(), s.DB, func(tx *db.Tx) (map[identity.PersonID]string, error) {
		if len(actors) == 0 {
			return nil, nil
		}
		return s.People.Names(tx, actors...)
	})
	rows := make([]ui.AuditRow, len(list))
	for i, record := range list {
		rows[i] = ui.AuditRow{ID: record.ID, At: record.At, Actor: record.Actor, Name: names[identity.PersonID(record.Actor)],
			Action: string(record.Action), Object: record.Object, Reason: record.Reason, IP: record.IP}
	}
	return rows, next, err
}

func auditFilter(r *http.Request) audit.Filter {
	f := audit.Filter{Actor: r.FormValue("actor"), Object: r.FormValue("object"), Action: audit.Action(r.FormValue("action"))}
	if !slices.Contains(audit.Actions, f.Action) {
		f.Action = ""
	}
	return f
}

func (s *site) opsAudit(w http.ResponseWriter, r *http.Request, v *visit) error {
	v.scene.Area = "audit"
	f := auditFilter(r)
	view := ui.Audit{Actor: f.Actor, Object: f.Object, Action: string(f.Action), Export: "/ops/audit.csv?" + r.URL.RawQuery}
	for _, action := range audit.Actions {
		view.Actions = append(view.Actions, string(action))
	}
	var err error
	var next string
	if view.Rows, next, err = s.trail(r, f, r.FormValue("cursor"), opsRows); err != nil {
		return err
	}
	view.Next = older(r, next)
	return s.show(w, r, v, ui.AuditPage(view))
}

// exportMost is how many records one file has.
const exportMost = 10_000

// opsAuditCSV is the filtered trail as a file; taking it away is recorded too.
func (s *site) opsAuditCSV(w http.ResponseWriter, r *http.Request, v *visit) error {
	if err := s.Audit.Note(r.Context(), v.did(r, audit.Exported, "", "csv")); err != nil {
		return err
	}
	var b bytes.Buffer
	b.WriteString("\ufeff")
	file := csv.NewWriter(&b)
	_ = file.Write([]string{"id", "at", "actor", "action", "object", "reason", "ip"}) // into memory: the error is asked for at the end
	for before, n := "", 0; n < exportMost; {
		rows, next, err := s.trail(r, auditFilter(r), before, 200)
		if err != nil {
			return err
		}
		for _, row := range rows {
			_ = file.Write([]string{row.ID, row.At.UTC().Format(time.RFC3339), row.Actor, row.Action, inert(row.Object), inert(row.Reason),
				inert(row.IP)})
		}
		if n, before = n+len(rows), next; next == "" {
			break
		}
	}
	file.Flush()
	if err := file.Error(); err != nil {
		return err
	}
	return download(w, "billfold-audit.csv", b.Bytes())
}

// opsHealth shows what is waiting: the outbox, each of its subscribers, and the tasks of the queue.
func (s *site) opsHealth(w http.ResponseWriter, r *http.Request, v *visit) error {
	v.scene.Area = "health"
	view, err := db.Read(r.Context(), s.DB, s.health)
	if err != nil {
		return err
	}
	return s.show(w, r, v, ui.HealthPage(view))
}

// tasksMost is how many tasks the page lists.
const tasksMost = 100

func (s *site) health(tx *db.Tx) (ui.Health, error) {
	var view ui.Health
	var err error
	if view.Pending, view.Untold, err = event.Lag(tx, "payment.tell"); err != nil {
		return view, err
	}
	if view.Open, view.Failing, err = job.Waiting(tx); err != nil {
		return view, err
	}
	tasks, err := job.List(tx, tasksMost)
	for _, t := range tasks {
		view.Tasks = append(view.Tasks, ui.Task{ID: t.ID, Kind: t.Kind, Due: t.Due, Attempts: t.Attempts, Error: t.Error})
	}
	return view, err
}

// opsDoctor says what real use needs, as it was looked at within the last minute. It is a page of its own, because a relay that does not
// answer takes seconds.
func (s *site) opsDoctor(w http.ResponseWriter, r *http.Request, v *visit) error {
	if s.Doctor == nil {
		return errMissing
	}
	v.scene.Area = "health"
	list, at, err := s.checked.look(s.Real.Now, func() ([]Check, error) {
		list := s.Doctor(r.Context())
		return list, r.Context().Err() // what a reader who left broke off is nobody's finding
	})
	if err != nil {
		return err
	}
	var view []ui.Check
	for _, one := range list {
		view = append(view, ui.Check{Name: one.Name, Grade: one.Grade, Says: one.Says.In(v.scene.Lang), Mend: one.Mend.In(v.scene.Lang)})
	}
	return s.show(w, r, v, ui.DoctorPage(view, at))
}

// opsVerify has everything in the books recomputed; the light shows the finding when it is done.
func (s *site) opsVerify(w http.ResponseWriter, r *http.Request, v *visit) error {
	if s.Recheck == nil {
		return errMissing
	}
	err := s.DB.Write(r.Context(), func(tx *db.Tx) error {
		s.Recheck(tx)
		return s.Audit.Add(tx, v.did(r, audit.Verified, "", "asked for"))
	})
	if err != nil {
		return err
	}
	s.flash(w, "info", "ops.verify.begun")
	return s.redirect(w, r, "/ops")
}

// opsRevoke ends an operator's key: whoever uses it is refused from the next request on.
func (s *site) opsRevoke(w http.ResponseWriter, r *http.Request, v *visit) error {
	key := identity.KeyID(r.PostForm.Get("key"))
	err := s.DB.Write(r.Context(), func(tx *db.Tx) error {
		if err := s.People.RevokeKeyIn(tx, string(v.session.Person.ID), key); err != nil {
			return err
		}
		return s.Audit.Add(tx, v.did(r, audit.KeyEnded, string(key), "revoked"))
	})
	if err != nil {
		return err
	}
	s.flash(w, "ok", "keys.revoked")
	return s.redirect(w, r, "/ops/people")
}
