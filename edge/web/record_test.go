package web

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"billfold/base/id"
	"billfold/base/lang"
	"billfold/base/once"
	"billfold/core/payment"
	"billfold/edge/web/paper"
	"billfold/edge/web/text"
	"billfold/edge/web/ui"
	"billfold/test/harness"
)

// send is a transfer that was asked for and confirmed.
func (w *world) send(minor int64, text string) payment.Payment {
	w.t.Helper()
	p, err := w.Payments.Create(w.t.Context(), payment.Caller{Person: w.lena.ID, AuthenticatedAt: w.business.Now()},
		payment.Terms{Kind: payment.Transfer, Payee: string(w.rosa.ID), Amount: eur.Of(minor), Description: text}, true,
		once.Call{Key: id.Secret(8)})
	w.must(err)
	return p
}

const formula = `=cmd|' /C calc'!A0 <img src=x onerror=alert(1)>`

// What was just paid is found at once, by a form that works without JavaScript; the address holds the whole search.
func TestActivitySearch(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	w.fund(w.lena, 100_000)
	coffee, rent := w.send(480, "coffee on Sunday"), w.send(70_000, "rent "+formula)
	b := w.browser()
	b.signIn("lena")
	find := func(query string) string {
		page := b.get("/activity?" + query)
		b.wants(page, http.StatusOK)
		if strings.Contains(page.html, "<img") {
			t.Errorf("%s: a text became markup", query)
		}
		return page.html
	}
	for query, want := range map[string][2]bool{
		"q=SUNDAY": {true, false}, "q=rosa": {true, true}, "q=700.00": {false, true}, "min=100": {false, true}, "max=100": {true, false},
		"q=rosa&dir=in": {false, false},
		"cur=EUR":       {true, true}, "cur=JPY": {false, false}, "cur=x&q=coffee": {true, false},
		"kind=transfer": {true, true}, "to=2000-01-01": {false, false}, "from=2000-01-01&q=rent": {false, true},
		"q=" + url.QueryEscape(formula): {false, true}, "from=x&min=y&state=z&q=coffee": {true, false},
		"q=" + strings.Repeat("a", 500): {true, true},
	} {
		html := find(query)
		for i, p := range []payment.Payment{coffee, rent} {
			if got := strings.Contains(html, string(p.ID)); got != want[i] {
				t.Errorf("%s: found %v: %v, want %v", query, p.Description, got, want[i])
			}
		}
	}
	page := b.submit(b.get("/activity/"+string(coffee.ID)), "/activity/"+string(coffee.ID)+"/note", "note", "for the tax 税")
	b.wants(page, http.StatusOK, "for the tax 税")
	if html := find("q=" + url.QueryEscape("税")); !strings.Contains(html, string(coffee.ID)) {
		t.Error("a note is not found")
	}
	long := b.press(page, "/activity/"+string(coffee.ID)+"/note", "note", strings.Repeat("x", 300))
	b.wants(long, http.StatusUnprocessableEntity, "280")

	other := w.browser()
	other.signIn("rosa")
	b.wants(other.get("/activity/"+string(coffee.ID)), http.StatusOK)
	if html := other.get("/activity/" + string(coffee.ID)).html; strings.Contains(html, "for the tax") {
		t.Error("the other side reads the note")
	}
}

// TestWrongFilters types into an address what is no day, no amount and too long: each field says that it was left out, in both languages,
// and the rest of the filter is kept, on the page and in what leads on from it.
func TestWrongFilters(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	w.fund(w.lena, 100_000)
	p := w.send(480, "coffee on Sunday")
	for _, tag := range []lang.Tag{lang.EN, lang.ZH} {
		b := w.browser()
		b.lang = string(tag)
		b.signIn("lena")
		for query, want := range map[string][2]string{
			"from=2026-13-45": {"from", "day"}, "to=tomorrow": {"to", "day"}, "from=2026-02-29": {"from", "day"}, "min=abc": {"min", "amount"},
			"max=1,000.00": {"max", "amount"}, "min=-1": {"min", "amount"}, "q=" + strings.Repeat("a", 500): {"q", "text"},
		} {
			page := b.get("/activity?cur=EUR&dir=out&" + query)
			b.wants(page, http.StatusOK, `id="e-`+want[0]+`"`, `aria-describedby="e-`+want[0]+`"`,
				text.Say(tag, "activity.wrong."+want[1]), string(p.ID), `href="/activity?cur=EUR&amp;dir=in"`)
			if n := strings.Count(page.html, `class="err"`); n != 1 {
				t.Errorf("%s: %d fields complain", query, n)
			}
			if folded := !strings.Contains(page.html, `<details class="narrow" open`); folded != (want[0] == "q") {
				t.Errorf("%s: the fields are folded away: %t", query, folded)
			}
		}
		b.wants(b.get("/activity?min=abc&max=4,80"), http.StatusOK, `value="abc"`, `value="4.80"`, string(p.ID))
		meant := b.get("/activity?from=2026-02-28&max=5&q=" + url.QueryEscape(strings.Repeat("税", 100)))
		if strings.Contains(meant.html, `class="err"`) {
			t.Error("a filter that can be meant is complained of")
		}
	}
}

// Receipts and statements say what the page says, open as inert files, and are nobody else's.
func TestFiles(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	w.fund(w.lena, 100_000)
	p := w.send(1250, formula)
	b := w.browser()
	b.lang = "zh-CN"
	b.signIn("lena")
	page := "/activity/" + string(p.ID)
	b.until(page, p.Receipt)
	b.wants(b.get(page+"/receipt"), http.StatusOK, p.Receipt, "12.50")
	b.wants(b.get(page+"/help"), http.StatusOK, p.Receipt)
	if pdf := b.get(page + "/receipt.pdf"); pdf.status != http.StatusOK || !strings.HasPrefix(pdf.html, "%PDF-") ||
		!strings.Contains(pdf.header.Get("Content-Disposition"), p.Receipt) {
		t.Errorf("receipt.pdf: %d %v", pdf.status, pdf.header)
	}
	month := w.business.Now().Format("2006-01")
	b.wants(b.get("/statements"), http.StatusOK, month)
	for _, name := range []string{month, "all"} {
		file := b.get("/statements/" + name + ".csv?currency=EUR")
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(file.html, "\ufeff"))).ReadAll()
		if err != nil || len(rows) != 5 || rows[2][5] != "1000.00" || rows[3][5] != "-12.50" || rows[4][6] != "987.50" {
			t.Fatalf("%s: %v %q", name, err, rows)
		}
		if rows[3][4] != "'"+formula {
			t.Errorf("a formula opens live: %q", rows[3][4])
		}
		if pdf := b.get("/statements/" + name + ".pdf?currency=EUR"); !strings.HasPrefix(pdf.html, "%PDF-") {
			t.Errorf("%s.pdf: %d", name, pdf.status)
		}
	}
	long := &visit{scene: ui.Scene{Lang: lang.ZH, Zone: time.UTC, Now: w.business.Now()}}
	st, err := w.Payments.Statement(t.Context(), w.lena.ID, p.Amount.Currency, time.Unix(0, 0), w.business.Now().Add(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if pdf, err := long.daysPDF(t.Context(), st, paper.Sheet{Title: "Statement"}); err != nil || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		t.Errorf("a statement of days: %v", err)
	}
	for _, path := range []string{"/statements/2026-13.csv?currency=EUR", "/statements/all.exe?currency=EUR",
		"/statements/all.csv?currency=XXQ",
		"/activity/" + string(p.ID[:len(p.ID)-4]) + "zzzz/receipt.pdf"} {
		b.wants(b.get(path), http.StatusNotFound)
	}
	other := w.browser()
	other.signIn("olu")
	for _, part := range []string{"", "/receipt", "/receipt.pdf", "/help"} {
		other.wants(other.get(page+part), http.StatusNotFound)
	}
}

// A file is written while it is read: its reader has the first lines before the last ones are known, and gets time for a long one. What
// goes wrong before anything is out is a page; afterwards the answer breaks off, and is no file.
func TestFilesAreWrittenAsTheyAreRead(t *testing.T) {
	w := build(t, Options{Sandbox: true})
	site := &site{Options: Options{Real: w.Real, Log: harness.Logger(t)}}
	for _, one := range []struct {
		name   string
		lines  int
		fails  bool
		aborts bool
	}{{"whole", 3000, false, false}, {"at once", 0, true, false}, {"late", 3000, true, true}} {
		out := httptest.NewRecorder()
		early, aborted := false, false
		var err error
		func() {
			defer func() { aborted = recover() == http.ErrAbortHandler }()
			err = site.sendLines(out, httptest.NewRequest(http.MethodGet, "/", nil), "some.csv", func(line putLine) error {
				for i := range one.lines {
					if err := line("some", "cells", strconv.Itoa(i)); err != nil {
						return err
					}
					early = early || out.Body.Len() > 0 && i < one.lines/2
				}
				if one.fails {
					return errMissing
				}
				return nil
			})
		}()
		if early != (one.lines > 0) || aborted != one.aborts || errors.Is(err, errMissing) != (one.fails && !one.aborts) {
			t.Errorf("%s: early %v, broke off %v, %v", one.name, early, aborted, err)
		}
		file, all := out.Header().Get("Content-Disposition") != "", strings.Count(out.Body.String(), "\n") == one.lines
		if file != (one.lines > 0) || !one.fails && !all {
			t.Errorf("%s: %v, %d bytes", one.name, out.Header(), out.Body.Len())
		}
	}
	times := 0
	if err := writeLines(io.Discard, func() { times++ }, func(line putLine) error {
		for range 3 * fileWaits {
			if err := line("x"); err != nil {
				return err
			}
		}
		return nil
	}); err != nil || times != 3 {
		t.Errorf("time was given %d times (%v)", times, err)
	}
	err := writeLines(gone{}, func() {}, func(line putLine) error {
		for {
			if err := line("x"); err != nil {
				return err
			}
		}
	})
	if !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a reader who went away: %v", err)
	}
}

// gone is a reader who left.
type gone struct{}

func (gone) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestInert(t *testing.T) {
	for text, want := range map[string]string{"=1+1": "'=1+1", " \t@SUM(A1)": "' \t@SUM(A1)", "-2+3": "'-2+3", "＝cmd": "'＝cmd", "Café": "Café",
		"": "", "+49 30": "'+49 30", "\u200b=x": "'\u200b=x"} {
		if got := inert(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
