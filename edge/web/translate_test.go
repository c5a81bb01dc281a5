package web

import (
	"testing"
	"time"

	"billfold/core/payment"
)

// A timeline goes forward, and what waits for somebody is told apart from what is being worked on.
func TestTimeline(t *testing.T) {
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	steps := func(names ...string) (list []payment.Step) {
		for i, name := range names {
			list = append(list, payment.Step{Name: name, At: at.Add(time.Duration(i) * time.Second)})
		}
		return list
	}
	shop := steps(payment.StepRequest, payment.StepAuthenticate)
	shop[1].At = at.Add(-time.Minute)
	for name, c := range map[string]struct {
		p    payment.Payment
		want []string
	}{
		"signed in before the shop asked": {payment.Payment{Kind: payment.Purchase, State: payment.AwaitingConfirmation, Steps: shop},
			[]string{"authenticate done", "request done", "authorize wait", "confirm_payer next", "confirm_payee next"}},
		"a card is asked": {payment.Payment{Kind: payment.TopUp, State: payment.Processing, Method: payment.FromCard,
			Steps: steps(payment.StepAuthenticate, payment.StepRequest)},
			[]string{"authenticate done", "request done", "settle now", "confirm_payer next", "confirm_payee next"}},
		"a transfer is awaited": {payment.Payment{Kind: payment.TopUp, State: payment.Processing, Method: payment.FromBank,
			Steps: steps(payment.StepAuthenticate, payment.StepRequest)},
			[]string{"authenticate done", "request done", "settle wait", "confirm_payer next", "confirm_payee next"}},
		"a link lies about": {payment.Payment{Kind: payment.Transfer, State: payment.Authorized, Capture: payment.ByLink,
			Steps: steps(payment.StepAuthenticate, payment.StepRequest, payment.StepAuthorize)},
			[]string{"authenticate done", "request done", "authorize done", "confirm_payer now", "untaken wait"}},
	} {
		var got []string
		for _, s := range timeline(c.p) {
			got = append(got, s.Name+" "+s.Mark)
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: %q", name, got)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: %q, want %q", name, got, c.want)
				break
			}
		}
	}
}
