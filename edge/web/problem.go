package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"billfold/base/fault"
	"billfold/base/lang"
	"billfold/edge/reply"
	"billfold/edge/web/text"
	"billfold/edge/web/ui"
)

// What only a page can refuse. Their words are in the catalogues under problem.…
var (
	errMissing = pageFault{http.StatusNotFound, "not_found", "problem.missing"}
	errMethod  = pageFault{http.StatusMethodNotAllowed, "method_not_allowed", "problem.method"}
	errCrossed = pageFault{http.StatusForbidden, "form_refused", "problem.crossed"}
	errLarge   = pageFault{http.StatusRequestEntityTooLarge, "body_too_large", "problem.large"}
	errSetup   = pageFault{http.StatusNotFound, "link_invalid", "setup.dead"}
)

type pageFault struct {
	status int
	code   string
	key    string
}

func (f pageFault) Error() string { return f.code }

// problem answers with the page of an error.
func (s *site) problem(w http.ResponseWriter, r *http.Request, v *visit, err error) {
	p := explain(v.scene.Lang, err)
	p.Request = w.Header().Get("Request-Id")
	if p.Status >= 500 {
		s.Log.LogAttrs(context.WithoutCancel(r.Context()), slog.LevelError, "page failed", slog.String("request_id", p.Request),
			slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.Any("error", err))
	}
	if p.After > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(p.After))
	}
	if drawn := s.draw(w, r, v, p.Status, ui.Extra{}, ui.ProblemPage(p)); drawn != nil {
		s.Log.Error("error page failed", "request_id", p.Request, "error", drawn)
		http.Error(w, p.Title, p.Status)
	}
}

// explain puts an error into words.
func explain(tag lang.Tag, err error) ui.Problem {
	var own pageFault
	if errors.As(err, &own) {
		p := ui.Problem{Status: own.status, Code: own.code, Moved: string(fault.MovedNo), Title: text.Say(tag, own.key)}
		if text.Has(own.key + ".says") {
			p.Detail = text.Say(tag, own.key+".says")
		}
		return p
	}
	f := reply.Fault(err)
	p := ui.Problem{Status: reply.Status(f.Kind), Code: f.Code, Moved: string(f.Moved), Title: f.Title.In(tag), Detail: detail(tag, f),
		Link: pageOf(f.Link), After: int(f.RetryAfter.Seconds())}
	if p.Moved == "" {
		p.Moved = string(fault.MovedNo)
	}
	if p.Status == http.StatusServiceUnavailable && p.After == 0 && p.Link == "" {
		p.After = 5
	}
	return p
}

// detail is a fault's advice. Some speak to programs (of keys and headers); those have words of their own for people.
func detail(tag lang.Tag, f *fault.Fault) string {
	if key := "says." + f.Code; text.Has(key) {
		return text.Say(tag, key)
	}
	return f.Detail.In(tag)
}

// pageOf turns the API's link to a payment into its page.
func pageOf(link string) string {
	if payment, ok := strings.CutPrefix(link, "/v1/payments/"); ok {
		return "/activity/" + payment
	}
	return ""
}

// lost answers for every address that is nobody's.
func (s *site) lost(_ http.ResponseWriter, r *http.Request, _ *visit) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		probe := r.Clone(r.Context())
		probe.Method = http.MethodGet
		if _, pattern := s.mux.Handler(probe); pattern != "/" && pattern != "/static/" {
			return errMethod
		}
	}
	return errMissing
}

// field says which field of a form a fault is about, and what to write there; ok is false for one that deserves a page.
func field(tag lang.Tag, err error) (name, words string, ok bool) {
	f, is := fault.As(err)
	if !is {
		return "", "", false
	}
	switch f.Kind {
	case fault.Invalid, fault.Malformed, fault.Refused, fault.Conflict, fault.Held, fault.Exhausted, fault.Unauthenticated:
		return f.Param, detail(tag, f), true
	}
	return "", "", false
}
