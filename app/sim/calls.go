package sim

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/once"
	"billfold/core/payment"
)

// verb is a request with a key.
type verb func(ctx context.Context, call once.Call) (payment.Payment, error)

// call is an answered request: sent again it has the same answer, whatever has happened since.
type call struct {
	name   string
	key    once.Call
	do     verb
	answer string
}

// callsMost is how many answered requests are kept to be sent again.
const callsMost = 2_000

// canon is an answer as one text.
func canon(p payment.Payment) string {
	p.Replayed = false
	return fmt.Sprintf("%+v", p)
}

func keyed(key, body string) once.Call { return once.Call{Key: key, Hash: sha256.Sum256([]byte(body))} }

// send sends a request, mostly once. Otherwise its caller leaves before or while it is carried out, or two send it at the same moment,
// or it is repeated, or its key is used for something else. Where final is set the refusal itself changes something, so it is sent once.
func (w *world) send(ctx context.Context, name string, final bool, ask verb) (p payment.Payment, err error) {
	w.keys++
	do := func(ctx context.Context, call once.Call) (p payment.Payment, err error) {
		err = patient(ctx, func() error { p, err = ask(ctx, call); return err })
		if errors.Is(err, fault.ErrOutcomeUnknown) { // a machine that was stopped for longer: the key tells
			p, err = ask(ctx, call)
		}
		return p, err
	}
	c := &call{name: name, key: keyed(strconv.Itoa(w.keys), name), do: do}
	how := w.dice.IntN(100)
	switch {
	case final || how < 70:
		p, err = do(ctx, c.key)
	case how < 76:
		p, err = w.abandoned(ctx, c, true)
	case how < 82:
		p, err = w.abandoned(ctx, c, false)
	case how < 88:
		p, err = w.twins(ctx, c)
	case how < 94:
		if p, err = do(ctx, c.key); err == nil {
			c.answer = canon(p)
			err = w.again(ctx, c)
		}
	default:
		if p, err = do(ctx, c.key); err == nil {
			w.counts["fault: another body"]++
			_, other := do(ctx, keyed(c.key.Key, name+" and more"))
			if !errors.Is(other, once.ErrMismatch) {
				return p, fmt.Errorf("%w: %s: its key with another body: %v", errWrong, name, other)
			}
		}
	}
	if err == nil {
		c.answer = canon(p)
		w.calls = append(w.calls, c)
		if len(w.calls) > callsMost {
			w.calls = slices.Delete(w.calls, 0, callsMost/2)
		}
	}
	return p, err
}

// patient asks again where nothing was done because the machine had no time: one that is stopped for seconds has done nothing wrong.
func patient(ctx context.Context, f func() error) (err error) {
	for range 20 {
		if err = f(); !errors.Is(err, fault.ErrBusy) || ctx.Err() != nil {
			return err
		}
	}
	return err
}

// write is db.Write with that patience.
func write[T any](ctx context.Context, w *world, body func(tx *db.Tx) (T, error)) (out T, err error) {
	err = patient(ctx, func() error { out, err = db.Write(ctx, w.DB, body); return err })
	return out, err
}

// errWrong marks what no refusal may be.
var errWrong = errors.New("sim: wrong")

// again sends an answered request once more.
func (w *world) again(ctx context.Context, c *call) error {
	w.counts["fault: sent again"]++
	p, err := c.do(ctx, c.key)
	if err != nil || !p.Replayed || canon(p) != c.answer {
		return fmt.Errorf("%w: %s sent again with its key: %v, replayed %v\n%s\nwas\n%s", errWrong, c.name, err, p.Replayed, canon(p), c.answer)
	}
	return nil
}

// abandoned sends a request whose caller leaves, before it is begun or while it is carried out, and then asks what became of it.
func (w *world) abandoned(ctx context.Context, c *call, before bool) (payment.Payment, error) {
	left, leave := context.WithCancel(ctx)
	var first payment.Payment
	var err error
	if before {
		w.counts["fault: caller left before"]++
		leave()
		first, err = c.do(left, c.key)
	} else {
		w.counts["fault: caller left during"]++
		var gone sync.WaitGroup
		gone.Go(leave)
		first, err = c.do(left, c.key)
		gone.Wait()
	}
	leave()
	second, refusal := c.do(ctx, c.key)
	if err == nil && (refusal != nil || !second.Replayed || canon(first) != canon(second)) {
		return second, fmt.Errorf("%w: %s was answered, and then: %v\n%s\n%s", errWrong, c.name, refusal, canon(first), canon(second))
	}
	return second, refusal
}

// twins sends one request twice at the same moment: both are answered, with one answer, or both are refused.
func (w *world) twins(ctx context.Context, c *call) (payment.Payment, error) {
	w.counts["fault: two at once"]++
	var answers [2]payment.Payment
	var errs [2]error
	var both sync.WaitGroup
	for i := range 2 {
		both.Go(func() { answers[i], errs[i] = c.do(ctx, c.key) })
	}
	both.Wait()
	if (errs[0] == nil) != (errs[1] == nil) || errs[0] == nil && canon(answers[0]) != canon(answers[1]) {
		return answers[0], fmt.Errorf("%w: %s twice at once: %v and %v\n%s\n%s", errWrong, c.name, errs[0], errs[1], canon(answers[0]),
			canon(answers[1]))
	}
	return answers[0], errs[0]
}

// code is the name of a refusal.
func code(err error) string {
	if f, ok := fault.As(err); ok {
		return f.Code
	}
	return err.Error()
}

// judge holds an answer against the reasons the model has for a refusal: none, and it must have been done; some, and it must be one of
// them. done tells whether it was done.
func (w *world) judge(err error, reasons []string) (done bool, wrong error) {
	switch {
	case errors.Is(err, errWrong):
		return false, err
	case err == nil && len(reasons) == 0:
		w.note("done")
		return true, nil
	case err == nil:
		return false, fmt.Errorf("it was done, and the model has reasons against it: %s", strings.Join(reasons, ", "))
	case slices.Contains(reasons, code(err)):
		w.counts["refused: "+code(err)]++
		w.note(code(err))
		return false, nil
	}
	return false, fmt.Errorf("refused with %s (%v), and the model has %q", code(err), err, reasons)
}

// note adds something to the digest of the run.
func (w *world) note(what string, numbers ...int64) {
	text := []byte(what)
	for _, n := range numbers {
		text = strconv.AppendInt(append(text, ' '), n, 10)
	}
	w.digest = sha256.Sum256(append(w.digest[:], text...))
}
