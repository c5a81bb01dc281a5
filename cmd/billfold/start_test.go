package main

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"billfold/base/db"
	"billfold/client"
	"billfold/test/harness"
)

// on runs a test with data on each engine, in a fresh place.
func on(t *testing.T, body func(t *testing.T, at place)) {
	t.Helper()
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			at := place{dir: filepath.Join(t.TempDir(), "data")}
			if engine == db.Postgres {
				at.env = []string{"BILLFOLD_DB=" + harness.Place(t, engine).DSN}
			}
			body(t, at)
		})
	}
}

// TestDevOnAnEmptyFolder walks a newcomer's first minutes by program: the keys of dev.env work, there is money in every
// currency, a payment can be made, and after a stop and a new start the same keys find it again.
func TestDevOnAnEmptyFolder(t *testing.T) {
	on(t, func(t *testing.T, at place) {
		ctx := context.Background()
		p := at.dev(t).ready()
		first := at.secrets(t)
		if get(first["BILLFOLD_URL"]+"/healthz") != 200 || get(first["BILLFOLD_URL"]+"/readyz") != 200 {
			t.Error("it greets before it is ready")
		}
		payer := at.as(t, "BILLFOLD_PAYER_KEY")
		balance, err := payer.Balance(ctx, "")
		if err != nil {
			t.Fatal(err)
		}
		rich := 0
		for _, a := range balance.Balances {
			if a.Available.Amount != "0" && !strings.HasPrefix(a.Available.Amount, "-") {
				rich++
			}
		}
		if rich < 4 {
			t.Errorf("the payer has money in %d currencies: %+v", rich, balance.Balances)
		}
		paid, err := payer.CreatePayment(ctx, client.CreatePayment{Amount: client.Money{Amount: "420", Currency: "EUR"},
			Payee: "@cafe_linden", Confirm: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if code := p.exit(); code != 0 {
			t.Errorf("SIGINT ended it with %d", code)
		}

		at.dev(t).ready()
		again := at.secrets(t)
		for _, name := range []string{"BILLFOLD_KEY", "BILLFOLD_PAYER_KEY", "BILLFOLD_OPERATOR_KEY"} {
			if first[name] == "" || first[name] != again[name] {
				t.Errorf("%s is another one after the restart", name)
			}
		}
		if first["BILLFOLD_OPERATOR_URL"] == again["BILLFOLD_OPERATOR_URL"] {
			t.Error("the one-time link is the old one")
		}
		for _, key := range []string{"BILLFOLD_KEY", "BILLFOLD_PAYER_KEY", "BILLFOLD_OPERATOR_KEY"} {
			found, err := at.as(t, key).Payment(ctx, paid.ID, nil)
			if err != nil || found.State != "completed" {
				t.Errorf("%s finds %q, %v", key, found.State, err)
			}
		}
		if code, out, complaint := billfold(t, at.env, "verify", "--data", at.dir); code != 0 {
			t.Errorf("verify ended with %d beside the server\n%s%s", code, out, complaint)
		}
	})
}

// TestEmpty shows that a sandbox without demo data starts, has no keys to give away, and makes its operator by a link.
func TestEmpty(t *testing.T) {
	at := place{dir: t.TempDir()}
	at.dev(t, "--empty").ready()
	secrets := at.secrets(t)
	if secrets["BILLFOLD_KEY"] != "" || secrets["BILLFOLD_PAYER_KEY"] != "" ||
		!strings.Contains(secrets["BILLFOLD_OPERATOR_URL"], "/setup?token=") {
		t.Errorf("dev.env of an empty sandbox: %d lines", len(secrets))
	}
}

// TestServe shows that real use has no demo and no sandbox pages, prints the set-up link, and that neither command opens the
// other's database.
func TestServe(t *testing.T) {
	on(t, func(t *testing.T, at place) {
		p := launch(t, at.env, "serve", "--data", at.dir, "--addr", "127.0.0.1:0").ready()
		var said string
		until(t, "the set-up link", func() bool {
			p.mu.Lock()
			defer p.mu.Unlock()
			said = p.said.String()
			return strings.Contains(said, "/setup?token=")
		})
		url := said[strings.Index(said, "http://"):]
		url = strings.Fields(url)[0]
		if get(url+"/readyz") != 200 {
			t.Error("it is not ready")
		}
		for _, path := range []string{"/dev/ui", "/dev/inbox", "/v1/test/clock"} {
			if s := get(url + path); s == 200 {
				t.Errorf("%s answers %d in real use", path, s)
			}
		}
		if _, err := os.Stat(filepath.Join(at.dir, "dev.env")); err == nil {
			t.Error("real use wrote dev.env")
		}
		if err := p.cmd.Process.Signal(unix.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if code := p.exit(); code != 0 {
			t.Errorf("SIGTERM ended it with %d", code)
		}
		refused(t, at.env, 1, "other kind", "dev", "--data", at.dir, "--addr", "127.0.0.1:0")
	})
}

// refused runs a command that has to fail with one line that holds some words.
func refused(t *testing.T, env []string, want int, words string, args ...string) {
	t.Helper()
	code, out, complaint := billfold(t, env, args...)
	if code != want || !strings.Contains(complaint, words) || strings.Count(complaint, "\n") != 1 {
		t.Errorf("billfold %s: exit %d, want %d and one line with %q\n%s%s", strings.Join(args, " "), code, want, words, out, complaint)
	}
}

// TestMisunderstood shows that what cannot be understood is answered in one line, with exit code 2.
func TestMisunderstood(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "conf")
	if err := os.WriteFile(file, []byte("# ours\nadress = here\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for words, args := range map[string][]string{
		`did you mean serve?`:               {"serv"},
		`there is no command "frobnicate"`:  {"frobnicate"},
		`did you mean addr?`:                {"dev", "--adr", "x"},
		`there is no flag --colour`:         {"dev", "--colour"},
		`--addr needs a value`:              {"dev", "--addr"},
		`"now" was not expected`:            {"dev", "now"},
		`"ten" is not a whole number`:       {"dev", "--seed", "ten"},
		`set BILLFOLD_MASTER_KEY instead`:   {"serve", "--master-key", "00"},
		`"XEUR" is no currency`:             {"serve", "--currencies", "EUR,XEUR", "--addr", "127.0.0.1:0", "--data", dir},
		`say debug, info, warn or error`:    {"dev", "--log-level", "loud"},
		`line 2: there is no setting`:       {"serve", "--config", file},
		`--tls-cert and --tls-key belong`:   {"serve", "--tls-cert", "a", "--addr", "127.0.0.1:0", "--data", dir},
		`the configuration file cannot be`:  {"serve", "--config", filepath.Join(dir, "absent")},
		`there is no command "brew"`:        {"help", "brew"},
		`There is no Billfold here`:         {"verify", "--data", filepath.Join(dir, "absent")},
		`BILLFOLD_SEED: "x" is not a whole`: {"dev", "--data", dir},
	} {
		var env []string
		if strings.HasPrefix(words, "BILLFOLD_SEED") {
			env = []string{"BILLFOLD_SEED=x"}
		}
		refused(t, env, 2, words, args...)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 1 {
		t.Errorf("a refused command left %d files behind", len(list))
	}
}

// TestHelp shows that each command explains itself, to standard output.
func TestHelp(t *testing.T) {
	for _, args := range [][]string{{}, {"help"}, {"--help"}, {"version"}, {"help", "dev"}, {"dev", "-h"}, {"serve", "--help"},
		{"help", "migrate"}, {"help", "verify"}, {"help", "bench"}, {"help", "sim"}} {
		if code, out, complaint := billfold(t, nil, args...); code != 0 || out == "" || complaint != "" {
			t.Errorf("billfold %v: exit %d, %d bytes out, %q", args, code, len(out), complaint)
		}
	}
}

// TestAddress shows what is said when the address is taken, not ours, or would be reached unencrypted by others.
func TestAddress(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	dir := t.TempDir()
	code, _, complaint := billfold(t, nil, "dev", "--data", dir, "--addr", ln.Addr().String())
	if code != 1 || !strings.Contains(complaint, ", process ") || !strings.Contains(complaint, "--addr 127.0.0.1:") {
		t.Errorf("exit %d: %s", code, complaint)
	}
	refused(t, []string{"LC_ALL=zh_CN.UTF-8"}, 1, "地址已被占用", "dev", "--data", dir, "--addr", ln.Addr().String())
	refused(t, nil, 1, "Nobody can listen", "dev", "--data", dir, "--addr", "192.0.2.1:8080")
	refused(t, nil, 1, "Plain HTTP is for this machine only", "serve", "--data", dir, "--addr", "0.0.0.0:0")
	refused(t, nil, 1, "The certificate cannot be used", "serve", "--data", dir, "--addr", "127.0.0.1:0",
		"--tls-cert", "absent", "--tls-key", "absent")
	refused(t, nil, 1, "The public address", "serve", "--data", dir, "--addr", "127.0.0.1:0", "--public-url", "http://pay.example.org")
	if list, err := os.ReadDir(dir); err != nil || len(list) != 0 {
		t.Errorf("a refused start left %d files behind", len(list))
	}
}

// TestFolder shows what is said when the folder is somebody else's, cannot be written, or belongs to other keys.
func TestFolder(t *testing.T) {
	at := place{dir: filepath.Join(t.TempDir(), "data")}
	p := at.dev(t, "--empty").ready()
	refused(t, nil, 1, "Another Billfold runs on this data folder", "dev", "--data", at.dir, "--addr", "127.0.0.1:0")
	refused(t, nil, 1, "Another Billfold runs on this data folder", "migrate", "--data", at.dir)
	_ = p.cmd.Process.Signal(unix.SIGTERM)
	p.exit()
	refused(t, nil, 1, "other kind", "serve", "--data", at.dir, "--addr", "127.0.0.1:0")

	if err := os.Rename(filepath.Join(at.dir, "keyring"), filepath.Join(at.dir, "elsewhere")); err != nil {
		t.Fatal(err)
	}
	refused(t, nil, 1, "These keys belong to another database", "dev", "--data", at.dir, "--addr", "127.0.0.1:0")
	other := place{dir: filepath.Join(t.TempDir(), "other")}
	q := other.dev(t, "--empty").ready()
	refused(t, nil, 2, "These keys belong to another database", "verify", "--data", at.dir, "--keyring", filepath.Join(other.dir, "keyring"))
	_ = q.cmd.Process.Signal(unix.SIGTERM)
	q.exit()
	refused(t, nil, 1, "These keys belong to another database", "dev", "--data", at.dir, "--keyring", filepath.Join(other.dir, "keyring"),
		"--addr", "127.0.0.1:0")
	if code, out, complaint := billfold(t, nil, "verify", "--data", at.dir, "--keyring", filepath.Join(at.dir, "elsewhere")); code != 0 {
		t.Errorf("verify with the right keys elsewhere: exit %d\n%s%s", code, out, complaint)
	}
}

// TestReadOnlyFolder shows that a folder which cannot be written is named.
func TestReadOnlyFolder(t *testing.T) {
	harness.SmallDisk(t, 4<<20, func(t *testing.T, disk *harness.Disk) {
		if err := unix.Mount("", disk.Dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
			t.Fatal(err)
		}
		refused(t, nil, 1, "The data folder cannot be written", "dev", "--data", disk.Dir, "--addr", "127.0.0.1:0")
		refused(t, nil, 1, "The data folder cannot be written", "dev", "--data", filepath.Join(disk.Dir, "new"), "--addr", "127.0.0.1:0")
	})
}

// TestForeignDatabase shows that tables which are not ours, and a schema that is newer or older than ours, are left alone.
func TestForeignDatabase(t *testing.T) {
	dir := t.TempDir()
	ctx := context.Background()
	change := func(q string) {
		t.Helper()
		d, err := db.Open(ctx, db.Options{Path: filepath.Join(dir, "billfold.db")})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if err := d.Write(ctx, func(tx *db.Tx) error { _, err := tx.Exec(q); return err }); err != nil {
			t.Fatal(err)
		}
	}
	change("create table theirs (id text primary key)")
	refused(t, nil, 1, "belongs to something else", "serve", "--data", dir, "--addr", "127.0.0.1:0")
	change("drop table theirs")
	if code, out, complaint := billfold(t, nil, "migrate", "--data", dir); code != 0 {
		t.Fatalf("migrate: exit %d\n%s%s", code, out, complaint)
	}
	change("insert into db_migration (package, version, name, digest, applied_at) values ('ledger', 999, '0999_later.sql', 'x', 1)")
	refused(t, nil, 1, "newer than this program", "serve", "--data", dir, "--addr", "127.0.0.1:0")
	refused(t, nil, 2, "newer than this program", "verify", "--data", dir)
	change("delete from db_migration where version = 999")
	change("delete from db_migration where package = 'payment'")
	refused(t, nil, 1, "billfold migrate", "serve", "--no-migrate", "--data", dir, "--addr", "127.0.0.1:0")
}
