package hook

import (
	"io"
	"net/http"
	"strconv"

	"billfold/base/fault"
	"billfold/core/rail"
)

// bodyMost is the longest callback, in bytes; those of acquirers have a few hundred.
const bodyMost = 64 << 10

// New makes the handler of /hook/. It answers with statuses and no words: rails are programs, and forgers learn nothing.
func New(inbox *rail.Inbox) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /hook/{rail}", func(w http.ResponseWriter, r *http.Request) { receive(inbox, w, r) })
	return mux
}

func receive(inbox *rail.Inbox, w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if r.ContentLength > bodyMost {
		h.Set("Connection", "close")
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, bodyMost+1))
	switch {
	case err != nil:
		w.WriteHeader(http.StatusBadRequest)
	case len(body) > bodyMost:
		h.Set("Connection", "close")
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	default:
		answer(w, inbox.Receive(r.Context(), r.PathValue("rail"), headOf(r.Header), body))
	}
}

// headOf takes the three headers of Standard Webhooks. Where one is missing or comes twice (a proxy and we might read different ones)
// the head is empty, and nobody signed that.
func headOf(h http.Header) (head rail.Head) {
	for name, to := range map[string]*string{"Webhook-Id": &head.ID, "Webhook-Timestamp": &head.Timestamp,
		"Webhook-Signature": &head.Signature} {
		list := h[name]
		if len(list) != 1 {
			return rail.Head{}
		}
		*to = list[0]
	}
	return head
}

// answer says as little as a rail needs to know: done, never again, or again later.
func answer(w http.ResponseWriter, err error) {
	status := http.StatusNoContent
	if err != nil {
		status = http.StatusServiceUnavailable
		if f, ok := fault.As(err); ok {
			switch f.Kind {
			case fault.Unauthenticated:
				status = http.StatusUnauthorized
			case fault.Malformed:
				status = http.StatusBadRequest
			case fault.NotFound:
				status = http.StatusNotFound
			}
		}
		if status == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", strconv.Itoa(1))
		}
	}
	w.WriteHeader(status)
}
