package payment

import (
	"strings"
	"testing"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/id"
	"billfold/base/job"
	"billfold/base/lang"
	"billfold/base/seal"
	"billfold/core/notice"
)

func notices(t testing.TB, d *db.DB, keys *seal.Keyring, ids *id.Minter, real clock.Clock, queue *job.Queue) *notice.Service {
	t.Helper()
	s, err := notice.New(notice.Options{DB: d, Real: real, Keys: keys, IDs: ids, Jobs: queue, Sender: notice.Sandbox{},
		From: "Billfold <no-reply@example.org>", Origin: "https://pay.example.org"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// titles is what an owner was told, newest first.
func (w *world) titles(owner string) (list []string) {
	w.t.Helper()
	told, _, err := w.Notices.Notices(w.ctx, owner, "", 100)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, n := range told {
		list = append(list, n.Title(lang.EN))
	}
	return list
}

// inboxes checks that each side of n purchases of a euro and some cents has one notice of each, with a name it may see.
func (w *world) inboxes(n int) {
	for owner, want := range map[string]string{string(w.lena): "to Rosa's Café", string(w.shop.ID): "Lena H. paid you 1."} {
		found := 0
		for _, title := range w.titles(owner) {
			if strings.Contains(title, want) {
				found++
			}
		}
		if found != n {
			w.t.Errorf("%s has %d notices with %q, want %d: %q", owner, found, want, n, w.titles(owner))
		}
	}
}
