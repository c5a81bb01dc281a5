package browser

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/skip2/go-qrcode"

	"billfold/base/lang"
	"billfold/base/money"
	"billfold/core/payment"
	"billfold/core/payment/qr"
)

// film is what a camera sees that is held before a code: frames of Motion JPEG, in which the code stands a little askew of the middle.
func film(t *testing.T, path, text string) {
	t.Helper()
	frame := image.NewRGBA(image.Rect(0, 0, 640, 480))
	draw.Draw(frame, frame.Bounds(), image.NewUniform(color.RGBA{120, 110, 90, 255}), image.Point{}, draw.Src)
	code, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		t.Fatal(err)
	}
	draw.Draw(frame, image.Rect(140, 40, 540, 440), code.Image(400), image.Point{}, draw.Src)
	var one, all bytes.Buffer
	if err := jpeg.Encode(&one, frame, &jpeg.Options{Quality: 85}); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		all.Write(one.Bytes())
	}
	if err := os.WriteFile(path, all.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Each kind of code is held before a camera, read by the browser itself under the page's own policy, and leads where it can be paid,
// with the payee that our registry names. A picture is read on the device, and where there is no camera the page says what to do.
func TestScanByCamera(t *testing.T) {
	s := open(t)
	seen := filepath.Join(t.TempDir(), "camera.mjpeg")
	film(t, seen, "nothing yet")
	b := StartWith(t, chromedp.Flag("use-fake-device-for-media-stream", true), chromedp.Flag("use-fake-ui-for-media-stream", true),
		chromedp.Flag("use-file-for-fake-video-capture", seen))
	v := b.Visit(t, s.URL, Look{Lang: lang.EN})
	v.Go("/")
	enter(v, "Lena")

	eur, _ := money.Lookup("EUR")
	session := s.checkout(t, "480")
	shop, err := s.app.Shops.ByHandle(t.Context(), "cafe_linden")
	if err != nil {
		t.Fatal(err)
	}
	dynamic, err := s.app.Payments.CheckoutCode(t.Context(), payment.Caller{Shop: shop.ID}, payment.CheckoutID(session.ID))
	if err != nil {
		t.Fatal(err)
	}
	fixed, err := s.app.Payments.ShopCode(t.Context(), shop.ID, payment.Sticker{Amount: eur.Of(420)})
	if err != nil {
		t.Fatal(err)
	}
	open, err := s.app.Payments.ShopCode(t.Context(), shop.ID, payment.Sticker{Currency: eur, Tip: qr.Tip{Kind: qr.AskTip}})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []struct{ kind, text, at, says string }{
		{"a till's code", dynamic, "/c/", "Pay €4.80"},
		{"a sticker with an amount", fixed, "/confirm/", "Pay €4.20"},
		{"a sticker without one", open, "/scan", "@cafe_linden"},
		{"a checkout's address", session.URL, "/c/", "Pay €4.80"},
		{"somebody's own page", s.URL + "/u/cafe_linden", "/u/cafe_linden", "Café Linden"},
		{"another scheme's code", "https://qr.alipay.com/fkx", "/scan", "Nothing was paid"},
	} {
		film(t, seen, k.text)
		v.Go("/scan")
		v.Press("Use the camera")
		v.At(k.at)
		v.See(k.says)
	}
	if held := ask[string](v, "document.getElementById('scanner').dataset.wasm"); held == "" {
		t.Error("the reader is not ours")
	}

	picture := filepath.Join(t.TempDir(), "code.png")
	code, err := qrcode.New(fixed, qrcode.Medium)
	if err != nil {
		t.Fatal(err)
	}
	var raw bytes.Buffer
	if err := png.Encode(&raw, code.Image(900)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(picture, raw.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	v.Go("/scan")
	v.do("choose a picture", chromedp.SetUploadFiles("#f-picture", []string{picture}, chromedp.ByQuery))
	v.At("/confirm/")
	v.See("Pay €4.20")

	blind := Start(t).Visit(t, s.URL, Look{Lang: lang.ZH}) // a browser that denies the camera
	blind.Go("/")
	enter(blind, "Lena")
	blind.Go("/scan")
	blind.Press("打开相机")
	blind.Until("what to do instead", "!document.getElementById('scanner-says').hidden && "+
		"['none', 'denied'].some(why => document.getElementById('scanner').dataset[why] === document.getElementById('scanner-says').textContent)")
}
