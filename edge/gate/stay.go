package gate

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"

	"billfold/base/fault"
)

// stay is one request between admit and leave. It holds a place while it is worked on, and none while its sender sends or its reader reads:
// their lines may be as slow as they like.
type stay struct {
	gate   *Gate
	caller *caller
	class  class
	placed bool
	held   int64 // bytes of its body and its answer that count
	buffer *bytes.Buffer
}

// What is held of bodies and answers, in bytes.
const (
	small            = 16 << 10  // of each request: not counted, so that a payment gets through whatever others hold
	strangerBodyMost = 64 << 10  // of a request of which nobody knows whose it is, before somebody has asked
	bodyMost         = 4<<20 + 1 // of one body
	answerMost       = 256 << 10 // of one answer; what is longer is written as it is made, without a place
	bytesMost        = 256 << 20 // of all
	bytesBy          = 48 << 20  // of one caller
	bytesSome        = 4 << 20   // of one caller while all together hold too much
)

// enter takes a place, and waits for it.
func (v *stay) enter(ctx context.Context) *fault.Fault {
	f := v.gate.enter(ctx, v.caller, v.class)
	v.placed = f == nil
	return f
}

// done gives the place back, if there is one.
func (v *stay) done() {
	if v.placed {
		v.placed = false
		v.gate.done(v.caller, v.class)
	}
}

// over gives back everything.
func (v *stay) over() {
	v.done()
	v.gate.holds.drop(v.caller, v.held)
	v.held = 0
	if b := v.buffer; b != nil && b.Cap() <= strangerBodyMost {
		b.Reset()
		bodies.Put(b)
	}
	v.buffer = nil
}

// holds counts what is held of bodies and answers: in all, and of each caller.
type holds struct{ all atomic.Int64 }

func (h *holds) take(c *caller, n int64) { h.all.Add(n); c.bytes.Add(n) }
func (h *holds) drop(c *caller, n int64) { h.all.Add(-n); c.bytes.Add(-n) }

// refusal says why a caller may not have more held: it is they, or all together, who have too much.
func (h *holds) refusal(c *caller) *fault.Fault {
	switch own := c.bytes.Load(); {
	case own > bytesBy:
		return fault.ErrRate.RetryIn(retryRate)
	case own > bytesSome && h.all.Load() > bytesMost:
		return busy()
	}
	return nil
}

// keep counts bytes of a body or of an answer that are there, beyond what is small.
func (v *stay) keep(total int64) {
	if more := total - small - v.held; more > 0 {
		v.held += more
		v.gate.holds.take(v.caller, more)
	}
}

var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// receive reads a request's body before it takes a place. Of a stranger's no more is read than what is short: the rest comes when somebody
// asks for it, who knows by then whose it is.
func (v *stay) receive(w http.ResponseWriter, r *http.Request, known bool) *fault.Fault {
	if r.Body == nil || r.ContentLength == 0 {
		return nil
	}
	most := int64(strangerBodyMost)
	if known {
		most = bodyMost
	}
	rest := &late{stay: v, ctx: r.Context(), from: r.Body, out: w}
	whole := false
	if r.ContentLength <= most {
		var f *fault.Fault
		if whole, f = rest.fetch(most); f != nil {
			return f
		}
	}
	if !whole && r.ProtoMajor == 1 {
		rest.closes = w.Header().Get("Connection") == ""
		w.Header().Set("Connection", "close") // or net/http would wait for what nobody reads, before it answers
	}
	r.Body = rest
	return nil
}

// late is a body, of which some is here already.
type late struct {
	stay  *stay
	ctx   context.Context
	from  io.ReadCloser
	out   http.ResponseWriter
	here  bytes.Reader
	err   error // how it ends: io.EOF where all of it has come
	asked bool

	closes bool // the connection ends for its sake
}

// fetch reads up to so many bytes, and says whether that was all.
func (l *late) fetch(most int64) (whole bool, f *fault.Fault) {
	v := l.stay
	if v.buffer == nil {
		v.buffer = bodies.Get().(*bytes.Buffer)
	}
	b, read := v.buffer, v.buffer.Len()
	for l.err == nil && int64(b.Len()) < most {
		if b.Available() == 0 {
			b.Grow(min(max(bytes.MinRead, b.Len()), int(most)-b.Len()+1))
		}
		room := b.AvailableBuffer()
		n, err := l.from.Read(room[:min(cap(room), int(most)-b.Len())])
		b.Write(room[:n])
		l.err = err
		if v.keep(int64(b.Len())); int64(b.Len()) > small {
			if f := v.gate.holds.refusal(v.caller); f != nil {
				return false, f
			}
		}
	}
	l.here.Reset(b.Bytes())
	_, _ = l.here.Seek(int64(read), io.SeekStart)
	return l.err == io.EOF, nil
}

// Read gives what is here. Where more is to come, the place is given back until it has: a handler that waits for a sender would keep it
// from everybody else.
func (l *late) Read(p []byte) (int, error) {
	if l.here.Len() == 0 && l.err == nil && !l.asked {
		l.asked = true
		l.stay.done()
		whole, f := l.fetch(bodyMost)
		if f == nil {
			f = l.stay.enter(l.ctx)
		}
		switch {
		case f != nil:
			l.err = f
			l.here.Reset(nil)
		case whole && l.closes:
			l.out.Header().Del("Connection")
		}
	}
	if n, _ := l.here.Read(p); n > 0 || len(p) == 0 {
		return n, nil
	}
	if l.err != nil {
		return 0, l.err
	}
	return l.from.Read(p) // longer than anything we take: the handler ends here
}

func (l *late) Close() error { return l.from.Close() }

// answer keeps what a handler writes until it has ended and given its place back. What is longer than answerMost, or wanted out now, gives
// the place back first.
type answer struct {
	http.ResponseWriter
	stay   *stay
	status int
	body   *bytes.Buffer
	open   bool // what is written goes out
}

// WriteHeader keeps the status.
func (a *answer) WriteHeader(status int) {
	if a.open || status < 200 {
		a.ResponseWriter.WriteHeader(status)
	} else if a.status == 0 {
		a.status = status
	}
}

// Write keeps what is not long.
func (a *answer) Write(p []byte) (int, error) {
	if a.open {
		return a.ResponseWriter.Write(p)
	}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	if a.body == nil {
		a.body = bodies.Get().(*bytes.Buffer)
	}
	if a.body.Len()+len(p) > answerMost {
		if err := a.send(); err != nil {
			return 0, err
		}
		return a.ResponseWriter.Write(p)
	}
	return a.body.Write(p)
}

// send gives the place back, and sends what was kept.
func (a *answer) send() (err error) {
	if a.open {
		return nil
	}
	a.open = true
	a.stay.done()
	if a.status != 0 {
		a.ResponseWriter.WriteHeader(a.status)
	}
	b := a.body
	if a.body = nil; b == nil {
		return nil
	}
	a.stay.keep(a.stay.held + int64(b.Len()))
	_, err = a.ResponseWriter.Write(b.Bytes())
	if b.Cap() <= strangerBodyMost {
		b.Reset()
		bodies.Put(b)
	}
	return err
}

// FlushError is what http.ResponseController.Flush calls.
func (a *answer) FlushError() error {
	if err := a.send(); err != nil {
		return err
	}
	return http.NewResponseController(a.ResponseWriter).Flush()
}

// Unwrap lets http.ResponseController through to the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
