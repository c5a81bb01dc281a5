package gate

import (
	"hash/maphash"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"
)

// caller is who asks: the owner of a key or session, or a network of which nobody is known.
type caller struct {
	full    int64 // nanoseconds: when what they may ask is whole again (the generic cell rate algorithm of ATM, in one number)
	here    int   // requests between admit and leave
	running int
	open    int          // streams
	bytes   atomic.Int64 // held of bodies and answers
	lines   [classes][]*ticket
}

func (c *caller) waiting() int { return len(c.lines[ordinary]) + len(c.lines[critical]) }

// take takes one from what a caller may ask, and says how much is left, or how long to wait for one.
func (c *caller) take(now time.Time, rate int) (left int, wait time.Duration) {
	each, room := int64(time.Second)/int64(rate), int64(burst*time.Second)
	at := now.UnixNano()
	full := max(c.full, at)
	if full+each-at > room {
		return 0, time.Duration(full + each - at - room)
	}
	c.full = full + each
	return int((room - (c.full - at)) / each), 0
}

// generation bounds what is remembered: the older of two generations is forgotten when the younger is full.
const generation = 20_000

// callers are all of whom something is remembered, and whose a credential was.
type callers struct {
	seed       maphash.Seed
	young, old map[string]*caller
	names      map[uint64]string
	oldNames   map[uint64]string
}

func newCallers() callers {
	return callers{seed: maphash.MakeSeed(), young: map[string]*caller{}, names: map[uint64]string{}}
}

func (s *callers) get(name string) *caller {
	if c := s.young[name]; c != nil {
		return c
	}
	c := s.old[name]
	if c == nil {
		c = &caller{}
	}
	if len(s.young) >= generation {
		// Who is here is not forgotten: their counts would begin anew.
		s.old, s.young = s.young, map[string]*caller{}
		for n, other := range s.old {
			if other.here > 0 {
				s.young[n] = other
			}
		}
	}
	s.young[name] = c
	return c
}

func (s *callers) nameOf(id uint64) (string, bool) {
	if id == 0 {
		return "", false
	}
	name, ok := s.names[id]
	if !ok {
		if name, ok = s.oldNames[id]; ok {
			s.know(id, name)
		}
	}
	return name, ok
}

func (s *callers) know(id uint64, name string) {
	if len(s.names) >= generation {
		s.oldNames, s.names = s.names, map[uint64]string{}
	}
	s.names[id] = name
}

// credential is a keyed hash of what a request proves itself by, 0 for nothing. It only says that two requests bring the same.
func (g *Gate) credential(r *http.Request) uint64 {
	text := ""
	if list := r.Header["Authorization"]; len(list) == 1 {
		text = list[0]
	} else {
		for _, name := range g.Cookie {
			if c, err := r.Cookie(name); err == nil {
				text = c.Value
				break
			}
		}
	}
	if text == "" {
		return 0
	}
	return maphash.String(g.callers.seed, text) | 1
}

// network is where a request comes from, by Part.
func network(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return "unknown"
	}
	return Part(addr).String()
}

// Part is what one party usually controls of an address: the whole of an IPv4 address, 64 bits of an IPv6 one.
func Part(addr netip.Addr) netip.Addr {
	addr = addr.Unmap().WithZone("")
	if p, err := addr.Prefix(64); err == nil && addr.Is6() {
		return p.Masked().Addr()
	}
	return addr
}
