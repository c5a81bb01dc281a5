package payment

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"billfold/base/fault"
	"billfold/base/once"
	"billfold/core/identity"
)

// Trying names out by asking to pay them ends after thirty that are not there: the refusal says how long to wait, moves nothing
// and is the caller's own. A shop's handle, an id, and the answer to an earlier call are no guesses and work on.
func TestGuessingPayeesEnds(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 10_000)
		w.fund(w.omar, 10_000)
		pay := func(who identity.PersonID, payee string, key once.Call) (Payment, error) {
			return w.Create(w.ctx, w.by(who), Terms{Payee: payee, Amount: eur.Of(100)}, true, key)
		}
		early := w.key()
		first := w.done(pay(w.lena, "@omar", early))
		for i := range 30 {
			_, err := pay(w.lena, fmt.Sprintf("@guess_%d", i), w.key())
			w.refused(err, identity.ErrPayeeUnknown, "a guess")
		}
		for _, payee := range []string{"@guess_31", "@omar"} {
			_, err := pay(w.lena, payee, w.key())
			f, _ := fault.As(err)
			if !errors.Is(err, identity.ErrTooMany) || f.Kind != fault.Exhausted || f.RetryAfter != 10*time.Minute || f.Moved.String() != "no" {
				t.Errorf("%s after thirty guesses: %v", payee, err)
			}
		}
		if again := w.done(pay(w.lena, "@omar", early)); again.ID != first.ID || !again.Replayed {
			t.Errorf("the first answer again: %+v", again)
		}
		w.done(pay(w.lena, "@rosas_cafe", w.key()))
		w.done(pay(w.lena, string(w.omar), w.key()))
		w.done(pay(w.omar, "@lena", w.key()))
		if err := w.real.Advance(10 * time.Minute); err != nil {
			t.Fatal(err)
		}
		w.done(pay(w.lena, "@omar", w.key()))
	})
}
