package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	mrand "math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// Client calls one Billfold. The zero value needs BaseURL and Key; it is safe for concurrent use and must not be changed
// after its first call.
type Client struct {
	BaseURL  string        // "https://pay.example.org", without /v1
	Key      string        // an API key: bf_test_sk_…, bf_test_pt_…, bf_test_op_…
	HTTP     *http.Client  // nil: one that keeps connections open
	Attempts int           // tries of one call; 0 is 5
	Wait     time.Duration // before the second try, doubled each time up to 5 s, plus up to half at random; 0 is 100 ms
	Language string        // Accept-Language of titles and details; "" is the server's default
}

const (
	defaultAttempts = 5
	defaultWait     = 100 * time.Millisecond
	mostWait        = 5 * time.Second
	mostAnswer      = 64 << 20 // bytes: 10,000 entries answer with a few megabytes
)

// defaultHTTP keeps as many connections as a busy till needs: the transport's default of two makes the others dial anew.
var defaultHTTP = &http.Client{Transport: &http.Transport{
	Proxy: http.ProxyFromEnvironment, MaxIdleConns: 512, MaxIdleConnsPerHost: 512, IdleConnTimeout: 90 * time.Second,
	TLSHandshakeTimeout: 10 * time.Second, ForceAttemptHTTP2: true, DisableCompression: true,
}}

// Option changes one call.
type Option func(*call)

// IdempotencyKey gives a call the key under which the server remembers it: 1 to 255 printable ASCII characters. Without it
// every call that moves money gets a random one.
func IdempotencyKey(key string) Option { return func(c *call) { c.key = key } }

// Into has the facts of the answer written down.
func Into(a *Answer) Option { return func(c *call) { c.answer = a } }

// Answer is what an answer's head said.
type Answer struct {
	Status    int
	RequestID string
	Replayed  bool // the server had done this before, for an earlier try or call
	Attempts  int
	Body      []byte
}

type call struct {
	method, path string
	query        url.Values
	in, out      any
	key          string
	moves        bool // carries an Idempotency-Key
	safe         bool // may be sent again without one
	answer       *Answer
}

// NewKey makes a random idempotency key.
func NewKey() string { return rand.Text() }

func (c *Client) do(ctx context.Context, k call, options []Option) error {
	for _, o := range options {
		o(&k)
	}
	if k.moves && k.key == "" {
		k.key = NewKey()
	}
	var body []byte
	if k.in != nil {
		var err error
		if body, err = json.Marshal(k.in); err != nil {
			return err
		}
	}
	attempts, wait := c.Attempts, c.Wait
	if attempts <= 0 {
		attempts = defaultAttempts
	}
	if wait <= 0 {
		wait = defaultWait
	}
	sent := false // whether some try may have reached the server without an answer
	for n := 1; ; n++ {
		problem, err := c.once(ctx, &k, body, n)
		if problem == nil && err == nil {
			return nil
		}
		if err != nil {
			sent = true
		}
		last := n >= attempts || !k.again(problem, err)
		if !last {
			pause := wait + mrand.N(wait/2+1)
			if problem != nil && problem.RetryAfter > pause {
				pause = problem.RetryAfter
			}
			wait = min(2*wait, mostWait)
			last = sleep(ctx, pause) != nil
		}
		switch {
		case !last:
		case problem != nil && (!sent || problem.Status < 500 && problem.Status != http.StatusTooManyRequests):
			return problem
		case problem != nil:
			return &UnknownError{Key: k.key, Err: problem}
		case k.method == http.MethodGet:
			return err
		default:
			return &UnknownError{Key: k.key, Err: err}
		}
	}
}

// again tells whether sending the request once more can help and does no harm.
func (k *call) again(p *Problem, err error) bool {
	if err != nil {
		return k.safe || k.key != ""
	}
	switch p.Status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return k.safe || k.key != ""
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		return k.safe || k.key != ""
	}
	return p.Code == "idempotency_in_progress"
}

// sleep waits unless the context ends before.
func sleep(ctx context.Context, d time.Duration) error {
	over, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-over.Done()
	return ctx.Err()
}

// once sends the request one time. The error is for no answer; a refusal is a problem.
func (c *Client) once(ctx context.Context, k *call, body []byte, attempt int) (*Problem, error) {
	r, err := c.request(ctx, k, body)
	if err != nil {
		return nil, err
	}
	answer, err := c.http().Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := readAll(answer)
	if err != nil {
		return nil, err
	}
	if k.answer != nil {
		*k.answer = Answer{Status: answer.StatusCode, RequestID: answer.Header.Get("Request-Id"),
			Replayed: answer.Header.Get("Idempotent-Replayed") == "true", Attempts: attempt, Body: text}
	}
	if answer.StatusCode >= 400 {
		return problemOf(answer, text), nil
	}
	if k.out == nil {
		return nil, nil
	}
	if err := json.Unmarshal(text, k.out); err != nil {
		return nil, errors.New("billfold: an answer that cannot be read: " + err.Error())
	}
	return nil, nil
}

func readAll(answer *http.Response) ([]byte, error) {
	if n := answer.ContentLength; n >= 0 && n <= mostAnswer {
		text := make([]byte, n)
		_, err := io.ReadFull(answer.Body, text)
		return text, err
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, mostAnswer+1))
	if err == nil && len(text) > mostAnswer {
		err = errors.New("billfold: an answer that is too long")
	}
	return text, err
}

func (c *Client) http() *http.Client {
	if c.HTTP != nil {
		return c.HTTP
	}
	return defaultHTTP
}

func (c *Client) request(ctx context.Context, k *call, body []byte) (*http.Request, error) {
	address := strings.TrimSuffix(c.BaseURL, "/") + k.path
	if len(k.query) > 0 {
		address += "?" + k.query.Encode()
	}
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	r, err := http.NewRequestWithContext(ctx, k.method, address, reader)
	if err != nil {
		return nil, err
	}
	if c.Key != "" {
		r.Header["Authorization"] = []string{"Bearer " + c.Key}
	}
	if body != nil {
		r.Header["Content-Type"] = []string{"application/json"}
	}
	if k.key != "" {
		r.Header["Idempotency-Key"] = []string{k.key}
	}
	if c.Language != "" {
		r.Header["Accept-Language"] = []string{c.Language}
	}
	return r, nil
}

// problemOf reads a refusal; what is none of ours, such as a proxy's page, becomes one with its status.
func problemOf(answer *http.Response, text []byte) *Problem {
	p := &Problem{}
	kind, _, _ := strings.Cut(answer.Header.Get("Content-Type"), ";")
	if kind != "application/problem+json" || json.Unmarshal(text, p) != nil || p.Code == "" {
		*p = Problem{Title: http.StatusText(answer.StatusCode), Code: "http_" + strconv.Itoa(answer.StatusCode),
			Detail: "The answer is not Billfold's.", RequestID: answer.Header.Get("Request-Id")}
	}
	p.Status = answer.StatusCode
	if seconds, err := strconv.ParseUint(answer.Header.Get("Retry-After"), 10, 31); err == nil {
		p.RetryAfter = time.Duration(seconds) * time.Second
	}
	return p
}
