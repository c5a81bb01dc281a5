package gate

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Address is where a request came from: the peer of the connection or, where that is a trusted proxy, the last address in
// X-Forwarded-For that no trusted proxy has. What stands left of it anybody could have written.
func (g *Gate) Address(r *http.Request) string {
	peer, ok := addrOf(r.RemoteAddr)
	if !ok || !g.trusts(peer) {
		return r.RemoteAddr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	client := peer
	for i := len(hops) - 1; i >= 0; i-- {
		hop, ok := addrOf(strings.TrimSpace(hops[i]))
		if !ok {
			break
		}
		if client = hop; !g.trusts(hop) {
			break
		}
	}
	if client == peer {
		return r.RemoteAddr
	}
	return net.JoinHostPort(client.String(), "0")
}

func (g *Gate) trusts(a netip.Addr) bool {
	for _, p := range g.Trust {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// addrOf reads an address with or without a port.
func addrOf(text string) (netip.Addr, bool) {
	if at, err := netip.ParseAddrPort(text); err == nil {
		return at.Addr().Unmap().WithZone(""), true
	}
	a, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return a.Unmap().WithZone(""), err == nil
}
