package app

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"time"

	"billfold/base/clock"
)

// lookEvery is how often the certificate's file is looked at, so that a renewed one needs no restart.
const lookEvery = 10 * time.Second

// certificate is a key pair in two files.
type certificate struct {
	cert, key string
	real      clock.Clock
	log       *slog.Logger

	mu      sync.Mutex
	pair    *tls.Certificate
	written time.Time // of the file that pair was read from
	looked  time.Time
}

func openCertificate(cert, key string, real clock.Clock, log *slog.Logger) (*certificate, error) {
	c := &certificate{cert: cert, key: key, real: real, log: log}
	if err := c.read(); err != nil {
		return nil, ErrCertificate.Fill(cert, key).Because(err)
	}
	return c, nil
}

func (c *certificate) read() error {
	info, err := os.Stat(c.cert)
	if err != nil {
		return err
	}
	if c.pair != nil && info.ModTime().Equal(c.written) {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return err
	}
	c.pair, c.written = &pair, info.ModTime()
	return nil
}

// get is tls.Config.GetCertificate. A file that cannot be read, or is half written, leaves the old pair in force.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.real.Now(); now.Sub(c.looked) >= lookEvery {
		c.looked = now
		if err := c.read(); err != nil {
			c.log.Error("read the certificate again", "error", err)
		}
	}
	return c.pair, nil
}

// tlsConfig speaks TLS 1.3 only (RFC 8446).
func (c *certificate) tlsConfig() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, GetCertificate: c.get}
}
