package rail

import (
	"context"
	"encoding/base64"
	"errors"
	"testing"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/id"
	"billfold/base/job"
	"billfold/test/harness"
)

// The example that the Standard Webhooks libraries are tested with.
func TestSignature(t *testing.T) {
	secret, err := base64.StdEncoding.DecodeString("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	at, body := time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`)
	h := Sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, body)
	if h.Signature != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" || h.Timestamp != "1614265330" {
		t.Errorf("signed %+v", h)
	}
	if SecretText(secret) != "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" {
		t.Errorf("the secret reads %s", SecretText(secret))
	}
	for age, good := range map[time.Duration]bool{0: true, Tolerance: true, -Tolerance: true, Tolerance + time.Second: false,
		-Tolerance - time.Second: false} {
		if err := Verify(secret, h, body, at.Add(age)); (err == nil) != good {
			t.Errorf("%s old: %v", age, err)
		}
	}
}

// What a rail may say is read as strictly as our own API.
func TestParse(t *testing.T) {
	good := `{"type":"charge.settled","data":{"reference":"pay_x","merchant":"us","amount":"5000","currency":"EUR"}}`
	got, err := parse([]byte(good))
	c := got.callback
	if err != nil || c.Outcome != Settled || c.Amount != 5000 || c.Currency != "EUR" || c.Merchant != "us" || c.Reference != "pay_x" {
		t.Errorf("%+v, %v", c, err)
	}
	for _, bad := range []string{``, `{}`, `[]`, `null`, good + "x", `{"type":"charge.unknown","data":{"reference":"pay_x","amount":"1"}}`,
		`{"type":"charge.settled","data":{"reference":"","amount":"1","currency":"EUR"}}`,
		`{"type":"charge.settled","data":{"reference":"pay_x","amount":1,"currency":"EUR"}}`,
		`{"type":"charge.settled","data":{"reference":"pay_x","amount":"1.5","currency":"EUR"}}`,
		`{"type":"charge.settled","data":{"reference":"pay_x","amount":"01","currency":"EUR"}}`,
		`{"type":"charge.settled","data":{"reference":"pay_x","amount":"99999999999999999999","currency":"EUR"}}`} {
		if _, err := parse([]byte(bad)); !errors.Is(err, ErrCallback) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// A message that comes five times is stored once and queued once, and still accepted each time: the rail must stop repeating.
func TestInboxStoresOnce(t *testing.T) {
	harness.Engines(t, func(t *testing.T, d *db.DB) {
		clk := harness.Clock()
		queue := job.New(job.Options{DB: d, IDs: id.NewMinter(clk.Now), Clock: clk, Real: clk, Log: harness.Logger(t)})
		secret := []byte("a secret of the rail")
		inbox := NewInbox(InboxOptions{DB: d, Real: clk, Queue: queue, Secrets: map[string][]byte{Card: secret}})
		var acted []Callback
		queue.Handle(TaskCallback, func(ctx context.Context, task job.Task) error {
			c, err := db.Read(ctx, d, func(tx *db.Tx) (Callback, error) { return Stored(tx, task) })
			acted = append(acted, c)
			return err
		})
		body := []byte(`{"type":"charge.declined","data":{"reference":"pay_x","merchant":"us","amount":"1","currency":"EUR",` +
			`"reason":"card_declined"}}`)
		for range 5 {
			if err := inbox.Receive(t.Context(), Card, Sign(secret, "msg_1", clk.Now(), body), body); err != nil {
				t.Fatal(err)
			}
			if _, err := queue.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if len(acted) != 1 || acted[0].Reason != "card_declined" || acted[0].ID != "msg_1" || acted[0].Rail != Card {
			t.Errorf("acted on %+v", acted)
		}
		stored, err := db.Read(t.Context(), d, func(tx *db.Tx) ([]Callback, error) { return Callbacks(tx, "pay_x") })
		if err != nil || len(stored) != 1 || clock.Micros(stored[0].At) != clock.Micros(clk.Now()) {
			t.Errorf("stored %+v, %v", stored, err)
		}
	}, job.Schema, Schema)
}
