package app

import (
	"net"
	"net/http"
	"testing"
)

// from is a connection of an address.
type from struct {
	net.Conn
	addr   *net.TCPAddr
	closed chan struct{}
}

func (c *from) RemoteAddr() net.Addr { return c.addr }
func (c *from) Close() error         { close(c.closed); return nil }

// TestCrowdPushesOutItself: one address opens as many connections as there may be, and more. Whoever came before from elsewhere stays,
// though it has been silent for longer, and who comes after is let in.
func TestCrowdPushesOutItself(t *testing.T) {
	c := &crowd{most: 10}
	come := func(ip string) *from {
		conn := &from{addr: &net.TCPAddr{IP: net.ParseIP(ip), Port: 1}, closed: make(chan struct{})}
		c.note(conn, http.StateNew)
		c.note(conn, http.StateActive)
		return conn
	}
	early := come("192.0.2.1")
	var flood []*from
	for range 30 {
		flood = append(flood, come("2001:db8::1"), come("2001:db8::2")) // one party's
	}
	late := come("192.0.2.2")
	for i, conn := range flood[:len(flood)-8] {
		<-conn.closed
		if _, here := c.all[conn]; here {
			t.Errorf("connection %d of the flood is still counted", i)
		}
	}
	_, first := c.all[early]
	_, last := c.all[late]
	if !first || !last || len(c.all) != 10 {
		t.Errorf("the one before is here: %v; the one after: %v; %d in all", first, last, len(c.all))
	}
}
