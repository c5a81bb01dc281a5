package merchant

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/money"
)

// floor is a shop with a store, a till on a device, and somebody who works there.
type floor struct {
	*world
	shop   Shop
	store  Store
	till   Till
	device string
	ana    Staff
}

func withFloor(t *testing.T, body func(t *testing.T, f *floor)) {
	engines(t, func(t *testing.T, w *world) {
		f := &floor{world: w}
		var err error
		if f.shop, err = w.Register(t.Context(), w.draft()); err != nil {
			t.Fatal(err)
		}
		if f.store, err = w.AddStore(t.Context(), f.shop.ID, "Linden Square", "Berlin"); err != nil {
			t.Fatal(err)
		}
		var code string
		if f.till, code, err = w.AddTill(t.Context(), f.shop.ID, f.store.ID, "Till 1"); err != nil {
			t.Fatal(err)
		}
		if _, f.device, err = w.Pair(t.Context(), code); err != nil {
			t.Fatal(err)
		}
		if f.ana, err = w.AddStaff(t.Context(), f.shop.ID, "Ana", "4071", []money.Amount{eur(20_00)}); err != nil {
			t.Fatal(err)
		}
		body(t, f)
	})
}

func eur(minor int64) money.Amount {
	c, _ := money.Lookup("EUR")
	return c.Of(minor)
}

func want(t *testing.T, what string, err error, f *fault.Fault) {
	t.Helper()
	if !errors.Is(err, f) {
		t.Errorf("%s: %v, not %s", what, err, f.Code)
	}
}

// A shop that somebody applied for has accounts that take nothing, until the operator opens it.
func TestApply(t *testing.T) {
	engines(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		shop, err := w.Apply(ctx, w.draft())
		if err != nil || shop.State != Pending {
			t.Fatal(shop.State, err)
		}
		frozen := func() (n int) {
			err := w.db.Read(ctx, func(tx *db.Tx) error {
				list, err := w.books.OwnedBy(tx, receiptsOwner(shop.ID))
				for _, a := range list {
					if a.Frozen {
						n++
					}
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := frozen(); n != 2 {
			t.Errorf("%d of two accounts take nothing", n)
		}
		want(t, "a freeze of what was never open", w.SetState(ctx, shop.ID, Frozen), fault.ErrInvalid)
		for _, one := range []struct {
			state  State
			frozen int
		}{{Refused, 2}, {Active, 0}, {Frozen, 2}, {Active, 0}} {
			if err := w.SetState(ctx, shop.ID, one.state); err != nil {
				t.Fatal(one.state, err)
			}
			if n := frozen(); n != one.frozen {
				t.Errorf("%s: %d accounts take nothing, not %d", one.state, n, one.frozen)
			}
		}
		want(t, "a refusal of what was open", w.SetState(ctx, shop.ID, Refused), fault.ErrInvalid)
		want(t, "an application again", w.SetState(ctx, shop.ID, Pending), fault.ErrInvalid)
	})
}

// Each application keeps a handle from everybody else: one owner has a few at a time, and a shop that was opened does not count.
func TestApplications(t *testing.T) {
	engines(t, func(t *testing.T, w *world) {
		apply := func(n int) (Shop, error) {
			d := w.draft()
			d.Handle = "shop_" + strconv.Itoa(n)
			return w.Apply(t.Context(), d)
		}
		var last Shop
		for n := range maxUnopened {
			var err error
			if last, err = apply(n); err != nil {
				t.Fatal(n, err)
			}
		}
		if err := w.SetState(t.Context(), last.ID, Refused); err != nil {
			t.Fatal(err)
		}
		_, err := apply(maxUnopened)
		want(t, "one too many", err, ErrApplications)
		if err := w.SetState(t.Context(), last.ID, Active); err != nil {
			t.Fatal(err)
		}
		if _, err := apply(maxUnopened); err != nil {
			t.Error("after one was opened:", err)
		}
	})
}

// A pairing code works once and for ten minutes, a device has one till, and a new code takes the till from the old device.
func TestPairing(t *testing.T) {
	withFloor(t, func(t *testing.T, f *floor) {
		ctx := t.Context()
		found, err := f.TillOf(ctx, f.device)
		if err != nil || found.ID != f.till.ID || !found.Paired {
			t.Fatalf("the device has %+v, %v", found, err)
		}
		code, err := f.PairingCode(ctx, f.shop.ID, f.till.ID)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.TillOf(ctx, f.device)
		want(t, "the old device", err, ErrTillDevice)
		typed := strings.ToUpper(strings.ReplaceAll(code, "-", " "))
		_, device, err := f.Pair(ctx, strings.ReplaceAll(typed, "0", "O"))
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = f.Pair(ctx, code)
		want(t, "the code again", err, ErrTillCode)
		if code, err = f.PairingCode(ctx, f.shop.ID, f.till.ID); err != nil {
			t.Fatal(err)
		}
		if err := f.clock.Advance(pairLife); err != nil {
			t.Fatal(err)
		}
		_, _, err = f.Pair(ctx, code)
		want(t, "an old code", err, ErrTillCode)
		_, err = f.TillOf(ctx, device)
		want(t, "a device whose till got a new code", err, ErrTillDevice)
		for _, nothing := range []string{"", "    ", strings.Repeat("a", 1<<20)} {
			_, _, err = f.Pair(ctx, nothing)
			want(t, "no code", err, ErrTillCode)
		}

		other := f.draft()
		other.Handle = "somebody_else"
		stranger, err := f.Register(ctx, other)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.PairingCode(ctx, stranger.ID, f.till.ID)
		want(t, "another shop's till", err, ErrNotFound)
		want(t, "another shop's till", f.Unpair(ctx, stranger.ID, f.till.ID), ErrNotFound)
		want(t, "another shop's store", f.CloseStore(ctx, stranger.ID, f.store.ID), ErrNotFound)
		want(t, "another shop's staff", f.SetPIN(ctx, stranger.ID, f.ana.ID, "8052"), ErrStaffUnknown)
		_, _, err = f.AddTill(ctx, stranger.ID, f.store.ID, "Till")
		want(t, "a till in another shop's store", err, ErrNotFound)
	})
}

// A shift ends with its member of staff, its till, its PIN, its store and its twelve hours; each of them at once.
func TestShift(t *testing.T) {
	withFloor(t, func(t *testing.T, f *floor) {
		ctx := t.Context()
		for _, one := range []struct {
			name string
			end  func(staff StaffID, shift string) error
		}{
			{"sign-out", func(_ StaffID, shift string) error { return f.EndShift(ctx, shift) }},
			{"dismissal", func(staff StaffID, _ string) error { return f.EndStaff(ctx, f.shop.ID, staff) }},
			{"a new PIN", func(staff StaffID, _ string) error { return f.SetPIN(ctx, f.shop.ID, staff, "8052") }},
			{"twelve hours", func(StaffID, string) error { return f.clock.Advance(shiftLife) }},
			{"the device", func(StaffID, string) error { return f.Unpair(ctx, f.shop.ID, f.till.ID) }},
			{"the store", func(StaffID, string) error { return f.CloseStore(ctx, f.shop.ID, f.store.ID) }},
		} {
			code, err := f.PairingCode(ctx, f.shop.ID, f.till.ID)
			if err != nil {
				t.Fatal(err)
			}
			_, device, err := f.Pair(ctx, code)
			if err != nil {
				t.Fatal(err)
			}
			bo, err := f.AddStaff(ctx, f.shop.ID, "Bo", "4071", []money.Amount{eur(20_00)})
			if err != nil {
				t.Fatal(err)
			}
			shift, err := f.SignIn(ctx, device, bo.ID, "4071")
			if err != nil {
				t.Fatal(err)
			}
			now, err := f.ShiftOf(ctx, device, shift)
			if err != nil || now.Staff.Name != "Bo" || now.Till.ID != f.till.ID || now.Staff.Limits[0] != eur(20_00) {
				t.Fatalf("the shift is %+v, %v", now, err)
			}
			if err := one.end(bo.ID, shift); err != nil {
				t.Fatal(one.name, err)
			}
			if _, err := f.ShiftOf(ctx, device, shift); !errors.Is(err, ErrShiftEnded) && !errors.Is(err, ErrTillDevice) {
				t.Errorf("%s: afterwards %v", one.name, err)
			}
		}
	})
}

// However many guess at once, five wrong PINs are followed by a wait, and twenty by a new PIN.
func TestGuessing(t *testing.T) {
	withFloor(t, func(t *testing.T, f *floor) {
		ctx := t.Context()
		for round := range 4 {
			var wrong, later atomic.Int64
			var group sync.WaitGroup
			for i := range 30 {
				group.Go(func() {
					_, err := f.SignIn(ctx, f.device, f.ana.ID, strconv.Itoa(5000+i))
					switch {
					case errors.Is(err, ErrWrongPIN):
						wrong.Add(1)
					case errors.Is(err, ErrLocked), errors.Is(err, ErrNewPIN):
						later.Add(1)
					default:
						t.Error(err)
					}
				})
			}
			group.Wait()
			if wrong.Load() != 4 || later.Load() != 26 { // the fifth is told to wait
				t.Errorf("round %d: %d guesses were looked at", round, wrong.Load())
			}
			_, err := f.SignIn(ctx, f.device, f.ana.ID, "4071")
			if round < 3 {
				want(t, "the right PIN during the wait", err, ErrLocked)
			} else {
				want(t, "the right PIN after twenty wrong ones", err, ErrNewPIN)
			}
			if err := f.clock.Advance(pinRest + time.Second); err != nil {
				t.Fatal(err)
			}
		}
		_, err := f.SignIn(ctx, f.device, f.ana.ID, "4071")
		want(t, "the right PIN much later", err, ErrNewPIN)
		if err := f.SetPIN(ctx, f.shop.ID, f.ana.ID, "8052"); err != nil {
			t.Fatal(err)
		}
		if _, err = f.SignIn(ctx, f.device, f.ana.ID, "8052"); err != nil {
			t.Error(err)
		}
		_, err = f.SignIn(ctx, f.device, "stf_nobody", "8052")
		want(t, "nobody's PIN", err, ErrWrongPIN)
		_, err = f.SignIn(ctx, "no device", f.ana.ID, "8052")
		want(t, "the right PIN elsewhere", err, ErrTillDevice)
		for _, easy := range []string{"", "123", "1234", "8765", "0000", "123456789", "12a4", "١٢٣٥"} {
			want(t, easy, f.SetPIN(ctx, f.shop.ID, f.ana.ID, easy), ErrPIN)
		}
	})
}

// What somebody gives back in a day never passes their limit, and a new day begins a new one.
func TestRefundLimit(t *testing.T) {
	withFloor(t, func(t *testing.T, f *floor) {
		give := func(a money.Amount) error {
			return f.db.Write(t.Context(), func(tx *db.Tx) error { return f.CountRefund(tx, f.shop.ID, f.ana.ID, a) })
		}
		var given atomic.Int64
		var group sync.WaitGroup
		for range 30 {
			group.Go(func() {
				if err := give(eur(3_00)); err == nil {
					given.Add(3_00)
				} else if !errors.Is(err, ErrStaffLimit) {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if given.Load() != 18_00 {
			t.Errorf("%d was given of 2000", given.Load())
		}
		err := give(eur(2_01))
		if f, ok := fault.As(err); !ok || !strings.Contains(f.Detail.EN, "2.00 EUR") {
			t.Errorf("what is left is not told: %v", err)
		}
		if err := give(eur(2_00)); err != nil {
			t.Error(err)
		}
		usd, _ := money.Lookup("USD")
		want(t, "a currency without a limit", give(usd.Of(1)), ErrStaffLimit)
		if err := f.clock.Advance(24 * time.Hour); err != nil {
			t.Fatal(err)
		}
		if err := give(eur(20_00)); err != nil {
			t.Errorf("the next day: %v", err)
		}
		if err := f.SetLimits(t.Context(), f.shop.ID, f.ana.ID, nil); err != nil {
			t.Fatal(err)
		}
		want(t, "without a limit", give(eur(1)), ErrStaffLimit)
	})
}

// No PIN, code or secret lies in the database as it is typed.
func TestNothingInTheClear(t *testing.T) {
	withFloor(t, func(t *testing.T, f *floor) {
		shift, err := f.SignIn(t.Context(), f.device, f.ana.ID, "4071")
		if err != nil {
			t.Fatal(err)
		}
		code, err := f.PairingCode(t.Context(), f.shop.ID, f.till.ID)
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		err = f.db.Read(t.Context(), func(tx *db.Tx) error {
			for _, q := range []string{`select name, pin from merchant_staff`, `select token, token from merchant_shift`,
				`select code, coalesce(device, code) from merchant_till`} {
				_, err := db.All(tx, func(r db.Row) (struct{}, error) {
					var a, b []byte
					err := r.Scan(&a, &b)
					for _, secret := range []string{"Ana", "4071", f.device, shift, plainCode(code)} {
						if bytes.Contains(a, []byte(secret)) || bytes.Contains(b, []byte(secret)) {
							t.Errorf("%q lies in the clear", secret)
						}
					}
					rows++
					return struct{}{}, err
				}, q)
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || rows != 3 {
			t.Errorf("%d rows were looked at: %v", rows, err)
		}
	})
}
