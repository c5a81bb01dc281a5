package payment

import "testing"

// TestANameThatJustCameIsShown: whoever finds a name missing in memory, while somebody else looks it up, shows it all the same. It was
// shown as nobody's, and an approval was reckoned over an empty name. Found by a simulation of two requests at once.
func TestANameThatJustCameIsShown(t *testing.T) {
	engines(t, func(w *world) {
		want, err := w.name(w.ctx, string(w.lena))
		if err != nil || want == "" {
			w.t.Fatalf("%q, %v", want, err)
		}
		// The other caller's get missed, and its look-up begins now that the name is remembered.
		if names, err := w.prefetch(w.ctx, string(w.lena), string(w.omar)); err != nil || names[string(w.lena)] != want ||
			names[string(w.omar)] == "" {
			w.t.Errorf("looked up: %q, %v; want %q", names, err, want)
		}
		w.fund(w.lena, 1)
	})
}
