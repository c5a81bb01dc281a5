package notice

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"billfold/base/db"
	"billfold/base/job"
	"billfold/base/lang"
	"billfold/test/harness"
)

// failing is a relay that cannot be reached, or refuses.
type failing struct{ err error }

func (f failing) Send(context.Context, Message) error { return f.err }

// sink is a real SMTP server that keeps what it takes.
type sink struct {
	addr   *net.TCPAddr
	client *tls.Config

	mu      sync.Mutex
	refuse  *smtp.SMTPError // what the next recipients are told
	mails   [][]byte
	to      []string
	signIns []string
}

type visitor struct {
	sink *sink
	conn *smtp.Conn
	to   string
}

func (v *visitor) Reset()        {}
func (v *visitor) Logout() error { return nil }

func (v *visitor) AuthMechanisms() []string { return []string{sasl.Plain} }

func (v *visitor) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		v.sink.mu.Lock()
		defer v.sink.mu.Unlock()
		_, encrypted := v.conn.TLSConnectionState()
		v.sink.signIns = append(v.sink.signIns, fmt.Sprintf("%s %v", username, encrypted))
		if password != "relay secret" {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

func (v *visitor) Mail(string, *smtp.MailOptions) error { return nil }

func (v *visitor) Rcpt(to string, _ *smtp.RcptOptions) error {
	v.sink.mu.Lock()
	defer v.sink.mu.Unlock()
	if v.sink.refuse != nil {
		return v.sink.refuse
	}
	v.to = to
	return nil
}

func (v *visitor) Data(r io.Reader) error {
	all, err := io.ReadAll(r)
	v.sink.mu.Lock()
	defer v.sink.mu.Unlock()
	v.sink.mails = append(v.sink.mails, all)
	v.sink.to = append(v.sink.to, v.to)
	return err
}

// relay starts a sink: with encryption by STARTTLS, from the start, or not at all.
func relay(t *testing.T, security string) *sink {
	t.Helper()
	s := &sink{}
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &visitor{sink: s, conn: c}, nil }))
	server.Domain, server.AllowInsecureAuth, server.ErrorLog = "relay.test", security == "plain", log.New(io.Discard, "", 0)
	var config *tls.Config
	config, s.client = certificate(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = listener.Addr().(*net.TCPAddr)
	switch security {
	case "starttls":
		server.TLSConfig = config
	case "tls":
		listener = tls.NewListener(listener, config)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Close()
		<-ended
	})
	return s
}

// certificate makes one for this machine, and the settings of a client who trusts it.
func certificate(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	shape := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, shape, shape, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, &tls.Config{RootCAs: pool}
}

func (s *sink) options(security string) SMTPOptions {
	return SMTPOptions{Host: "127.0.0.1", Port: s.addr.Port, Security: security, Username: "billfold", Password: "relay secret",
		Dial: &net.Dialer{}, TLS: s.client, Timeout: 10 * time.Second}
}

func (s *sink) tell(refuse *smtp.SMTPError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = refuse
}

func smtpWorld(t *testing.T, o SMTPOptions) *world {
	t.Helper()
	sender, err := NewSMTP(o)
	if err != nil {
		t.Fatal(err)
	}
	return build(t, harness.Open(t, db.SQLite, job.Schema, Schema), sender)
}

var receipt = Mail{Owner: lena, To: "lena@example.org", Lang: lang.ZH, Template: Receipt, Data: map[string]string{
	"amount": "48.50 EUR", "payee": "Café Linden", "receipt": "rcp_1", "at": "2026-03-01 10:00", "link": origin + "/activity/pay_1"}}

func TestSMTPDelivers(t *testing.T) {
	for _, security := range []string{"starttls", "tls", "plain"} {
		t.Run(security, func(t *testing.T) {
			s := relay(t, security)
			w := smtpWorld(t, s.options(security))
			w.mail(receipt)
			if n := w.step(); n != 1 {
				t.Fatalf("%d tasks ran", n)
			}
			if state, failure, attempts, words := w.stored(); state != "sent" || failure != "" || attempts != 1 || words {
				t.Fatalf("stored: %s %q %d, words kept %v", state, failure, attempts, words)
			}
			if len(s.mails) != 1 || s.to[0] != "lena@example.org" {
				t.Fatalf("%d mails to %v", len(s.mails), s.to)
			}
			if want := fmt.Sprintf("billfold %v", security != "plain"); len(s.signIns) != 1 || s.signIns[0] != want {
				t.Errorf("signed in %v, want %s", s.signIns, want)
			}
			headers, parts := read(t, s.mails[0])
			if headers.Get("To") != "<lena@example.org>" || headers.Get("From") != `"Billfold" <no-reply@pay.example.org>` ||
				!strings.HasSuffix(headers.Get("Message-Id"), "@pay.example.org>") || headers.Get("Content-Language") != "zh-Hans" {
				t.Errorf("headers %v", headers)
			}
			subject, err := new(mime.WordDecoder).DecodeHeader(headers.Get("Subject"))
			if err != nil || subject != "您已向 Café Linden 支付 48.50 EUR" {
				t.Errorf("subject %q, %v", subject, err)
			}
			if len(parts) != 2 || !strings.Contains(parts["text/plain"], "rcp_1") || !strings.Contains(parts["text/html"],
				origin+"/activity/pay_1") {
				t.Errorf("parts %v", parts)
			}
		})
	}
}

// read takes a mail apart as a mail program would.
func read(t *testing.T, raw []byte) (mail.Header, map[string]string) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for reader := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := reader.NextRawPart()
		if err == io.EOF {
			return m.Header, parts
		}
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
		if enc := p.Header.Get("Content-Transfer-Encoding"); enc != "quoted-printable" {
			t.Fatalf("a part is encoded as %q", enc)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		parts[kind] = string(body)
	}
}

func TestNothingTypedBecomesAHeaderOrMarkup(t *testing.T) {
	s := relay(t, "starttls")
	w := smtpWorld(t, s.options("starttls"))
	m := receipt
	m.Lang = lang.EN
	m.Data = map[string]string{}
	for k, v := range receipt.Data {
		m.Data[k] = v
	}
	m.Data["payee"] = "Evil\r\nBcc: mila@example.org\r\n\r\n<script>alert(1)</script>\u202egro.elpmaxe {amount} \x00\u2028.\r\n.\r\n"
	w.mail(m)
	w.step()
	if len(s.mails) != 1 || len(s.to) != 1 {
		t.Fatalf("%d mails to %v", len(s.mails), s.to)
	}
	headers, parts := read(t, s.mails[0])
	if _, there := headers["Bcc"]; there || len(parts) != 2 {
		t.Errorf("headers %v, %d parts", headers, len(parts))
	}
	if subject := headers.Get("Subject"); strings.ContainsAny(subject, "\r\n") {
		t.Errorf("subject %q", subject)
	}
	if html := parts["text/html"]; strings.Contains(html, "<script") || strings.Contains(html, "\u202e") || !strings.Contains(html,
		"&lt;script&gt;") {
		t.Errorf("html:\n%s", html)
	}
	for _, r := range []string{"\u202e", "\x00", "\u2028"} {
		if strings.Contains(parts["text/plain"], r) {
			t.Errorf("the text holds %q", r)
		}
	}
}

func TestSMTPNeverFallsBackToPlain(t *testing.T) {
	s := relay(t, "plain") // offers no STARTTLS
	w := smtpWorld(t, s.options("starttls"))
	w.mail(receipt)
	w.step()
	if state, failure, attempts, words := w.stored(); state != "queued" || failure != "connection" || attempts != 1 || !words {
		t.Errorf("stored: %s %q %d, words kept %v", state, failure, attempts, words)
	}
	if len(s.mails) != 0 || len(s.signIns) != 0 {
		t.Errorf("%d mails and %d sign-ins crossed in the clear", len(s.mails), len(s.signIns))
	}
	o := relay(t, "starttls").options("starttls")
	o.TLS = nil // the system does not know this certificate
	other := smtpWorld(t, o)
	other.mail(receipt)
	other.step()
	if state, _, _, _ := other.stored(); state != "queued" {
		t.Errorf("a relay nobody vouches for: %s", state)
	}
}

func TestSMTPSettings(t *testing.T) {
	good := SMTPOptions{Host: "mail.example.org", Port: 587, Security: "starttls", Dial: &net.Dialer{}}
	if _, err := NewSMTP(good); err != nil {
		t.Error(err)
	}
	for _, host := range []string{"mail.example.org", "192.0.2.1", "10.0.0.1", "localhost.example.org"} {
		o := good
		o.Host, o.Security = host, "plain"
		if _, err := NewSMTP(o); !errors.Is(err, ErrPlainMail) {
			t.Errorf("plain to %s: %v", host, err)
		}
	}
	for _, host := range []string{"localhost", "127.0.0.1", "::1", "::ffff:127.0.0.1"} {
		o := good
		o.Host, o.Security = host, "plain"
		if _, err := NewSMTP(o); err != nil {
			t.Errorf("plain to %s: %v", host, err)
		}
	}
	for _, change := range []func(*SMTPOptions){func(o *SMTPOptions) { o.Host = "" }, func(o *SMTPOptions) { o.Port = 0 },
		func(o *SMTPOptions) { o.Port = 65536 }, func(o *SMTPOptions) { o.Security = "" }, func(o *SMTPOptions) { o.Dial = nil }} {
		o := good
		change(&o)
		if _, err := NewSMTP(o); !errors.Is(err, ErrMailSettings) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func TestRefusedMails(t *testing.T) {
	s := relay(t, "starttls")
	w := smtpWorld(t, s.options("starttls"))
	s.tell(&smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "later for lena@example.org"})
	w.mail(receipt)
	w.step()
	if state, failure, attempts, words := w.stored(); state != "queued" || failure != "refused 451" || attempts != 1 || !words {
		t.Errorf("for now: %s %q %d, words kept %v", state, failure, attempts, words)
	}
	s.tell(nil)
	w.pass(time.Minute)
	w.step()
	if state, _, attempts, words := w.stored(); state != "sent" || attempts != 2 || words {
		t.Errorf("later: %s %d, words kept %v", state, attempts, words)
	}

	w = smtpWorld(t, s.options("starttls"))
	s.tell(&smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no lena@example.org here"})
	w.mail(receipt)
	w.step()
	if state, failure, _, words := w.stored(); state != "failed" || failure != "refused 550" || words {
		t.Errorf("for good: %s %q, words kept %v", state, failure, words)
	}

	o := s.options("starttls")
	o.Password = "another secret"
	w = smtpWorld(t, o)
	w.mail(receipt)
	w.step()
	if state, failure, _, _ := w.stored(); state != "queued" || failure != "relay answered 535" {
		t.Errorf("a wrong password: %s %q", state, failure)
	}
}

func TestMailsEndSomeTime(t *testing.T) {
	engines(t, func() Sender { return failing{&Refusal{Class: "connection"}} }, func(w *world) {
		w.mail(receipt)
		for range 200 {
			w.pass(20 * time.Minute)
			w.step()
		}
		if state, failure, _, words := w.stored(); state != "failed" || failure != "connection" || words {
			w.t.Errorf("after two days: %s %q, words kept %v", state, failure, words)
		}
		w.pass(keepRecord)
		w.must(w.sweep(w.ctx), "sweep")
		w.mail(Mail{Owner: lena, To: "lena@example.org", Template: Code, Data: map[string]string{"code": "123456", "minutes": "10"}})
		w.pass(10 * time.Minute)
		w.step()
		if state, failure, _, words := w.stored(); state != "dropped" || failure != "too late" || words {
			w.t.Errorf("a late code: %s %q, words kept %v", state, failure, words)
		}
		w.pass(keepRecord + time.Hour)
		w.must(w.sweep(w.ctx), "sweep")
		w.mail(receipt)
		w.must(w.keys.Destroy(lena), "erase")
		w.step()
		if state, failure, _, _ := w.stored(); state != "dropped" || failure != "erased" {
			w.t.Errorf("an erased recipient: %s %q", state, failure)
		}
	})
}

// What a mail says and to whom is nowhere in the database's bytes: before it leaves, when the relay repeats it, and after.
func TestMailCanaries(t *testing.T) {
	s := relay(t, "starttls")
	w := smtpWorld(t, s.options("starttls"))
	canaries := []string{"zephyrine@quill.example", "734561", "Quillfeather", "48.51 EUR"}
	s.tell(&smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 2, 0}, Message: canaries[0] + " is busy"})
	w.mail(Mail{Owner: lena, To: canaries[0], Template: Code, Data: map[string]string{"code": canaries[1], "minutes": "10"}})
	m := receipt
	m.To = canaries[0]
	m.Data = map[string]string{"amount": canaries[3], "payee": canaries[2], "receipt": "rcp_1", "at": "now", "link": origin + "/x"}
	w.mail(m)
	n := paid(1, lena, "payer")
	n.Data["with"], n.Data["amount"] = canaries[2], canaries[3]
	w.tell(n)
	w.step()
	s.tell(nil)
	w.pass(time.Minute)
	w.step()
	if len(s.mails) != 2 {
		t.Fatalf("%d mails were taken", len(s.mails))
	}
	files, err := filepath.Glob(filepath.Join(filepath.Dir(harness.Options(t, w.db).Path), "*"))
	w.must(err, "look for the files")
	found := false
	for _, f := range files {
		raw, err := os.ReadFile(f)
		w.must(err, "read "+f)
		found = found || bytes.Contains(raw, []byte("payment.completed"))
		for _, c := range canaries {
			if bytes.Contains(raw, []byte(c)) {
				t.Errorf("%q is legible in %s", c, f)
			}
		}
	}
	if !found {
		t.Fatal("the files do not hold what was written: the search proves nothing")
	}
}
