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
