package app

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"billfold/base/clock"
	"billfold/base/fault"
)

// How long certificates of a sandbox live. Phones refuse a server's certificate of more than 825 days (Apple, "Requirements for trusted
// certificates", HT210176); ours is renewed long before.
const (
	authorityLife = 10 * 365 * 24 * time.Hour
	leafLife      = 90 * 24 * time.Hour
	leafRenew     = 30 * 24 * time.Hour
	renewEvery    = time.Minute
)

// ErrAuthority says that the sandbox's own authority cannot vouch for a name.
var ErrAuthority = fault.Define(fault.Conflict, "tls_name",
	text("The sandbox's certificate cannot be for this name", "沙盒证书无法用于此名称"),
	text("Its authority in %s vouches for this machine and private networks only. Give a certificate with --tls-cert, or remove that folder "+
		"and have devices trust the new authority.",
		"%s 中的机构仅为本机和私有网络作证。请用 --tls-cert 提供证书，或删除该目录并让设备信任新的机构。"))

// private are the networks for which a sandbox's authority may vouch: this machine's, private ones (RFC 1918, RFC 6598, RFC 4193) and
// those of one link (RFC 3927, RFC 4291). A device that trusts it can be lied to about nothing else, should its key be stolen.
var private = networks("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10",
	"::1/128", "fc00::/7", "fe80::/10")

func networks(list ...string) (nets []*net.IPNet) {
	for _, text := range list {
		_, n, err := net.ParseCIDR(text)
		if err != nil {
			panic(err)
		}
		nets = append(nets, n)
	}
	return nets
}

func isPrivate(ip net.IP) bool {
	return slices.ContainsFunc(private, func(n *net.IPNet) bool { return n.Contains(ip) })
}

// authority signs the certificate of one sandbox. Both lie in a folder of the data folder, for this user only.
type authority struct {
	dir   string
	real  clock.Clock
	extra []string // names and addresses besides the machine's own: of --addr and --public-url

	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte // of cert
}

// openAuthority reads the authority, or makes it: then devices have to trust the new one.
func openAuthority(dir string, real clock.Clock, extra ...string) (*authority, error) {
	a := &authority{dir: dir, real: real}
	for _, name := range extra {
		if name != "" && !slices.Contains(a.extra, name) {
			a.extra = append(a.extra, name)
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, ErrFolder.Fill(dir).Because(err)
	}
	pair, err := tls.LoadX509KeyPair(a.file("ca.crt"), a.file("ca.key"))
	if errors.Is(err, fs.ErrNotExist) {
		return a, a.found()
	}
	if err != nil {
		return nil, ErrCertificate.Fill(a.file("ca.crt"), a.file("ca.key")).Because(err)
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return nil, ErrCertificate.Fill(a.file("ca.crt"), a.file("ca.key"))
	}
	a.cert, a.key = pair.Leaf, key
	a.pem = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
	if a.cert.NotAfter.Sub(real.Now()) < leafLife {
		return a, a.found()
	}
	return a, nil
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

// found makes a new authority, whose certificate says what it may vouch for (RFC 5280, 4.2.1.10).
func (a *authority) found() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	names := []string{"localhost", "local"}
	for _, name := range append(machineNames(), a.extra...) {
		if net.ParseIP(name) == nil && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	host, _ := os.Hostname()
	now := a.real.Now()
	shape := &x509.Certificate{SerialNumber: serial(), Subject: pkix.Name{CommonName: "Billfold sandbox on " + host},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(authorityLife), KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true, IsCA: true, MaxPathLenZero: true,
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: names, PermittedIPRanges: private}
	der, err := x509.CreateCertificate(rand.Reader, shape, shape, key.Public(), key)
	if err != nil {
		return err
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		return err
	}
	a.key, a.pem = key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return a.write("ca", key, a.pem)
}

func serial() *big.Int {
	b := make([]byte, 16)
	rand.Read(b)
	b[0] &= 0x7f // positive, and at most 20 octets (RFC 5280, 4.1.2.2)
	return new(big.Int).SetBytes(b)
}

// write puts the key into its place before the certificate, whose time a server that runs looks at.
func (a *authority) write(name string, key *ecdsa.PrivateKey, cert []byte) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err == nil {
		err = replaceFile(a.file(name+".key"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	}
	if err == nil {
		err = replaceFile(a.file(name+".crt"), string(cert))
	}
	if err != nil {
		return ErrFolder.Fill(a.dir).Because(err)
	}
	return nil
}

// machineNames are the names of this machine in its network.
func machineNames() (names []string) {
	host, err := os.Hostname()
	if err != nil || host == "" || strings.ContainsAny(host, " _") {
		return nil
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	short, _, _ := strings.Cut(host, ".")
	return slices.Compact([]string{host, short + ".local"})
}

// lanAddresses are this machine's addresses in private networks, IPv4 first.
func lanAddresses() (ips []net.IP) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var six []net.IP
	for _, a := range all {
		n, ok := a.(*net.IPNet)
		if !ok || n.IP.IsLoopback() || n.IP.IsLinkLocalUnicast() || !isPrivate(n.IP) {
			continue
		}
		if n.IP.To4() != nil {
			ips = append(ips, n.IP)
		} else {
			six = append(six, n.IP)
		}
	}
	return append(ips, six...)
}

// hosts are the names and addresses that the server's certificate is for: those of the machine for which the authority may vouch.
func (a *authority) hosts() (names []string, ips []net.IP) {
	names = []string{"localhost"}
	ips = append([]net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}, lanAddresses()...)
	for _, name := range append(machineNames(), a.extra...) {
		if ip := net.ParseIP(name); ip == nil && a.vouches(name) && !slices.Contains(names, name) {
			names = append(names, name)
		} else if ip != nil && isPrivate(ip) && !slices.ContainsFunc(ips, ip.Equal) {
			ips = append(ips, ip)
		}
	}
	return names, ips
}

// vouches says whether the authority may sign for a name or address.
func (a *authority) vouches(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return isPrivate(ip)
	}
	return slices.ContainsFunc(a.cert.PermittedDNSDomains, func(d string) bool {
		return strings.EqualFold(host, d) || strings.HasSuffix(strings.ToLower(host), "."+d)
	})
}

// renew writes a certificate for the server where there is none, or the one there is ends soon, is another authority's, or not for all
// that the machine is called now.
func (a *authority) renew() error {
	names, ips := a.hosts()
	pair, err := tls.LoadX509KeyPair(a.file("leaf.crt"), a.file("leaf.key"))
	now := a.real.Now()
	if err == nil && pair.Leaf.CheckSignatureFrom(a.cert) == nil && now.After(pair.Leaf.NotBefore) &&
		pair.Leaf.NotAfter.Sub(now) > leafRenew &&
		!slices.ContainsFunc(names, func(n string) bool { return pair.Leaf.VerifyHostname(n) != nil }) &&
		!slices.ContainsFunc(ips, func(ip net.IP) bool { return pair.Leaf.VerifyHostname(ip.String()) != nil }) {
		return nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	shape := &x509.Certificate{SerialNumber: serial(), Subject: pkix.Name{CommonName: "Billfold sandbox"}, DNSNames: names, IPAddresses: ips,
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(leafLife), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, shape, a.cert, key.Public(), a.key)
	if err != nil {
		return err
	}
	return a.write("leaf", key, slices.Concat(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), a.pem))
}

// fingerprint is what a person compares before they trust it.
func (a *authority) fingerprint() string {
	sum := sha256.Sum256(a.cert.Raw)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum[:]), " ", ":")
}

// pool trusts this authority and nobody else.
func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// vouch makes this sandbox its own authority, and decides by which address phones reach it.
func (a *App) vouch(addr net.Addr) (err error) {
	c := &a.Config
	if c.Mode != Sandbox || c.TLSCert != "" {
		return usage("--tls is for dev, and instead of --tls-cert: real use needs a certificate that everybody trusts already")
	}
	host, _, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return ErrPublicURL.Because(err)
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = ""
	}
	public := ""
	if u, err := url.Parse(c.PublicURL); err == nil {
		public = u.Hostname()
	}
	dir := filepath.Join(c.Data, "tls")
	if a.authority, err = openAuthority(dir, a.Real, strings.ToLower(host), strings.ToLower(public)); err != nil {
		return err
	}
	for _, name := range []string{host, public} {
		if name != "" && !a.authority.vouches(name) {
			return ErrAuthority.Fill(dir).With("addr")
		}
	}
	if err := a.authority.renew(); err != nil {
		return err
	}
	c.TLSCert, c.TLSKey = a.authority.file("leaf.crt"), a.authority.file("leaf.key")
	tcp, ok := addr.(*net.TCPAddr)
	if lan := lanAddresses(); ok && c.PublicURL == "" && host == "" && len(lan) > 0 {
		c.PublicURL = "https://" + net.JoinHostPort(lan[0].String(), fmt.Sprint(tcp.Port)) // phones follow links, too
	}
	return nil
}

// keepCertified renews the certificate while the server runs: it ends, and the machine moves to other networks.
func (a *App) keepCertified(ctx context.Context) error {
	if a.authority == nil {
		<-ctx.Done()
		return nil
	}
	for clock.Wait(ctx, renewEvery) == nil {
		if err := a.authority.renew(); err != nil {
			a.Config.Log.Error("renew the sandbox's certificate", "error", err)
		}
	}
	return nil
}

// itself is how the sandbox's card acquirer and bank call back where the server speaks TLS with a certificate of its own.
func (a *App) itself(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return a.URL.String()
	}
	ip := tcp.IP
	if ip.IsUnspecified() || ip == nil {
		ip = net.IPv4(127, 0, 0, 1)
	}
	return "https://" + net.JoinHostPort(ip.String(), fmt.Sprint(tcp.Port))
}

// TrustFile is where a program on this machine finds the certificate of the sandbox's own authority; "" for any other installation.
func (a *App) TrustFile() string {
	if a.authority == nil {
		return ""
	}
	return filepath.Join(a.authority.dir, "ca.crt")
}

// Trust is what to tell people about a sandbox that is its own authority; ok is false for any other.
func (a *App) Trust() (page, fingerprint string, ok bool) {
	if a.authority == nil {
		return "", "", false
	}
	return "http://" + a.URL.Host + trustPath, a.authority.fingerprint(), true
}
