package app

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"billfold/base/clock"
	"billfold/edge/gate"
)

// newLimit is how long a connection that was accepted before the end may take to send its request.
const newLimit = time.Second

// connsMost is how many connections there may be where the configuration does not say.
const connsMost = 4096

// crowd knows which connections have something coming. http.Server.Shutdown alone is not enough: from its first moment on it
// hangs up on requests that it has read and not begun, and the sender cannot know that nothing was done. It also bounds how many
// connections there are: whoever has been silent longest makes room, so that ten thousand idle ones keep nobody out who has
// something to say; of the address that has most of them, so that one address's crowd pushes out itself and nobody else.
type crowd struct {
	most int // 0 is connsMost

	mu    sync.Mutex
	all   map[net.Conn]*guest
	count int64
}

// guest is what is known of a connection.
type guest struct {
	from   netip.Addr // zero where it has none
	state  http.ConnState
	since  int64        // in the order of the last changes of all
	served atomic.Int32 // requests that have come whole and are being answered
}

type guestKey struct{}

// greet is http.Server.ConnContext.
func (c *crowd) greet(ctx context.Context, conn net.Conn) context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	return context.WithValue(ctx, guestKey{}, c.guest(conn))
}

// guest is what is known of a connection; c.mu is held.
func (c *crowd) guest(conn net.Conn) *guest {
	g := c.all[conn]
	if g == nil {
		if c.all == nil {
			c.all = map[net.Conn]*guest{}
		}
		c.count++
		g = &guest{from: addressOf(conn), since: c.count}
		c.all[conn] = g
	}
	return g
}

// served has a connection kept while its request is answered. One that is still sending, a byte now and then, is not.
func served(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g, ok := r.Context().Value(guestKey{}).(*guest); ok {
			g.served.Add(1)
			defer g.served.Add(-1)
		}
		next.ServeHTTP(w, r)
	})
}

// note is http.Server.ConnState.
func (c *crowd) note(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew, http.StateActive, http.StateIdle:
		c.count++
		g := c.guest(conn)
		g.state, g.since = state, c.count
	default:
		delete(c.all, conn)
	}
	most := c.most
	if most <= 0 {
		most = connsMost
	}
	if state == http.StateNew && len(c.all) > most {
		leaves := c.silent()
		delete(c.all, leaves)
		go leaves.Close() // TLS says goodbye first, which may take a while
	}
}

// addressOf is whom a connection comes from, as far as its address says.
func addressOf(conn net.Conn) netip.Addr {
	a, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return gate.Part(a.AddrPort().Addr())
}

// silent is the connection on which nothing has happened for longest, but for those that are being answered, of the address that has most
// of such connections. The newest is always one.
func (c *crowd) silent() (oldest net.Conn) {
	type silence struct {
		conn  net.Conn
		since int64
		count int
	}
	all := map[netip.Addr]silence{}
	for conn, g := range c.all {
		if g.served.Load() > 0 {
			continue
		}
		s := all[g.from]
		if s.count++; s.conn == nil || g.since < s.since {
			s.conn, s.since = conn, g.since
		}
		all[g.from] = s
	}
	var most silence
	for _, s := range all {
		if s.count > most.count || s.count == most.count && s.since < most.since {
			most = s
		}
	}
	return most.conn
}

// pending counts the connections whose request has not come, and those that are being served.
func (c *crowd) pending() (fresh, busy int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, g := range c.all {
		switch g.state {
		case http.StateNew:
			fresh++
		case http.StateActive:
			busy++
		}
	}
	return fresh, busy
}

// leave waits until nobody has anything coming, and for new connections a second at most.
func (c *crowd) leave(ctx context.Context) {
	watch := clock.Start()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		fresh, busy := c.pending()
		if busy == 0 && (fresh == 0 || watch.Elapsed() > newLimit) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
