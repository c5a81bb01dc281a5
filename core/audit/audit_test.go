package audit

import (
	"errors"
	"testing"
	"time"

	"billfold/base/db"
	"billfold/test/harness"
)

// A reason opens a person's page for a while, the trail is read newest first and filtered, and what is changed by hand is found.
func TestTrail(t *testing.T) {
	harness.Engines(t, func(t *testing.T, d *db.DB) {
		ctx, real := t.Context(), harness.Clock()
		trail := New(d, real, harness.Keyring(t))
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := trail.MayLook(ctx, "usr_olu", "usr_lena"); !errors.Is(err, ErrLook) {
			t.Errorf("without a reason: %v", err)
		}
		must(trail.Note(ctx, Record{Actor: "usr_olu", Action: Look, Object: "usr_lena", Reason: "she asked us to 请"}))
		must(trail.MayLook(ctx, "usr_olu", "usr_lena"))
		for _, other := range [][2]string{{"usr_olu", "usr_omar"}, {"usr_eve", "usr_lena"}} {
			if err := trail.MayLook(ctx, other[0], other[1]); !errors.Is(err, ErrLook) {
				t.Errorf("%v: %v", other, err)
			}
		}
		must(real.Advance(Fresh + time.Second))
		if err := trail.MayLook(ctx, "usr_olu", "usr_lena"); !errors.Is(err, ErrLook) {
			t.Errorf("an old reason: %v", err)
		}
		undone := errors.New("undone")
		if err := d.Write(ctx, func(tx *db.Tx) error {
			must(trail.Add(tx, Record{Actor: "usr_olu", Action: Freeze, Object: "usr_lena", Reason: "never happened"}))
			return undone
		}); !errors.Is(err, undone) {
			t.Fatal(err)
		}
		must(trail.Note(ctx, Record{Actor: "usr_olu", Action: Freeze, Object: "usr_omar", Reason: "stolen phone"}))
		for f, want := range map[Filter]int{{}: 2, {Actor: "usr_olu"}: 2, {Object: "usr_omar"}: 1, {Action: Look}: 1, {Actor: "usr_eve"}: 0} {
			if list, _, err := trail.List(ctx, f, "", 10); err != nil || len(list) != want {
				t.Errorf("%+v: %d (%v), want %d", f, len(list), err, want)
			}
		}
		page, next, err := trail.List(ctx, Filter{}, "", 1)
		must(err)
		rest, end, err := trail.List(ctx, Filter{}, next, 1)
		must(err)
		if page[0].Object != "usr_omar" || rest[0].Reason != "she asked us to 请" || end != "" {
			t.Errorf("pages %+v, %+v, %q", page, rest, end)
		}
		found := 0
		n, err := trail.Verify(ctx, func(string) { found++ })
		if must(err); n != 2 || found != 0 {
			t.Errorf("%d records, %d findings", n, found)
		}
		if _, err := harness.Raw(t, d).Exec(`update audit_record set actor = 'usr_eve' where object = 'usr_omar'`); err != nil {
			t.Fatal(err)
		}
		if _, err := trail.Verify(ctx, func(string) { found++ }); err != nil || found != 1 {
			t.Errorf("a changed record: %d findings, %v", found, err)
		}
	}, Schema)
}

func TestReason(t *testing.T) {
	for said, ok := range map[string]bool{"": false, "   x ": false, "fraud?": true, "客户要求的": true} {
		if _, err := Reason(said); (err == nil) != ok {
			t.Errorf("%q: %v", said, err)
		}
	}
}
