package app

import (
	"context"
	"html/template"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"billfold/base/clock"
	"billfold/base/lang"
)

// The page that helps people trust a sandbox's authority, and the certificate itself. Both are answered in plain HTTP too, on the very
// port, because a phone that does not trust it yet is better not taught to click warnings away.
const (
	trustPath   = "/ca"
	trustedPath = "/ca.crt"
)

var trustPage = template.Must(template.New("trust").Parse(`<!doctype html>
<html lang="{{.Lang}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}} · Billfold</title></head><body>
<h1>{{.Title}}</h1>
{{range .Lead}}<p>{{.}}</p>
{{end}}<p><a href="{{.File}}" download="billfold-ca.crt">{{.Get}}</a></p>
<p>SHA-256<br><code>{{.Fingerprint}}</code></p>
{{range .Ways}}<h2>{{.Name}}</h2><ol>{{range .Steps}}<li>{{.}}</li>{{end}}</ol>
{{end}}<p><a href="{{.Wallet}}">{{.Wallet}}</a></p>
</body></html>
`))

type way struct {
	Name  lang.Text
	Steps []lang.Text
}

// ways are how devices are told to trust an authority, in the words of their own menus.
var ways = []way{
	{text("iPhone and iPad", "iPhone 和 iPad"), []lang.Text{
		text("Open this page in Safari, tap the link and allow the download.", "在 Safari 中打开此页面，轻点链接并允许下载。"),
		text("Settings, “Profile Downloaded”, Install.", "前往“设置”，轻点“已下载描述文件”，然后安装。"),
		text("Settings, General, About, Certificate Trust Settings: switch it on.", "前往“设置”>“通用”>“关于本机”>“证书信任设置”，将其打开。")}},
	{text("Android", "Android"), []lang.Text{
		text("Tap the link to download the file.", "轻点链接下载文件。"),
		text("Settings, Security and privacy, More, Install a certificate, CA certificate: choose the file.",
			"前往“设置”>“安全与隐私”>“更多”>“安装证书”>“CA 证书”，选择该文件。")}},
	{text("macOS", "macOS"), []lang.Text{
		text("security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db billfold-ca.crt",
			"security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db billfold-ca.crt")}},
	{text("Windows", "Windows"), []lang.Text{
		text("certutil -user -addstore Root billfold-ca.crt", "certutil -user -addstore Root billfold-ca.crt")}},
	{text("Linux", "Linux"), []lang.Text{
		text("sudo cp billfold-ca.crt /usr/local/share/ca-certificates/ && sudo update-ca-certificates",
			"sudo cp billfold-ca.crt /usr/local/share/ca-certificates/ && sudo update-ca-certificates"),
		text("Firefox and Chrome have lists of their own: Settings, Certificates, Authorities, Import.",
			"Firefox 和 Chrome 有各自的列表：“设置”>“证书”>“机构”>“导入”。")}},
}

// trust answers the page and the certificate.
func (a *App) trust(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if r.URL.Path == trustedPath {
		h.Set("Content-Type", "application/x-x509-ca-cert")
		_, _ = w.Write(a.authority.pem)
		return
	}
	tag := lang.Pick(r.Header.Get("Accept-Language"))
	in := func(list []lang.Text) (said []string) {
		for _, t := range list {
			said = append(said, t.In(tag))
		}
		return said
	}
	type said struct {
		Name  string
		Steps []string
	}
	view := struct {
		Lang, Title, File, Get, Fingerprint, Wallet string
		Lead                                        []string
		Ways                                        []said
	}{Lang: string(tag), File: trustedPath, Fingerprint: a.authority.fingerprint(), Wallet: a.URL.String() + "/",
		Title: text("Trust this sandbox", "信任此沙盒").In(tag), Get: text("Download its certificate", "下载其证书").In(tag),
		Lead: in([]lang.Text{
			text("This sandbox speaks HTTPS with a certificate of its own, which your device does not know yet.",
				"此沙盒使用自己的证书提供 HTTPS，您的设备尚不认识它。"),
			text("Compare the fingerprint below with the one in the terminal, then have your device trust it. It can vouch for this machine and "+
				"private networks only; remove it when you are done.",
				"请将下方指纹与终端中显示的进行比对，再让设备信任它。它只能为本机和私有网络作证；用完后请移除。")})}
	for _, one := range ways {
		view.Ways = append(view.Ways, said{one.Name.In(tag), in(one.Steps)})
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", string(tag))
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	_ = trustPage.Execute(w, view)
}

// plainly answers who speaks plain HTTP with a sandbox of its own authority: how to trust it, and where it is.
func (a *App) plainly() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+trustPath, a.trust)
	mux.HandleFunc("GET "+trustedPath, a.trust)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if !a.forUs(r.Host) {
			a.refuse(w, r, errHost.Fill(a.URL.Host))
			return
		}
		http.Redirect(w, r, "https://"+r.Host+r.URL.RequestURI(), http.StatusTemporaryRedirect)
	})
	return mux
}

// A TLS connection begins with a handshake record (RFC 8446, 5.1), an HTTP request with a letter: one port can serve both.
const handshake = 22

// helloLimit is how long a new connection may take to say which it is.
const helloLimit = 5 * time.Second

// fork tells connections that begin a TLS handshake from those that speak plainly.
type fork struct {
	net.Listener
	secure, plain *branch
	once          sync.Once
	ended         chan struct{}
}

// branch is one side of a fork.
type branch struct {
	*fork
	conns chan net.Conn
}

// forkListener starts the fork; it ends with the listener.
func forkListener(ln net.Listener) *fork {
	f := &fork{Listener: ln, ended: make(chan struct{})}
	f.secure, f.plain = &branch{f, make(chan net.Conn)}, &branch{f, make(chan net.Conn)}
	go func() {
		defer f.end()
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go f.sort(conn)
		}
	}()
	return f
}

func (f *fork) end() { f.once.Do(func() { close(f.ended) }) }

func (f *fork) sort(conn net.Conn) {
	first := make([]byte, 1)
	_ = conn.SetReadDeadline(clock.System().Now().Add(helloLimit))
	n, err := conn.Read(first)
	if n == 0 || err != nil || conn.SetReadDeadline(time.Time{}) != nil {
		conn.Close()
		return
	}
	to := f.plain
	if first[0] == handshake {
		to = f.secure
	}
	select {
	case to.conns <- &begun{Conn: conn, first: first[0]}:
	case <-f.ended:
		conn.Close()
	}
}

// begun is a connection whose first byte was read.
type begun struct {
	net.Conn
	first byte
	given bool
}

// Read gives the first byte, and then what comes.
func (b *begun) Read(p []byte) (int, error) {
	if b.given || len(p) == 0 {
		return b.Conn.Read(p)
	}
	b.given, p[0] = true, b.first
	return 1, nil
}

// Accept waits for a connection of this side.
func (b *branch) Accept() (net.Conn, error) {
	select {
	case conn := <-b.conns:
		return conn, nil
	case <-b.ended:
		return nil, net.ErrClosed
	}
}

// Close ends both sides.
func (b *branch) Close() error {
	b.end()
	return b.Listener.Close()
}

// servePlainly answers the plain side until the context ends.
func (a *App) servePlainly(ctx context.Context, ln net.Listener) {
	srv := &http.Server{Handler: a.plainly(), ReadHeaderTimeout: headLimit, ReadTimeout: headLimit, WriteTimeout: headLimit,
		IdleTimeout: headLimit, MaxHeaderBytes: headMost}
	context.AfterFunc(ctx, func() { srv.Close() })
	_ = srv.Serve(ln) // ends with the fork
}

// ours says whether a host is one of those that the sandbox's own certificate is for.
func (a *authority) ours(host string) bool {
	names, ips := a.hosts()
	ip := net.ParseIP(host)
	for _, name := range names {
		if strings.EqualFold(name, host) {
			return true
		}
	}
	for _, one := range ips {
		if ip != nil && one.Equal(ip) {
			return true
		}
	}
	return false
}
