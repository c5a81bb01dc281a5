package app

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// nextPorts is how many ports above a taken one are tried for the hint.
const nextPorts = 50

// Listen takes the address. Faults: address_in_use, with who has it and the next free one; address_unusable.
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	var config net.ListenConfig
	ln, err := config.Listen(ctx, "tcp", addr)
	if err == nil {
		return ln, nil
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		by := ""
		if who := holder(addr); who != "" {
			by = " (" + who + ")"
		}
		return nil, ErrAddress.Fill(addr, by, nextFree(ctx, addr)).Because(err)
	}
	why := err
	for inner := errors.Unwrap(why); inner != nil; inner = errors.Unwrap(inner) {
		why = inner // "permission denied", without the call and the address before it
	}
	return nil, ErrListen.Fill(addr, why.Error()).Because(err)
}

// Kept is a listener that outlives those who serve on it: between two of them the system lets callers wait.
type Kept struct{ *net.TCPListener }

// Lend returns a listener on the same port. When it is closed the port stays ours, and the next may be lent.
func (k Kept) Lend() (net.Listener, error) {
	if err := k.SetDeadline(time.Time{}); err != nil {
		return nil, err
	}
	return &lent{TCPListener: k.TCPListener}, nil
}

type lent struct {
	*net.TCPListener
	over      atomic.Bool
	accepting sync.Mutex
}

// Accept waits for the next caller, until Close.
func (l *lent) Accept() (net.Conn, error) {
	l.accepting.Lock()
	defer l.accepting.Unlock()
	if l.over.Load() {
		return nil, net.ErrClosed
	}
	conn, err := l.TCPListener.Accept()
	if err == nil {
		return conn, nil
	}
	if l.over.Load() {
		return nil, net.ErrClosed
	}
	return nil, err
}

// Close has Accept return, and waits until it has: one that went on would take callers from the next.
func (l *lent) Close() error {
	if l.over.Swap(true) {
		return net.ErrClosed
	}
	err := l.SetDeadline(time.Unix(1, 0))
	l.accepting.Lock()
	defer l.accepting.Unlock()
	return err
}

// nextFree finds a free port above a taken one; 0, which has the system choose, where there is none near.
func nextFree(ctx context.Context, addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	first, _ := strconv.Atoi(port)
	var config net.ListenConfig
	for n := first + 1; n <= min(first+nextPorts, 65535); n++ {
		next := net.JoinHostPort(host, strconv.Itoa(n))
		if ln, err := config.Listen(ctx, "tcp", next); err == nil {
			ln.Close()
			return next
		}
	}
	return net.JoinHostPort(host, "0")
}

// publicURL is where people reach the server: as configured, or as the listener is called. It has no path and no slash
// at its end.
func publicURL(c Config, ln net.Addr) (*url.URL, error) {
	raw := c.PublicURL
	if raw == "" {
		host, port, err := net.SplitHostPort(c.Addr)
		if err != nil {
			return nil, ErrPublicURL.Because(err)
		}
		if ln != nil {
			if _, port, err = net.SplitHostPort(ln.String()); err != nil {
				return nil, ErrPublicURL.Because(err)
			}
		}
		if host == "" || net.ParseIP(host).IsUnspecified() {
			host = "localhost"
		}
		scheme := "http"
		if c.TLSCert != "" {
			scheme = "https"
		}
		raw = scheme + "://" + net.JoinHostPort(host, port)
	}
	u, err := url.Parse(strings.TrimSuffix(raw, "/"))
	if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, ErrPublicURL.With("public-url").Because(err)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !isLocal(u.Hostname())) {
		return nil, ErrPublicURL.With("public-url")
	}
	return u, nil
}

// isLocal says whether a host name can only mean this machine (RFC 6761, 6.3).
func isLocal(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// onlyHere says whether only this machine can reach the listener.
func onlyHere(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
