package notice

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// Sender takes a mail off our hands: by SMTP, or only in appearance. Its error is a *Refusal.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// Sandbox sends nothing; the service keeps what it "sent" for its inbox page.
type Sandbox struct{}

// Send agrees.
func (Sandbox) Send(context.Context, Message) error { return nil }

// Dialer opens connections; base/dial's client is one.
type Dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// SMTPOptions say how to reach the relay. Host, Port, Security and Dial are required.
type SMTPOptions struct {
	Host     string
	Port     int
	Security string // "starttls" (demanded, port 587), "tls" (from the start, port 465), "plain" (to this machine only)
	Username string // empty for a relay that asks for none
	Password string
	Timeout  time.Duration // for a whole mail; 0 is 20 s, shorter than a job's lease
	Dial     Dialer
	TLS      *tls.Config // nil for the system's roots and Host as the name
}

// SMTP sends by a relay, one connection a mail.
type SMTP struct {
	host    string
	timeout time.Duration
	options []gomail.Option
}

// NewSMTP checks the settings without connecting. It refuses unencrypted mail to another machine (ErrPlainMail).
func NewSMTP(o SMTPOptions) (*SMTP, error) {
	if o.Host == "" || o.Port < 1 || o.Port > 65535 || o.Dial == nil {
		return nil, ErrMailSettings
	}
	timeout := o.Timeout
	if timeout <= 0 {
		timeout = 20 * time.Second
	}
	s := &SMTP{host: o.Host, timeout: timeout}
	s.options = []gomail.Option{gomail.WithPort(o.Port), gomail.WithTimeout(timeout), gomail.WithoutNoop()}
	config := &tls.Config{}
	if o.TLS != nil {
		config = o.TLS.Clone()
	}
	config.MinVersion = tls.VersionTLS12
	if config.ServerName == "" {
		config.ServerName = o.Host
	}
	dial := o.Dial.DialContext
	switch o.Security {
	case "starttls":
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.TLSMandatory), gomail.WithTLSConfig(config))
	case "tls":
		// The library leaves TLS from the start to its own dialer; ours does both.
		plain := dial
		dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			raw, err := plain(ctx, network, address)
			if err != nil {
				return nil, err
			}
			conn := tls.Client(raw, config)
			if err := conn.HandshakeContext(ctx); err != nil {
				raw.Close()
				return nil, err
			}
			return conn, nil
		}
		// Opportunistic: what it dials is TLS already, and only so it looks at the connection and dares to sign in.
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.TLSOpportunistic), gomail.WithTLSConfig(config))
	case "plain":
		if !loopback(o.Host) {
			return nil, ErrPlainMail
		}
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		return nil, ErrMailSettings.With("security")
	}
	s.options = append(s.options, gomail.WithDialContextFunc(dial))
	if o.Username != "" {
		auth := gomail.SMTPAuthAutoDiscover
		if o.Security == "plain" { // it never leaves this machine
			auth = gomail.SMTPAuthPlainNoEnc
		}
		s.options = append(s.options, gomail.WithSMTPAuth(auth), gomail.WithUsername(o.Username), gomail.WithPassword(o.Password))
	}
	if _, err := gomail.NewClient(s.host, s.options...); err != nil {
		return nil, ErrMailSettings.Because(err)
	}
	return s, nil
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// Send hands one mail to the relay. The refusal's class says where it ended: "address", "connection", "refused 550".
func (s *SMTP) Send(ctx context.Context, m Message) error {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := errors.Join(msg.From(m.From), msg.To(m.To)); err != nil {
		return &Refusal{Class: "address", ForGood: true, Err: err}
	}
	domain := m.From[strings.LastIndexByte(m.From, '@')+1:]
	msg.SetMessageIDWithValue(m.ID + "@" + strings.TrimRight(domain, ">"))
	msg.SetDateWithValue(m.At)
	msg.Subject(m.Subject)
	msg.SetGenHeader(gomail.HeaderContentLang, string(m.Lang))
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office answers
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return s.dialed(ctx, func(client *gomail.Client, conn *smtp.Client) error { return client.SendWithSMTPClient(conn, msg) })
}

// Check connects to the relay, signs in if there is a name to do it with, and takes its leave without a mail. Its error is a *Refusal.
func (s *SMTP) Check(ctx context.Context) error {
	return s.dialed(ctx, func(*gomail.Client, *smtp.Client) error { return nil })
}

// dialed does something with the relay at the other end of a line of its own.
func (s *SMTP) dialed(ctx context.Context, do func(client *gomail.Client, conn *smtp.Client) error) error {
	client, err := gomail.NewClient(s.host, s.options...)
	if err != nil {
		return &Refusal{Class: "settings", Err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return refusal(err)
	}
	err = do(client, conn)
	client.CloseWithSMTPClient(conn) // a farewell that fails does not untake the mail
	if err != nil {
		return refusal(err)
	}
	return nil
}

// refusal reads what can be told about a failure: a relay's answer code, or that there was none.
func refusal(err error) *Refusal {
	r := &Refusal{Class: "connection", Err: err}
	var sent *gomail.SendError
	var answer *textproto.Error
	switch {
	case errors.As(err, &sent) && sent.ErrorCode() > 0:
		r.Class = "refused " + strconv.Itoa(sent.ErrorCode())
		r.ForGood = sent.ErrorCode() >= 500
	case errors.As(err, &answer): // before the mail: our sign-in, mostly, which an operator can mend
		r.Class = "relay answered " + strconv.Itoa(answer.Code)
	}
	return r
}

// String names the relay for a log, without the password.
func (s *SMTP) String() string { return fmt.Sprintf("smtp relay %s", s.host) }
