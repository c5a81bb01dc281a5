package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/money"
	"billfold/core/ledger"
	"billfold/test/harness"
)

// clinic is an installation for real use in which everything is right, so that each test breaks one thing.
type clinic struct {
	t *testing.T
	c Config
}

const (
	relayWord  = "relay-word-canary"
	masterWord = "00112233445566778899aabbccddeeff00112233445566778899aabbccddee99"
)

// healthy makes one. The address is of a network that nobody has (RFC 5737), so that no name has to be resolved.
func healthy(t *testing.T, c Config) clinic {
	t.Helper()
	dir := t.TempDir()
	c.Mode, c.Data, c.Keyring, c.MasterKey = Live, filepath.Join(dir, "data"), filepath.Join(dir, "keys"), masterWord
	a, stop := start(t, c)
	eur, _ := money.Lookup("EUR")
	if err := a.DB.Write(t.Context(), func(tx *db.Tx) error {
		from, err := a.Ledger.Open(tx, ledger.Spec{Address: "system/from/EUR", Currency: eur, Limit: ledger.Unlimited})
		if err != nil {
			return err
		}
		to, err := a.Ledger.Open(tx, ledger.Spec{Address: "system/to/EUR", Currency: eur, Limit: ledger.Unlimited})
		if err != nil {
			return err
		}
		for range 5 {
			e := ledger.Entry{Kind: "test", Legs: []ledger.Leg{{Debit: from.ID, Credit: to.ID, Amount: 7}}}
			if _, err := a.Ledger.Post(tx, e); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	stop()
	c.Addr, c.PublicURL, c.Conns = "127.0.0.1:0", "https://192.0.2.7", 100
	c.TLSCert, c.TLSKey = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	k := clinic{t, c}
	k.certify("192.0.2.7", -time.Hour, 90*24*time.Hour)
	k.c.MailServer, k.c.MailTLS, k.c.MailFrom = smtpRelay(t), "plain", "Billfold <no-reply@example.org>"
	k.c.MailUser, k.c.MailPass = "billfold", relayWord
	return k
}

// certify writes a certificate for an address or name.
func (k *clinic) certify(name string, from, until time.Duration) {
	k.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		k.t.Fatal(err)
	}
	now := clock.System().Now()
	shape := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.Add(from), NotAfter: now.Add(until)}
	if ip := net.ParseIP(name); ip != nil {
		shape.IPAddresses = []net.IP{ip}
	} else {
		shape.DNSNames = []string{name}
	}
	cert, err := x509.CreateCertificate(rand.Reader, shape, shape, key.Public(), key)
	if err != nil {
		k.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		k.t.Fatal(err)
	}
	k.write(k.c.TLSCert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}))
	k.write(k.c.TLSKey, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
}

func (k *clinic) write(path string, text []byte) {
	k.t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		k.t.Fatal(err)
	}
}

func (k *clinic) must(err error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatal(err)
	}
}

// change writes into the database by hand.
func (k *clinic) change(statement string) {
	k.t.Helper()
	d, err := openDB(k.t.Context(), k.c.withDefaults(), false)
	k.must(err)
	k.must(d.Write(k.t.Context(), func(tx *db.Tx) error {
		n, err := tx.Exec(statement)
		if err == nil && n == 0 && !strings.HasPrefix(statement, "create") {
			err = fmt.Errorf("%s: nothing was changed", statement)
		}
		return err
	}))
	k.must(d.Close())
}

// rot changes a bit in the last cell of an index that is one page long.
func (k *clinic) rot(index string) {
	k.t.Helper()
	d, err := openDB(k.t.Context(), k.c.withDefaults(), false)
	k.must(err)
	var root, size int64
	k.must(d.Read(k.t.Context(), func(tx *db.Tx) error {
		return errors.Join(tx.Row("select rootpage from sqlite_master where name = $1", index).Scan(&root),
			tx.Row("pragma page_size").Scan(&size))
	}))
	k.must(d.Close())
	file, err := os.OpenFile(File(k.c.Data), os.O_RDWR, 0)
	k.must(err)
	key := make([]byte, 1)
	_, err = file.ReadAt(key, root*size-3)
	k.must(err)
	key[0] ^= 1
	_, err = file.WriteAt(key, root*size-3)
	k.must(err)
	k.must(file.Close())
}

// look is what the doctor says; none of it may hold a secret.
func (k *clinic) look() []Check {
	k.t.Helper()
	checks := Doctor(k.t.Context(), k.c)
	for _, one := range checks {
		for _, said := range []string{one.Says.EN, one.Says.ZH, one.Mend.EN, one.Mend.ZH} {
			if strings.Contains(said, relayWord) || strings.Contains(said, masterWord) || strings.Contains(said, "dsn-canary") {
				k.t.Errorf("%s shows a secret: %s", one.Name, said)
			}
			if strings.Contains(said, "%!") {
				k.t.Errorf("%s: %s", one.Name, said)
			}
		}
		if one.Says.Missing() || (one.Mend.EN == "") != (one.Mend.ZH == "") {
			k.t.Errorf("%s does not say it in every language: %+v", one.Name, one)
		}
		if one.Grade != Fine && one.Mend.EN == "" {
			k.t.Errorf("%s does not say what mends it: %s", one.Name, one.Says.EN)
		}
	}
	return checks
}

// smtpRelay is a real relay on this machine that knows one password.
func smtpRelay(t *testing.T) string {
	t.Helper()
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return caller{}, nil }))
	server.Domain, server.AllowInsecureAuth, server.ErrorLog = "relay.test", true, log.New(io.Discard, "", 0)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ln) }()
	t.Cleanup(func() {
		server.Close()
		<-ended
	})
	return ln.Addr().String()
}

type caller struct{}

func (caller) Reset()                               {}
func (caller) Logout() error                        { return nil }
func (caller) AuthMechanisms() []string             { return []string{sasl.Plain} }
func (caller) Mail(string, *smtp.MailOptions) error { return nil }
func (caller) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (caller) Data(r io.Reader) error               { _, err := io.Copy(io.Discard, r); return err }
func (caller) Auth(mechanism string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, _, password string) error {
		if password != relayWord {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

// TestDoctorPassesWhatIsWhole shows that nothing fails where nothing is wrong, beside a running server too.
func TestDoctorPassesWhatIsWhole(t *testing.T) {
	on(t, func(t *testing.T, c Config) {
		k := healthy(t, c)
		wanted := map[string]bool{}
		for _, one := range k.look() {
			if one.Grade == Bad && !strings.Contains(one.Says.EN, "tmpfs") { // where this machine keeps what is temporary
				t.Errorf("%s: %s", one.Name, one.Says.EN)
			}
			if one.Grade == Fine {
				wanted[one.Name] = true
			}
		}
		for _, name := range []string{"data folder", "disk", "database", "installation", "schema", "keyring", "books", "port", "public url",
			"tls", "mail"} {
			if !wanted[name] {
				t.Errorf("%s is not fine", name)
			}
		}
		a, _ := start(t, k.c)
		k.c.Addr = a.URL.Host
		for _, one := range k.look() {
			if one.Grade == Bad && one.Name != "port" && !strings.Contains(one.Says.EN, "tmpfs") {
				t.Errorf("beside a server, %s: %s", one.Name, one.Says.EN)
			}
		}
	})
}

// ailment is one thing that is broken, and the line that says so.
type ailment struct {
	what  string
	name  string
	grade Grade
	words string
	spoil func(k *clinic)
}

var ailments = []ailment{
	{"a folder others can look into", "data folder", Bad, "Others on this machine", func(k *clinic) { k.must(os.Chmod(k.c.Data, 0o755)) }},
	{"a master key others can read", "keyring", Bad, "can read", func(k *clinic) {
		k.write(filepath.Join(k.c.Keyring, "master.key"), []byte(masterWord+"\n"))
		k.must(os.Chmod(filepath.Join(k.c.Keyring, "master.key"), 0o644))
	}},
	{"a master key beside what it opens", "keyring", Fair, "beside the keys", func(k *clinic) {
		k.write(filepath.Join(k.c.Keyring, "master.key"), []byte(masterWord+"\n"))
		k.c.MasterKey = ""
	}},
	{"another master key", "keyring", Bad, "key", func(k *clinic) { k.c.MasterKey = strings.Replace(masterWord, "99", "88", 1) }},
	{"no keyring", "keyring", Bad, "key", func(k *clinic) { k.must(os.RemoveAll(k.c.Keyring)) }},
	{"another installation's keyring", "keyring", Bad, "another database", func(k *clinic) {
		k.c.Keyring = filepath.Join(k.t.TempDir(), "other")
		keys, err := openKeys(k.t.Context(), k.c, false, false)
		k.must(err)
		k.must(keys.Close())
	}},
	{"an expired certificate", "tls", Bad, "expired", func(k *clinic) { k.certify("192.0.2.7", -48*time.Hour, -24*time.Hour) }},
	{"a certificate of tomorrow", "tls", Bad, "only from", func(k *clinic) { k.certify("192.0.2.7", 24*time.Hour, 48*time.Hour) }},
	{"a certificate that ends soon", "tls", Fair, "ends on", func(k *clinic) { k.certify("192.0.2.7", -time.Hour, 72*time.Hour) }},
	{"a certificate for another name", "tls", Bad, "not for 192.0.2.7", func(k *clinic) {
		k.certify("pay.example.org", -time.Hour, 90*24*time.Hour)
	}},
	{"a key of another certificate", "tls", Bad, "another certificate's", func(k *clinic) {
		before, err := os.ReadFile(k.c.TLSCert)
		k.must(err)
		k.certify("192.0.2.7", -time.Hour, 90*24*time.Hour)
		k.write(k.c.TLSCert, before)
	}},
	{"a key that everybody can read", "tls", Bad, "Everybody on this machine", func(k *clinic) { k.must(os.Chmod(k.c.TLSKey, 0o644)) }},
	{"no certificate", "tls", Bad, "cannot be used", func(k *clinic) { k.must(os.Remove(k.c.TLSCert)) }},
	{"no TLS at all", "tls", Bad, "no certificate", func(k *clinic) { k.c.TLSCert, k.c.TLSKey, k.c.PublicURL = "", "", "" }},
	{"an address of this machine", "public url", Bad, "this machine only", func(k *clinic) { k.c.PublicURL = "https://localhost" }},
	{"a name nobody has", "public url", Bad, "does not resolve", func(k *clinic) { k.c.PublicURL = "https://nobody.invalid" }},
	{"an address with a path", "public url", Bad, "cannot be used", func(k *clinic) { k.c.PublicURL = "https://example.org/pay" }},
	{"no relay", "mail", Bad, "nobody gets the code", func(k *clinic) { k.c.MailServer = "" }},
	{"a relay that is away", "mail", Bad, "does not take us", func(k *clinic) {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		k.must(err)
		k.c.MailServer = ln.Addr().String()
		k.must(ln.Close())
	}},
	{"a relay that knows another password", "mail", Bad, "does not take us", func(k *clinic) { k.c.MailPass = relayWord + "x" }},
	{"a sender nobody can answer", "mail", Fair, "nobody can answer", func(k *clinic) { k.c.MailFrom = "" }},
	{"a port that somebody has", "port", Bad, "taken", func(k *clinic) {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		k.must(err)
		k.t.Cleanup(func() { ln.Close() })
		k.must(os.Remove(filepath.Join(k.c.Data, "billfold.lock"))) // in which this very process stands
		k.c.Addr = ln.Addr().String()
	}},
	{"plain HTTP for everybody", "port", Bad, "this machine only", func(k *clinic) {
		k.c.Addr, k.c.TLSCert, k.c.TLSKey = "0.0.0.0:0", "", ""
	}},
	{"a changed entry", "books", Bad, "not what was posted", func(k *clinic) {
		k.change("update ledger_leg set amount = 8 where amount = 7")
	}},
	{"an index that lacks what its table has", "storage", Bad, "ledger_account", func(k *clinic) {
		k.rot("sqlite_autoindex_ledger_account_1")
	}},
	{"an older schema", "schema", Fair, "older than this program", func(k *clinic) {
		k.change("delete from db_migration where package = 'purse' and version = 1")
	}},
	{"a newer schema", "schema", Bad, "newer", func(k *clinic) {
		k.change("insert into db_migration (package, version, name, digest, applied_at) values ('ledger', 9999, 'x', 'x', 1)")
	}},
	{"a clock of the last century", "clock", Bad, "1999", func(k *clinic) {
		k.c.Ground = &Ground{Real: clock.Frozen(time.Date(1999, 12, 31, 23, 0, 0, 0, time.UTC))}
	}},
	{"a clock that went back", "clock", Bad, "went back", func(k *clinic) {
		k.c.Ground = &Ground{Real: clock.Frozen(clock.System().Now().Add(-48 * time.Hour))}
	}},
}

// TestDoctorFindsWhatIsBroken breaks one thing after another in a real installation, and wants the line that says so.
func TestDoctorFindsWhatIsBroken(t *testing.T) {
	for _, one := range ailments {
		t.Run(one.what, func(t *testing.T) {
			k := healthy(t, Config{})
			one.spoil(&k)
			k.wants(one.name, one.grade, one.words)
		})
	}
}

// wants looks for a line.
func (k *clinic) wants(name string, grade Grade, words string) {
	k.t.Helper()
	checks := k.look()
	for _, c := range checks {
		if c.Name == name && c.Grade == grade && strings.Contains(c.Says.EN, words) {
			return
		}
	}
	k.t.Errorf("no line of %s says %s: %q in", name, grade, words)
	for _, c := range checks {
		k.t.Logf("%s %s: %s", c.Grade, c.Name, c.Says.EN)
	}
}

// TestDoctorOfPostgres breaks what only PostgreSQL can have broken.
func TestDoctorOfPostgres(t *testing.T) {
	c := Config{DB: harness.Place(t, db.Postgres).DSN}
	k := healthy(t, c)
	k.wants("backups", Fair, "does not archive")
	k.wants("database", Fair, "superuser")
	k.wants("storage", Fair, "cannot compare")
	k.change("create extension amcheck")
	k.wants("storage", Fine, "as it was written")
	k.c.DB = c.DB + "&synchronous_commit=off"
	k.wants("database", Bad, "synchronous_commit is off")
	k.c.DB = c.DB
	k.change("update ledger_leg set amount = 8 where amount = 7")
	k.wants("books", Bad, "not what was posted")
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	k.must(err)
	k.must(ln.Close())
	k.c.DB = "postgres://billfold:dsn-canary@" + ln.Addr().String() + "/billfold"
	k.wants("database", Bad, "does not answer")
	k.c.DB = "host=/nowhere password=dsn-canary sslmode"
	k.wants("database", Bad, "does not answer")
}

// TestDoctorOfASandbox says that a sandbox never becomes an installation for real use, and what an empty place needs.
func TestDoctorOfASandbox(t *testing.T) {
	k := clinic{t, Config{Data: filepath.Join(t.TempDir(), "none")}}
	k.wants("database", Fair, "none yet")
	on(t, func(t *testing.T, c Config) {
		c.Empty = true
		_, stop := start(t, c)
		stop()
		k := clinic{t, c}
		k.wants("installation", Bad, "a sandbox")
		if c.DB == "" {
			k.wants("keyring", Fair, "in the data folder")
		}
	})
}
