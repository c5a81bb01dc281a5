package dial

import (
	"fmt"
	"net/netip"
	"strings"
)

// inside lists what is not the public internet: the special-purpose registries of IANA for both families (RFC 6890
// and its updates), with every range that carries an IPv4 address inside an IPv6 one. netip's own predicates
// cover loopback, private, link-local, multicast and unspecified addresses.
var inside = func() (list []netip.Prefix) {
	for _, p := range []string{
		"0.0.0.0/8",       // this network: 0.0.0.0 reaches loopback on Linux
		"100.64.0.0/10",   // carrier-grade NAT, and some clouds' metadata
		"192.0.0.0/24",    // protocol assignments
		"192.0.2.0/24",    // documentation
		"192.88.99.0/24",  // 6to4 relays
		"198.18.0.0/15",   // benchmarks
		"198.51.100.0/24", // documentation
		"203.0.113.0/24",  // documentation
		"240.0.0.0/4",     // reserved, and broadcast
		"2001::/23",       // protocol assignments: Teredo, ORCHID, benchmarks
		"2001:db8::/32",   // documentation
		"2002::/16",       // 6to4: an IPv4 address in disguise
		"3fff::/20",       // documentation
	} {
		list = append(list, netip.MustParsePrefix(p))
	}
	return list
}()

// global is what IANA hands out of IPv6. Everything else, such as NAT64 (64:ff9b::/96), IPv4-compatible,
// site-local and segment-routing addresses, leads inside or nowhere.
var global = netip.MustParsePrefix("2000::/3")

// check refuses an address that is not on the public internet, but for what the options allow.
func (c *Client) check(a netip.Addr) error {
	if a.Zone() != "" {
		return fmt.Errorf("address %s has a zone", a)
	}
	a = a.Unmap()
	if a.IsLoopback() && c.options.AllowLoopback {
		return nil
	}
	if a.IsPrivate() && c.options.AllowPrivate {
		return nil
	}
	bad := !a.IsValid() || a.IsUnspecified() || a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsMulticast() ||
		a.Is6() && !global.Contains(a)
	for _, p := range inside {
		bad = bad || p.Contains(a)
	}
	if bad {
		return fmt.Errorf("address %s is not public", a)
	}
	return nil
}

// checkPort refuses the ports of services that understand parts of an HTTP request as commands: mail, databases
// of old, remote shells.
func (c *Client) checkPort(port uint16) error {
	if port == 80 || port == 443 || port >= 1024 {
		return nil
	}
	for _, extra := range c.options.Ports {
		if int(port) == extra {
			return nil
		}
	}
	return fmt.Errorf("port %d is not allowed", port)
}

// literal returns the address that a host spells out, or ok false when it is a name. It refuses hosts that are
// neither: with characters no name has, and those that end in a number, which resolvers read as addresses in
// octal, hexadecimal, decimal or with parts missing (WHATWG URL, "ends in a number").
func literal(host string) (a netip.Addr, ok bool, err error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return a, true, nil
	}
	if host == "" || len(host) > 253 {
		return a, false, fmt.Errorf("host of %d bytes", len(host))
	}
	for i := range len(host) {
		c := host[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_' {
			return a, false, fmt.Errorf("host with the byte %#02x", c)
		}
	}
	last := strings.TrimSuffix(host, ".")
	last = last[strings.LastIndexByte(last, '.')+1:]
	if last == "" || last[0] >= '0' && last[0] <= '9' {
		return a, false, fmt.Errorf("host ends in a number or in nothing")
	}
	return a, false, nil
}
