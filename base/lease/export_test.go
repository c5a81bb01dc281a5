package lease

// The terms of a lease, for its tests.
const (
	BeatEvery = beatEvery
	Believe   = believe
	Takeover  = takeover
)
