package app

import (
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"billfold/base/clock"
	"billfold/base/id"
	"billfold/base/money"
)

// Mode says what an installation is for. It is fixed when its database is made.
type Mode string

// The modes. Live is what the zero Config means: nothing for playing is offered unless it is asked for.
const (
	Live    Mode = "live"
	Sandbox Mode = "sandbox"
)

// Version is what this program calls itself.
const Version = "0.1"

// Config is everything that can be said about an installation. Every zero works and means what its comment says.
type Config struct {
	Mode       Mode     // ""= Live; decided by the command, not by the configuration
	Data       string   // folder of the database file, the keyring and dev.env; "" = ./billfold-data
	Addr       string   // where to listen; "" = localhost:8080
	DB         string   // PostgreSQL, postgres://…; "" = SQLite in Data/billfold.db
	DBConns    int      // connections to PostgreSQL, or readers of SQLite; 0 picks
	PublicURL  string   // where people reach this server; "" = from Addr
	TLSCert    string   // certificate chain (PEM); "" = plain HTTP, on loopback only
	TLSKey     string   // its private key (PEM)
	TLS        bool     // sandbox: sign a certificate of its own, in Data/tls, for this machine's names and private addresses
	Keyring    string   // folder of the keys that seal personal data; "" = Data/keyring
	Keys       string   // PostgreSQL of its own for the keyring, postgres://…, which several processes may share; "" = the folder Keyring
	MasterKey  string   // opens the keyring, 64 hexadecimal digits; "" = the file master.key in it
	Trust      []string // networks (CIDR) of proxies whose X-Forwarded-For is believed; empty = none
	Conns      int      // connections at once; 0 = 4096
	Work       int      // requests worked on at once; 0 = 32 a core, 64 at least
	Wait       int      // milliseconds: nobody may join a queue whose oldest has waited longer; 0 = 300
	Rate       int      // requests a second of one key or session; 0 = 10000
	Guests     int      // requests a second of one network without a key or session; 0 = 500
	NoMigrate  bool     // refuse an older database instead of bringing it up to date
	Accept     bool     // take a database that lacks what was confirmed (history_went_back) as it is
	Currencies []string // in which there are wallets; a new person begins with the first four; empty = EUR, USD, CNY, JPY and the others below
	Zone       string   // time zone of people who chose none, such as Europe/Berlin; "" = UTC
	Breached   string   // sorted file of SHA-1 hashes of breached passwords; "" = the short list built in
	MailServer string   // host:port of the SMTP relay; "" = mails are only kept (sandbox: to be read at /dev/inbox)
	MailTLS    string   // starttls, tls, or plain (loopback only); "" = starttls
	MailUser   string
	MailPass   string
	MailFrom   string // "" = Billfold <no-reply@localhost>
	LogFormat  string // text or json; "" = text
	LogLevel   string // debug, info, warn, error; "" = info
	Empty      bool   // sandbox: without demo data
	Seed       uint64 // sandbox: another seed is another history; 0 = 1

	Log *slog.Logger // nil discards

	Successor *Successor // who goes on in a sandbox that is begun anew; nil = nobody

	Ground *Ground // nil = this machine

	Inspect time.Duration // for verify and doctor, the limit of db.Inspect, where that is more than 3 s
}

// Ground is what a simulation puts in the place of the machine: its own time, and ids that follow from a seed.
type Ground struct {
	Real clock.Clock
	Seed [32]byte
}

func (g *Ground) clock() clock.Clock {
	if g == nil {
		return clock.System()
	}
	return g.Real
}

// steady is the clock for what is waited for or counted in this process, which nobody can set.
func (g *Ground) steady() clock.Clock {
	if g == nil {
		return clock.Steady()
	}
	return g.Real
}

func (g *Ground) minter(now func() time.Time) *id.Minter {
	if g == nil {
		return id.NewMinter(now)
	}
	return id.NewSeeded(now, g.Seed)
}

func (c Config) withDefaults() Config {
	or := func(s *string, other string) {
		if *s == "" {
			*s = other
		}
	}
	if c.Mode == "" {
		c.Mode = Live
	}
	or(&c.Data, "./billfold-data")
	or(&c.Addr, "localhost:8080")
	or(&c.Keyring, filepath.Join(c.Data, "keyring"))
	or(&c.MailFrom, "Billfold <no-reply@localhost>")
	or(&c.MailTLS, "starttls")
	if len(c.Currencies) == 0 {
		c.Currencies = []string{"EUR", "USD", "CNY", "JPY", "GBP", "CHF", "HKD", "SGD", "SEK", "KWD", "BHD", "KRW", "INR", "TND"}
	}
	if c.Seed == 0 {
		c.Seed = 1
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// check refuses what can be seen to be wrong before anything is opened.
func (c Config) check() error {
	for _, code := range c.Currencies {
		if _, ok := money.Lookup(code); !ok {
			return usage("%q is no currency of ISO 4217: give codes such as EUR,CNY to --currencies", code)
		}
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return usage("--tls-cert and --tls-key belong together: give both files or neither")
	}
	if _, err := c.proxies(); err != nil {
		return err
	}
	if c.Data == "" || c.Addr == "" {
		return usage("--data and --addr may not be empty")
	}
	return nil
}

// proxies are the networks of the trusted proxies.
func (c Config) proxies() (list []netip.Prefix, err error) {
	for _, text := range c.Trust {
		p, err := netip.ParsePrefix(text)
		if a, e := netip.ParseAddr(text); err != nil && e == nil {
			p, err = a.Prefix(a.BitLen())
		}
		if err != nil {
			return nil, usage("--trust-proxy %s: give networks such as 10.0.0.0/8 or addresses, with commas between them", text)
		}
		list = append(list, p)
	}
	return list, nil
}

// UsageError is a command that cannot be understood; its text says what would be.
type UsageError struct{ Text string }

func (e *UsageError) Error() string { return e.Text }

func usage(form string, args ...any) error { return &UsageError{fmt.Sprintf(form, args...)} }

// Setting is one thing that can be configured: by the flag --name, by the variable BILLFOLD_NAME and by a line name = …
// of the configuration file. The later wins in the order file, environment, flag.
type Setting struct {
	Name   string
	Value  string // what to put there, for the help
	What   string
	Secret bool // never a flag: whoever is on the machine can read the command line
	field  func(*Config) any
}

// Settings are all of them, in the order the help shows.
var Settings = []Setting{
	{"data", "FOLDER", "folder for the database, the keyring and dev.env (./billfold-data)", false, func(c *Config) any { return &c.Data }},
	{"addr", "HOST:PORT", "where to listen (localhost:8080)", false, func(c *Config) any { return &c.Addr }},
	{"db", "DSN", "PostgreSQL, postgres://…, instead of the file billfold.db", false, func(c *Config) any { return &c.DB }},
	{"db-conns", "N", "connections to the database (picked by its size)", false, func(c *Config) any { return &c.DBConns }},
	{"public-url", "URL", "where people reach this server, if not at --addr", false, func(c *Config) any { return &c.PublicURL }},
	{"tls-cert", "FILE", "certificate chain in PEM; read again when the file changes", false, func(c *Config) any { return &c.TLSCert }},
	{"tls-key", "FILE", "private key of the certificate in PEM", false, func(c *Config) any { return &c.TLSKey }},
	{"tls", "", "HTTPS with a certificate of its own, for phones in the same network (dev)", false, func(c *Config) any { return &c.TLS }},
	{"keyring", "FOLDER", "keys that seal personal data (the folder keyring in --data)", false, func(c *Config) any { return &c.Keyring }},
	{"keys", "DSN", "PostgreSQL for the keyring, not that of --db, instead of the folder: for several processes", false,
		func(c *Config) any { return &c.Keys }},
	{"master-key", "HEX", "opens the keyring, instead of its file master.key", true, func(c *Config) any { return &c.MasterKey }},
	{"trust-proxy", "LIST", "networks (CIDR) of proxies whose X-Forwarded-For is believed", false, func(c *Config) any { return &c.Trust }},
	{"max-connections", "N", "connections at once (4096)", false, func(c *Config) any { return &c.Conns }},
	{"max-requests", "N", "requests worked on at once; others wait (32 a core)", false, func(c *Config) any { return &c.Work }},
	{"max-wait", "MS", "above which wait of the oldest no more may wait (300)", false, func(c *Config) any { return &c.Wait }},
	{"rate", "N", "requests a second of one key or session (10000)", false, func(c *Config) any { return &c.Rate }},
	{"rate-guests", "N", "requests a second of one network without key or session (500)", false, func(c *Config) any { return &c.Guests }},
	{"no-migrate", "", "refuse an older database instead of bringing it up to date", false, func(c *Config) any { return &c.NoMigrate }},
	{"accept-history", "", "take a database that lacks what was confirmed, such as an older copy, as it is: for one start", false,
		func(c *Config) any { return &c.Accept }},
	{"currencies", "LIST", "currencies of the wallets, the first four from the start", false, func(c *Config) any { return &c.Currencies }},
	{"zone", "NAME", "time zone of people who chose none, such as Europe/Berlin (UTC)", false, func(c *Config) any { return &c.Zone }},
	{"breached", "FILE", "sorted SHA-1 hashes of breached passwords", false, func(c *Config) any { return &c.Breached }},
	{"mail-server", "HOST:PORT", "SMTP relay that sends our mails", false, func(c *Config) any { return &c.MailServer }},
	{"mail-tls", "HOW", "starttls, tls or plain (starttls)", false, func(c *Config) any { return &c.MailTLS }},
	{"mail-user", "NAME", "user at the relay", false, func(c *Config) any { return &c.MailUser }},
	{"mail-password", "TEXT", "password at the relay", true, func(c *Config) any { return &c.MailPass }},
	{"mail-from", "ADDRESS", "sender of our mails (Billfold <no-reply@localhost>)", false, func(c *Config) any { return &c.MailFrom }},
	{"log-format", "FORM", "text or json (text)", false, func(c *Config) any { return &c.LogFormat }},
	{"log-level", "LEVEL", "debug, info, warn or error (info; warn for dev)", false, func(c *Config) any { return &c.LogLevel }},
	{"empty", "", "start without demo data", false, func(c *Config) any { return &c.Empty }},
	{"seed", "N", "another number is another demo history (1)", false, func(c *Config) any { return &c.Seed }},
}

// Find returns a setting by its name.
func Find(name string) (Setting, bool) {
	for _, s := range Settings {
		if s.Name == name {
			return s, true
		}
	}
	return Setting{}, false
}

// Variable is the name of the environment variable of the setting.
func (s Setting) Variable() string {
	return "BILLFOLD_" + strings.ToUpper(strings.ReplaceAll(s.Name, "-", "_"))
}

// Switch says whether the setting is on or off and takes no value as a flag.
func (s Setting) Switch() bool { return s.Value == "" }

// Set puts a value into the configuration. where is what the refusal calls its origin.
func (s Setting) Set(c *Config, value, where string) (err error) {
	switch p := s.field(c).(type) {
	case *string:
		*p = value
	case *bool:
		*p, err = strconv.ParseBool(value)
	case *int:
		*p, err = strconv.Atoi(value)
		if err == nil && *p < 0 {
			err = strconv.ErrRange
		}
	case *uint64:
		*p, err = strconv.ParseUint(value, 10, 64)
	case *[]string:
		*p = strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
	}
	if err == nil {
		return nil
	}
	shown := strconv.Quote(value)
	if s.Secret {
		shown = "what was given"
	}
	what := "a whole number"
	if s.Switch() {
		what = "true or false"
	}
	return usage("%s: %s is not %s", where, shown, what)
}

// FromFile applies a configuration file: lines of the form name = value, where # begins a line of comment. It refuses a
// name it does not know, because a misspelt one would be a setting that silently does not hold.
func FromFile(c *Config, name, text string) error {
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		key = strings.TrimSpace(key)
		if !ok {
			return usage("%s, line %d: write name = value", name, number)
		}
		s, known := Find(key)
		if !known {
			return usage("%s, line %d: there is no setting %q%s", name, number, key, Nearest(key, settingNames()))
		}
		if err := s.Set(c, strings.TrimSpace(value), fmt.Sprintf("%s, line %d", name, number)); err != nil {
			return err
		}
	}
	return nil
}

// FromEnvironment applies the variables BILLFOLD_… that are settings. Others of that form, such as those of dev.env,
// are for clients and mean nothing here.
func FromEnvironment(c *Config, lookup func(string) (string, bool)) error {
	for _, s := range Settings {
		if value, ok := lookup(s.Variable()); ok && value != "" {
			if err := s.Set(c, value, s.Variable()); err != nil {
				return err
			}
		}
	}
	return nil
}

func settingNames() (names []string) {
	for _, s := range Settings {
		names = append(names, s.Name)
	}
	return names
}

// Nearest is the end of a sentence that says which name was probably meant, or nothing.
func Nearest(wrong string, names []string) string {
	best, least := "", 3
	for _, name := range names {
		if d := distance(wrong, name); d < least {
			best, least = name, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", best)
}

// distance counts the letters to change, add or drop (Levenshtein) until one word is the other.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			corner, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, corner+cost)
		}
	}
	return row[len(b)]
}
