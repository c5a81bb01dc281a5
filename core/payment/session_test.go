package payment

import (
	"errors"
	"sync"
	"testing"

	"billfold/base/fault"
	"billfold/core/rail"
)

// TestSessionOnce is the bad input of a session: paid from twenty devices at once by two people, a card among them, it is paid once and
// the shop gets its money once; after that, after its end, and by the shop's own owner it is not paid at all.
func TestSessionOnce(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lena, 10_000)
		w.fund(w.omar, 10_000)
		w.fund(w.owner, 10_000)
		k := w.session(500)
		var lock sync.Mutex
		var all sync.WaitGroup
		paid := map[string]int{}
		for i := range 20 {
			call := w.key()
			who := w.by(w.lena)
			if i%2 == 1 {
				who = w.by(w.omar)
			}
			all.Go(func() {
				var err error
				if i == 7 {
					_, err = w.PayByCard(w.ctx, k.ID, w.plastic(rail.TokenLater), nil, call)
				} else {
					_, err = w.PayCheckout(w.ctx, who, k.ID, Consent{}, call)
				}
				lock.Lock()
				defer lock.Unlock()
				switch {
				case err == nil:
					paid["paid"]++
				case errors.Is(err, ErrState), errors.Is(err, fault.ErrNotFound):
					paid["refused"]++
				default:
					t.Errorf("device %d: %v", i, err)
				}
			})
		}
		all.Wait()
		if paid["paid"] != 1 || paid["refused"] != 19 {
			t.Errorf("of twenty %v", paid)
		}
		now, err := w.GetCheckout(w.ctx, w.byShop(), k.ID)
		w.ok(err)
		took := 30_000 - w.available(w.lena) - w.available(w.omar) - w.available(w.owner)
		if byCard := now.Payment.Method == FromCard; byCard && took != 0 || !byCard && (took != 500 || w.receipts() != 500) {
			t.Errorf("%d was taken, the shop has %d, %+v", took, w.receipts(), now.Payment)
		}
		if _, err := w.PayByCard(w.ctx, k.ID, w.plastic(rail.TokenOK), nil, w.key()); err == nil {
			t.Error("a card pays what is paid")
		}

		own := w.session(500)
		_, err = w.PayCheckout(w.ctx, w.by(w.owner), own.ID, Consent{}, w.key())
		w.refused(err, ErrSameAccount, "by the shop's own owner")
		w.ok(w.business.Advance(DefaultExpiry))
		_, err = w.PayCheckout(w.ctx, w.by(w.lena), own.ID, Consent{}, w.key())
		w.refused(err, ErrExpired, "after its end")
		_, err = w.PayByCard(w.ctx, own.ID, w.plastic(rail.TokenOK), nil, w.key())
		if !errors.Is(err, ErrExpired) && !errors.Is(err, ErrState) {
			t.Errorf("by card after its end: %v", err)
		}
	})
}
