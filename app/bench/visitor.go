package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"billfold/base/clock"
)

// visitor is a browser of somebody: a connection that is kept alive, and cookies. It runs in the server's process and reaches it
// through its listener.
type visitor struct {
	address string
	cookies string // as a Cookie header has them
	conn    net.Conn
	in      *bufio.Reader
	out     []byte
	body    []byte
}

// view is the answer to a visitor. body holds until the next request.
type view struct {
	status int
	kind   string // its media type
	to     string // where it sends the browser
	body   []byte
	took   time.Duration
}

func (w *world) visitor(cookies string) *visitor {
	return &visitor{address: strings.TrimPrefix(w.base, "http://"), cookies: cookies}
}

func (v *visitor) close() {
	if v.conn != nil {
		v.conn.Close()
		v.conn = nil
	}
}

func (v *visitor) get(ctx context.Context, path string) (view, error) {
	return v.ask(ctx, "GET", path, "")
}

// post sends a form.
func (v *visitor) post(ctx context.Context, path string, form url.Values) (view, error) {
	return v.ask(ctx, "POST", path, form.Encode())
}

func (v *visitor) ask(ctx context.Context, method, path, form string) (view, error) {
	if v.conn == nil {
		conn, err := loopback.DialContext(ctx, "tcp", v.address)
		if err != nil {
			return view{}, err
		}
		v.conn, v.in = conn, bufio.NewReaderSize(conn, 16<<10)
	}
	v.out = append(append(append(append(append(v.out[:0], method...), ' '), path...), " HTTP/1.1\r\nHost: "...), v.address...)
	if v.cookies != "" {
		v.out = append(append(v.out, "\r\nCookie: "...), v.cookies...)
	}
	if method == "POST" {
		v.out = append(append(append(v.out, "\r\nOrigin: http://"...), v.address...), "\r\nSec-Fetch-Site: same-origin"...)
		v.out = append(v.out, "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "...)
		v.out = strconv.AppendInt(v.out, int64(len(form)), 10)
	}
	v.out = append(append(v.out, "\r\n\r\n"...), form...)
	watch := clock.Start()
	if _, err := v.conn.Write(v.out); err != nil {
		v.close()
		return view{}, err
	}
	answer, err := http.ReadResponse(v.in, nil)
	if err != nil {
		v.close()
		return view{}, fmt.Errorf("%s %s: %w", method, path, err)
	}
	seen := view{status: answer.StatusCode, kind: answer.Header.Get("Content-Type"), to: answer.Header.Get("Location")}
	if strings.HasPrefix(seen.kind, "text/event-stream") { // it does not end
		v.close()
		return seen, nil
	}
	defer answer.Body.Close()
	v.body, err = appendAll(v.body[:0], answer.Body)
	seen.body, seen.took = v.body, watch.Elapsed()
	if err != nil || answer.Close {
		v.close()
	}
	return seen, err
}

func appendAll(b []byte, r io.Reader) ([]byte, error) {
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if errors.Is(err, io.EOF) {
			return b, nil
		}
		if err != nil {
			return b, err
		}
	}
}
