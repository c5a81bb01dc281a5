package web

import (
	"net/http"

	"billfold/edge/web/ui"
)

// inbox shows the mails the sandbox kept. It is open to everybody: a sandbox has no secrets, and a newcomer needs their code.
func (s *site) inbox(w http.ResponseWriter, r *http.Request, v *visit) error {
	if s.Inbox == nil {
		return errMissing
	}
	mails, err := s.Inbox(r.Context())
	if err != nil {
		return err
	}
	list := make([]ui.Message, len(mails))
	for i, m := range mails {
		list[i] = ui.Message{At: m.At, To: m.To, Subject: m.Subject, Body: m.Body}
	}
	return s.show(w, r, v, ui.InboxPage(list))
}

func (s *site) gallery(w http.ResponseWriter, r *http.Request, v *visit) error {
	v.scene = ui.GalleryScene(v.scene, ui.Specimen{})
	return s.show(w, r, v, ui.GalleryPage())
}

// specimen is one page in one state with canned figures, drawn as its reader would see it.
func (s *site) specimen(w http.ResponseWriter, r *http.Request, v *visit) error {
	for _, one := range ui.Specimens(v.scene.Lang) {
		if one.Name == r.PathValue("name") {
			v.scene = ui.GalleryScene(v.scene, one)
			if one.Out {
				v.scene.Person, v.scene.Shops = ui.Person{}, nil
			}
			return s.draw(w, r, v, http.StatusOK, one.Head, one.Page)
		}
	}
	return errMissing
}
