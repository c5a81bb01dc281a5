package identity

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"billfold/base/db"
	"billfold/test/harness"
)

// What people type and what proves them is nowhere in the database's bytes, its log or an error.
func TestCanaries(t *testing.T) {
	d := harness.Open(t, db.SQLite, Schema)
	var log bytes.Buffer
	w := build(t, d, func(o *Options) {
		o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	canaries := map[string]string{
		"name": "Zephyrine Quillfeather", "handle": "zephyrine.q", "e-mail": "zephyrine@quill.example",
		"password": "ostrich saddle 88 blueprints",
		"agent":    "CanaryBrowser/77.1", "address": "203.0.113.211", "label": "zephyrine's watch",
	}
	visit := Visit{Agent: canaries["agent"], IP: canaries["address"]}
	draft := Draft{Name: canaries["name"], Handle: canaries["handle"], Email: canaries["e-mail"], Password: canaries["password"]}
	var said []string
	note := func(err error) {
		if err == nil {
			t.Fatal("a refusal was expected")
		}
		said = append(said, fmt.Sprintf("%v %+v %#v", err, err, err))
	}
	pending, err := w.SignUp(w.ctx, draft, visit)
	w.must(err, "sign up")
	code := w.mailed().Data["code"]
	_, _, err = w.Verify(w.ctx, pending.ID, wrong(code), visit)
	note(err)
	p, token, err := w.Verify(w.ctx, pending.ID, code, visit)
	w.must(err, "verify")
	canaries["session token"] = token
	canaries["key"] = w.key(NewKey{Owner: string(p.ID), Kind: PayerKey, Label: canaries["label"]})
	canaries["link"], err = db.Write(w.ctx, d, func(tx *db.Tx) (string, error) { return w.Link(tx, SignInLink, p.ID, 0) })
	w.must(err, "link")
	_, err = w.AuthenticateKey(w.ctx, canaries["key"])
	w.must(err, "authenticate")
	_, err = w.SignUp(w.ctx, draft, visit) // the same handle
	note(err)
	_, err = w.SignIn(w.ctx, canaries["e-mail"], canaries["password"]+"!", visit)
	note(err)
	second, err := w.SignIn(w.ctx, canaries["handle"], canaries["password"], visit)
	w.must(err, "sign in")
	canaries["second token"] = second
	s := w.session(second)
	canaries["csrf"] = s.CSRF
	_, err = w.Reauthenticate(w.ctx, s, canaries["password"]+"!")
	note(err)
	stale, err := w.SignUp(w.ctx, Draft{Name: canaries["name"], Handle: "zeph2", Email: canaries["e-mail"],
		Password: canaries["password"]}, visit)
	w.must(err, "sign up with a known address")
	_, _, err = w.Verify(w.ctx, stale.ID, "123456", visit)
	note(err)
	w.must(w.Flush(w.ctx), "flush")

	look := func(where string, in []byte) {
		in = bytes.ToLower(in)
		for what, canary := range canaries {
			if bytes.Contains(in, bytes.ToLower([]byte(canary))) {
				t.Errorf("the %s is legible in %s", what, where)
			}
		}
	}
	look("the log", log.Bytes())
	look("the errors", []byte(strings.Join(said, "\n")))
	lookAtFiles(t, d, string(p.ID), look)
	// Six digits occur by chance in sealed bytes; as text of a column they must not.
	var n int
	const stored = `select count(*) from identity_code where cast(hash as text) like '%' || $1 || '%'`
	if err := harness.Raw(t, d).QueryRow(stored, code).Scan(&n); err != nil || n != 0 {
		t.Errorf("the code is stored: %d, %v", n, err)
	}
	if strings.Contains(strings.Join(said, "\n"), code) {
		t.Error("the code is told in an error")
	}
}

// lookAtFiles shows the database's files, which must hold what is known to be there or the search proves nothing.
func lookAtFiles(t *testing.T, d *db.DB, known string, look func(where string, in []byte)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(filepath.Dir(harness.Options(t, d).Path), "*"))
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		found = found || bytes.Contains(raw, []byte(known))
		look(f, raw)
	}
	if !found {
		t.Fatalf("%d files do not hold %s", len(files), known)
	}
}
