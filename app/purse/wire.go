package purse

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"billfold/base/dial"
	"billfold/product/purse/proto"
	"billfold/product/purse/store"
)

// lines reads lines in the background, so that somebody who waits for one can also be called off.
type lines struct {
	ctx  context.Context
	text chan string
	err  error // once text is closed
}

var (
	errGone    = errors.New("the other side has gone")
	errTooLong = errors.New("what came is longer than any message of a purse")
	errStopped = errors.New("stopped")
)

// readLines begins to read; it ends with the reader, or with the context.
func readLines(ctx context.Context, in io.Reader) *lines {
	l := &lines{ctx: ctx, text: make(chan string)}
	go func() {
		defer close(l.text)
		scanner := bufio.NewScanner(in)
		scanner.Buffer(nil, 4*proto.MaxMessage)
		for scanner.Scan() {
			select {
			case l.text <- scanner.Text():
			case <-ctx.Done():
				return
			}
		}
		switch {
		case errors.Is(scanner.Err(), bufio.ErrTooLong):
			l.err = errTooLong
		default: // a connection that was reset, or a terminal that was closed: nothing more will come
			l.err = errGone
		}
	}()
	return l
}

// next returns the next line. It waits so long, or for ever where that is zero.
func (l *lines) next(patience time.Duration) (string, error) {
	ctx := l.ctx
	if patience > 0 {
		limited, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		ctx = limited
	}
	select {
	case text, ok := <-l.text:
		if !ok {
			return "", l.err
		}
		return text, nil
	case <-ctx.Done():
		if l.ctx.Err() != nil {
			return "", errStopped
		}
		return "", fmt.Errorf("the other side has said nothing for %s", patience)
	}
}

// wire carries text frames, one a line: over TCP, or over a terminal and people's hands.
type wire struct {
	in       *lines
	out      io.Writer
	close    func() error
	patience time.Duration // zero: for ever
}

// overTCP is the wire of a connection. It is closed when the command is stopped.
func overTCP(ctx context.Context, conn net.Conn, patience time.Duration) *wire {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	return &wire{in: readLines(ctx, conn), out: conn, patience: patience, close: func() error {
		stop()
		return conn.Close()
	}}
}

// send releases an answer. It takes nothing but what a store has sealed.
func (w *wire) send(s store.Sealed) error {
	if len(s.Envelope()) == 0 {
		return errors.New("nothing was sealed")
	}
	if _, err := fmt.Fprintln(w.out, proto.Frame(s.Envelope())); err != nil {
		return errGone
	}
	return nil
}

// receive returns the data of the other side's next answer, or its refusal.
func (w *wire) receive() ([]byte, error) {
	for range maxBlank {
		line, err := w.in.next(w.patience)
		if err != nil {
			return nil, err
		}
		if line == "" {
			continue
		}
		envelope, ok := proto.ParseFrame(line)
		if !ok {
			return nil, errUnreadable
		}
		data, sw, ok := proto.ParseResponse(envelope)
		if !ok {
			return nil, errUnreadable
		}
		if sw != proto.OK {
			return nil, fmt.Errorf("the other side: %w", refused(sw))
		}
		return data, nil
	}
	return nil, errUnreadable
}

// maxBlank is how many empty lines may come between two frames.
const maxBlank = 1000

// connect reaches the other side over TCP.
func connect(ctx context.Context, address string, patience time.Duration) (*wire, error) {
	_, port, err := net.SplitHostPort(address)
	number, bad := strconv.Atoi(port)
	if err != nil || bad != nil {
		return nil, fmt.Errorf("%q is no address: give host:port", address)
	}
	client := dial.New(dial.Options{AllowLoopback: true, AllowPrivate: true, Ports: []int{number}})
	conn, err := client.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("nobody answers at %s: start the other side first, with --listen, and check the address", address)
	}
	return overTCP(ctx, conn, patience), nil
}

// wait takes the first other side that calls.
func wait(ctx context.Context, address string, patience time.Duration, ready func(net.Addr)) (*wire, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot wait on %s (%w): give another address, such as :0 for any port", address, err)
	}
	defer ln.Close()
	ready(ln.Addr())
	stop := context.AfterFunc(ctx, func() { ln.Close() })
	defer stop()
	conn, err := ln.Accept()
	if err != nil {
		return nil, errStopped
	}
	return overTCP(ctx, conn, patience), nil
}
