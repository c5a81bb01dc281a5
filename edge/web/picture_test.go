package web

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/skip2/go-qrcode"

	"billfold/core/payment"
)

// upload sends a picture as a browser without JavaScript does.
func (b *browser) upload(raw []byte) answer {
	b.t.Helper()
	return b.uploadWith(b.form(b.get("/scan"), "/scan/picture").Get("csrf"), raw)
}

func (b *browser) uploadWith(token string, raw []byte) answer {
	b.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	b.must(form.WriteField("csrf", token))
	part, err := form.CreateFormFile("picture", "code.png")
	b.must(err)
	_, err = part.Write(raw)
	b.must(err)
	b.must(form.Close())
	r, err := http.NewRequest(http.MethodPost, b.url+"/scan/picture", &body)
	b.must(err)
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	a := b.do(r)
	if a.status == http.StatusSeeOther {
		return b.get(a.location)
	}
	return a
}

// claim is a PNG of some hundred bytes that claims to be as large as it is told to.
func claim(width, height uint32) []byte {
	head := binary.BigEndian.AppendUint32(nil, width)
	head = append(binary.BigEndian.AppendUint32(head, height), 8, 0, 0, 0, 0)
	raw := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d")
	chunk := append([]byte("IHDR"), head...)
	raw = append(raw, chunk...)
	raw = binary.BigEndian.AppendUint32(raw, crc32.ChecksumIEEE(chunk))
	return append(raw, bytes.Repeat([]byte{0}, 200)...)
}

// A picture is read without JavaScript too. One that claims 50,000 points a side is refused by its header, and whatever is no picture, or
// none with a code, says what to do; only the scanner's page may use the camera and WebAssembly.
func TestPictures(t *testing.T) {
	w := build(t, Options{Sandbox: true, PublicURL: "http://localhost:8080"})
	w.fund(w.lena, 50_00)
	lena := w.browser()
	lena.signIn("lena")
	code, err := w.Payments.ShopCode(t.Context(), w.cafe.ID, payment.Sticker{Amount: eur.Of(4_20)})
	w.must(err)
	drawn, err := qrcode.New(code, qrcode.Medium)
	w.must(err)
	var asPNG, asJPEG, empty bytes.Buffer
	w.must(png.Encode(&asPNG, drawn.Image(700)))
	w.must(jpeg.Encode(&asJPEG, drawn.Image(700), nil))
	for name, raw := range map[string][]byte{"png": asPNG.Bytes(), "jpeg": asJPEG.Bytes()} {
		page := lena.upload(raw)
		lena.wants(page, http.StatusOK, "Pay €4.20")
		if !strings.HasPrefix(page.path, "/confirm/") {
			t.Errorf("%s leads to %s", name, page.path)
		}
	}
	blank := image.NewGray(image.Rect(0, 0, 300, 300))
	empty.Reset()
	w.must(png.Encode(&empty, blank))
	bad := map[string][]byte{"50,000 a side": claim(50_000, 50_000), "one long side": claim(1, 50_000), "too many points": claim(5_000, 5_000),
		"no side": claim(0, 0), "cut off": asPNG.Bytes()[:asPNG.Len()/2], "blank": empty.Bytes(), "no picture": []byte("<svg/>"), "nothing": nil,
		"too large": append(asPNG.Bytes(), make([]byte, pictureMost)...)}
	for name, raw := range bad {
		page := lena.upload(raw)
		if page.status != http.StatusUnprocessableEntity && page.status != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: %d %.200s", name, page.status, plainText(page.html))
		}
	}
	for path, alone := range map[string]bool{"/scan": true, "/home": false, "/till": false} {
		h := lena.get(path).header
		if strings.Contains(h.Get("Content-Security-Policy"), "wasm-unsafe-eval") != alone ||
			strings.Contains(h.Get("Permissions-Policy"), "camera=(self)") != alone ||
			strings.Contains(h.Get("Content-Security-Policy"), "unsafe-inline") {
			t.Errorf("%s: %s; %s", path, h.Get("Content-Security-Policy"), h.Get("Permissions-Policy"))
		}
	}
}
