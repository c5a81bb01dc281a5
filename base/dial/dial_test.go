package dial

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"billfold/base/fault"
)

const public = "93.184.215.14"

// names is a resolver whose answers change with every question: each name has a list of answers, the last of
// which is repeated.
type names struct {
	mu      sync.Mutex
	answers map[string][][]string
	asked   []string
}

func (n *names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, host)
	list := n.answers[strings.TrimSuffix(host, ".")]
	if len(list) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	if len(list) > 1 {
		n.answers[host] = list[1:]
	}
	var found []netip.Addr
	for _, a := range list[0] {
		found = append(found, netip.MustParseAddr(a))
	}
	return found, nil
}

func always(addresses ...string) [][]string { return [][]string{addresses} }

// outside returns a client for whom every public address leads to the given server, and the list of what it dialled.
func outside(o Options, server *httptest.Server) (*Client, *[]string) {
	c := New(o)
	var mu sync.Mutex
	dialled := &[]string{}
	c.connect = func(ctx context.Context, network, address string) (net.Conn, error) {
		mu.Lock()
		defer mu.Unlock()
		*dialled = append(*dialled, address)
		if server == nil {
			return nil, errors.New("connection refused")
		}
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}
	return c, dialled
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func hello(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello ", r.Host) }

func get(c *Client, url string) (*Response, error) {
	return c.Do(context.Background(), &Request{Method: "GET", URL: url})
}

// inward are hosts that lead inside, in every spelling that somebody's resolver understands.
var inward = []string{
	"127.0.0.1", "127.0.0.2", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
	"169.254.169.254",
	"100.64.0.1", "100.100.100.200", "192.0.0.1", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
	"224.0.0.1",
	"239.255.255.250", "240.0.0.1", "255.255.255.255",
	"[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]", "[0:0:0:0:0:ffff:7f00:0001]",
	"[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::1]", "[100::1]", "[2001::1]", "[2001:db8::1]", "[2002:7f00:1::]",
	"[3fff::1]", "[5f00::1]",
	"[fc00::1]", "[fd00:ec2::254]", "[fe80::1]", "[fe80::1%25eth0]", "[fec0::1]", "[ff02::1]", "[2606:4700::1111%25eth0]",
	"2130706433", "017700000001", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "127.1", "127.0.1", "127.0.0.1.",
	"0127.0.0.1", "127.0.0.01",
	"0", "1", "１２７.０.０.１", "127。0。0。1", "①②⑦.0.0.1", "127.0.0.1%00.example.org", "example.123",
	"example.0x1f", "localhost", "LOCALHOST.",
	"inside.example", "mixed.example", "mapped.example", "exämple.org", "exa mple.org", "", ".", "..",
}

func TestInwardAddressesAreRefusedBeforeAnyConnection(t *testing.T) {
	n := &names{answers: map[string][][]string{
		"localhost": always("127.0.0.1", "::1"), "LOCALHOST": always("127.0.0.1"), "inside.example": always("10.1.2.3"),
		"mixed.example": always(public, "192.168.0.1"), "mapped.example": always("::ffff:127.0.0.1"),
	}}
	c, dialled := outside(Options{Resolver: n}, nil)
	for _, host := range inward {
		for _, url := range []string{"http://" + host + "/", "https://" + host + ":8443/x", "http://" + host} {
			_, err := get(c, url)
			if !errors.Is(err, ErrAddress) {
				t.Errorf("Do(%s) = %v", url, err)
			}
			if f, _ := fault.As(err); f != nil && errors.Is(err, ErrAddress) && f.Param != "url" {
				t.Errorf("Do(%s) blames %q", url, f.Param)
			}
		}
		bare := strings.ReplaceAll(strings.Trim(host, "[]"), "%25", "%")
		if _, err := c.DialContext(t.Context(), "tcp", net.JoinHostPort(bare, "443")); !errors.Is(err, ErrAddress) {
			t.Errorf("DialContext(%s) = %v", bare, err)
		}
	}
	if len(*dialled) != 0 {
		t.Errorf("dialled %v", *dialled)
	}
}

// The socket's own check stands even if everything before it were wrong.
func TestTheSocketChecksOnceMore(t *testing.T) {
	s := serve(t, hello)
	c := New(Options{})
	if conn, err := c.connect(t.Context(), "tcp", s.Listener.Addr().String()); !errors.Is(err, ErrAddress) {
		t.Errorf("the socket connected: %v, %v", conn, err)
	}
	for _, address := range []string{"127.0.0.1:80", "[::1]:80", "[fe80::1%lo]:80", "nonsense"} {
		if c.control("tcp", address, nil) == nil {
			t.Errorf("control(%s) passes", address)
		}
	}
	if err := c.control("tcp", public+":443", nil); err != nil {
		t.Error(err)
	}
}

func TestURLsThatAreRefusedAsTheyStand(t *testing.T) {
	c, dialled := outside(Options{Resolver: &names{}}, nil)
	for _, url := range []string{
		"", "example.org", "//example.org/", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "javascript:alert(1)",
		"http:example.org",
		"http://", "http:///x", "http://user@example.org/", "http://user:canary@example.org/", "http://example.org@10.0.0.1/",
		"http://example.org:0/",
		"http://example.org:22/", "http://example.org:25/", "http://example.org:1023/", "http://example.org:65536/", "http://example.org:-1/",
		"http://example.org:80a/", "http://exam\nple.org/", "http://[::1/", "http://%31%32%37.0.0.1/", "http://example.org:443:80/",
		"http://example.org/" + strings.Repeat("a", 2048), "http://" + strings.Repeat("a.", 127) + "org/",
	} {
		_, err := get(c, url)
		if !errors.Is(err, ErrAddress) || !errors.Is(c.CheckURL(url), ErrAddress) {
			t.Errorf("%.60q: %v", url, err)
		}
		if strings.Contains(fmt.Sprint(err), "canary") {
			t.Error("the error repeats the password")
		}
	}
	for _, url := range []string{
		"http://example.org", "https://example.org:443/x?y=z", "http://example.org:1024", "https://xn--bcher-kva.example/", "HTTP://EXAMPLE.ORG.",
	} {
		if err := c.CheckURL(url); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	if len(*dialled) != 0 {
		t.Errorf("dialled %v", *dialled)
	}
}

// The name answers with a public address when it is checked and with loopback ever after: what was checked is dialled.
func TestRebindingGainsNothing(t *testing.T) {
	n := &names{answers: map[string][][]string{"rebind.example": {{public}, {"127.0.0.1"}}}}
	c, dialled := outside(Options{Resolver: n}, serve(t, hello))
	r, err := get(c, "http://rebind.example:8080/")
	if err != nil || string(r.Body) != "hello rebind.example:8080" {
		t.Fatalf("%v, %v", r, err)
	}
	if !slices.Equal(*dialled, []string{public + ":8080"}) || len(n.asked) != 1 {
		t.Errorf("dialled %v after asking %v", *dialled, n.asked)
	}
	c.CloseIdle()
	if _, err := get(c, "http://rebind.example:8080/"); !errors.Is(err, ErrAddress) {
		t.Errorf("after the name moved inside: %v", err)
	}
	if len(*dialled) != 1 {
		t.Errorf("dialled %v", *dialled)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	inner := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") })
	for _, status := range []int{301, 302, 303, 307, 308} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", inner.URL)
			w.WriteHeader(status)
		})
		c := New(Options{AllowLoopback: true})
		r, err := c.Do(t.Context(), &Request{Method: "POST", URL: s.URL, Body: []byte("x")})
		if err != nil || r.Status != status || r.Header.Get("Location") != inner.URL {
			t.Errorf("%d: %+v, %v", status, r, err)
		}
	}
}

func TestARequestArrivesWhole(t *testing.T) {
	header := http.Header{"Webhook-Id": {"evt_1"}}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get("Accept-Encoding") != "" {
			t.Error("a compressed answer was asked for")
		}
		w.Header().Set("X-Seen", fmt.Sprint(r.Method, r.Header.Get("Webhook-Id"), r.Header.Get("User-Agent"), string(body)))
		w.WriteHeader(418)
		fmt.Fprint(w, "teapot")
	})
	c := New(Options{AllowLoopback: true})
	r, err := c.Do(t.Context(), &Request{Method: "PUT", URL: s.URL, Header: header, Body: []byte("body")})
	if err != nil || r.Status != 418 || string(r.Body) != "teapot" || r.Header.Get("X-Seen") != "PUTevt_1Billfoldbody" {
		t.Errorf("%+v, %v", r, err)
	}
	if len(header) != 1 {
		t.Errorf("the caller's header was changed to %v", header)
	}
	if _, err := c.Do(t.Context(), &Request{Method: "bad method", URL: s.URL}); err == nil {
		t.Error("a method with a space was sent")
	}
}

func TestProxyOfTheEnvironmentIsIgnored(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	n := &names{answers: map[string][][]string{"shop.example": always(public)}}
	c, dialled := outside(Options{Resolver: n}, serve(t, hello))
	if _, err := get(c, "http://shop.example/"); err != nil || !slices.Equal(*dialled, []string{public + ":80"}) {
		t.Errorf("%v, dialled %v", err, *dialled)
	}
}

func TestSlowAnswers(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	for name, h := range map[string]http.HandlerFunc{
		"silence": func(http.ResponseWriter, *http.Request) { <-release },
		"a header and silence": func(w http.ResponseWriter, _ *http.Request) {
			w.(http.Flusher).Flush()
			<-release
		},
		"a byte and silence": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "x")
			w.(http.Flusher).Flush()
			<-release
		},
	} {
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		c := New(Options{AllowLoopback: true, Timeout: 50 * time.Millisecond})
		if _, err := get(c, s.URL); !errors.Is(err, ErrTooSlow) {
			t.Errorf("%s: %v", name, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if _, err := New(Options{AllowLoopback: true}).Do(ctx, &Request{Method: "GET", URL: s.URL}); !errors.Is(err, ErrTooSlow) {
			t.Errorf("%s, under the caller's deadline: %v", name, err)
		}
		cancel()
	}
}

func TestHugeAnswers(t *testing.T) {
	sent := make(chan int64, 1)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/announced" {
			w.Header().Set("Content-Length", "10000000000")
		}
		var total int64
		for block := make([]byte, 64<<10); total < 10_000_000_000; {
			n, err := w.Write(block)
			total += int64(n)
			if err != nil {
				break
			}
		}
		sent <- total
	})
	c := New(Options{AllowLoopback: true, MaxBody: 1000})
	for _, path := range []string{"/", "/announced"} {
		if _, err := get(c, s.URL+path); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", path, err)
		}
		if total := <-sent; total > 100<<20 {
			t.Errorf("%s: %d bytes were sent", path, total)
		}
	}
	exact := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Write(bytes.Repeat([]byte("x"), 1000)) })
	if r, err := get(c, exact.URL); err != nil || len(r.Body) != 1000 {
		t.Errorf("an answer of exactly MaxBody: %v", err)
	}
	header := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 2*maxHeader)) })
	if _, err := get(c, header.URL); !errors.Is(err, ErrUnreachable) {
		t.Errorf("a huge header: %v", err)
	}
}

func TestCertificatesAreChecked(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(hello)) // its certificate is for example.com
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	n := &names{answers: map[string][][]string{"example.com": always(public), "other.example": always(public)}}
	trusted, _ := outside(Options{Resolver: n, TLS: &tls.Config{RootCAs: roots}}, s)
	if r, err := get(trusted, "https://example.com/"); err != nil || string(r.Body) != "hello example.com" {
		t.Errorf("%v, %v", r, err)
	}
	if _, err := get(trusted, "https://other.example/"); !errors.Is(err, ErrUnreachable) {
		t.Errorf("a certificate for another name: %v", err)
	}
	stranger, _ := outside(Options{Resolver: n}, s)
	if _, err := get(stranger, "https://example.com/"); !errors.Is(err, ErrUnreachable) {
		t.Errorf("a certificate nobody signed: %v", err)
	}
}

func TestOptionsOpenExactlyWhatTheyName(t *testing.T) {
	s := serve(t, hello)
	port := s.Listener.Addr().(*net.TCPAddr).Port
	sandbox := New(Options{AllowLoopback: true})
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]"} {
		if _, err := get(sandbox, fmt.Sprintf("http://%s:%d/", host, port)); err != nil {
			t.Errorf("sandbox to %s: %v", host, err)
		}
	}
	private := New(Options{AllowPrivate: true})
	for host, allowed := range map[string][2]bool{ // by the sandbox, by AllowPrivate
		"127.0.0.1": {true, false}, "::1": {true, false}, "10.0.0.1": {false, true}, "192.168.0.1": {false, true}, "fd00::1": {false, true},
		"::ffff:10.0.0.1": {false, true}, "169.254.169.254": {false, false}, "0.0.0.0": {false, false}, "::": {false, false},
		"fe80::1":    {false, false},
		"100.64.0.1": {false, false}, "224.0.0.1": {false, false}, public: {true, true}, "2606:4700::1111": {true, true},
	} {
		a := netip.MustParseAddr(host)
		if (sandbox.check(a) == nil) != allowed[0] || (private.check(a) == nil) != allowed[1] {
			t.Errorf("%s: sandbox %v, private %v", host, sandbox.check(a), private.check(a))
		}
	}
	mail := New(Options{Ports: []int{25, 587}})
	for port, allowed := range map[uint16]bool{
		25: true, 587: true, 465: false, 22: false, 0: false, 80: true, 443: true, 1023: false, 1024: true, 65535: true,
	} {
		if (mail.checkPort(port) == nil) != allowed {
			t.Errorf("port %d: %v", port, mail.checkPort(port))
		}
	}
}

func TestDialContext(t *testing.T) {
	s := serve(t, hello)
	n := &names{answers: map[string][][]string{
		"two.example": always("2606:4700::1111", public), "none.example": {{}}, "many.example": {slices.Repeat([]string{public}, maxAddresses+1)},
	}}
	c, dialled := outside(Options{Resolver: n, Ports: []int{25}}, s)
	works := c.connect
	c.connect = func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.HasPrefix(address, "[") {
			*dialled = append(*dialled, address)
			return nil, errors.New("no route")
		}
		return works(ctx, network, address)
	}
	conn, err := c.DialContext(t.Context(), "tcp", "two.example:25")
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if !slices.Equal(*dialled, []string{"[2606:4700::1111]:25", public + ":25"}) {
		t.Errorf("dialled %v", *dialled)
	}
	for address, want := range map[string]*fault.Fault{
		"nobody.example:25": ErrUnreachable, "none.example:25": ErrUnreachable, "many.example:25": ErrUnreachable,
		"two.example": ErrAddress, "two.example:smtp": ErrAddress, "two.example:26": ErrAddress, ":25": ErrAddress,
	} {
		if _, err := c.DialContext(t.Context(), "tcp", address); !errors.Is(err, want) {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, network := range []string{"udp", "unix", "", "tcp5"} {
		if _, err := c.DialContext(t.Context(), network, "two.example:25"); !errors.Is(err, ErrAddress) {
			t.Errorf("network %q: %v", network, err)
		}
	}
	gone, _ := outside(Options{Resolver: n}, nil)
	if _, err := gone.DialContext(t.Context(), "tcp", "two.example:443"); !errors.Is(err, ErrUnreachable) {
		t.Errorf("nobody answers: %v", err)
	}
	ended, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	if _, err := gone.DialContext(ended, "tcp", "two.example:443"); !errors.Is(err, ErrTooSlow) {
		t.Errorf("no time left: %v", err)
	}
}

func FuzzLiteral(f *testing.F) {
	for _, seed := range append(inward, "example.org", public) {
		f.Add(strings.Trim(seed, "[]"))
	}
	f.Fuzz(func(t *testing.T, host string) {
		if _, ok, err := literal(host); err == nil && !ok {
			// What is handed to a resolver is a name: it may not look like a number to the C library either.
			last := strings.TrimSuffix(host, ".")
			last = last[strings.LastIndexByte(last, '.')+1:]
			if last == "" || last[0] >= '0' && last[0] <= '9' || strings.ContainsAny(host, "%:/@ \x00") {
				t.Fatalf("%q is taken for a name", host)
			}
		}
	})
}
