package app

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/core/identity"
	"billfold/test/harness"
)

// start runs a whole program on a port of its own, until the test ends or stop is called.
func start(t *testing.T, c Config) (a *App, stop func()) {
	t.Helper()
	ctx := context.Background()
	addr := "127.0.0.1:0"
	if c.Addr != "" {
		addr = c.Addr
	}
	ln, err := Listen(ctx, addr)
	if err != nil {
		t.Fatal(err)
	}
	c.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	if a, err = Open(ctx, c, ln); err != nil {
		ln.Close()
		t.Fatal(err)
	}
	serving, cancel := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- a.Serve(serving, ln) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
		if err := a.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	t.Cleanup(stop)
	if err := a.Seed(ctx); err != nil {
		t.Fatal(err)
	}
	a.Start()
	return a, stop
}

// on runs a test on each engine, in a fresh place.
func on(t *testing.T, body func(t *testing.T, c Config)) {
	t.Helper()
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			c := Config{Mode: Sandbox, Data: t.TempDir()}
			if engine == db.Postgres {
				c.DB = harness.Place(t, engine).DSN
			}
			body(t, c)
		})
	}
}

// fetch gets a path, and returns status and body.
func fetch(t *testing.T, a *App, path string, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, a.URL.String()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
			continue
		}
		r.Header.Set(header[i], header[i+1])
	}
	return do(t, r)
}

// do sends a request, and returns status and body.
func do(t *testing.T, r *http.Request) (int, string) {
	t.Helper()
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// TestACountedSecondIsNotSet: what is waited for or counted in this process goes by a clock that nobody sets. By the machine's own, an hour
// back kept every caller out for an hour, who had asked once before.
func TestACountedSecondIsNotSet(t *testing.T) {
	a, _ := start(t, Config{Mode: Sandbox, Data: t.TempDir(), Empty: true})
	for who, c := range map[string]clock.Clock{"gate": a.Gate.Real, "lease": a.Lease.Real, "outbox": a.Outbox.Real} {
		if c == a.Real {
			t.Errorf("the %s goes by a clock that can be set", who)
		}
	}
}

// TestAdvancedClockStays shows that the sandbox's clock moves forward by one door, refuses to go back or too far, and that a
// restart goes on where it stood.
func TestAdvancedClockStays(t *testing.T) {
	on(t, func(t *testing.T, c Config) {
		ctx := context.Background()
		c.Empty = true
		a, stop := start(t, c)
		before := a.Clock.Now()
		at, err := a.AdvanceClock(ctx, 72*time.Hour)
		if err != nil || at.Sub(before) < 72*time.Hour {
			t.Fatalf("it stands at %v, was %v: %v", at, before, err)
		}
		for _, d := range []time.Duration{-time.Second, clock.MaxOffset, 1<<63 - 1} {
			if _, err := a.AdvanceClock(ctx, d); !errors.Is(err, clock.ErrAdvance) {
				t.Errorf("moved by %v: %v", d, err)
			}
		}
		stop()
		b, _ := start(t, c)
		if now := b.Clock.Now(); now.Before(at) || clock.Until(b.Real, now) < 71*time.Hour {
			t.Errorf("after a restart it stands at %v, stood at %v", now, at)
		}
		if a.Installation.ID != b.Installation.ID {
			t.Error("the installation has another id after a restart")
		}
	})
}

// TestLiveHasNoSandbox shows that real use has none of what a sandbox offers.
func TestLiveHasNoSandbox(t *testing.T) {
	ctx := context.Background()
	a, stop := start(t, Config{Data: t.TempDir()})
	if _, err := a.AdvanceClock(ctx, time.Hour); !errors.Is(err, identity.ErrSandboxOnly) {
		t.Errorf("the clock was moved: %v", err)
	}
	if _, err := a.DemoKeys(ctx); !errors.Is(err, identity.ErrSandboxOnly) {
		t.Errorf("there are test keys: %v", err)
	}
	if a.Card != nil {
		t.Error("there is a play acquirer")
	}
	if needed, err := a.NeedsOperator(ctx); err != nil || !needed {
		t.Errorf("an operator is needed: %v, %v", needed, err)
	}
	if link, err := a.SetUpLink(ctx); err != nil || !strings.HasPrefix(link, a.URL.String()+"/setup?token=") {
		t.Errorf("no set-up link: %v", err)
	}
	people, err := a.People.Create(ctx, []identity.NewPerson{{Name: "Ada Ops", Handle: "ada_ops"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.People.Enter(ctx, people[0].ID, identity.Visit{}); !errors.Is(err, identity.ErrSandboxOnly) {
		t.Errorf("one click signed in: %v", err)
	}
	if err := a.DB.Write(ctx, func(tx *db.Tx) error { return a.People.Grant(tx, people[0].ID, identity.Operator) }); err != nil {
		t.Fatal(err)
	}
	if needed, err := a.NeedsOperator(ctx); err != nil || needed {
		t.Errorf("another operator is needed: %v, %v", needed, err)
	}
	data := a.Config.Data
	stop()
	if _, err := Open(ctx, Config{Mode: Sandbox, Data: data}, nil); !errors.Is(err, ErrMode) {
		t.Errorf("a sandbox opened it: %v", err)
	}
}

// TestDoors shows who may see what about the server: health is everybody's, metrics are this machine's and an operator's, and a
// page elsewhere whose name points here gets nothing.
func TestDoors(t *testing.T) {
	a, _ := start(t, Config{Mode: Sandbox, Data: t.TempDir()})
	keys, err := a.DemoKeys(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path   string
		header []string
		want   int
	}{
		{"/healthz", nil, 200},
		{"/readyz", nil, 200},
		{"/metrics", nil, 200},
		{"/metrics", []string{"X-Forwarded-For", "203.0.113.9"}, 404},
		{"/metrics", []string{"X-Forwarded-For", "203.0.113.9", "Authorization", "Bearer " + keys.Payer}, 404},
		{"/metrics", []string{"X-Forwarded-For", "203.0.113.9", "Authorization", "Bearer " + keys.Operator}, 200},
		{"/", []string{"Host", "evil.example"}, 421},
		{"/v1/balance", []string{"Host", "evil.example"}, 421},
		{"/", []string{"Host", "localhost:8080"}, 200},
		{"/", nil, 200},
		{"/openapi.json", nil, 200},
		{"/v1/balance", nil, 401},
	} {
		if status, body := fetch(t, a, c.path, c.header...); status != c.want {
			t.Errorf("%s with %d headers answers %d, want %d: %.200s", c.path, len(c.header)/2, status, c.want, body)
		}
	}
	_, body := fetch(t, a, "/metrics")
	for _, ours := range []string{"billfold_outbox_untold", "billfold_request_seconds"} {
		if !strings.Contains(body, ours) {
			t.Errorf("the metrics lack %s", ours)
		}
	}
}

// TestHeadLimit shows that a request with more header than anybody needs is refused, and that the next one is served.
func TestHeadLimit(t *testing.T) {
	a, _ := start(t, Config{Data: t.TempDir()})
	if status, _ := fetch(t, a, "/healthz", "X-Long", strings.Repeat("x", 100_000)); status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("100 kB of header answer %d", status)
	}
	if status, _ := fetch(t, a, "/healthz"); status != 200 {
		t.Errorf("the next request answers %d", status)
	}
}

// TestGate shows that before the start, and while it stops, a server lives but is not ready, and says so.
func TestGate(t *testing.T) {
	ctx := context.Background()
	ln, err := Listen(ctx, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a, err := Open(ctx, Config{Mode: Sandbox, Data: t.TempDir(), Empty: true, Log: harness.Logger(t)}, ln)
	if err != nil {
		t.Fatal(err)
	}
	serving, cancel := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- a.Serve(serving, ln) }()
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 503, "/": 503, "/v1/currencies": 503} {
		if status, body := fetch(t, a, path); status != want {
			t.Errorf("before the start %s answers %d: %s", path, status, body)
		}
	}
	_, body := fetch(t, a, "/v1/currencies")
	if !strings.Contains(body, `"code":"not_ready"`) || !strings.Contains(body, `"money_moved":"no"`) {
		t.Errorf("it says %s", body)
	}
	a.Start()
	if status, _ := fetch(t, a, "/readyz"); status != 200 {
		t.Errorf("after the start /readyz answers %d", status)
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if h := a.Ready(ctx); h.Ready || h.State != "stopping" {
		t.Errorf("while it stops it says %+v", h)
	}
	if err := a.Close(ctx); err != nil {
		t.Error(err)
	}
}

// TestTLS shows that with a certificate the server speaks TLS 1.3 and HTTP/2 and nothing older, and takes up a renewed certificate
// without a restart.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	c := Config{Data: dir, TLSCert: filepath.Join(dir, "chain.pem"), TLSKey: filepath.Join(dir, "key.pem"), Addr: "localhost:0"}
	issue(t, c, 1)
	a, _ := start(t, c)
	if a.URL.Scheme != "https" {
		t.Errorf("it is reached at %s", a.URL)
	}
	host := "127.0.0.1:" + a.URL.Port()
	dial := func(most uint16) (*tls.Conn, error) {
		return tls.Dial("tcp", host, &tls.Config{InsecureSkipVerify: true, MaxVersion: most, NextProtos: []string{"h2", "http/1.1"}})
	}
	if conn, err := dial(tls.VersionTLS12); err == nil {
		conn.Close()
		t.Error("it speaks TLS 1.2")
	}
	serial := func() int64 {
		conn, err := dial(0)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if s := conn.ConnectionState(); s.Version != tls.VersionTLS13 || s.NegotiatedProtocol != "h2" {
			t.Errorf("it speaks TLS %x and %q", s.Version, s.NegotiatedProtocol)
		}
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	if n := serial(); n != 1 {
		t.Fatalf("certificate %d", n)
	}
	issue(t, c, 2)
	a.cert.looked = time.Time{} // or the test would wait for the next look
	if n := serial(); n != 2 {
		t.Errorf("after the renewal it shows certificate %d", n)
	}
	if err := os.WriteFile(c.TLSCert, []byte("half of"), 0o600); err != nil {
		t.Fatal(err)
	}
	a.cert.looked = time.Time{}
	if n := serial(); n != 2 {
		t.Errorf("with a broken file it shows certificate %d", n)
	}
}

// issue writes a certificate that was signed by itself.
func issue(t *testing.T, c Config, serial int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: harness.Start.AddDate(-1, 0, 0), NotAfter: harness.Start.AddDate(20, 0, 0)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		c.TLSKey:  {Type: "PRIVATE KEY", Bytes: private},
		c.TLSCert: {Type: "CERTIFICATE", Bytes: cert},
	} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		// A renewal that falls into the same tick of the file system's clock would look like the old file.
		at := harness.Start.Add(time.Duration(serial) * time.Hour)
		if err := os.Chtimes(name, at, at); err != nil {
			t.Fatal(err)
		}
	}
}
