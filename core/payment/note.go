package payment

import (
	"context"
	"unicode/utf8"

	"billfold/base/db"
)

// NoteMost is how long an own note may be, in characters.
const NoteMost = 280

func noteRow(owner string, payment string) string {
	return "payment_note.note/" + owner + "/" + payment
}

// SetNote keeps what one side remembers of a payment; the other side never sees it. An empty note takes it away. A payment that the
// caller may not see is not_found; note_too_long beyond NoteMost characters.
func (s *Service) SetNote(ctx context.Context, c Caller, payment ID, note string) error {
	if utf8.RuneCountInString(note) > NoteMost {
		return ErrNote.With("note")
	}
	if _, err := s.Get(ctx, c, payment); err != nil {
		return err
	}
	owner := c.Owner()
	sealed, err := s.sealText(owner, noteRow(owner, string(payment)), note)
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		if sealed == nil {
			tx.Queue(deleteNote, owner, string(payment))
		} else {
			tx.Queue(upsertNote, owner, string(payment), micros(s.Clock.Now()), sealed)
		}
		return nil
	})
}

// Note is what the caller remembers of a payment; "" where they wrote nothing.
func (s *Service) Note(ctx context.Context, c Caller, payment ID) (string, error) {
	list, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]sealedNote, error) {
		return db.All(tx, scanNote, selectNote, c.Owner(), string(payment))
	})
	if err != nil || len(list) == 0 {
		return "", err
	}
	return s.open(c.Owner(), noteRow(c.Owner(), string(payment)), list[0].sealed)
}

// notesMost is how many notes a search looks through: the latest ones.
const notesMost = 5000

// notes are an owner's notes, folded, by payment.
func (s *Service) notes(ctx context.Context, owner string) (map[string]string, error) {
	list, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]sealedNote, error) { return db.All(tx, scanNote, selectNotes, owner, notesMost) })
	if err != nil {
		return nil, err
	}
	notes := make(map[string]string, len(list))
	for _, n := range list {
		text, err := s.open(owner, noteRow(owner, n.payment), n.sealed)
		if err != nil {
			return nil, err
		}
		notes[n.payment] = fold(text)
	}
	return notes, nil
}
