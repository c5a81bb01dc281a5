package api

import (
	"bytes"
	"testing"

	"github.com/go-json-experiment/json"

	"billfold/base/fault"
	"billfold/client"
)

// A member that need not be there counts as left out when it is null or an empty text, as the document says: in a map too.
func TestEmptyMembersAreLeftOut(t *testing.T) {
	var in client.PostEntries
	body := `{"entries":[{"kind":"x","reference":null,"metadata":{"a":null,"b":"","c":"d"},"hold":null},{"kind":"y","metadata":null}]}`
	if err := decode([]byte(body), &in); err != nil {
		t.Fatal(err)
	}
	if got := in.Entries[0].Metadata; len(got) != 1 || got["c"] != "d" || in.Entries[0].Hold != nil || in.Entries[1].Metadata != nil {
		t.Errorf("read as %+v", in.Entries)
	}
}

// FuzzDecode: whatever arrives, it is either refused as malformed or invalid, with its place, or it is read as what every other
// reader of JSON would read: written again and read again it is the same.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"entries":[{"kind":"x","legs":[{"debit":"a","credit":"b","amount":"1","currency":"EUR"}],"hold":{"expires_at":` +
		`"2026-03-01T09:00:00Z"},"metadata":{"a":"b"},"resolves":{"entry":"e","action":"post","amounts":["1"]}}],"atomic":true}`))
	f.Add([]byte("\xef\xbb\xbf{}"))
	f.Add([]byte(`{"entries":[],"entries":[]}`))
	f.Add([]byte(deep(20)))
	f.Add([]byte(`{"entries":[{"kind":"\ud800"}]} x`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var in client.PostEntries
		if err := decode(body, &in); err != nil {
			refusal, ok := fault.As(err)
			if !ok || refusal.Kind != fault.Malformed && refusal.Kind != fault.Invalid || refusal.Param == "" {
				t.Fatalf("%q: %v", body, err)
			}
			return
		}
		once, err := json.Marshal(in, json.Deterministic(true))
		if err != nil {
			t.Fatalf("%q was read, and cannot be written: %v", body, err)
		}
		var again client.PostEntries
		if err := decode(once, &again); err != nil {
			t.Fatalf("%q became %q: %v", body, once, err)
		}
		if twice, err := json.Marshal(again, json.Deterministic(true)); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%q became %q and %q, %v", body, once, twice, err)
		}
	})
}
