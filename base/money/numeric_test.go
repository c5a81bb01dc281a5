package money

import "testing"

// Every listed currency has one number, and the number leads back to it.
func TestNumbers(t *testing.T) {
	for _, c := range ISO() {
		number, ok := c.Number()
		if !ok || len(number) != 3 {
			t.Errorf("%s has the number %q", c.Code, number)
		}
		if back, ok := LookupNumber(number); !ok || back != c {
			t.Errorf("%s leads to %v, not %s", number, back, c.Code)
		}
	}
	if len(isoNumber) != len(ISO()) {
		t.Errorf("%d numbers for %d currencies", len(isoNumber), len(ISO()))
	}
	for _, wrong := range []string{"8", "8 ", "08", "999", "963", "EUR", "", "٩٧٨"} {
		if c, ok := LookupNumber(wrong); ok {
			t.Errorf("%q is %s", wrong, c.Code)
		}
	}
	if _, ok := (Currency{Code: "POINTS"}).Number(); ok {
		t.Error("points have a number")
	}
}
