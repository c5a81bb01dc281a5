package identity

import (
	"strings"
	"testing"
	"time"

	"billfold/base/db"
	"billfold/core/identity/ecml"
)

// An address is kept once, changed and removed by its person alone, lies sealed in the database, and is gone with the person's key.
func TestAddresses(t *testing.T) {
	engines(t, func(w *world) {
		p, _ := w.person(lena())
		draft := lena()
		draft.Handle, draft.Email = "omar", "omar@example.org"
		other, _ := w.person(draft)
		first := Address{Parts: map[ecml.Part]string{ecml.First: " Lena ", ecml.Street1: "Canarygasse 1", ecml.Country: "de", ecml.State: ""}}
		kept, err := w.KeepAddress(w.ctx, p.ID, first)
		w.must(err, "keep")
		w.pass(time.Second)
		again, err := w.KeepAddress(w.ctx, p.ID, first)
		w.must(err, "keep the same")
		if again.ID != kept.ID || len(kept.Parts) != 3 || kept.Parts[ecml.Country] != "DE" || kept.Parts[ecml.First] != "Lena" {
			t.Errorf("kept %+v, then %+v", kept, again)
		}
		w.pass(time.Second)
		second, err := w.KeepAddress(w.ctx, p.ID, Address{Parts: map[ecml.Part]string{ecml.City: "Köln"}})
		w.must(err, "keep another")
		list, err := w.Addresses(w.ctx, p.ID)
		if err != nil || len(list) != 2 || list[0].ID != second.ID || list[1].Parts[ecml.Street1] != "Canarygasse 1" {
			t.Errorf("kept %+v, %v", list, err)
		}
		kept.Parts[ecml.Street1] = "Canarygasse 2"
		w.pass(time.Second)
		_, err = w.KeepAddress(w.ctx, p.ID, kept)
		w.must(err, "change")
		if list, err = w.Addresses(w.ctx, p.ID); err != nil || list[0].Parts[ecml.Street1] != "Canarygasse 2" {
			t.Errorf("changed to %+v, %v", list, err)
		}

		_, err = w.KeepAddress(w.ctx, other.ID, kept)
		w.want(err, ErrAddressUnknown, "change somebody else's")
		w.want(w.RemoveAddress(w.ctx, other.ID, kept.ID), ErrAddressUnknown, "remove somebody else's")
		_, err = w.KeepAddress(w.ctx, p.ID, Address{Parts: map[ecml.Part]string{ecml.City: " "}})
		w.want(err, ErrAddressEmpty, "keep nothing")
		_, err = w.KeepAddress(w.ctx, p.ID, Address{Parts: map[ecml.Part]string{ecml.Country: "Germany"}})
		w.want(err, ErrContactValue, "keep what is no country")

		rows, err := db.Read(w.ctx, w.db, func(tx *db.Tx) ([]addressRow, error) { return selectAddresses(tx, p.ID) })
		if err != nil || len(rows) != 2 || strings.Contains(string(rows[0].parts), "Canary") {
			t.Errorf("stored as %v, %v", rows, err)
		}
		w.must(w.RemoveAddress(w.ctx, p.ID, second.ID), "remove")
		w.must(w.keys.Destroy(string(p.ID)), "erase")
		if list, err = w.Addresses(w.ctx, p.ID); err != nil || len(list) != 0 {
			t.Errorf("after the person was erased: %+v, %v", list, err)
		}
	})
}

// TestAddressesMost: nobody fills the database by saving.
func TestAddressesMost(t *testing.T) {
	harnessOnce(t, func(w *world) {
		p, _ := w.person(lena())
		keep := func(n int) error {
			_, err := w.KeepAddress(w.ctx, p.ID, Address{Parts: map[ecml.Part]string{ecml.City: strings.Repeat("x", n)}})
			return err
		}
		for n := range addressesMost {
			w.must(keep(n+1), "keep")
		}
		w.want(keep(addressesMost+1), ErrAddresses, "keep one too many")
		w.must(keep(1), "keep one that is there")
	})
}
