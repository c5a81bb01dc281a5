package web

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"billfold/base/db"
	"billfold/base/lang"
	"billfold/base/money"
	"billfold/core/identity"
	"billfold/core/payment"
	"billfold/edge/web/ui"
)

// Every answer carries the policy, is not stored and names its request; the policy allows nothing unsafe.
func TestHeaders(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	out, in := w.browser(), w.browser()
	in.signIn("lena")
	for path, who := range map[string]*browser{"/": out, "/signin": out, "/signup": out, "/nowhere": out, "/dev/ui": out, "/dev/inbox": out,
		"/home": in, "/activity": in, "/topup": in, "/me": in, "/sessions": in, "/ops": in} {
		a := who.get(path)
		csp := a.header.Get("Content-Security-Policy")
		if !strings.HasPrefix(csp, "default-src 'none'; script-src 'self'; style-src 'self'") || strings.Contains(csp, "unsafe") ||
			!strings.Contains(csp, "frame-ancestors 'none'") || !strings.Contains(csp, "base-uri 'none'") || !strings.Contains(csp,
			"form-action 'self'") {
			t.Errorf("%s: policy %q", path, csp)
		}
		if a.header.Get("Cache-Control") != "no-store" || a.header.Get("X-Content-Type-Options") != "nosniff" ||
			!strings.HasPrefix(a.header.Get("Request-Id"), "req_") || a.header.Get("Content-Language") != "en" {
			t.Errorf("%s: headers %v", path, a.header)
		}
	}
}

// Static files are named by their content, kept for ever, and sent compressed to who can read it.
func TestStatic(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	b := w.browser()
	page := b.get("/")
	for _, part := range []string{`href="/static/app.`, `src="/static/app.`, `href="/static/inter.`, `href="/static/icon.`} {
		_, rest, ok := strings.Cut(page.html, part)
		if !ok {
			t.Fatalf("the page does not name %s", part)
		}
		_, folder, _ := strings.Cut(part, `"`)
		name, _, _ := strings.Cut(folder+rest, `"`)
		a := b.get(name)
		if a.status != http.StatusOK || a.header.Get("Cache-Control") != "public, max-age=31536000, immutable" {
			t.Errorf("%s: %d %v", name, a.status, a.header)
		}
		if strings.HasSuffix(name, ".css") && strings.Contains(a.html, `url("inter`) {
			t.Error("the sheet names a file without its hash")
		}
	}
	b.wants(b.get("/static/web.go"), http.StatusNotFound)
	b.wants(b.get("/static/app.css"), http.StatusNotFound, "No money moved.")
}

// forgedEverywhere sends every form of these readers without its token, and with another person's.
func (b *browser) forgedEverywhere(readers ...string) {
	b.t.Helper()
	tried := 0
	for _, one := range b.pages.Routes() {
		if one.Method != http.MethodPost || !slices.Contains(readers, one.Who) {
			continue
		}
		path := regexp.MustCompile(`\{[a-z]+\}`).ReplaceAllString(one.Path, "x1")
		for _, f := range []url.Values{{}, {"csrf": {"x"}}} {
			got := b.send(path, f)
			if path == picturePath { // the one form that is not urlencoded
				got = b.uploadWith(f.Get("csrf"), []byte("x"))
			}
			if got.status != http.StatusForbidden || !strings.Contains(got.html, "form_refused") {
				b.t.Errorf("POST %s without its token: %d", path, got.status)
			}
		}
		tried++
	}
	if tried < 5 {
		b.t.Errorf("only %d forms of %v", tried, readers)
	}
}

// No form works without its token, from another origin, as JSON, or by another method.
func TestForgedForms(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	b := w.browser()
	b.signIn("lena")
	good := b.form(b.get("/topup"), "/topup")
	good.Set("amount", "10")
	forged := func(change func(url.Values)) url.Values {
		f := url.Values{}
		for name, values := range good {
			f[name] = values
		}
		change(f)
		return f
	}
	seed := w.browser()
	anonymous := seed.form(seed.get("/signin"), "/signin").Get("csrf")
	for name, f := range map[string]url.Values{"none": forged(func(f url.Values) { f.Del("csrf") }),
		"another": forged(func(f url.Values) { f.Set("csrf", "x") }), "signed out": forged(func(f url.Values) { f.Set("csrf", anonymous) })} {
		b.wants(b.send("/topup", f), http.StatusForbidden, "No money moved.")
		_ = name
	}
	b.forgedEverywhere("holder", "anyone", "sandbox")
	staff := w.browser()
	staff.signIn("olu")
	staff.forgedEverywhere("operator")
	for _, header := range []http.Header{{"Sec-Fetch-Site": {"cross-site"}}, {"Sec-Fetch-Site": {"same-site"}}, {"Sec-Fetch-Site": nil,
		"Origin": {"https://evil.example"}},
		{"Sec-Fetch-Site": nil, "Origin": {"null"}}} {
		b.header = header
		b.wants(b.send("/topup", good), http.StatusForbidden, "form_refused")
	}
	b.header = http.Header{}
	r, err := http.NewRequest(http.MethodPost, b.url+"/topup", strings.NewReader(`{"amount":"10"}`))
	w.must(err)
	r.Header.Set("Content-Type", "text/plain")
	b.wants(b.do(r), http.StatusForbidden)
	r, err = http.NewRequest(http.MethodPut, b.url+"/topup", nil)
	w.must(err)
	b.wants(b.do(r), http.StatusMethodNotAllowed)
	for _, name := range []string{"X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"} { // a reading stays one
		r, err := http.NewRequest(http.MethodGet, b.url+"/topup?_method=POST&"+good.Encode(), nil)
		w.must(err)
		r.Header.Set(name, http.MethodPost)
		b.wants(b.do(r), http.StatusOK)
	}
	large := forged(func(f url.Values) { f.Set("amount", strings.Repeat("9", bodyMost)) })
	b.wants(b.send("/topup", large), http.StatusRequestEntityTooLarge, "No money moved.")
	b.wants(b.get("/activity"), http.StatusOK, "Nothing has happened yet")
}

// Pressing Pay ten times at once pays once; so does sending a top-up's form twice.
func TestPressedTenTimes(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	w.fund(w.lena, 10000)
	b := w.browser()
	b.signIn("lena")
	k := w.checkout(1000, payment.Automatic)
	path := "/c/" + string(k.ID)
	form := b.form(b.get(path), path)
	var presses sync.WaitGroup
	for range 10 {
		presses.Go(func() {
			if a := b.send(path, form); a.status != http.StatusSeeOther || a.location != path {
				t.Errorf("%d %s %s", a.status, a.location, plainText(a.html))
			}
		})
	}
	presses.Wait()
	if got := w.balanceOf(w.lena); got != 9000 {
		t.Errorf("Lena has %d", got)
	}
	up := b.form(b.get("/topup"), "/topup")
	up.Set("amount", "5")
	first, second := b.send("/topup", up), b.send("/topup", up)
	if first.status != http.StatusSeeOther || first.location != second.location {
		t.Errorf("two top-ups: %s and %s", first.location, second.location)
	}
	for _, nonce := range []string{"", "short"} {
		b.wants(b.send("/topup", url.Values{"csrf": up["csrf"], "amount": {"5"}, "currency": {"EUR"}, "card": {"tok_4242"}, "nonce": {nonce}}),
			http.StatusUnprocessableEntity, "You changed the form")
	}
	up.Set("amount", "6")
	b.wants(b.send("/topup", up), http.StatusUnprocessableEntity, "You changed the form")
}

// What the payer approves is what was on the screen: another digest, or none, asks again and takes nothing.
func TestOtherTermsAskAgain(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	w.fund(w.lena, 10000)
	b := w.browser()
	b.signIn("lena")
	mine, other := w.checkout(1000, payment.Automatic), w.checkout(9000, payment.Automatic)
	path := "/confirm/" + string(mine.Payment.ID)
	form, theirs := b.form(b.get(path), path), "/confirm/"+string(other.Payment.ID)
	otherForm := b.form(b.get(theirs), theirs)
	for _, digest := range []string{"", "x", strings.Repeat("0", 64), otherForm.Get("terms")} {
		f := url.Values{"csrf": form["csrf"], "payment": form["payment"], "terms": {digest}}
		b.wants(b.send(path, f), http.StatusConflict, "The terms are not the ones you were shown.")
	}
	b.wants(b.send(theirs, form), http.StatusForbidden, "form_refused") // the approval of one payment, sent for another
	if got := w.balanceOf(w.lena); got != 10000 {
		t.Errorf("Lena has %d", got)
	}
	b.wants(b.submit(b.get(path), path), http.StatusOK, "With the payee. It left your wallet.")
}

// Somebody else's things look as if they did not exist.
func TestNotYours(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	w.fund(w.lena, 10000)
	lena, rosa := w.browser(), w.browser()
	lena.signIn("lena")
	rosa.signIn("rosa")
	k := w.checkout(1000, payment.Automatic)
	lena.submit(lena.get("/c/"+string(k.ID)), "/c/"+string(k.ID))
	stranger := w.browser()
	stranger.signIn("olu")
	pay, shop := string(k.Payment.ID), "/m/"+string(w.cafe.ID)
	for _, path := range []string{"/activity/" + pay, "/confirm/" + pay, shop, shop + "/payments/" + pay, "/activity/pay_1", "/m/mch_1"} {
		stranger.wants(stranger.get(path), http.StatusNotFound, "No money moved.")
	}
	lena.wants(lena.get("/ops"), http.StatusForbidden, "No money moved.")
	page := stranger.get("/c/" + string(k.ID))
	stranger.wants(page, http.StatusOK, "Paid")
	if strings.Contains(page.html, "rcp_") || strings.Contains(page.html, "Lena") {
		t.Error("a stranger with the link learns who paid")
	}
	// The id of another person's session is no more than a word.
	list, err := w.People.Sessions(t.Context(), w.lena.ID)
	w.must(err)
	f := url.Values{"csrf": {csrf(stranger)}, "session": {string(list[0].ID)}}
	stranger.send("/sessions/end", f)
	lena.wants(lena.get("/home"), http.StatusOK, "Latest activity")
}

func csrf(b *browser) string { return b.form(b.get("/me"), "/signout").Get("csrf") }

// The door does not tell who is known, and leads nowhere else.
func TestDoor(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	b := w.browser()
	same := func(login string) string {
		a := b.press(b.get("/signin"), "/signin", "login", login, "password", "wrong horse battery staple")
		b.wants(a, http.StatusUnauthorized, "do not go together")
		return strings.ReplaceAll(plainText(a.html), login, "")
	}
	if same("lena") != same("nobody") {
		t.Error("sign-in tells whether somebody exists")
	}
	for _, mail := range []string{"lena@example.org", "new@example.org"} {
		a := b.press(b.get("/signup"), "/signup", "name", "New Person", "handle", "new_"+mail[:3], "email", mail, "password", password)
		if a.status != http.StatusSeeOther || !strings.HasPrefix(a.location, "/signup/verify?pending=sgn_") {
			t.Errorf("%s: %d %s", mail, a.status, a.location)
		}
	}
	b.wants(b.press(b.get("/signup"), "/signup", "name", "x", "handle", "Lena", "email", "q@example.org", "password", password),
		http.StatusUnprocessableEntity, `id="e-handle"`)
	for _, next := range []string{"//evil.example", "https://evil.example", "/\\evil.example"} {
		c := w.browser()
		form := c.form(c.get("/signin"), "/signin")
		form.Set("login", "lena")
		form.Set("password", password)
		form.Set("next", next)
		if a := c.send("/signin", form); a.location != "/home" {
			t.Errorf("%s leads to %s", next, a.location)
		}
	}
	a := b.do(must(http.NewRequest(http.MethodGet, b.url+"/activity?dir=in", nil)))
	if a.location != "/signin?next="+url.QueryEscape("/activity?dir=in") {
		t.Error(a.location)
	}
}

func must(r *http.Request, err error) *http.Request {
	if err != nil {
		panic(err)
	}
	return r
}

// A session that is ended is over at the next request; one that was left alone asks for the password.
func TestSessions(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	here, there := w.browser(), w.browser()
	there.header.Set("User-Agent", "Mozilla/5.0 (iPhone) Safari/604.1")
	here.signIn("lena")
	there.signIn("lena")
	page := here.get("/sessions")
	here.wants(page, http.StatusOK, "Safari · iPhone", "This device")
	here.wants(here.submit(page, "/sessions/end"), http.StatusOK, "That session is ended.")
	a := there.get("/home")
	there.wants(a, http.StatusOK, "Your session ended", "E-mail or handle")
	there.signIn("lena")
	form := there.get("/topup")
	here.submit(here.get("/sessions"), "/sessions/end")
	there.wants(there.submit(form, "/topup", "amount", "5.00"), http.StatusOK, "was not carried out", "E-mail or handle")

	w.must(w.real.Advance(6 * time.Minute))
	page = here.get("/home")
	here.wants(page, http.StatusOK, "Is it still you?", "@lena")
	here.wants(here.submit(page, "/unlock", "password", "wrong horse battery staple"), http.StatusUnprocessableEntity, "Is it still you?")
	here.wants(here.submit(page, "/unlock", "password", password), http.StatusOK, "Available balance")
	here.submit(here.get("/me"), "/signout")
	here.wants(here.get("/home"), http.StatusOK, "E-mail or handle")
}

// Language and theme stay with the browser; the language also with the person. A flash is a sentence of ours or nothing.
func TestPreferences(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	b := w.browser()
	b.signIn("lena")
	page := b.submit(b.get("/me"), "/language", "lang", "zh-Hans")
	b.wants(page, http.StatusOK, `<html lang="zh-Hans"`, "偏好设置")
	p, err := w.People.Get(t.Context(), w.lena.ID)
	w.must(err)
	if p.Lang != lang.ZH {
		t.Errorf("the profile says %s", p.Lang)
	}
	b.wants(b.submit(b.get("/me"), "/theme", "theme", "dark"), http.StatusOK, `data-theme="dark"`)
	b.wants(b.submit(b.get("/me"), "/theme", "theme", "system"), http.StatusOK, `data-theme=""`)
	b.wants(b.get("/nowhere"), http.StatusNotFound, "没有任何款项变动。", `<html lang="zh-Hans"`)
	b.header.Set("Cookie", cookieFlash+"=ok:<script>")
	if a := b.get("/"); strings.Contains(plainText(a.html), "script") {
		t.Error("a cookie puts words into a page")
	}
	b.header = http.Header{"Cookie": {cookieZone + "=Asia%2FShanghai"}}
	zone := zoneOf(&http.Request{Header: b.header})
	if zone.String() != "Asia/Shanghai" ||
		zoneOf(&http.Request{Header: http.Header{"Cookie": {cookieZone + "=../../etc/passwd"}}}) != time.UTC {
		t.Error(zone)
	}
}

// The sandbox's doors are walls in a live installation, and its cookies are bound to host and TLS.
func TestLive(t *testing.T) {
	w := build(t, Options{PublicURL: "https://pay.example.org"})
	b := w.browser()
	for _, path := range []string{"/dev/ui", "/dev/inbox", "/dev/ui/home"} {
		b.wants(b.get(path), http.StatusNotFound)
	}
	a := w.browser().get("/signin")
	if strings.Contains(a.html, "persona") || strings.Contains(a.html, "SANDBOX") {
		t.Error("a live page shows the sandbox")
	}
	cookie := a.header.Get("Set-Cookie")
	if !strings.HasPrefix(cookie, "__Host-bf_seed=") || !strings.Contains(cookie, "Secure") || !strings.Contains(cookie, "HttpOnly") ||
		!strings.Contains(cookie, "SameSite=Lax") || a.header.Get("Strict-Transport-Security") == "" {
		t.Errorf("cookie %q", cookie)
	}
	b.wants(b.send("/persona", url.Values{"person": {string(w.lena.ID)}}), http.StatusNotFound)
}

// The sandbox is entered by one click, but only as those who are offered.
func TestPersonas(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	b := w.browser()
	page := b.get("/")
	b.wants(page, http.StatusOK, "Lena Hoffmann", "Wallet holder")
	b.wants(b.press(page, "/persona", "person", string(w.olu.ID)), http.StatusNotFound)
	b.wants(b.submit(page, "/persona", "person", string(w.lena.ID)), http.StatusOK, "Available balance")
	b.wants(b.get("/dev/inbox"), http.StatusOK, "123456", "&lt;b&gt;x")
}

// The operator's link is only used up by pressing its button, and only once.
func TestSetUp(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	token, err := db.Write(t.Context(), w.DB, func(tx *db.Tx) (string, error) {
		return w.People.Link(tx, identity.OperatorLink, w.rosa.ID, identity.LinkLife)
	})
	w.must(err)
	preview, b := w.browser(), w.browser()
	preview.wants(preview.get("/setup?token="+token), http.StatusOK, "Sign in as operator")
	b.wants(b.submit(b.get("/setup?token="+token), "/setup"), http.StatusOK, "The ledger")
	preview.wants(preview.get("/setup?token="+token), http.StatusNotFound, "used already")

	page := b.submit(b.get("/ops/people"), "/ops/keys", "label", "reconciliation")
	b.wants(page, http.StatusOK, "bf_test_op_", "reconciliation")
	secret := regexp.MustCompile(`bf_test_op_[0-9a-z]{30,}`)
	if !secret.MatchString(page.html) || secret.MatchString(b.get("/ops/people").html) {
		t.Error("the secret is not shown exactly once")
	}
	b.wants(b.submit(b.get("/ops/people"), "/ops/keys", "label", ""), http.StatusUnprocessableEntity, "Label")
}

// The operator reads the ledger down to the legs.
func TestOps(t *testing.T) {
	w := build(t, Options{Sandbox: true, Books: nil})
	w.fund(w.lena, 4200)
	b := w.browser()
	b.signIn("olu")
	page := b.get("/ops")
	b.wants(page, http.StatusOK, "Every currency sums to zero.", "user/"+string(w.lena.ID)+"/EUR", "€42.00")
	_, rest, _ := strings.Cut(page.html, `href="/ops/entries/`)
	entry, _, _ := strings.Cut(rest, `"`)
	b.wants(b.get("/ops/entries/"+entry), http.StatusOK, entry, "Debit", "rail/card/EUR")
	b.wants(b.get("/ops/entries/ent_1"), http.StatusNotFound)
	b.wants(b.get("/ops?kind=nonsense"), http.StatusOK, "Nothing found")
	b.wants(b.get("/ops/accounts?prefix=user/"), http.StatusOK, "Never below zero")
	b.wants(b.get("/ops/account?address="+url.QueryEscape(payment.WalletAddress(w.lena.ID, eur))), http.StatusOK, "€42.00", "Pending out")
	b.wants(b.get("/ops/account?address=nowhere"), http.StatusNotFound)
}

// Every page of the gallery opens over HTTP.
func TestGalleryPages(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	b := w.browser()
	b.lang = "zh-Hans"
	for _, s := range ui.Specimens(lang.ZH) {
		b.wants(b.get("/dev/ui/"+s.Name), http.StatusOK, `<html lang="zh-Hans"`)
	}
	b.wants(b.get("/dev/ui"), http.StatusOK, "StatusPill")
	b.wants(b.get("/dev/ui/nothing"), http.StatusNotFound)
}

// When the database is away every page says so, that nothing moved, and when to try again.
func TestDatabaseAway(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	b := w.browser()
	b.signIn("lena")
	form := b.form(b.get("/topup"), "/topup")
	form.Set("amount", "5")
	w.DB.Close()
	for _, a := range []answer{b.get("/home"), b.get("/activity"), b.send("/topup", form)} {
		b.wants(a, http.StatusServiceUnavailable, "No money moved.", "req_")
		if a.header.Get("Retry-After") == "" {
			t.Error("nothing says when to try again")
		}
	}
}

// A person who is frozen can look, and is told why nothing moves.
func TestFrozenPayer(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	w.fund(w.lena, 5000)
	b := w.browser()
	b.signIn("lena")
	k := w.checkout(1000, payment.Automatic)
	path := "/c/" + string(k.ID)
	page := b.get(path)
	_, err := w.People.SetState(t.Context(), w.lena.ID, identity.Frozen)
	w.must(err)
	b.wants(b.press(page, path), http.StatusLocked, "until the operator lifts the freeze", "€10.00")
	b.wants(b.get("/home"), http.StatusOK, "Your wallet is frozen")
	if got := w.balanceOf(w.lena); got != 5000 {
		t.Errorf("Lena has %d", got)
	}
}

// What people type is read one way everywhere: a comma is a decimal point where it can be nothing else, never a thousand or a thousandth.
func TestTypedAmounts(t *testing.T) {
	for _, one := range []struct {
		typed, code string
		minor       int64 // -1 where it is refused
	}{
		{" 48,50 ", "EUR", 4850}, {"48.5", "EUR", 4850}, {"0", "EUR", 0}, {"1,000", "EUR", -1}, {"1,000", "KWD", -1}, {"1,5", "KWD", -1},
		{"1.500", "KWD", 1500}, {"1,000", "JPY", -1}, {"1.000,00", "EUR", -1}, {"1,000.00", "EUR", -1}, {",5", "EUR", -1}, {"", "EUR", -1},
	} {
		c, err := money.ParseCurrency(one.code)
		if err != nil {
			t.Fatal(err)
		}
		a, err := typedAmount(one.typed, c)
		if err != nil {
			a.Minor = -1
		}
		if a.Minor != one.minor {
			t.Errorf("%q of %s is %d (%v), not %d", one.typed, one.code, a.Minor, err, one.minor)
		}
	}
}
