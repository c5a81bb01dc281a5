package demoshop

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"billfold/base/lang"
	"billfold/base/money"
	"billfold/client"
	"billfold/edge/web/text"
	"billfold/edge/web/ui"
)

// Path is where the shop is.
const Path = "/demo-shop"

// Options are what a shop needs: a way to the API, and where people reach it.
type Options struct {
	// Client speaks to the API with the shop's key; nil while there is none to sell for.
	Client func(ctx context.Context) (*client.Client, error)
	URL    string // where people reach the shop, without Path
	Log    *slog.Logger
}

type shop struct {
	Options
	busy chan struct{}
}

const (
	most     = 5       // of one thing in an order
	formMost = 4 << 10 // bytes
	atOnce   = 8       // requests; each waits for the API, whose gate it must not fill with its own
	patience = 15 * time.Second
	attempts = 2
)

// policy allows the style sheet and its font. There is no script to allow.
const policy = "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; " +
	"frame-ancestors 'none'"

// New builds the shop. Mount it at Path and below.
func New(o Options) http.Handler {
	s := &shop{Options: o, busy: make(chan struct{}, atOnce)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path, s.serve((*shop).shelf))
	mux.HandleFunc("POST "+Path, s.serve((*shop).buy))
	mux.HandleFunc("GET "+Path+"/orders/{session}", s.serve((*shop).order))
	mux.HandleFunc("POST "+Path+"/orders/{session}/refund", s.serve((*shop).refund))
	mux.HandleFunc(Path+"/", s.serve(func(*shop, *visit) error { return errNone }))
	guard := http.NewCrossOriginProtection()
	return guard.Handler(mux)
}

// visit is one request.
type visit struct {
	w    http.ResponseWriter
	r    *http.Request
	lang lang.Tag
	api  *client.Client
}

// errNone is an order that is not this shop's.
var errNone = errors.New("no such order")

const cookieLang = "demo_shop_lang"

func (s *shop) serve(page func(*shop, *visit) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cache-Control", "no-store")
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		v := &visit{w: w, r: r.WithContext(ctx), lang: speak(w, r)}
		r.Body = http.MaxBytesReader(w, r.Body, formMost)
		select {
		case s.busy <- struct{}{}:
			defer func() { <-s.busy }()
		default:
			h.Set("Retry-After", "1")
			s.sorry(v, http.StatusServiceUnavailable, "demoshop.busy", "demoshop.busy.says")
			return
		}
		one, err := s.Client(ctx)
		if err == nil && one == nil {
			s.sorry(v, http.StatusNotFound, "demoshop.closed", "demoshop.closed.says")
			return
		}
		if err == nil {
			mine := *one
			mine.Language, mine.Attempts = string(v.lang), attempts
			v.api = &mine
			err = page(s, v)
		}
		s.answer(v, err)
	}
}

// speak finds the reader's language: as they chose here, else as their browser says.
func speak(w http.ResponseWriter, r *http.Request) lang.Tag {
	if tag, ok := lang.Parse(r.URL.Query().Get("lang")); ok {
		http.SetCookie(w, &http.Cookie{Name: cookieLang, Value: string(tag), Path: Path, HttpOnly: true, SameSite: http.SameSiteLaxMode})
		return tag
	}
	if c, err := r.Cookie(cookieLang); err == nil {
		if tag, ok := lang.Parse(c.Value); ok {
			return tag
		}
	}
	return lang.Pick(r.Header.Get("Accept-Language"))
}

// answer says what went wrong, in the API's words where it gave some.
func (s *shop) answer(v *visit, err error) {
	if err == nil {
		return
	}
	var problem *client.Problem
	switch {
	case errors.Is(err, errNone) || errors.As(err, &problem) && problem.Status == http.StatusNotFound:
		s.sorry(v, http.StatusNotFound, "demoshop.none", "demoshop.none.says")
	case problem != nil:
		s.Log.WarnContext(v.r.Context(), "the demo shop was refused", "fault", problem.Code, "error", err)
		s.draw(v, http.StatusBadGateway, ui.DemoMissingPage(ui.DemoMissing{Title: problem.Title, Detail: problem.Detail}))
	default:
		s.Log.WarnContext(v.r.Context(), "the demo shop had no answer", "error", err)
		s.sorry(v, http.StatusBadGateway, "demoshop.away", "demoshop.away.says")
	}
}

func (s *shop) sorry(v *visit, status int, title, words string) {
	s.draw(v, status, ui.DemoMissingPage(ui.DemoMissing{Title: v.say(title), Detail: v.say(words)}))
}

func (v *visit) say(key string, args ...any) string { return text.Say(v.lang, key, args...) }

// draw renders a page into memory first, so that half a page is never sent.
func (s *shop) draw(v *visit, status int, page templ.Component) {
	var b bytes.Buffer
	if err := page.Render(ui.With(v.r.Context(), ui.Scene{Lang: v.lang, Sandbox: true}), &b); err != nil {
		s.Log.ErrorContext(v.r.Context(), "draw the demo shop", "error", err)
		status = http.StatusInternalServerError
		b.Reset()
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Content-Language", string(v.lang))
	v.w.WriteHeader(status)
	_, _ = v.w.Write(b.Bytes()) // the reader went away: nothing to mend
}

func (s *shop) shelf(v *visit) error {
	s.draw(v, http.StatusOK, ui.DemoShopPage(ui.DemoShop{Goods: shelved(nil), Most: most, Order: rand.Text()}))
	return nil
}

// buy makes a checkout session of what was chosen and sends the customer there.
func (s *shop) buy(v *visit) error {
	if err := v.r.ParseForm(); err != nil {
		s.sorry(v, http.StatusBadRequest, "demoshop.form", "demoshop.form.says")
		return nil
	}
	order := v.r.PostForm.Get("order")
	ask := client.CreateCheckoutSession{Description: v.say("demoshop.what"), Metadata: map[string]string{mark: marked},
		ReturnURL: s.URL + Path + "/orders/{CHECKOUT_SESSION_ID}"}
	key, total, wanted := "demo-shop-"+order, int64(0), map[string]int{}
	for _, g := range goods {
		n, err := strconv.Atoi(v.r.PostForm.Get(g.name))
		if err != nil || n < 0 || n > most {
			n = 0
		}
		wanted[g.name] = n
		key += "-" + strconv.Itoa(n)
		if n == 0 {
			continue
		}
		line := int64(n) * g.minor
		total += line
		ask.LineItems = append(ask.LineItems, client.LineItem{Name: v.say("demoshop.good." + g.name), Quantity: int64(n), Amount: cents(line)})
	}
	if total == 0 || len(order) < 20 || len(order) > 40 || strings.Trim(order, base32) != "" {
		s.draw(v, http.StatusUnprocessableEntity, ui.DemoShopPage(ui.DemoShop{Goods: shelved(wanted), Most: most, Order: rand.Text(),
			Error: v.say("demoshop.empty")}))
		return nil
	}
	ask.Amount = cents(total)
	session, err := v.api.CreateCheckoutSession(v.r.Context(), ask, client.IdempotencyKey(key+"-"+string(v.lang)))
	if err != nil {
		return err
	}
	http.Redirect(v.w, v.r, session.URL, http.StatusSeeOther)
	return nil
}

// base32 is what rand.Text is written in (RFC 4648, 6).
const base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

// mark is on the sessions that were made here: the key can read others of the same shop.
const mark, marked = "made_by", "demo shop"

// read is an order as the API knows it now.
func (s *shop) read(v *visit) (client.CheckoutSession, error) {
	session, err := v.api.CheckoutSession(v.r.Context(), v.r.PathValue("session"))
	if err == nil && session.Payment.Metadata[mark] != marked {
		err = errNone
	}
	return session, err
}

func (s *shop) order(v *visit) error {
	session, err := s.read(v)
	if err != nil {
		return err
	}
	return s.show(v, http.StatusOK, session, "")
}

func (s *shop) show(v *visit, status int, session client.CheckoutSession, problem string) error {
	p := session.Payment
	view := ui.DemoOrder{Session: session.ID, Payment: p.ID, State: session.State, Problem: problem}
	if session.State == "complete" {
		view.State = p.State
	}
	if session.State == "open" {
		view.PayHref = session.URL
	}
	var err error
	if view.Total, err = figure(p.Amount); err != nil {
		return err
	}
	for _, line := range session.LineItems {
		of, err := figure(line.Amount)
		if err != nil {
			return err
		}
		view.Lines = append(view.Lines, ui.Item{Name: line.Name, Quantity: line.Quantity, Money: of})
	}
	if p.Refunded.Amount != "0" {
		if view.Returned, err = figure(p.Refunded); err != nil {
			return err
		}
	}
	view.Refunds = p.State == "completed" || p.State == "partly_refunded"
	if p.Captured.Amount != "0" {
		view.Receipt = p.Receipt
	}
	s.draw(v, status, ui.DemoOrderPage(view))
	return nil
}

// refund gives everything back that is left of an order. Pressing again finds the refund that there is.
func (s *shop) refund(v *visit) error {
	session, err := s.read(v)
	if err != nil {
		return err
	}
	_, err = v.api.RefundPayment(v.r.Context(), session.Payment.ID, client.RefundPayment{Reason: v.say("demoshop.why")},
		client.IdempotencyKey("demo-shop-refund-"+session.Payment.ID))
	var problem *client.Problem
	if errors.As(err, &problem) && problem.Status < http.StatusInternalServerError {
		return s.show(v, http.StatusConflict, session, problem.Detail)
	}
	if err != nil {
		return err
	}
	http.Redirect(v.w, v.r, Path+"/orders/"+session.ID, http.StatusSeeOther)
	return nil
}

// figure draws money of the API.
func figure(m client.Money) (ui.Money, error) {
	c, err := money.ParseCurrency(m.Currency)
	if err != nil {
		return ui.Money{}, fmt.Errorf("read the API's money: %w", err)
	}
	a, err := money.ParseMinor(m.Amount, c)
	if err != nil {
		return ui.Money{}, fmt.Errorf("read the API's money: %w", err)
	}
	return ui.Amount(a), nil
}
