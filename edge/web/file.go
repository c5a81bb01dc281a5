package web

import (
	"bufio"
	"context"
	"encoding/csv"
	"io"
	"net/http"
	"strings"
)

// fileWaits is after how many lines of a file its reader gets as much time again as any page: a slow line takes long for a long file.
const fileWaits = 500

// putLine writes cells as one line of a file.
type putLine func(cells ...string) error

// sendLines answers with a CSV file that is written as it is read, so that a long one takes no more memory than a short one. A fault before
// any of it is out is a page; after that the connection breaks off, because half of a file must not look like one.
func (s *site) sendLines(w http.ResponseWriter, r *http.Request, name string, body func(putLine) error) error {
	keep(w, name)
	reader := http.NewResponseController(w)
	out := &begun{w: w}
	err := writeLines(out, func() { _ = reader.SetWriteDeadline(s.Real.Now().Add(patience)) }, body) // without one the server's own stands
	if err == nil {
		return nil
	}
	if !out.began {
		w.Header().Del("Content-Disposition")
		return err
	}
	s.Log.ErrorContext(context.WithoutCancel(r.Context()), "a file broke off", "request_id", w.Header().Get("Request-Id"), "error", err)
	panic(http.ErrAbortHandler)
}

// writeLines begins with a byte order mark, without which spreadsheets take Chinese for something else, and calls more each time some of it
// is out.
func writeLines(w io.Writer, more func(), body func(putLine) error) error {
	out := bufio.NewWriterSize(w, 16<<10)
	if _, err := out.WriteString("\ufeff"); err != nil {
		return err
	}
	file, count := csv.NewWriter(out), 0
	err := body(func(cells ...string) error {
		if count++; count%fileWaits == 0 {
			more()
		}
		return file.Write(cells)
	})
	if err != nil {
		return err
	}
	file.Flush()
	return file.Error()
}

// begun knows whether anything was written.
type begun struct {
	w     io.Writer
	began bool
}

func (b *begun) Write(p []byte) (int, error) {
	b.began = true
	return b.w.Write(p)
}

// download answers with a file. It opens in no page of ours.
func download(w http.ResponseWriter, name string, body []byte) error {
	keep(w, name)
	_, _ = w.Write(body) // the reader went away: nothing to mend
	return nil
}

// keep says that what follows is a file.
func keep(w http.ResponseWriter, name string) {
	h := w.Header()
	h.Set("Content-Type", map[bool]string{true: "application/pdf", false: "text/csv; charset=utf-8"}[strings.HasSuffix(name, ".pdf")])
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
}

// inert makes a text safe to open in a spreadsheet: one that would be read as a formula gets an apostrophe before it, as does one
// that hides such a beginning behind a space. Figures are not texts: a negative amount stays a number.
func inert(text string) string {
	if bare := strings.TrimLeft(text, " \t\r\n\u00a0\u200b\ufeff"); bare != "" && strings.ContainsAny(bare[:1], "=+-@|%") ||
		strings.HasPrefix(bare, "＝") || strings.HasPrefix(bare, "＋") || strings.HasPrefix(bare, "－") || strings.HasPrefix(bare, "＠") {
		return "'" + text
	}
	return text
}
