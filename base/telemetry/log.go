package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Options say how the log looks. The zero value writes text at level info to standard error.
type Options struct {
	Writer io.Writer
	Format string // "text" or "json"
	Level  slog.Leveler
}

// New returns a logger that redacts and that adds the request id of the context it is given. An unknown format
// gives text: a typo in a setting must not silence the log.
func New(o Options) *slog.Logger {
	if o.Writer == nil {
		o.Writer = os.Stderr
	}
	options := &slog.HandlerOptions{Level: o.Level, ReplaceAttr: redact}
	if o.Format == "json" {
		return slog.New(&handler{slog.NewJSONHandler(o.Writer, options)})
	}
	return slog.New(&handler{slog.NewTextHandler(o.Writer, options)})
}

// Discard returns a logger that writes nothing, for tests.
func Discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

type requestKey struct{}

// WithRequest returns a context that carries a request's id, so that every line logged under it can be found.
func WithRequest(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// RequestID returns the id of the request that the context belongs to, or "".
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

type visitorKey struct{}

// Visitor is who turned out to ask, for those who stand further out than the one who finds out.
type Visitor struct{ name atomic.Pointer[string] }

// Name is the visitor's id, "" while nobody said it.
func (v *Visitor) Name() string {
	if name := v.name.Load(); name != nil {
		return *name
	}
	return ""
}

// WithVisitor returns a context in which Visits tells who asks.
func WithVisitor(ctx context.Context) (context.Context, *Visitor) {
	v := &Visitor{}
	return context.WithValue(ctx, visitorKey{}, v), v
}

// Visits says who asks: an id, "usr_…" or "mch_…".
func Visits(ctx context.Context, name string) {
	if v, ok := ctx.Value(visitorKey{}).(*Visitor); ok {
		v.name.Store(&name)
	}
}

// handler adds the request id.
type handler struct{ slog.Handler }

func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	if id := RequestID(ctx); id != "" {
		r = r.Clone()
		r.AddAttrs(slog.String("request_id", id))
	}
	return h.Handler.Handle(ctx, r)
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &handler{h.Handler.WithAttrs(attrs)}
}

func (h *handler) WithGroup(name string) slog.Handler {
	return &handler{h.Handler.WithGroup(name)}
}

const redacted = "[redacted]"

// secretNames are the words that make a key secret, alone or as one word of a longer one: "password_hash" and
// "X-Api-Key" as much as "key".
var secretNames = []string{
	"password", "passwd", "passphrase", "code", "otp", "pin", "token", "secret", "authorization", "cookie", "session",
	"pan", "card", "cvv", "cvc", "key", "apikey", "seed", "mnemonic", "signature", "dsn",
}

// redact is called for every attribute that is written, the message, the level and the time included.
func redact(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
		return a
	}
	if isSecret(a.Key) || slices.ContainsFunc(groups, isSecret) {
		return slog.String(a.Key, redacted)
	}
	a.Value = safe(a.Value)
	return a
}

// isSecret splits a key into its words, at everything that is no letter or digit and where a capital follows a small letter.
func isSecret(key string) bool {
	start, previous := 0, byte('_')
	for i := 0; i <= len(key); i++ {
		c := byte('_')
		if i < len(key) {
			c = key[i]
		}
		boundary := !isWord(c) || c >= 'A' && c <= 'Z' && previous >= 'a' && previous <= 'z'
		if boundary {
			word := strings.ToLower(key[start:i])
			if slices.Contains(secretNames, word) || slices.Contains(secretNames, strings.TrimSuffix(word, "s")) {
				return true
			}
			start = i
			if !isWord(c) {
				start = i + 1
			}
		}
		previous = c
	}
	return false
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// safe returns a value that may be written.
func safe(v slog.Value) slog.Value {
	switch v.Kind() {
	case slog.KindString:
		return slog.StringValue(Scrub(v.String()))
	case slog.KindAny:
		switch x := v.Any().(type) {
		case nil:
			return v
		case error:
			return slog.StringValue(Scrub(text(x.Error)))
		case *time.Time, *slog.Source:
			return v
		case fmt.Stringer:
			return slog.StringValue(Scrub(text(x.String)))
		case []string:
			scrubbed := make([]string, len(x))
			for i, s := range x {
				scrubbed[i] = Scrub(s)
			}
			return slog.AnyValue(scrubbed)
		default:
			return slog.StringValue(fmt.Sprintf("[%T]", x))
		}
	}
	return v
}

// text calls a method of somebody else's value; a nil pointer in an interface must not take the program down.
func text(f func() string) (s string) {
	defer func() {
		if recover() != nil {
			s = "[nil]"
		}
	}()
	return f()
}
