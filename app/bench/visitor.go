package bench

import (
	"bufio"
	"bytes"
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
	key     string // of a program, which has no cookies
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
	used := v.conn != nil
	if err := v.dial(ctx); err != nil {
		return view{}, err
	}
	v.write(method, path, form)
	watch := clock.Start()
	_, err := v.conn.Write(v.out)
	var answer *http.Response
	if err == nil {
		answer, err = http.ReadResponse(v.in, nil)
	}
	if err != nil {
		v.close()
		if used && method == http.MethodGet { // the server hangs up on a connection that was idle for long
			return v.ask(ctx, method, path, form)
		}
		return view{}, fmt.Errorf("%s %s: %w", method, path, err)
	}
	seen := view{status: answer.StatusCode, kind: answer.Header.Get("Content-Type"), to: answer.Header.Get("Location")}
	v.receive(answer.Header["Set-Cookie"])
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

// dial connects, where that is not done.
func (v *visitor) dial(ctx context.Context) error {
	if v.conn != nil {
		return nil
	}
	conn, err := loopback.DialContext(ctx, "tcp", v.address)
	if err == nil {
		v.conn, v.in = conn, bufio.NewReaderSize(conn, 4<<10)
	}
	return err
}

// write makes a request.
func (v *visitor) write(method, path, form string) {
	v.out = append(append(append(append(append(v.out[:0], method...), ' '), path...), " HTTP/1.1\r\nHost: "...), v.address...)
	if v.cookies != "" {
		v.out = append(append(v.out, "\r\nCookie: "...), v.cookies...)
	}
	if v.key != "" {
		v.out = append(append(v.out, "\r\nAuthorization: Bearer "...), v.key...)
	}
	if method == http.MethodPost {
		v.out = append(append(append(v.out, "\r\nOrigin: http://"...), v.address...), "\r\nSec-Fetch-Site: same-origin"...)
		v.out = append(v.out, "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "...)
		v.out = strconv.AppendInt(v.out, int64(len(form)), 10)
	}
	v.out = append(append(v.out, "\r\n\r\n"...), form...)
}

// hear opens a stream of server-sent events. What it returns holds something when there was news since it was last read, and is closed
// when the stream ends.
func (v *visitor) hear(ctx context.Context, path string) (<-chan struct{}, error) {
	if err := v.dial(ctx); err != nil {
		return nil, err
	}
	v.write(http.MethodGet, path, "")
	if _, err := v.conn.Write(v.out); err != nil {
		return nil, err
	}
	answer, err := http.ReadResponse(v.in, nil)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the stream %s answered %d", path, answer.StatusCode)
	}
	news := make(chan struct{}, 1)
	head, err := v.in.Peek(v.in.Buffered())
	if err != nil {
		return nil, err
	}
	go follow(v.conn, bytes.Contains(head, newsWord), news)
	v.in, v.out, v.body = nil, nil, nil // whoever measures what open pages cost measures both ends
	return news, nil
}

var newsWord = []byte("event: news")

// follow reads a stream until it ends. What comes between is heartbeats and the chunks' frames: nothing that looks like news.
func follow(conn net.Conn, told bool, news chan<- struct{}) {
	defer close(news)
	var buffer [128]byte
	kept := 0 // bytes of the piece before, for a word that was cut in two
	for {
		if told {
			select {
			case news <- struct{}{}:
			default:
			}
		}
		n, err := conn.Read(buffer[kept:])
		if err != nil {
			return
		}
		piece := buffer[:kept+n]
		at := bytes.LastIndex(piece, newsWord)
		told = at >= 0
		rest := piece[max(0, len(piece)-len(newsWord)+1):]
		if told {
			rest = piece[max(at+len(newsWord), len(piece)-len(newsWord)+1):]
		}
		kept = copy(buffer[:], rest)
	}
}

// receive keeps the cookies that an answer sets.
func (v *visitor) receive(set []string) {
	for _, one := range set {
		pair, _, _ := strings.Cut(one, ";")
		name, value, _ := strings.Cut(pair, "=")
		var kept []string
		for old := range strings.SplitSeq(v.cookies, "; ") {
			if n, _, _ := strings.Cut(old, "="); n != name && old != "" {
				kept = append(kept, old)
			}
		}
		if value != "" {
			kept = append(kept, pair)
		}
		v.cookies = strings.Join(kept, "; ")
	}
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
