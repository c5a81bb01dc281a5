package browser

import (
	"os"
	"strings"
	"testing"

	"billfold/base/lang"
)

// looks are every value of every way to look, and every pair of values, in four windows.
var looks = []Look{
	{Lang: lang.EN},
	{Lang: lang.EN, Dark: true, Desktop: true},
	{Lang: lang.ZH, Dark: true},
	{Lang: lang.ZH, Desktop: true},
}

// holders are people with ninety days of history, who chose these languages for themselves.
var holders = map[lang.Tag]string{lang.EN: "Lena Hoffmann", lang.ZH: "王小明"}

// pages are what holders meet.
var pages = []string{"/", "/home", "/activity", "/activity?kind=topup", "/topup", "/notifications",
	"/settings/notifications", "/statements", "/me", "/sessions", "/dev/inbox", "/nowhere", "/docs", "/docs/retries"}

// longPage describes a hundred operations in one form: axe needs as long for it as for all others together, so it is met in each language
// and each size once.
const longPage = "/docs/api"

// ops are what the operator meets.
var ops = []string{"/ops", "/ops/users", "/ops/shops", "/ops/accounts", "/ops/people", "/ops/audit", "/ops/health"}

// sweep goes to a page and checks it by day and by night. The next page is met in the light of this one's end.
func sweep(v *Visitor, path string) {
	v.t.Helper()
	v.Go(path)
	bothLights(v)
}

func bothLights(v *Visitor) {
	v.t.Helper()
	v.Check()
	v.Dim()
	v.CheckLight()
}

// TestHolderPages checks each kind of page, full of demo data, in both languages, lights and sizes.
func TestHolderPages(t *testing.T) {
	t.Parallel()
	at := open(t)
	b := Start(t)
	for _, look := range looks {
		t.Run(look.String(), func(t *testing.T) {
			t.Parallel()
			v := b.Visit(t, at.URL, look)
			v.Auditor()
			sweep(v, "/signin")
			v.Go("/")
			enter(v, holders[look.Lang])
			v.At("/home")
			for _, path := range pages {
				sweep(v, path)
			}
			if !look.Dark {
				sweep(v, longPage)
			}
			v.Go("/activity")
			v.Click("main a.tap")
			v.At("/activity/pay_")
			bothLights(v)
		})
	}
}

// TestOperatorPages checks what the operator meets, one look after the other, because the language goes with the person.
func TestOperatorPages(t *testing.T) {
	t.Parallel()
	at := open(t)
	b := Start(t)
	for _, look := range looks {
		t.Run(look.String(), func(t *testing.T) {
			v := b.Visit(t, at.URL, look)
			v.Auditor()
			v.Go("/")
			enter(v, "Olu Adeyemi")
			for _, path := range ops {
				sweep(v, path)
			}
			for _, path := range []string{"/ops", "/ops/accounts"} {
				v.Go(path)
				v.Click("main tbody a[href^='/ops/']")
				v.Until("what the link names", "location.pathname + location.search !== "+quote(path))
				bothLights(v)
			}
		})
	}
}

// TestGallery checks the gallery and every specimen in it, each state of each component: in English on a phone, where each is loaded as
// a page of its own, and in Chinese at a desk; light and dark.
func TestGallery(t *testing.T) {
	t.Parallel()
	at := open(t)
	b := Start(t)
	for _, look := range []Look{{Lang: lang.EN}, {Lang: lang.ZH, Dark: true, Desktop: true}} {
		t.Run(string(look.Lang), func(t *testing.T) {
			t.Parallel()
			v := b.Visit(t, at.URL, look)
			v.Auditor()
			v.Go("/dev/ui")
			v.Check()
			specimens := ask[[]string](v, `[...document.querySelectorAll('a[href^="/dev/ui/"]')].map(a => a.getAttribute('href'))`)
			if len(specimens) == 0 {
				t.Error("the gallery shows nothing")
			}
			show := v.Go
			if look.Desktop {
				show = v.Lay
			}
			for _, path := range specimens {
				show(path)
				v.Check()
				v.Dim()
				v.CheckLight()
			}
		})
	}
}

// TestPictures writes the pictures of docs/pictures when it is told where to (make screenshots); else one look shows that it can.
func TestPictures(t *testing.T) {
	t.Parallel()
	folder, looks := os.Getenv("BILLFOLD_PICTURES"), looks
	if folder == "" {
		folder, looks = t.TempDir(), looks[:1]
	}
	at := open(t)
	b := Start(t)
	for _, look := range looks {
		v := b.Visit(t, at.URL, look)
		picture := func(name string, whole bool) { v.Picture(folder, name+"-"+strings.ToLower(look.String()), whole) }
		v.Go("/")
		enter(v, holders[look.Lang])
		v.At("/home")
		picture("home", false)
		v.Go(at.checkout(t, "1250").URL)
		v.See(v.Say("confirm.title"))
		picture("checkout", look.Desktop)
		v.Click("#approve button")
		v.See(v.Say("checkout.paid"))
		v.Press(v.Say("checkout.see"))
		v.See(v.Say("step.confirm_payee"))
		picture("payment", look.Desktop)
	}
}
