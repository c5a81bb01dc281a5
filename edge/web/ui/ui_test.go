package ui

import (
	"bytes"
	"context"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"billfold/base/lang"
	"billfold/base/money"
	_ "billfold/core/audit" // whose refusals the gallery shows, as of those below
	_ "billfold/core/inquiry"
	_ "billfold/core/payment"
	"billfold/edge/web/text"
)

func render(t *testing.T, s Scene, c templ.Component) string {
	t.Helper()
	var b bytes.Buffer
	if err := c.Render(With(t.Context(), s), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var (
	inline  = regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|javascript:|hx-on|<script(?:\s[^>]*)?>[^<]`)
	missing = regexp.MustCompile(`\[[a-z]+(?:\.[a-z_-]+)+\]`)
	tag     = regexp.MustCompile(`<[^>]*>`)
)

// Every page in every state draws in both languages, says everything in words we have, and has nothing inline in it.
func TestGallery(t *testing.T) {
	var pages []Specimen
	names := map[string]bool{}
	for _, tongue := range lang.All() {
		pages = append(Specimens(tongue), Specimen{Name: "gallery", Page: GalleryPage()})
		for _, sp := range pages {
			s := GalleryScene(Scene{Lang: tongue, CSRF: "token", Path: "/dev/ui"}, sp)
			html := render(t, s, sp.Page)
			if m := inline.FindString(html); m != "" {
				t.Errorf("%s in %s has %q inline", sp.Name, tongue, m)
			}
			if m := missing.FindString(html); m != "" {
				t.Errorf("%s in %s shows a key: %s", sp.Name, tongue, m)
			}
			if !strings.Contains(html, `<html lang="`+string(tongue)+`"`) {
				t.Errorf("%s does not say that it is in %s", sp.Name, tongue)
			}
			if n := strings.Count(html, "<h1"); n != 1 {
				t.Errorf("%s has %d h1", sp.Name, n)
			}
			if strings.Contains(html, `d=""`) {
				t.Errorf("%s asks for an icon that does not exist", sp.Name)
			}
			for _, form := range regexp.MustCompile(`(?s)<form method="post".*?</form>`).FindAllString(html, -1) {
				if !strings.Contains(form, `name="csrf" value="token"`) && !strings.Contains(form, `action="/demo-shop`) { // it knows no session
					t.Errorf("%s has a form without its token", sp.Name)
				}
			}
		}
	}
	for _, sp := range pages {
		if names[sp.Name] {
			t.Errorf("two specimens are called %s", sp.Name)
		}
		names[sp.Name] = true
	}
}

// A name is only a name: markup in it is text, and a bidi trick stays inside its own element.
func TestHostileNames(t *testing.T) {
	evil := `"><script>alert(1)</script>` + "\u202egnp.exe"
	row := Row{Href: "javascript:alert(1)", Name: evil, Kind: "purchase", State: "completed", At: noon, Money: plain(1, "EUR"), Note: evil}
	p := samplePayment(lang.EN, "purchase", "completed", "payer")
	p.PayeeName, p.PayerName, p.Note, p.Reference, p.PayeeHandle = evil, evil, evil, evil, evil
	c := sampleConfirm()
	c.PayeeName, c.Note = evil, evil
	for name, page := range map[string]templ.Component{
		"home": HomePage(Home{Recent: []Row{row}}), "payment": PaymentPage(p), "confirm": ConfirmPage(c),
		"checkout": CheckoutPage(Checkout{State: "paid", Shop: evil, Note: evil, Money: plain(1, "EUR"), ReturnHref: "javascript:alert(1)"}),
		"shop":     ShopPage(Shop{Name: evil, Handle: evil}), "inbox": InboxPage([]Message{{To: evil, Subject: evil, Body: evil, At: noon}}),
	} {
		html := render(t, Scene{Lang: lang.EN, Person: Person{ID: "usr_1", Name: evil, Handle: evil}}, page)
		if strings.Contains(html, "<script>alert") || strings.Contains(html, `href="javascript:`) {
			t.Errorf("%s lets a name be markup", name)
		}
		for _, at := range regexp.MustCompile(`(?s)<[a-z]+[^>]*>[^<]*\x{202e}`).FindAllString(html, -1) {
			if !strings.HasPrefix(at, "<bdi") && !strings.HasPrefix(at, "<title") && !strings.HasPrefix(at, "<a class=\"btn") &&
				!strings.HasPrefix(at, "<div class=\"mail") {
				t.Errorf("%s shows a name outside <bdi>: %.60s", name, at)
			}
		}
	}
}

func TestMoney(t *testing.T) {
	for _, c := range []struct {
		minor int64
		code  string
		want  string
	}{
		{128407, "EUR", "€1,284.07"}, {-420, "EUR", "−€4.20"}, {12400, "JPY", "¥12,400\u00a0JPY"}, {1500, "KWD", "1.500\u00a0KWD"},
		{5, "CNY", "¥0.05\u00a0CNY"}, {0, "USD", "$0.00\u00a0USD"}, {math.MinInt64, "EUR", "−€92,233,720,368,547,758.08"},
		{math.MaxInt64, "JPY", "¥9,223,372,036,854,775,807\u00a0JPY"},
	} {
		if got := plain(c.minor, c.code).String(); got != c.want {
			t.Errorf("%d %s: %q, want %q", c.minor, c.code, got, c.want)
		}
	}
	points, err := money.NewCurrency("POINTS", 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := Flow(points.Of(17), true).String(); got != "+17\u00a0POINTS" {
		t.Error(got)
	}
}

// What came by a transfer is not spoken of as a card, in its picture or in its words.
func TestMoneyFromABank(t *testing.T) {
	for _, state := range []string{"processing", "completed", "failed", "expired", "held", "reversed"} {
		card, bank := Payment{Kind: "topup", State: state, Side: "payee"}, Payment{Kind: "topup", State: state, Side: "payee", FromBank: true}
		if slipIcon(card) != "card" || slipIcon(bank) != "bank" {
			t.Errorf("%s: %s, %s", state, slipIcon(card), slipIcon(bank))
		}
		for _, tongue := range lang.All() {
			for _, family := range []string{"where", "next"} {
				words := text.Say(tongue, aboutKey(family, bank))
				if strings.Contains(words, "card") || strings.Contains(words, "卡") {
					t.Errorf("%s, %s: %s", state, tongue, words)
				}
			}
		}
	}
}

func TestDays(t *testing.T) {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	ctx := With(context.Background(), Scene{Lang: lang.EN, Zone: tokyo, Now: noon}) // 20:41 in Tokyo
	rows := []Row{{At: noon}, {At: noon.Add(-22 * time.Hour)}, {At: noon.Add(-23 * time.Hour)}, {At: noon.AddDate(-1, 0, 0)}}
	days := Days(ctx, rows)
	if len(days) != 3 || len(days[0].Rows) != 1 || len(days[1].Rows) != 2 {
		t.Fatalf("%d days: %+v", len(days), days)
	}
	if day(ctx, days[0].At) != "Today" || day(ctx, days[1].At) != "Yesterday" || day(ctx, days[2].At) != "Saturday, 1 Mar 2025" {
		t.Error(day(ctx, days[0].At), day(ctx, days[1].At), day(ctx, days[2].At))
	}
	if zone(ctx, noon) != "JST" {
		t.Error(zone(ctx, noon))
	}
	zh := With(context.Background(), Scene{Lang: lang.ZH, Now: noon})
	if got := day(zh, noon.AddDate(-1, 0, 0)); got != "2025年3月1日 星期六" {
		t.Error(got)
	}
}

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{"Lena Hoffmann": "LH", "王小明": "明", "Café": "C", "": "·", "\u202e": "·",
		"Ana Maria Ruiz": "AM", "  é x": "ÉX"} {
		if got := initials(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestFilters(t *testing.T) {
	v := Activity{Base: "/activity", Filter: Filter{Direction: "out", State: "failed"}}
	if v.Href(v.Filter) != "/activity?dir=out&state=failed" ||
		v.Older("x y", "2026-03-01") != "/activity?cursor=x+y&day=2026-03-01&dir=out&state=failed" {
		t.Error(v.Href(v.Filter), v.Older("x y", "2026-03-01"))
	}
	if f, on := v.Filter.toggle("out", "", ""); !on || f != (Filter{State: "failed"}) {
		t.Error(f, on)
	}
	if f, on := v.Filter.toggle("", "", ""); on || f != (Filter{}) {
		t.Error(f, on)
	}
}
