package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"

	"billfold/base/dial"
)

// answerMost bounds an answer's body: ten thousand entries with all they have.
const answerMost = 64 << 20

// caller is one client over one connection that is kept alive, as small as HTTP/1.1 allows (RFC 9112): what a bench measures on the two
// cores that it shares with the server should be the server. It runs in the server's process and reaches it through its listener.
type caller struct {
	conn net.Conn
	in   *bufio.Reader
	out  []byte
	body []byte
}

// answer is what a caller needs of a response. body holds until the next request.
type answer struct {
	status     int
	retryAfter bool
	replayed   bool // the same request was answered before
	body       []byte
}

// loopback dials this machine.
var loopback = dial.New(dial.Options{AllowLoopback: true})

// connect opens a connection to the server at host:port.
func connect(ctx context.Context, address string) (*caller, error) {
	conn, err := loopback.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &caller{conn: conn, in: bufio.NewReaderSize(conn, 32<<10)}, nil
}

func (c *caller) close() { c.conn.Close() }

// post sends a body under an idempotency key and reads the answer.
func (c *caller) post(host, path, key, once string, body []byte) (answer, error) {
	c.out = append(append(append(c.out[:0], "POST "...), path...), " HTTP/1.1\r\nHost: "...)
	c.out = append(append(append(c.out, host...), "\r\nAuthorization: Bearer "...), key...)
	c.out = append(append(c.out, "\r\nContent-Type: application/json\r\nIdempotency-Key: "...), once...)
	c.out = append(strconv.AppendInt(append(c.out, "\r\nContent-Length: "...), int64(len(body)), 10), "\r\n\r\n"...)
	c.out = append(c.out, body...)
	if _, err := c.conn.Write(c.out); err != nil {
		return answer{}, err
	}
	return c.read()
}

var errAnswer = errors.New("the server's answer is not what the bench understands")

// read reads a response with a Content-Length, as the API's answers are.
func (c *caller) read() (a answer, err error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return a, err
	}
	if len(line) < 12 {
		return a, errAnswer
	}
	if a.status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return a, errAnswer
	}
	length := -1
	for {
		if line, err = c.in.ReadSlice('\n'); err != nil {
			return a, err
		}
		name, value, more := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(": "))
		if !more {
			break
		}
		switch string(name) {
		case "Content-Length":
			length, err = strconv.Atoi(string(value))
		case "Retry-After":
			a.retryAfter = true
		case "Idempotent-Replayed":
			a.replayed = true
		}
		if err != nil {
			return a, errAnswer
		}
	}
	if length < 0 || length > answerMost {
		return a, errAnswer
	}
	if cap(c.body) < length {
		c.body = make([]byte, length)
	}
	a.body = c.body[:length]
	_, err = io.ReadFull(c.in, a.body)
	return a, err
}

// refusal is the error of an answer that should have been another.
func (a answer) refusal() error {
	return fmt.Errorf("answered %d: %.300s", a.status, a.body)
}
