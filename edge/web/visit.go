package web

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"billfold/base/id"
	"billfold/base/lang"
	"billfold/base/telemetry"
	"billfold/core/identity"
	"billfold/core/payment"
	"billfold/edge/web/text"
	"billfold/edge/web/ui"
)

// visit is one request: who is there and how they like to read.
type visit struct {
	site    *site
	session identity.Session // zero when nobody is signed in
	ended   bool             // there was a session and it is over
	seed    string           // of the browser, for form tokens before a sign-in
	scene   ui.Scene
}

// Names of cookies. On https they carry the __Host- prefix: Secure, this host only, path "/".
const (
	cookieSession = "bf_session"
	cookieSeed    = "bf_seed"
	cookieFlash   = "bf_flash"
	cookieLang    = "bf_lang"
	cookieTheme   = "bf_theme"
	cookieHide    = "bf_hide"
	cookieZone    = "bf_zone" // set by app.js, so it has no prefix
)

const year = 365 * 24 * time.Hour

// SessionCookies are the names under which a browser keeps its session, and a till's device what it is: fifty tills behind one address
// are fifty callers.
func SessionCookies() []string {
	return []string{"__Host-" + cookieSession, cookieSession, "__Host-" + cookieTill, cookieTill}
}

func (s *site) cookieName(name string) string {
	if s.secure && name != cookieZone {
		return "__Host-" + name
	}
	return name
}

func (s *site) cookie(r *http.Request, name string) string {
	if c, err := r.Cookie(s.cookieName(name)); err == nil {
		return c.Value
	}
	return ""
}

// setCookie keeps a value for a while; life 0 keeps it until the browser closes, a negative one takes it away.
func (s *site) setCookie(w http.ResponseWriter, name, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{Name: s.cookieName(name), Value: value, Path: "/", MaxAge: int(life / time.Second), Secure: s.secure,
		HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// meet finds out who is there.
func (s *site) meet(w http.ResponseWriter, r *http.Request, v *visit) error {
	v.scene = ui.Scene{Now: s.Clock.Now(), Sandbox: s.Sandbox, Path: r.URL.RequestURI(), Request: w.Header().Get("Request-Id"),
		Theme: s.cookie(r, cookieTheme), Discreet: s.cookie(r, cookieHide) == "yes", Zone: zoneOf(r), TopUp: len(s.Payments.Rails) > 0,
		Bank: s.Payments.Bank != nil, Desk: s.Payments.Desk != nil, Insights: s.Insight != nil,
		DemoShop: s.Sandbox && s.DemoShop}
	if ahead := v.scene.Now.Sub(s.Real.Now()); s.Sandbox && (ahead > time.Hour || ahead < -time.Hour) {
		v.scene.Shifted = true
	}
	if r.Method != http.MethodGet {
		v.scene.Path = r.URL.Path
	}
	if t := v.scene.Theme; t != "light" && t != "dark" {
		v.scene.Theme = ""
	}
	v.seed = s.cookie(r, cookieSeed)
	tag, chosen := lang.Parse(s.cookie(r, cookieLang))
	v.scene.Lang = tag
	if !chosen {
		v.scene.Lang = lang.Pick(r.Header.Get("Accept-Language"))
	}
	token := s.cookie(r, cookieSession)
	if token == "" {
		return nil
	}
	session, err := s.People.Authenticate(r.Context(), token)
	if err == nil {
		telemetry.Visits(r.Context(), string(session.Person.ID))
	}
	if errors.Is(err, identity.ErrSession) {
		v.ended = true
		s.setCookie(w, cookieSession, "", -1)
		return nil
	}
	if err != nil {
		return err
	}
	v.session = session
	p := session.Person
	if !chosen && p.Lang != "" {
		v.scene.Lang = p.Lang
	}
	v.scene.CSRF = session.CSRF
	v.scene.Person = ui.Person{ID: string(p.ID), Name: p.Name, Handle: p.Handle, Email: p.Email, Operator: p.Operator}
	shops, err := s.Shops.ListOf(r.Context(), p.ID)
	if err != nil {
		return err
	}
	if v.scene.Unread, err = s.unread(r, p.ID); err != nil {
		return err
	}
	for _, shop := range shops {
		v.scene.Shops = append(v.scene.Shops, ui.ShopLink{ID: string(shop.ID), Name: shop.Name})
	}
	return nil
}

// unread is the number on the bell of a page. Most forms are answered with another address, and need none; one that comes back as a page is
// counted for when it is drawn.
func (s *site) unread(r *http.Request, person identity.PersonID) (int, error) {
	if r.Method != http.MethodGet || r.URL.Path == livePath || r.URL.Path == watchPath {
		return 0, nil
	}
	return s.bell(r, person)
}

func (s *site) bell(r *http.Request, person identity.PersonID) (int, error) {
	n, more, err := s.Notices.Unread(r.Context(), string(person))
	if more {
		n++
	}
	return n, err
}

// readForms gives a page that is about to be drawn its form token; a browser we do not know gets a seed for it.
func (v *visit) readForms(w http.ResponseWriter) {
	if v.scene.CSRF != "" {
		return
	}
	if len(v.seed) < 20 || len(v.seed) > 64 {
		v.seed = id.Secret(20)
		v.site.setCookie(w, cookieSeed, v.seed, 0)
	}
	v.scene.CSRF = v.site.seedToken(v.seed)
}

// enter puts a new session's token into the browser.
func (s *site) enter(w http.ResponseWriter, token string) {
	s.setCookie(w, cookieSession, token, 24*time.Hour)
}

// from says where a request came from, for the session list and the throttles.
func from(r *http.Request) identity.Visit {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	return identity.Visit{Agent: r.UserAgent(), IP: host}
}

// caller is the signed-in person as payment knows them.
func (v *visit) caller() payment.Caller {
	return payment.Caller{Person: v.session.Person.ID, AuthenticatedAt: v.session.AuthenticatedAt}
}

// say is a sentence in the reader's language.
func (v *visit) say(key string, args ...any) string { return text.Say(v.scene.Lang, key, args...) }

// flash leaves a sentence for the next page. The cookie holds its key, so that nobody can put words into our mouth.
func (s *site) flash(w http.ResponseWriter, tone, key string) {
	s.setCookie(w, cookieFlash, tone+":"+key, time.Minute)
}

func (s *site) takeFlash(w http.ResponseWriter, r *http.Request, tag lang.Tag) ui.Flash {
	tone, key, ok := strings.Cut(s.cookie(r, cookieFlash), ":")
	if !ok {
		return ui.Flash{}
	}
	s.setCookie(w, cookieFlash, "", -1)
	switch tone {
	case "ok", "info", "warn", "bad":
	default:
		return ui.Flash{}
	}
	if !text.Has(key) {
		return ui.Flash{}
	}
	return ui.Flash{Tone: tone, Text: text.Say(tag, key)}
}

// local keeps redirects inside: it returns the address if it is a path of ours, else the one given instead. A second slash or a
// backslash would make a browser read a host.
func local(to, instead string) string {
	if len(to) > 2048 || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t\x00") {
		return instead
	}
	u, err := url.Parse(to)
	if err != nil || u.Host != "" || u.Scheme != "" {
		return instead
	}
	return to
}

// back is where a page that sends people to the door wants them again: a form is not sent a second time, so its page is.
func back(r *http.Request) string {
	if r.Method == http.MethodGet {
		return url.QueryEscape(r.URL.RequestURI())
	}
	return url.QueryEscape(r.URL.Path)
}

var zones sync.Map // name -> *time.Location; the names that exist are some six hundred

// zoneOf is the reader's time zone, as their browser said; UTC until it did.
func zoneOf(r *http.Request) *time.Location {
	c, err := r.Cookie(cookieZone)
	if err != nil {
		return time.UTC
	}
	name, err := url.QueryUnescape(c.Value)
	if err != nil || name == "" || len(name) > 64 || strings.Contains(name, "..") || name == "Local" {
		return time.UTC
	}
	if known, ok := zones.Load(name); ok {
		return known.(*time.Location)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	zones.Store(name, zone)
	return zone
}
