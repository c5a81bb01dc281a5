package ui

// arrives is the key of the sentence that says when the money is there.
func arrives(v Confirm) string {
	if v.Hold {
		return "confirm.arrives.hold"
	}
	return "confirm.arrives.now"
}
