package browser

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"billfold/base/lang"
	"billfold/core/merchant"
	"billfold/core/payment"
	"billfold/test/outside"
)

// TestCodesAreRead takes pictures of the codes as the pages show them (sticker, till, checkout), and has them read by zbarimg and by
// jsQR, which are not ours: what they read is what was meant, letter by letter.
func TestCodesAreRead(t *testing.T) {
	at := open(t)
	shop, err := at.app.Shops.ByHandle(t.Context(), "cafe_linden")
	if err != nil {
		t.Fatal(err)
	}
	v := Start(t).Visit(t, at.URL, Look{Lang: lang.EN, Desktop: true})
	a := &album{v: v, folder: t.TempDir()}

	session := at.checkout(t, "1250")
	v.Go(session.URL)
	v.Press(v.Say("checkout.way.phone"))
	a.shoot("checkout", session.URL)

	sale := openTill(t, v, at, shop.ID, "4.20")
	dynamic, err := at.app.Payments.CheckoutCode(t.Context(), payment.Caller{Shop: shop.ID}, payment.CheckoutID(sale))
	if err != nil {
		t.Fatal(err)
	}
	a.shoot("till", dynamic, at.URL+"/c/"+sale)

	v.Go("/signin")
	v.Press("Mira Linden")
	v.At("/home")
	v.Go("/m/" + string(shop.ID) + "/qr")
	a.shoot("sticker", ask[string](v, "document.querySelector('#payload').textContent"), at.URL+"/u/"+shop.Handle)
	a.read()
}

// openTill sets a till up, signs Ana in at it and charges an amount; the answer is the checkout's id.
func openTill(t *testing.T, v *Visitor, at site, shop merchant.ID, amount string) string {
	t.Helper()
	store, err := at.app.Shops.AddStore(t.Context(), shop, "Linden Square", "Berlin")
	if err != nil {
		t.Fatal(err)
	}
	_, pairing, err := at.app.Shops.AddTill(t.Context(), shop, store.ID, "Counter")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := at.app.Shops.AddStaff(t.Context(), shop, "Ana", "4071", nil); err != nil {
		t.Fatal(err)
	}
	v.Go("/till")
	v.Fill("code", pairing)
	v.Press(v.Say("till.pair.go"))
	v.Fill("pin", "4071")
	v.Press(v.Say("till.signin"))
	v.Fill("amount", amount)
	v.Press(v.Say("till.charge"))
	v.At("/till/chk_")
	return strings.TrimPrefix(v.Path(), "/till/")
}

// An album is pictures of codes, and what each of them should say.
type album struct {
	v            *Visitor
	folder       string
	names, meant []string
}

// shoot takes a picture of each code on the page.
func (a *album) shoot(name string, texts ...string) {
	a.v.t.Helper()
	a.v.Until("the codes of "+name, fmt.Sprintf("document.querySelectorAll('svg.qr').length === %d", len(texts)))
	for i, text := range texts {
		var png []byte
		a.v.do("picture of a code", chromedp.Screenshot(fmt.Sprintf("document.querySelectorAll('svg.qr')[%d]", i), &png, chromedp.ByJSPath))
		file := filepath.Join(a.folder, fmt.Sprintf("%s-%d.png", name, i))
		if err := os.WriteFile(file, png, 0o600); err != nil {
			a.v.t.Fatal(err)
		}
		a.names, a.meant = append(a.names, file), append(a.meant, text)
	}
}

// read has both programs read the pictures.
func (a *album) read() {
	t := a.v.t
	t.Helper()
	var read []string
	out := outside.Run(t, outside.Packages(t), nil, "node", append([]string{"scan.mjs"}, a.names...)...)
	if err := json.Unmarshal([]byte(out), &read); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for i, name := range a.names {
		if read[i] != a.meant[i] {
			t.Errorf("jsQR reads %q in %s, want %q", read[i], filepath.Base(name), a.meant[i])
		}
		if got := strings.TrimSpace(outside.Run(t, a.folder, nil, "zbarimg", "--quiet", "--raw", name)); got != a.meant[i] {
			t.Errorf("zbarimg reads %q in %s, want %q", got, filepath.Base(name), a.meant[i])
		}
	}
}
