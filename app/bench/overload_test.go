package bench

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"billfold/app"
	"billfold/base/db"
	"billfold/core/payment"
	"billfold/test/harness"
)

// TestOverload sends payments much faster than a narrow gate lets them in. Whoever is shed is told when to come back and nothing was
// done for them; what is critical passes meanwhile; nothing grows beyond its bound; what was acknowledged is there; and afterwards
// everything is as before. How fast all that was is not asserted here: `billfold bench overload` measures it.
func TestOverload(t *testing.T) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			c := &common{engine: string(engine), data: t.TempDir(), diag: t.Output()}
			if engine == db.Postgres {
				c.dsn = harness.Place(t, engine).DSN
			}
			w, err := openAs(t.Context(), c, func(o *app.Config) { o.Work, o.Wait, o.Guests = 8, 500, 1_000_000 })
			if err != nil {
				t.Fatal(err)
			}
			defer w.close(t.Context())
			s := &storm{world: w, overloadResult: &overloadResult{OverloadTimes: 1, Peak: 4000}}
			if s.cast, err = w.cast(t.Context(), false); err != nil {
				t.Fatal(err)
			}
			s.prepareHolds(t)
			done, err := s.flood(t.Context(), time.Second)
			if err != nil {
				t.Fatal(err)
			}
			if s.Accepted == 0 || s.Shed == 0 || s.Unanswered > 0 || s.NoRetryAfter > 0 {
				t.Errorf("%d accepted, %d shed, %d of them without Retry-After, %d neither", s.Accepted, s.Shed, s.NoRetryAfter, s.Unanswered)
			}
			if s.Captures == 0 || s.CapturesShed > 0 {
				t.Errorf("%d of %d captures were shed", s.CapturesShed, s.Captures)
			}
			if running, waiting, _ := s.Gate.Bounds(); s.MostRunning > running || s.MostWaiting > waiting || s.MostRunning == 0 {
				t.Errorf("%d at work and %d waiting", s.MostRunning, s.MostWaiting)
			}
			s.nothingLost(t, done)
		})
	}
}

// prepareHolds makes holds one after another: the gate is narrow.
func (s *storm) prepareHolds(t *testing.T) {
	t.Helper()
	for i := range 10 {
		body := []byte(`{"payee":"` + s.cast.shops[0] + `","confirm":true,"capture":"manual","amount":{"amount":"100","currency":"EUR"}}`)
		made := s.one(t, request{"/v1/payments", s.cast.tokens[i], "hold-" + strconv.Itoa(i), body})
		if !accepted(made) {
			t.Fatalf("a hold: %d %s", made.answer, made.said)
		}
		s.held = append(s.held, paymentIn(made.said))
	}
}

// one sends one request and waits for its answer.
func (s *storm) one(t *testing.T, q request) outcome {
	t.Helper()
	made, err := s.openLoop(t.Context(), 1, 1, time.Second, func(int, *rand.Rand) request { return q })
	if err != nil || len(made) != 1 {
		t.Fatalf("%d answers: %v", len(made), err)
	}
	return made[0]
}

// nothingLost: every payment that was acknowledged is in the books, and every one that was shed is made by its retry, not found.
func (s *storm) nothingLost(t *testing.T, done []outcome) {
	t.Helper()
	again := 0
	for _, o := range done {
		switch {
		case accepted(o):
			p, err := s.Payments.Get(t.Context(), payment.Caller{Operator: true}, payment.ID(paymentIn(o.said)))
			if err != nil || p.State != payment.Completed {
				t.Errorf("%s: %s, %v", o.said, p.State, err)
			}
		case shed(o) && again < 20:
			again++
			if o := s.one(t, o.request); !accepted(o) || o.again {
				t.Errorf("a shed request again: %d, replayed %v", o.answer, o.again)
			}
		}
	}
	if again == 0 {
		t.Error("nothing was shed")
	}
}
