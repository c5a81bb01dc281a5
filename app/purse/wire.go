package purse

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"

	"billfold/base/dial"
	"billfold/product/purse/proto"
	"billfold/product/purse/store"
)

// wire carries text frames, one a line: over TCP, or over a terminal and people's hands.
type wire struct {
	in    *bufio.Scanner
	out   io.Writer
	close func() error
}

func newWire(in io.Reader, out io.Writer, end func() error) *wire {
	w := &wire{in: bufio.NewScanner(in), out: out, close: end}
	w.in.Buffer(nil, 4*proto.MaxMessage)
	return w
}

// send releases an answer. It takes nothing but what a store has sealed.
func (w *wire) send(s store.Sealed) error {
	if len(s.Envelope()) == 0 {
		return errors.New("nothing was sealed")
	}
	_, err := fmt.Fprintln(w.out, proto.Frame(s.Envelope()))
	return err
}

// receive returns the data of the other side's next answer, or its refusal.
func (w *wire) receive() ([]byte, error) {
	for w.in.Scan() {
		line := w.in.Text()
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
	if err := w.in.Err(); err != nil {
		return nil, err
	}
	return nil, errors.New("the other side has gone")
}

// connect reaches the other side over TCP.
func connect(ctx context.Context, address string) (*wire, error) {
	_, port, err := net.SplitHostPort(address)
	number, bad := strconv.Atoi(port)
	if err != nil || bad != nil {
		return nil, fmt.Errorf("%q is no address: give host:port", address)
	}
	client := dial.New(dial.Options{AllowLoopback: true, AllowPrivate: true, Ports: []int{number}})
	conn, err := client.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return newWire(conn, conn, conn.Close), nil
}

// wait takes the first other side that calls.
func wait(ctx context.Context, address string, ready func(net.Addr)) (*wire, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer ln.Close()
	ready(ln.Addr())
	stop := context.AfterFunc(ctx, func() { ln.Close() })
	defer stop()
	conn, err := ln.Accept()
	if err != nil {
		return nil, err
	}
	return newWire(conn, conn, conn.Close), nil
}
