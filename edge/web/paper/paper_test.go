package paper

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// said is what a reader of PDF other than ours finds in a document.
func said(t *testing.T, document []byte, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(document, []byte("%PDF-1.")) {
		t.Fatal("not a PDF")
	}
	for _, active := range []string{"/JavaScript", "/JS", "/Launch", "/URI", "/Type /EmbeddedFile", "/AcroForm", "/OpenAction <<"} {
		if bytes.Contains(document, []byte(active)) {
			t.Errorf("the document has %s", active)
		}
	}
	name := filepath.Join(t.TempDir(), "x.pdf")
	if err := os.WriteFile(name, document, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("pdftotext", "-layout", "-enc", "UTF-8", name, "-").CombinedOutput()
	if err != nil {
		t.Fatalf("pdftotext: %v: %s", err, out)
	}
	return string(out)
}

var noon = time.Date(2026, 2, 28, 12, 0, 0, 0, time.UTC)

// A receipt says what it is given, in both languages and in one line, and nothing in a name is more than a name.
func TestReceipt(t *testing.T) {
	s := Slip{Title: "收据", With: "付给 青禾超市", Money: "−¥186.50 CNY", State: "已完成", At: noon, Foot: "Łódź · 每一分钱，都有着落。",
		Lines: []Line{{"备注", "一周杂货 <script>alert(1)</script> \u202eevil", false}, {"合计", "¥186.50 CNY", true}}}
	text := said(t, must(Receipt(s)), nil)
	for _, want := range []string{"收据", "付给 青禾超市", "−¥186.50 CNY", "一周杂货 <script>alert(1)</script> evil", "每一分钱", "Łódź"} {
		if !strings.Contains(text, want) {
			t.Errorf("the receipt does not say %q:\n%s", want, text)
		}
	}
	if again := must(Receipt(s)); !bytes.Equal(again, must(Receipt(s))) {
		t.Error("the same receipt is not the same file")
	} else if len(again) > 120_000 {
		t.Errorf("%d bytes: the whole font is in it", len(again))
	}
}

// A long statement breaks into pages, each under its heading, and loses no row.
func TestStatement(t *testing.T) {
	s := Sheet{Title: "Statement", Owner: "Lena H.", Head: []string{"Date", "With", "\tAmount"}, At: noon}
	for i := range 120 {
		name, amount := "A shop with a very long name "+strings.Repeat("x", i), "−€"+string(rune('0'+i%10))+".00"
		s.Rows = append(s.Rows, []string{"2026-02-28", name, amount})
	}
	text := said(t, must(Statement(s)), nil)
	if n := strings.Count(text, "2026-02-28"); n != 120 {
		t.Errorf("%d rows, want 120", n)
	}
	if n := strings.Count(text, "Amount"); n < 3 {
		t.Errorf("the heading stands %d times", n)
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}
