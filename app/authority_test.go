package app

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"billfold/base/clock"
	"billfold/base/money"
	"billfold/base/once"
	"billfold/core/identity"
	"billfold/core/payment"
	"billfold/test/harness"
)

// trusting is a TLS client that trusts these authorities and no others, and follows no redirect.
func trusting(t *testing.T, pool *x509.CertPool) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func get(t *testing.T, c *http.Client, url string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if r.Header.Set(header[i], header[i+1]); header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	answer, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}

// TestSandboxSignsForItself has a client that trusts only what the plain page offers reach a sandbox at all its names and addresses,
// with cookies for HTTPS only, and the sandbox's card acquirer call back over it.
func TestSandboxSignsForItself(t *testing.T) {
	c := Config{Mode: Sandbox, Data: t.TempDir(), Empty: true, TLS: true, Addr: ":0"}
	a, stop := start(t, c)
	port := a.URL.Port()
	if a.URL.Scheme != "https" {
		t.Errorf("it is reached at %s", a.URL)
	}
	plain := "http://127.0.0.1:" + port
	answer, file := get(t, trusting(t, x509.NewCertPool()), plain+"/ca.crt")
	pool := x509.NewCertPool()
	if answer.StatusCode != 200 || answer.Header.Get("Content-Type") != "application/x-x509-ca-cert" ||
		!pool.AppendCertsFromPEM([]byte(file)) {
		t.Fatalf("the certificate: %d, %s\n%s", answer.StatusCode, answer.Header.Get("Content-Type"), file)
	}
	client := trusting(t, pool)
	hosts := []string{"localhost", "127.0.0.1"}
	for _, ip := range lanAddresses() {
		if ip.To4() != nil {
			hosts = append(hosts, ip.String())
		}
	}
	for _, host := range hosts {
		answer, _ := get(t, client, "https://"+net.JoinHostPort(host, port)+"/")
		if answer.StatusCode != 200 || answer.ProtoMajor != 2 {
			t.Errorf("%s answers %d over HTTP/%d", host, answer.StatusCode, answer.ProtoMajor)
		}
		for _, cookie := range answer.Cookies() {
			if !strings.HasPrefix(cookie.Name, "__Host-") || !cookie.Secure || !cookie.HttpOnly {
				t.Errorf("a cookie for plain HTTP: %v", cookie)
			}
		}
		if len(answer.Cookies()) == 0 || answer.Header.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s: %d cookies, HSTS %q", host, len(answer.Cookies()), answer.Header.Get("Strict-Transport-Security"))
		}
	}
	var unknown x509.UnknownAuthorityError
	if _, err := trusting(t, x509.NewCertPool()).Get("https://127.0.0.1:" + port); !errors.As(err, &unknown) {
		t.Errorf("who does not trust it: %v", err)
	}

	_, fingerprint, _ := a.Trust()
	if _, page := get(t, client, plain+"/ca"); !strings.Contains(page, fingerprint) || !strings.Contains(page, "iPhone") {
		t.Errorf("the page does not tell how to trust it:\n%s", page)
	}
	if _, page := get(t, client, plain+"/ca", "Accept-Language", "zh-CN"); !strings.Contains(page, "信任此沙盒") {
		t.Error("the page is not in Chinese")
	}
	if answer, _ := get(t, client, plain+"/home?x=1"); answer.Header.Get("Location") != "https://127.0.0.1:"+port+"/home?x=1" {
		t.Errorf("plain HTTP is sent to %q", answer.Header.Get("Location"))
	}
	if answer, _ := get(t, client, plain+"/home", "Host", "rebound.example"); answer.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("another name: %d, to %q", answer.StatusCode, answer.Header.Get("Location"))
	}
	toppedUp(t, a)

	stop()
	b, _ := start(t, c)
	if _, again, _ := b.Trust(); again != fingerprint {
		t.Error("after a restart it is another authority")
	}
}

// toppedUp waits until a card's money is there, which needs the acquirer's callback.
func toppedUp(t *testing.T, a *App) {
	t.Helper()
	people, err := a.People.Create(t.Context(), []identity.NewPerson{{Name: "Lena Hoffmann", Handle: "lena"}})
	if err != nil {
		t.Fatal(err)
	}
	eur, _ := money.Lookup("EUR")
	caller := payment.Caller{Person: people[0].ID, Name: string(people[0].ID), AuthenticatedAt: a.Real.Now()}
	p, err := a.Payments.TopUp(t.Context(), caller, eur.Of(5000), "tok_4242", once.Call{Key: "topup-over-tls"})
	if err != nil {
		t.Fatal(err)
	}
	limit, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for p.State == payment.Processing {
		if clock.Wait(limit, 20*time.Millisecond) != nil {
			t.Fatal("the acquirer never called back")
		}
		if p, err = a.Payments.Get(limit, caller, p.ID); err != nil {
			t.Fatal(err)
		}
	}
	if p.State != payment.Completed {
		t.Errorf("the top-up is %s", p.State)
	}
}

// TestAuthorityIsKeptAndRenews shows that an authority stays the same, that the server's certificate is renewed before it ends and when
// the machine gets another name, that nobody else can read the keys, and that the authority's key is good for private names only.
func TestAuthorityIsKeptAndRenews(t *testing.T) {
	real := harness.Clock()
	dir := filepath.Join(t.TempDir(), "tls")
	open := func(extra ...string) (*authority, *x509.Certificate) {
		t.Helper()
		a, err := openAuthority(dir, real, extra...)
		if err == nil {
			err = a.renew()
		}
		if err != nil {
			t.Fatal(err)
		}
		pair, err := tls.LoadX509KeyPair(a.file("leaf.crt"), a.file("leaf.key"))
		if err != nil {
			t.Fatal(err)
		}
		return a, pair.Leaf
	}
	first, leaf := open("wallet.local")
	for _, name := range []string{"ca.crt", "ca.key", "leaf.crt", "leaf.key"} {
		if info, err := os.Stat(first.file(name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	check := func(cert *x509.Certificate, host string) error {
		_, err := cert.Verify(x509.VerifyOptions{Roots: first.pool(), DNSName: host, CurrentTime: real.Now()})
		return err
	}
	for _, host := range []string{"localhost", "wallet.local", "127.0.0.1", "::1"} {
		if err := check(leaf, host); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	if leaf.NotAfter.Sub(leaf.NotBefore) > 825*24*time.Hour {
		t.Errorf("phones refuse a certificate until %v", leaf.NotAfter)
	}
	if _, same := open("wallet.local"); same.SerialNumber.Cmp(leaf.SerialNumber) != 0 {
		t.Error("the certificate is another one for no reason")
	}
	if _, more := open("wallet.local", "192.168.77.7"); more.SerialNumber.Cmp(leaf.SerialNumber) == 0 || check(more, "192.168.77.7") != nil {
		t.Error("a new address has no certificate")
	}
	if err := real.Advance(leafLife - leafRenew + time.Hour); err != nil {
		t.Fatal(err)
	}
	kept, later := open("wallet.local")
	if !kept.cert.Equal(first.cert) || !later.NotAfter.After(leaf.NotAfter) || check(later, "wallet.local") != nil {
		t.Errorf("after two months: the authority is kept %v, the certificate ends %v", kept.cert.Equal(first.cert), later.NotAfter)
	}
	first.cannotPose(t, real.Now())
	if err := real.Advance(authorityLife); err != nil {
		t.Fatal(err)
	}
	if late, _ := open(); late.cert.Equal(first.cert) {
		t.Error("an authority that has ended is used")
	}
}

// TestTLSOfItsOwnIsForDev shows what cannot be had together.
func TestTLSOfItsOwnIsForDev(t *testing.T) {
	var wrong *UsageError
	if _, err := Open(t.Context(), Config{Data: t.TempDir(), TLS: true}, nil); !errors.As(err, &wrong) {
		t.Errorf("for real use: %v", err)
	}
	c := Config{Mode: Sandbox, Data: t.TempDir(), TLS: true, Empty: true, PublicURL: "https://8.8.8.8"}
	if _, err := Open(t.Context(), c, nil); !errors.Is(err, ErrAuthority) {
		t.Errorf("for an address of somebody else: %v", err)
	}
}

// cannotPose signs for names that are others' with the authority's own key, and shows that nobody believes it.
func (a *authority) cannotPose(t *testing.T, now time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"bank.example.org", "8.8.8.8"} {
		shape := &x509.Certificate{SerialNumber: serial(), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}
		if ip := net.ParseIP(host); ip != nil {
			shape.IPAddresses = []net.IP{ip}
		} else {
			shape.DNSNames = []string{host}
		}
		der, err := x509.CreateCertificate(rand.Reader, shape, a.cert, key.Public(), a.key)
		if err != nil {
			t.Fatal(err)
		}
		forged, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		var invalid x509.CertificateInvalidError
		_, err = forged.Verify(x509.VerifyOptions{Roots: a.pool(), DNSName: host, CurrentTime: now})
		if !errors.As(err, &invalid) || invalid.Reason != x509.CANotAuthorizedForThisName {
			t.Errorf("with the authority's key one can be %s: %v", host, err)
		}
	}
}
