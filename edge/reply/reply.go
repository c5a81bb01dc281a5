package reply

import (
	"context"
	"errors"
	"net/http"

	"billfold/base/fault"
)

var statuses = map[fault.Kind]int{
	fault.Malformed:       http.StatusBadRequest,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Refused:         http.StatusPaymentRequired,
	fault.Denied:          http.StatusForbidden,
	fault.NotFound:        http.StatusNotFound,
	fault.Conflict:        http.StatusConflict,
	fault.Invalid:         http.StatusUnprocessableEntity,
	fault.Held:            http.StatusLocked,
	fault.Exhausted:       http.StatusTooManyRequests,
	fault.Unavailable:     http.StatusServiceUnavailable,
}

// Status is the status of a kind of fault; 500 for one that is not listed.
func Status(kind fault.Kind) int {
	if status, ok := statuses[kind]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// Fault is the fault in an error. A deadline or a caller who left is unavailable; whatever else has no name is internal, with the
// error as its cause, for the log.
func Fault(err error) *fault.Fault {
	if f, ok := fault.As(err); ok {
		return f
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fault.ErrUnavailable.Because(err)
	}
	return fault.ErrInternal.Because(err)
}
