package app

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"billfold/base/db"
)

// TestARestoredOlderCopyIsNotPostedTo shows that a server whose database was put back to an older copy refuses every payment from the
// first on, by name, on the API and at /readyz, while what is there can be read, until it is told to take it as it is. The
// control is the same server on the newest copy.
func TestARestoredOlderCopyIsNotPostedTo(t *testing.T) {
	c := Config{Mode: Sandbox, Data: t.TempDir(), Seed: 3}
	a, stop := start(t, c)
	keys, err := a.DemoKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pay := func(a *App, key string) (int, string) {
		return send(t, a, "/v1/payments", keys.Payer, key,
			`{"amount":{"amount":"1","currency":"EUR"},"payee":"@cafe_linden","confirm":true}`)
	}
	stop()
	older, err := os.ReadFile(File(c.Data))
	if err != nil {
		t.Fatal(err)
	}
	a, stop = start(t, c)
	if status, body := pay(a, "first"); status != http.StatusCreated {
		t.Fatalf("the newest database: %d %s", status, body)
	}
	stop()
	newest, err := os.ReadFile(File(c.Data))
	if err != nil {
		t.Fatal(err)
	}
	put(t, c, older)
	a, stop = start(t, c)
	for range 20 {
		if status, body := pay(a, "second"); status != http.StatusServiceUnavailable || !strings.Contains(body, "history_went_back") ||
			!strings.Contains(body, `"money_moved":"no"`) {
			t.Fatalf("an older database: %d %s", status, body)
		}
	}
	for _, path := range []string{"/v1/payments?limit=1", "/v1/accounts"} {
		if status, body := fetch(t, a, path, "Authorization", "Bearer "+keys.Payer); status != http.StatusOK {
			t.Errorf("%s cannot be read: %d %s", path, status, body)
		}
	}
	if status, body := fetch(t, a, "/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, `"history":"went_back"`) {
		t.Errorf("/readyz answers %d %s", status, body)
	}
	stop()
	put(t, c, newest)
	a, stop = start(t, c)
	if status, body := pay(a, "third"); status != http.StatusCreated {
		t.Errorf("the newest copy: %d %s", status, body)
	}
	stop()
	put(t, c, older)
	accepting := c
	accepting.Accept = true
	_, stop = start(t, accepting)
	stop()
	a, _ = start(t, c)
	if status, body := pay(a, "fourth"); status != http.StatusCreated {
		t.Errorf("after it was accepted: %d %s", status, body)
	}
}

// TestALostDatabaseIsNotMadeAnew shows that where a database is gone whose writes were confirmed, no empty one takes its place unasked.
func TestALostDatabaseIsNotMadeAnew(t *testing.T) {
	c := Config{Mode: Live, Data: t.TempDir()}
	_, stop := start(t, c)
	stop()
	if err := os.Remove(File(c.Data)); err != nil {
		t.Fatal(err)
	}
	if a, err := Open(t.Context(), c, nil); !errors.Is(err, db.ErrHistoryWentBack) {
		if err == nil {
			a.Close(t.Context())
		}
		t.Errorf("opened with %v", err)
	}
}

// put exchanges the database of a server that does not run.
func put(t *testing.T, c Config, content []byte) {
	t.Helper()
	left, err := filepath.Glob(File(c.Data) + "-*")
	if err != nil || len(left) > 0 {
		t.Fatalf("a server that stopped left %v: %v", left, err)
	}
	if err := os.WriteFile(File(c.Data), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// send posts a body with an idempotency key.
func send(t *testing.T, a *App, path, secret, key, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, a.URL.String()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", key)
	return do(t, r)
}
