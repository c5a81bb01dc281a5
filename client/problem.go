package client

import "time"

// Problem is a refusal (RFC 9457). It is an error.
type Problem struct {
	Type       string       `json:"type" form:"uri" doc:"Where the sort of problem is explained."`
	Title      string       `json:"title" doc:"The sort of problem, in the language of the request."`
	Status     int          `json:"status" form:"status" doc:"The HTTP status."`
	Detail     string       `json:"detail" doc:"What happened and what to do about it, in the language of the request."`
	Instance   string       `json:"instance" doc:"The path that was asked."`
	Code       string       `json:"code" doc:"For programs; never changes."`
	Param      string       `json:"param,omitzero" doc:"The member, header or query parameter to blame: amount.currency, Idempotency-Key."`
	Retryable  bool         `json:"retryable" doc:"Whether the same request may succeed later, unchanged."`
	MoneyMoved string       `json:"money_moved" enum:"no|yes|unknown" doc:"Unknown never comes without a link."`
	Link       string       `json:"link,omitzero" doc:"Where to see what happened, when the outcome is unknown."`
	RequestID  string       `json:"request_id" form:"req" doc:"Tell it to whoever runs this service."`
	Errors     []ParamError `json:"errors,omitzero" doc:"The places, where there are several."`

	// RetryAfter is what the header of that name said; 0 when it was missing.
	RetryAfter time.Duration `json:"-"`
}

// ParamError is one place that was refused.
type ParamError struct {
	Param  string `json:"param" doc:"The member, header or query parameter."`
	Code   string `json:"code" doc:"Why."`
	Detail string `json:"detail" doc:"What to do about it."`
}

// Error gives code, place and detail.
func (p *Problem) Error() string {
	s := p.Code
	if p.Param != "" {
		s += " (" + p.Param + ")"
	}
	if p.Detail != "" {
		s += ": " + p.Detail
	}
	return s
}

// Is tells errors.Is that two problems of one code are the same refusal: errors.Is(err, &client.Problem{Code: "insufficient_funds"}).
func (p *Problem) Is(target error) bool {
	other, ok := target.(*Problem)
	return ok && other.Code == p.Code
}

// UnknownError says that a request was sent and never answered: it may have been carried out. The same call with the option
// IdempotencyKey(Key) finds out, and does nothing twice.
type UnknownError struct {
	Key string // "" where the call moves no money
	Err error  // of the last try
}

// Error says what to do.
func (e *UnknownError) Error() string {
	return "no answer; repeat with Idempotency-Key " + e.Key + " to find out: " + e.Err.Error()
}

// Unwrap returns the error of the last try.
func (e *UnknownError) Unwrap() error { return e.Err }
