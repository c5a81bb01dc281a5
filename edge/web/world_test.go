package web

import (
	"context"
	"crypto/sha256"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/dial"
	"billfold/base/event"
	"billfold/base/id"
	"billfold/base/job"
	"billfold/base/lang"
	"billfold/base/money"
	"billfold/base/once"
	"billfold/core/audit"
	"billfold/core/fx"
	"billfold/core/identity"
	"billfold/core/inquiry"
	"billfold/core/ledger"
	"billfold/core/merchant"
	"billfold/core/notice"
	"billfold/core/payment"
	"billfold/core/rail"
	"billfold/product/insight"
	"billfold/test/harness"
)

var eur, _ = money.Lookup("EUR")

var schemas = []db.Schema{once.Schema, event.Schema, job.Schema, ledger.Schema, identity.Schema, notice.Schema, audit.Schema,
	merchant.Schema, rail.Schema, fx.Schema, payment.Schema, insight.Schema, inquiry.Schema}

// password is everybody's in these tests; nobody else's, we hope.
const password = "quiet marble lantern harbour"

// world is the pages over every real service on a SQLite file, with the outbox and the queue running.
type world struct {
	*site
	t        testing.TB
	url      string
	pages    *Pages
	business *clock.Sandbox
	real     *clock.Sandbox // security's clock; it stands, so that nobody idles out unless a test wants it
	mu       sync.Mutex
	codes    map[string]string // by e-mail
	lena     identity.Person
	rosa     identity.Person // owns the shop
	olu      identity.Person // operator
	cafe     merchant.Shop
}

func build(t testing.TB, o Options) *world {
	t.Helper()
	d, keys, log := harness.Open(t, db.SQLite, schemas...), harness.Keyring(t), harness.Logger(t)
	w := &world{t: t, business: harness.Clock(), real: clock.NewSandbox(clock.System(), 0), codes: map[string]string{}}
	ids := id.NewMinter(w.business.Now)
	books := ledger.New(ledger.Options{Clock: w.business, Real: w.real, Keys: keys, IDs: ids})
	outbox := event.New(event.Options{DB: d, IDs: ids, Clock: w.business, Real: w.real, Log: log})
	queue := job.New(job.Options{DB: d, IDs: ids, Clock: w.business, Real: w.real, Log: log})
	var payments *payment.Service
	people, err := identity.New(identity.Options{DB: d, Clock: w.business, Real: w.real, Keys: keys, IDs: ids, Live: !o.Sandbox,
		Texts: o.Sandbox,
		Send: func(_ *db.Tx, m identity.Mail) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.codes[m.To] = m.Data["code"]
			return nil
		},
		OnPerson: func(tx *db.Tx, p identity.Person) error {
			_, err := payments.OpenWallet(tx, p.ID, eur)
			return err
		},
		OnState: func(tx *db.Tx, p identity.Person) error { return payments.FollowState(tx, p) }})
	w.must(err)
	shops := merchant.New(merchant.Options{DB: d, Clock: w.business, Real: w.real, IDs: ids, Ledger: books, People: people, Keys: keys})
	secret := rail.Secret(keys, rail.Card)
	inbox := rail.NewInbox(rail.InboxOptions{DB: d, Real: w.real, Queue: queue, Log: log, Keys: keys,
		Secrets: map[string][]byte{rail.Card: secret, rail.BankName: secret}})
	hook := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		head := rail.Head{ID: r.Header.Get("webhook-id"), Timestamp: r.Header.Get("webhook-timestamp"),
			Signature: r.Header.Get("webhook-signature")}
		if err := inbox.Receive(r.Context(), strings.TrimPrefix(r.URL.Path, "/"), head, body); err != nil {
			rw.WriteHeader(http.StatusUnauthorized)
		}
	}))
	t.Cleanup(hook.Close)
	outside := rail.SandboxOptions{DB: d, Real: w.real, Clock: w.business, IDs: ids, Queue: queue, Secret: secret, Seed: 7, Log: log,
		Dial: dial.New(dial.Options{AllowLoopback: true}), CallbackURL: func() string { return hook.URL + "/" + rail.Card }}
	card := rail.NewSandbox(outside)
	outside.CallbackURL = func() string { return hook.URL + "/" + rail.BankName }
	bank := rail.NewSandboxBank(outside)
	o.SendTransfer = func(ctx context.Context, purpose string, amount money.Amount) (string, error) {
		return bank.Transfer(ctx, "test", purpose, amount)
	}
	notices, err := notice.New(notice.Options{DB: d, Real: w.real, Keys: keys, IDs: ids, Jobs: queue, Sender: notice.Sandbox{},
		From: "Billfold <no-reply@example.org>", Origin: "https://pay.example.org"})
	w.must(err)
	payments = payment.New(payment.Options{DB: d, Clock: w.business, Real: w.real, IDs: ids, Keys: keys, Ledger: books, People: people,
		Shops: shops, Notices: notices, Outbox: outbox, Queue: queue, Rails: []rail.Rail{card}, Installation: "test", Sandbox: o.Sandbox,
		Bank: bank, Accounts: &rail.Book{DB: d, Clock: w.business, Keys: keys, IDs: ids},
		Desk:       fx.New(fx.Options{DB: d, Real: w.real, IDs: ids}),
		Currencies: []string{"EUR", "USD", "JPY", "KWD"}, Log: log})
	o.DB, o.People, o.Payments, o.Shops, o.Ledger, o.Keys, o.IDs, o.Clock, o.Real, o.Log = d, people, payments, shops, books, keys, ids,
		w.business, w.real, log
	o.Cards = card
	o.Cases = inquiry.New(inquiry.Options{DB: d, Real: w.real, Keys: keys, IDs: ids, People: people, Notices: notices})
	o.Insight = insight.New(insight.Options{DB: d, Clock: w.business, Shops: shops, Notices: notices})
	outbox.Subscribe(insight.Subscriber, o.Insight.Feed)
	w.cast(people, shops, d)
	o.Notices, o.Outbox, o.Audit = notices, outbox, audit.New(d, w.real, keys)
	o.Personas = func(context.Context) ([]Persona, error) {
		return []Persona{{Person: w.lena.ID, Name: w.lena.Name, Role: lang.Text{EN: "Wallet holder", ZH: "钱包用户"}}}, nil
	}
	o.Inbox = func(context.Context) ([]Mail, error) {
		return []Mail{{At: w.business.Now(), To: "<b>x</b>", Subject: "code", Body: "123456"}}, nil
	}
	w.serve(o, outbox, queue)
	return w
}

func (w *world) cast(people *identity.Service, shops *merchant.Service, d *db.DB) {
	w.t.Helper()
	made, err := people.Create(w.t.Context(), []identity.NewPerson{
		{Name: "Lena Hoffmann", Handle: "lena", Email: "lena@example.org", Password: password},
		{Name: "Rosa Lindner", Handle: "rosa", Email: "rosa@example.org", Password: password},
		{Name: "Olu Adeyemi", Handle: "olu", Email: "olu@example.org", Password: password}})
	w.must(err)
	w.lena, w.rosa, w.olu = made[0], made[1], made[2]
	w.must(d.Write(w.t.Context(), func(tx *db.Tx) error { return people.Grant(tx, w.olu.ID, identity.Operator) }))
	w.cafe, err = shops.Register(w.t.Context(), merchant.Draft{Owner: w.rosa.ID, Name: "Rosa's Café <i>", Handle: "rosas_cafe", MCC: "5814",
		Country: "DE", Currencies: []string{"EUR"}, ReturnOrigins: []string{"https://cafe.example"}})
	w.must(err)
}

// serve starts the pages and what works behind them, and sees that all of it has stopped before the database goes.
func (w *world) serve(o Options, outbox *event.Outbox, queue *job.Queue) {
	handler := New(o)
	server := httptest.NewServer(handler)
	w.url, w.pages = server.URL, handler
	w.site = &site{Options: o}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = outbox.Run(ctx) })
	running.Go(func() { _ = queue.Run(ctx) })
	w.t.Cleanup(func() {
		handler.Close()
		server.Close()
		stop()
		running.Wait()
	})
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// checkout is what a shop's server makes.
func (w *world) checkout(minor int64, capture payment.CaptureMode) payment.Checkout {
	w.t.Helper()
	k, err := w.Payments.CreateCheckout(w.t.Context(), payment.Caller{Shop: w.cafe.ID},
		payment.CheckoutTerms{ReturnURL: "https://cafe.example/thanks",
			Terms: payment.Terms{Amount: eur.Of(minor), Description: "Breakfast <b>for two</b>", Reference: "order-7", Capture: capture}},
		once.Call{Key: id.Secret(8), Hash: sha256.Sum256([]byte("x"))})
	w.must(err)
	return k
}

// fund fills a wallet as a settled top-up does.
func (w *world) fund(p identity.Person, minor int64) {
	w.t.Helper()
	up, err := w.Payments.TopUp(w.t.Context(), payment.Caller{Person: p.ID}, eur.Of(minor), rail.TokenOK, once.Call{Key: id.Secret(8)})
	w.must(err)
	w.must(w.Payments.Settle(w.t.Context(), rail.Callback{ID: "fund", Rail: rail.Card, Reference: string(up.ID), Merchant: "test",
		Outcome: rail.Settled, Amount: minor, Currency: "EUR"}))
}

// browser is somebody at a browser without JavaScript.
type browser struct {
	*world
	client *http.Client
	lang   string
	header http.Header
}

// longWait is how long something is waited for that should come. Nothing is said by it about how fast that is: a machine may be busy.
const longWait = time.Minute

func (w *world) browser() *browser {
	jar, err := cookiejar.New(nil)
	w.must(err)
	return &browser{world: w, lang: "en", header: http.Header{}, client: &http.Client{Jar: jar, Timeout: longWait,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

type answer struct {
	status   int
	location string
	html     string
	header   http.Header
	path     string
}

func (b *browser) do(r *http.Request) answer {
	b.t.Helper()
	r.Header.Set("Accept-Language", b.lang)
	for name, values := range b.header {
		r.Header[name] = values
	}
	res, err := b.client.Do(r)
	b.must(err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	b.must(err)
	return answer{res.StatusCode, res.Header.Get("Location"), string(body), res.Header, r.URL.RequestURI()}
}

// get opens a page and follows where it leads.
func (b *browser) get(path string) answer {
	b.t.Helper()
	for range 5 {
		r, err := http.NewRequest(http.MethodGet, b.url+path, nil)
		b.must(err)
		a := b.do(r)
		if a.status != http.StatusSeeOther {
			return a
		}
		path = a.location
	}
	b.t.Fatalf("%s: too many redirects", path)
	return answer{}
}

func (b *browser) send(path string, form url.Values) answer {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodPost, b.url+path, strings.NewReader(form.Encode()))
	b.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(r)
}

var (
	inputs  = regexp.MustCompile(`<input[^>]*>`)
	selects = regexp.MustCompile(`(?s)<select name="([^"]*)".*?<option value="([^"]*)" selected`)
)

// form finds the form with an action on a page, as it would be sent untouched.
func (b *browser) form(page answer, action string) url.Values {
	b.t.Helper()
	at := strings.Index(page.html, `action="`+action+`"`)
	if at < 0 {
		b.t.Fatalf("%s (%d) has no form for %s:\n%s", page.path, page.status, action, plainText(page.html))
	}
	part := page.html[at:]
	part = part[:strings.Index(part, "</form>")]
	values := url.Values{}
	for _, tag := range inputs.FindAllString(part, -1) {
		if kind := attribute(tag, "type"); (kind == "radio" || kind == "checkbox") && !strings.Contains(tag, " checked") {
			continue
		}
		values.Set(attribute(tag, "name"), attribute(tag, "value"))
	}
	for _, s := range selects.FindAllStringSubmatch(part, -1) {
		values.Set(s[1], s[2])
	}
	return values
}

// submit fills in a page's form, sends it and follows where it leads.
func (b *browser) submit(page answer, action string, fields ...string) answer {
	b.t.Helper()
	a := b.press(page, action, fields...)
	if a.status == http.StatusSeeOther {
		return b.get(a.location)
	}
	return a
}

// press sends the form and stays.
func (b *browser) press(page answer, action string, fields ...string) answer {
	b.t.Helper()
	form := b.form(page, action)
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return b.send(action, form)
}

func attribute(tag, name string) string {
	if m := regexp.MustCompile(`\s` + name + `="([^"]*)"`).FindStringSubmatch(tag); m != nil {
		return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&#34;", `"`, "&#39;", "'", "&amp;", "&").Replace(m[1])
	}
	return ""
}

var anyTag = regexp.MustCompile(`(?s)<[^>]*>`)

// plainText is what a page says, for messages of failed tests and for looking for words.
func plainText(html string) string {
	if at := strings.Index(html, "<main"); at >= 0 {
		html = html[at:]
	}
	return strings.Join(strings.Fields(anyTag.ReplaceAllString(html, " ")), " ")
}

func (b *browser) wants(page answer, status int, words ...string) {
	b.t.Helper()
	if page.status != status {
		b.t.Fatalf("%s: %d, want %d: %.600s", page.path, page.status, status, plainText(page.html))
	}
	for _, word := range words {
		if !strings.Contains(plainText(page.html), word) && !strings.Contains(page.html, word) {
			b.t.Fatalf("%s does not say %q: %.900s", page.path, word, plainText(page.html))
		}
	}
}

func (b *browser) signIn(handle string) {
	b.t.Helper()
	b.wants(b.submit(b.get("/signin"), "/signin", "login", handle, "password", password), http.StatusOK, "@"+handle)
	if b.lang != "en" { // these people's profiles are in English; who prefers another language presses the switch
		b.submit(b.get("/me"), "/language", "lang", b.lang)
	}
}

// until opens a page again and again, as its refresh does, until it says something.
func (b *browser) until(path, word string) answer {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), longWait)
	defer cancel()
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	for {
		page := b.get(path)
		if strings.Contains(page.html, word) {
			return page
		}
		select {
		case <-ctx.Done():
			b.t.Fatalf("%s never said %q: %s", path, word, plainText(page.html))
		case <-tick.C:
		}
	}
}

func (w *world) balanceOf(p identity.Person) int64 {
	w.t.Helper()
	b, err := db.Read(w.t.Context(), w.DB, func(tx *db.Tx) (ledger.Balance, error) {
		a, err := w.Ledger.ByAddress(tx, payment.WalletAddress(p.ID, eur))
		if err != nil {
			return ledger.Balance{}, err
		}
		return a.Balance()
	})
	w.must(err)
	return b.Available
}
