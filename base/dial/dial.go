package dial

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"
)

// The limits of a zero Options.
const (
	DefaultTimeout = 10 * time.Second
	DefaultMaxBody = 64 << 10
)

// maxHeader bounds the answer's header; maxAddresses how many of a name's addresses are looked at.
const (
	maxHeader    = 32 << 10
	maxAddresses = 32
)

// Resolver turns a name into addresses; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Options say what a client may do. The zero value reaches the public internet and nothing else.
type Options struct {
	AllowLoopback bool          // a sandbox, whose shops run on the same machine
	AllowPrivate  bool          // an address that the operator configured: a mail relay or a rail in their own network
	Ports         []int         // besides 80, 443 and 1024 to 65535
	Timeout       time.Duration // for everything, from the name to the last byte; 0 means DefaultTimeout
	MaxBody       int64         // bytes of an answer; 0 means DefaultMaxBody
	Resolver      Resolver      // nil means the system's
	TLS           *tls.Config   // nil means the system's roots and TLS 1.2 or later
}

// Client makes outgoing connections. Safe for concurrent use.
type Client struct {
	options Options
	http    http.Client
	// connect dials one checked address; tests put a recorder in its place.
	connect func(ctx context.Context, network, address string) (net.Conn, error)
}

// New returns a client.
func New(o Options) *Client {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.MaxBody <= 0 {
		o.MaxBody = DefaultMaxBody
	}
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	c := &Client{options: o}
	dialer := &net.Dialer{Timeout: o.Timeout, Control: c.control}
	c.connect = dialer.DialContext
	c.http = http.Client{
		Transport: &http.Transport{
			Proxy:                  nil, // an environment variable must not decide where payments' news go
			DialContext:            c.DialContext,
			TLSClientConfig:        o.TLS,
			ForceAttemptHTTP2:      true,
			DisableCompression:     true, // so that MaxBody is what the other side sends
			MaxResponseHeaderBytes: maxHeader,
			MaxIdleConns:           64,
			MaxIdleConnsPerHost:    2,
			IdleConnTimeout:        30 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

// control checks what the socket is about to connect to: the last look, after all resolving.
func (c *Client) control(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if err := c.check(to.Addr()); err != nil {
		return ErrAddress.Because(err)
	}
	return nil
}

// Request is one outgoing request. Body may be nil.
type Request struct {
	Method string
	URL    string
	Header http.Header
	Body   []byte
}

// Response is what came back, whatever its status; a redirect is one too, and is not followed.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do sends a request and reads the whole answer. It refuses, with ErrAddress, a URL that is not plain http or https
// to a public address; answers ErrTooLarge for a body over MaxBody, ErrTooSlow when Timeout or the context's
// deadline is over, and ErrUnreachable for everything else that goes wrong on the way. After an error other than
// ErrAddress the other side may have received the request.
func (c *Client) Do(ctx context.Context, r *Request) (*Response, error) {
	if err := c.CheckURL(r.URL); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, r.Method, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return nil, ErrAddress.Because(err)
	}
	if r.Header != nil {
		request.Header = r.Header.Clone()
	}
	if request.Header.Get("User-Agent") == "" {
		request.Header.Set("User-Agent", "Billfold")
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, named(ctx, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, c.options.MaxBody+1))
	if err != nil {
		return nil, named(ctx, err)
	}
	if int64(len(body)) > c.options.MaxBody {
		return nil, ErrTooLarge
	}
	return &Response{Status: response.StatusCode, Header: response.Header, Body: body}, nil
}

// named turns what the network said into one of our refusals.
func named(ctx context.Context, err error) error {
	var timeout net.Error
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err // without the URL, whose query may hold somebody's secret
	}
	switch {
	case errors.Is(err, ErrAddress):
		return ErrAddress.Because(err)
	case errors.Is(ctx.Err(), context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return ErrTooSlow.Because(err)
	}
	return ErrUnreachable.Because(err)
}

// CheckURL refuses, with ErrAddress, a URL that Do would refuse without resolving its name: for the moment at which
// somebody writes it down. A name that leads inside is only refused when it is dialled.
func (c *Client) CheckURL(raw string) error {
	if err := c.checkURL(raw); err != nil {
		return ErrAddress.Because(err)
	}
	return nil
}

func (c *Client) checkURL(raw string) error {
	if len(raw) > 2048 {
		return errors.New("URL longer than 2048 bytes")
	}
	u, err := url.Parse(raw)
	if err != nil {
		return errors.New("URL cannot be parsed") // the parser's error repeats the URL
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Opaque != "" {
		return errors.New("scheme is not http or https")
	}
	if u.User != nil {
		return errors.New("URL with a user name")
	}
	port := uint64(443)
	if text := u.Port(); text != "" {
		if port, err = strconv.ParseUint(text, 10, 16); err != nil {
			return errors.New("port is not a number up to 65535")
		}
	} else if u.Scheme == "http" {
		port = 80
	}
	if err := c.checkPort(uint16(port)); err != nil {
		return err
	}
	a, ok, err := literal(u.Hostname())
	if err == nil && ok {
		err = c.check(a)
	}
	return err
}

// DialContext connects to "host:port" over tcp, under the same rules as Do: for SMTP and other protocols. The
// network may be tcp, tcp4 or tcp6. It tries the name's addresses in the resolver's order, sharing the
// time among them.
func (c *Client) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	family := map[string]string{"tcp": "ip", "tcp4": "ip4", "tcp6": "ip6"}[network]
	if family == "" {
		return nil, ErrAddress.Because(fmt.Errorf("network %q", network))
	}
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return nil, ErrAddress.Because(err)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return nil, ErrAddress.Because(err)
	}
	if err := c.checkPort(uint16(port)); err != nil {
		return nil, ErrAddress.Because(err)
	}
	addresses, err := c.resolve(ctx, family, host)
	if err != nil {
		return nil, err
	}
	for _, a := range addresses {
		var conn net.Conn
		conn, err = c.attempt(ctx, network, netip.AddrPortFrom(a, uint16(port)), len(addresses))
		if err == nil {
			return conn, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, named(ctx, err)
}

// attempt dials one of so many addresses with its share of the time: the first one's silence leaves some for the rest.
func (c *Client) attempt(ctx context.Context, network string, to netip.AddrPort, among int) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout/time.Duration(among))
	defer cancel()
	return c.connect(ctx, network, to.String())
}

// resolve returns the addresses of a host, all of them checked.
func (c *Client) resolve(ctx context.Context, family, host string) ([]netip.Addr, error) {
	a, ok, err := literal(host)
	if err != nil {
		return nil, ErrAddress.Because(err)
	}
	addresses := []netip.Addr{a}
	if !ok {
		addresses, err = c.options.Resolver.LookupNetIP(ctx, family, host)
		if err != nil {
			return nil, named(ctx, err)
		}
	}
	if len(addresses) == 0 || len(addresses) > maxAddresses {
		return nil, ErrUnreachable.Because(fmt.Errorf("%s has %d addresses", host, len(addresses)))
	}
	checked := make([]netip.Addr, len(addresses))
	for i, a := range addresses {
		if err := c.check(a); err != nil {
			return nil, ErrAddress.Because(fmt.Errorf("%s: %w", host, err))
		}
		checked[i] = a.Unmap()
	}
	return checked, nil
}

// HTTP is a client for libraries that make requests of their own: it connects under the same rules and follows no redirect. What
// Options say about time and size is theirs to keep.
func (c *Client) HTTP() *http.Client { return &c.http }

// CloseIdle closes the connections that wait for another request.
func (c *Client) CloseIdle() { c.http.CloseIdleConnections() }
