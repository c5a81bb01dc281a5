package notice

import (
	"context"
	"testing"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/id"
	"billfold/base/job"
	"billfold/base/seal"
	"billfold/test/harness"
)

const (
	lena   = "usr_lena"
	linden = "mch_linden"
	origin = "https://pay.example.org"
)

// world is a service on a fresh database, with the queue that does its work.
type world struct {
	*Service
	t     *testing.T
	ctx   context.Context
	db    *db.DB
	keys  *seal.Keyring
	real  *clock.Sandbox
	queue *job.Queue
}

func build(t *testing.T, d *db.DB, sender Sender) *world {
	t.Helper()
	w := &world{t: t, ctx: t.Context(), db: d, keys: harness.Keyring(t), real: harness.Clock()}
	if err := w.keys.Create(lena, linden); err != nil {
		t.Fatal(err)
	}
	ids := id.NewMinter(w.real.Now)
	w.queue = job.New(job.Options{DB: d, IDs: ids, Clock: w.real, Real: w.real, Log: harness.Logger(t)})
	s, err := New(Options{DB: d, Real: w.real, Keys: w.keys, IDs: ids, Jobs: w.queue, Sender: sender,
		From: "Billfold <no-reply@pay.example.org>", Origin: origin})
	if err != nil {
		t.Fatal(err)
	}
	w.Service = s
	return w
}

func engines(t *testing.T, sender func() Sender, body func(*world)) {
	t.Helper()
	harness.Engines(t, func(t *testing.T, d *db.DB) { body(build(t, d, sender())) }, job.Schema, Schema)
}

func sandbox() Sender { return Sandbox{} }

func (w *world) must(err error, doing string) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("%s: %v", doing, err)
	}
}

func (w *world) pass(d time.Duration) {
	w.t.Helper()
	w.must(w.real.Advance(d), "advance")
}

func (w *world) mail(m Mail) {
	w.t.Helper()
	w.must(w.db.Write(w.ctx, func(tx *db.Tx) error { return w.Mail(tx, m) }), "mail")
}

// step does what is due and says how many tasks that were.
func (w *world) step() int {
	w.t.Helper()
	n, err := w.queue.Step(w.ctx)
	w.must(err, "step")
	return n
}

// stored is what the table says about the only mail.
func (w *world) stored() (state, failure string, attempts int, words bool) {
	w.t.Helper()
	row := harness.Raw(w.t, w.db).QueryRow(`select state, failure, attempts, data is not null or recipient is not null from notice_mail`)
	w.must(row.Scan(&state, &failure, &attempts, &words), "look at the mail")
	return state, failure, attempts, words
}
