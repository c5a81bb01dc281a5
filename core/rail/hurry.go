package rail

import (
	"context"

	"billfold/base/job"
)

// Hurry has the acquirer call back about a charge now instead of after its pause. What it had planned to send still comes,
// as repeats: who takes callbacks in has to live with those anyway. It makes a demo's history in seconds.
func (s *Sandbox) Hurry(ctx context.Context, reference string) error {
	return s.answer(ctx, job.Task{Payload: []byte(reference + " 1")})
}

// Dispute has the acquirer charge back a charge now instead of after three days.
func (s *Sandbox) Dispute(ctx context.Context, reference string) error {
	return s.answer(ctx, job.Task{Payload: []byte(reference + " " + dispute)})
}

// Hurry has the bank say now what it decided about a payout: that it was sent, and how it ended. A return that takes days still
// takes them.
func (b *SandboxBank) Hurry(ctx context.Context, reference string) error {
	for _, which := range []string{"sent", "end"} {
		if err := b.answer(ctx, job.Task{Payload: []byte(reference + " " + which)}); err != nil {
			return err
		}
	}
	return nil
}

// HurryCredit has the bank tell now of money that somebody sent.
func (b *SandboxBank) HurryCredit(ctx context.Context, movement string) error {
	return b.credit(ctx, job.Task{Payload: []byte(movement)})
}
