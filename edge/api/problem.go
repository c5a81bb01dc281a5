package api

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"billfold/base/fault"
	"billfold/base/lang"
	"billfold/client"
	"billfold/edge/reply"
)

// statusOf is the status of a fault: that of its kind, but for the few where HTTP has a word of its own.
func statusOf(f *fault.Fault) int {
	switch f.Code { // HTTP has words of its own for three ways to be malformed
	case ErrBody.Code:
		return http.StatusRequestEntityTooLarge
	case ErrMediaType.Code:
		return http.StatusUnsupportedMediaType
	case ErrMethod.Code:
		return http.StatusMethodNotAllowed
	}
	return reply.Status(f.Kind)
}

// several is a refusal with more than one place.
type several struct {
	fault *fault.Fault
	list  []placed
}

type placed struct {
	param string
	fault *fault.Fault
}

func (s *several) Error() string { return s.fault.Error() }
func (s *several) Unwrap() error { return s.fault }

// refuse answers a request with a problem.
func (c *call) refuse(err error) {
	f := reply.Fault(err)
	status := statusOf(f)
	if status >= http.StatusInternalServerError && !errors.Is(f, fault.ErrBusy) {
		c.api.Log.LogAttrs(c.ctx, slog.LevelError, "request refused", slog.String("fault", f.Code), slog.String("error", err.Error()))
	}
	tag := lang.Pick(c.r.Header.Get("Accept-Language"))
	p := client.Problem{Type: c.api.PublicURL + "/docs/errors#" + f.Code, Title: f.Title.In(tag), Status: status, Detail: f.Detail.In(tag),
		Instance: c.r.URL.EscapedPath(), Code: f.Code, Param: f.Param, Retryable: f.Retryable, MoneyMoved: f.Moved.String(),
		Link: f.Link, RequestID: c.request}
	var many *several
	if errors.As(err, &many) {
		for _, one := range many.list {
			p.Errors = append(p.Errors, client.ParamError{Param: one.param, Code: one.fault.Code, Detail: one.fault.Detail.In(tag)})
		}
	}
	h := c.w.Header()
	h["Content-Language"] = []string{string(tag)}
	h["Vary"] = []string{"Accept-Language"}
	if status == http.StatusUnauthorized {
		h["Www-Authenticate"] = []string{`Bearer realm="billfold"`}
	}
	if f.Retryable {
		h["Retry-After"] = []string{strconv.FormatInt(max(1, int64((f.RetryAfter+time.Second-1)/time.Second)), 10)}
	}
	c.code = f.Code
	c.answer(status, problemType, &p)
}
