package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/once"
	"billfold/base/telemetry"
	"billfold/core/identity"
	"billfold/core/merchant"
	"billfold/core/payment"
)

// Limits on bodies, in bytes.
const (
	bodyMost  = 64 << 10
	batchMost = 4 << 20
)

var (
	jsonType    = []string{"application/json"}
	problemType = []string{"application/problem+json"}
	noStore     = []string{"no-store"}
	noSniff     = []string{"nosniff"}
	yes         = []string{"true"}
)

// call is one request on its way through its operation.
type call struct {
	api     *API
	w       http.ResponseWriter
	r       *http.Request
	ctx     context.Context
	route   *route
	request string // its id
	watch   clock.Stopwatch

	key    identity.Key
	caller payment.Caller
	owner  string // whose things are read: the caller's own, or for an operator somebody else's
	query  query
	once   once.Call
	code   string // of the problem that was answered

	replayed bool
	location string
}

// call begins a request: an id, and the headers that every answer has.
func (a *API) call(w http.ResponseWriter, r *http.Request, route *route) *call {
	c := &call{api: a, w: w, r: r, ctx: r.Context(), route: route}
	if c.request = telemetry.RequestID(c.ctx); c.request == "" {
		c.request = a.IDs.New("req")
		c.ctx = telemetry.WithRequest(c.ctx, c.request)
	}
	if a.Sandbox {
		c.watch = clock.Start()
	}
	h := w.Header()
	h["Request-Id"] = []string{c.request}
	h["Cache-Control"] = noStore
	h["X-Content-Type-Options"] = noSniff
	return c
}

// serve takes a request through the steps that every operation has. Who asks comes first: a stranger's body is not read.
func (a *API) serve(w http.ResponseWriter, r *http.Request, route *route) {
	c := a.call(w, r, route)
	defer func() {
		broke := recover()
		if broke == nil {
			return
		}
		if broke == http.ErrAbortHandler {
			panic(broke)
		}
		a.Log.LogAttrs(c.ctx, slog.LevelError, "panic", slog.String("operation", route.id), slog.String("error", fmt.Sprint(broke)),
			slog.String("stack", string(debug.Stack())))
		c.refuse(fault.ErrInternal)
	}()
	if err := c.admit(); err != nil {
		c.refuse(err)
		return
	}
	if err := route.run(c); err != nil {
		c.refuse(err)
	}
}

// admit finds out who asks, and reads the query.
func (c *call) admit() error {
	if c.route.kinds != 0 {
		if err := c.authenticate(); err != nil {
			return err
		}
	}
	if !db.Keeps(c.r.URL.Path) { // no id is written so
		return fault.ErrNotFound
	}
	var err error
	if c.query, err = parseQuery(c.r.URL.RawQuery, c.route.query); err != nil {
		return err
	}
	c.owner = c.caller.Owner()
	if other := c.query.text("owner"); other != "" && other != c.owner {
		if !c.caller.Operator {
			return fault.ErrNotFound.With("owner")
		}
		c.owner = other
	}
	return nil
}

// kinds is a set of kinds of keys.
type kinds uint8

const (
	shops kinds = 1 << iota
	payers
	operators
	everybody = shops | payers | operators
)

var kindOf = map[identity.KeyKind]kinds{identity.SecretKey: shops, identity.RestrictedKey: shops, identity.PayerKey: payers,
	identity.OperatorKey: operators}

func (k kinds) names() []string {
	var list []string
	for _, kind := range []identity.KeyKind{identity.SecretKey, identity.PayerKey, identity.OperatorKey} {
		if k&kindOf[kind] != 0 {
			list = append(list, string(kind))
		}
	}
	return list
}

// authenticate reads the key of a request and makes its owner the caller.
func (c *call) authenticate() error {
	secret, err := credentials(c.r.Header["Authorization"])
	if err != nil {
		return err
	}
	if c.key, err = c.api.People.AuthenticateKey(c.ctx, secret); err != nil {
		return err
	}
	switch c.key.Kind {
	case identity.SecretKey, identity.RestrictedKey:
		c.caller.Shop = merchant.ID(c.key.Owner)
	case identity.OperatorKey:
		c.caller.Operator = true
		fallthrough
	case identity.PayerKey:
		c.caller.Person = identity.PersonID(c.key.Owner)
	}
	telemetry.Visits(c.ctx, c.key.Owner)
	if c.route.kinds&kindOf[c.key.Kind] == 0 {
		return ErrKeyKind.Fill(strings.Join(c.route.kinds.names(), ", "))
	}
	if scope := c.route.scope(); c.key.Kind == identity.RestrictedKey && !slices.Contains(c.key.Scopes, scope) {
		return ErrKeyScope.Fill(scope)
	}
	return nil
}

// credentials takes the key out of an Authorization header: Bearer key (RFC 6750), or Basic with the key as user and no
// password (RFC 7617), which is what curl -u key: sends.
func credentials(headers []string) (string, error) {
	if len(headers) != 1 {
		return "", fault.ErrUnauthenticated.With("Authorization")
	}
	scheme, rest, _ := strings.Cut(headers[0], " ")
	switch {
	case strings.EqualFold(scheme, "Bearer"):
		return rest, nil
	case strings.EqualFold(scheme, "Basic"):
		raw, err := base64.StdEncoding.DecodeString(rest)
		user, password, _ := strings.Cut(string(raw), ":")
		if err == nil && password == "" {
			return user, nil
		}
	}
	return "", fault.ErrUnauthenticated.With("Authorization")
}

// buffers are reused for bodies and answers. One that grew past a common size is left to the garbage collector.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func release(b *bytes.Buffer) {
	if b.Cap() <= 4*bodyMost {
		b.Reset()
		buffers.Put(b)
	}
}

// read decodes the body into the operation's request, once, and hashes what was sent, once. The path is hashed too: one key for
// two payments is a mistake, not a retry.
func (c *call) read(into any) error {
	if c.route.moves {
		if err := c.idempotency(); err != nil {
			return err
		}
	}
	b := buffers.Get().(*bytes.Buffer)
	defer release(b)
	b.WriteString(c.r.URL.Path)
	b.WriteByte(0)
	head := b.Len()
	if err := c.body(b); err != nil {
		return err
	}
	c.once.Hash = sha256.Sum256(b.Bytes())
	body := b.Bytes()[head:]
	if len(body) == 0 {
		if c.route.optional {
			return nil
		}
		return ErrBodyMissing.With("body")
	}
	if err := c.mediaType(); err != nil {
		return err
	}
	return decode(body, into)
}

func (c *call) idempotency() error {
	list := c.r.Header["Idempotency-Key"]
	if len(list) == 0 || list[0] == "" {
		return payment.ErrKeyRequired.With("Idempotency-Key")
	}
	c.once.Key = list[0]
	if err := c.once.Check(); err != nil || len(list) > 1 {
		return once.ErrKeyInvalid.With("Idempotency-Key")
	}
	return nil
}

func (c *call) mediaType() error {
	h := c.r.Header
	if encoding := h["Content-Encoding"]; len(encoding) > 0 && !strings.EqualFold(encoding[0], "identity") {
		return ErrMediaType.With("Content-Encoding")
	}
	list := h["Content-Type"]
	if len(list) != 1 {
		return ErrMediaType.With("Content-Type")
	}
	if list[0] == "application/json" {
		return nil
	}
	kind, parameters, _ := strings.Cut(list[0], ";")
	charset := strings.ToLower(strings.ReplaceAll(parameters, " ", ""))
	if !strings.EqualFold(strings.TrimSpace(kind), "application/json") || charset != "" && charset != "charset=utf-8" &&
		charset != `charset="utf-8"` {
		return ErrMediaType.With("Content-Type")
	}
	return nil
}

// body reads no more than the operation takes. A length that is announced is believed: too long is refused before a byte is read.
func (c *call) body(b *bytes.Buffer) error {
	limit := int64(bodyMost)
	if c.route.limit > 0 {
		limit = c.route.limit
	}
	tooLong := func() error {
		c.w.Header()["Connection"] = []string{"close"} // what is on its way is not worth reading
		return ErrBody.Fill(strconv.FormatInt(limit>>10, 10)).With("body")
	}
	n := c.r.ContentLength
	switch {
	case n == 0:
		return nil
	case n > limit:
		return tooLong()
	case n > 0:
		b.Grow(int(n))
	}
	got, err := b.ReadFrom(io.LimitReader(c.r.Body, limit+1))
	f, refused := fault.As(err) // the rest of it was not let in
	switch {
	case refused:
		return f
	case err != nil:
		return fault.ErrMalformed.With("body").Because(err)
	case got > limit:
		// net/http would go on reading chunks that may never end; the answer is on its way before it looks.
		_ = http.NewResponseController(c.w).SetReadDeadline(c.api.Real.Now())
		return tooLong()
	}
	return nil
}

// answer writes a status and a value. What cannot be encoded is a mistake of ours, and found before anything is sent.
func (c *call) answer(status int, kind []string, value any) {
	b := buffers.Get().(*bytes.Buffer)
	defer release(b)
	if err := json.MarshalWrite(b, value); err != nil {
		c.api.Log.LogAttrs(c.ctx, slog.LevelError, "encode an answer", slog.String("error", err.Error()))
		status, kind = http.StatusInternalServerError, problemType
		b.Reset()
		b.WriteString(`{"type":"about:blank","title":"internal","status":500,"detail":"","instance":"","code":"internal","retryable":false,` +
			`"money_moved":"unknown","request_id":"` + c.request + `"}`)
	}
	h := c.w.Header()
	h["Content-Type"] = kind
	h["Content-Length"] = []string{strconv.Itoa(b.Len())}
	if c.replayed {
		h["Idempotent-Replayed"] = yes
	}
	if c.location != "" {
		h["Location"] = []string{c.location}
	}
	if c.api.Sandbox {
		micros := c.watch.Elapsed().Microseconds()
		h["Server-Timing"] = []string{fmt.Sprintf("total;dur=%d.%03d", micros/1000, micros%1000)}
	}
	c.w.WriteHeader(status)
	c.w.Write(b.Bytes())
}
