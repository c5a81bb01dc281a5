package merchant

import (
	"context"
	"crypto/hmac"
	"errors"
	"slices"
	"strings"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/id"
	"billfold/base/money"
)

// StaffID names somebody who works at a shop's tills: stf_ and 26 characters. They need no wallet.
type StaffID string

// Staff is one of them.
type Staff struct {
	ID        StaffID
	Shop      ID
	Name      string
	Limits    []money.Amount // what they may give back in a day, by currency; nothing in the others
	Ended     bool           // works here no more
	Locked    bool           // typed a wrong PIN too often
	CreatedAt time.Time
}

// Shift is a member of staff at a till, from PIN to sign-out.
type Shift struct {
	Till      Till
	Staff     Staff
	StartedAt time.Time
}

const (
	// shiftLife is how long a shift lasts at most, in real time.
	shiftLife = 12 * time.Hour
	// After every pinTries wrong PINs in a row a member of staff waits for pinRest, in real time; after pinMost the PIN works no
	// more until the owner sets a new one. So whoever guesses a PIN of four digits is right once in 500 times.
	pinTries = 5
	pinMost  = 20
	pinRest  = 15 * time.Minute
	maxStaff = 1_000 // of one shop
)

// AddStaff takes somebody on. A PIN has 4 to 8 digits, not all the same and not in a row. Faults: merchant_staff, staff_pin,
// too_many_places.
func (s *Service) AddStaff(ctx context.Context, shop ID, name, pin string, limits []money.Amount) (Staff, error) {
	name = strings.TrimSpace(name)
	if name == "" || len(name) > maxName || !shown(name) {
		return Staff{}, ErrStaff.With("name")
	}
	if !goodPIN(pin) {
		return Staff{}, ErrPIN.With("pin")
	}
	if err := goodLimits(limits); err != nil {
		return Staff{}, err
	}
	st := Staff{ID: StaffID(s.o.IDs.New("stf")), Shop: shop, Name: name, Limits: limits, CreatedAt: s.o.Clock.Now()}
	sealed, err := s.o.Keys.Seal(string(shop), staffField(st.ID), []byte(name))
	if err != nil {
		return Staff{}, err
	}
	return st, s.o.DB.Write(ctx, func(tx *db.Tx) error {
		if err := s.roomFor(tx, countStaff, shop, maxStaff); err != nil {
			return err
		}
		if _, err := tx.Exec(insertStaff, string(st.ID), string(shop), sealed, s.pin(st.ID, pin), clock.Micros(st.CreatedAt)); err != nil {
			return err
		}
		return setLimits(tx, st.ID, limits)
	})
}

func staffField(staff StaffID) string { return "merchant_staff.name/" + string(staff) }

// pin is a PIN as it is kept. Ten thousand PINs are tried in no time whatever the hash costs; what protects them is the key,
// which lies outside the database, and the wait after five wrong ones.
func (s *Service) pin(staff StaffID, pin string) []byte { return s.hash("pin", string(staff), pin) }

func goodPIN(pin string) bool {
	if len(pin) < 4 || len(pin) > 8 || strings.Trim(pin, "0123456789") != "" {
		return false
	}
	for _, step := range []byte{0, 1, 255} { // 1111, 1234, 4321
		row := true
		for i := 1; i < len(pin); i++ {
			row = row && pin[i]-pin[i-1] == step
		}
		if row {
			return false
		}
	}
	return true
}

func goodLimits(limits []money.Amount) error {
	for i, a := range limits {
		if known, ok := money.Lookup(a.Currency.Code); !ok || known != a.Currency || a.Minor < 0 {
			return ErrStaff.With("limits")
		}
		if slices.ContainsFunc(limits[:i], func(b money.Amount) bool { return b.Currency == a.Currency }) {
			return ErrStaff.With("limits")
		}
	}
	return nil
}

func setLimits(tx *db.Tx, staff StaffID, limits []money.Amount) error {
	if _, err := tx.Exec(deleteLimits, string(staff)); err != nil {
		return err
	}
	for _, a := range limits {
		if _, err := tx.Exec(insertLimit, string(staff), a.Currency.Code, a.Minor); err != nil {
			return err
		}
	}
	return nil
}

// StaffOf lists who works for a shop, oldest first, those who left included.
func (s *Service) StaffOf(ctx context.Context, shop ID) ([]Staff, error) {
	return db.Read(ctx, s.o.DB, func(tx *db.Tx) ([]Staff, error) {
		rows, err := db.All(tx, scanStaff, selectStaffOf, string(shop))
		if err != nil {
			return nil, err
		}
		list := make([]Staff, len(rows))
		for i, r := range rows {
			if list[i], err = s.staff(tx, r); err != nil {
				return nil, err
			}
		}
		return list, nil
	})
}

// staff completes a row: the name opened, the limits read.
func (s *Service) staff(tx *db.Tx, r staffRow) (Staff, error) {
	name, err := s.o.Keys.Open(string(r.shop), staffField(r.id), r.name)
	if err != nil {
		return Staff{}, err
	}
	limits, err := db.All(tx, scanLimit, selectLimits, string(r.id))
	return Staff{ID: r.id, Shop: r.shop, Name: string(name), Limits: limits, Ended: r.ended, Locked: r.lockedUntil.After(s.o.Real.Now()),
		CreatedAt: r.created}, err
}

// SetPIN gives somebody a new PIN, lets them try again at once, and ends their shifts.
func (s *Service) SetPIN(ctx context.Context, shop ID, staff StaffID, pin string) error {
	if !goodPIN(pin) {
		return ErrPIN.With("pin")
	}
	return s.change(ctx, shop, staff, func(tx *db.Tx) error {
		if _, err := tx.Exec(updatePIN, string(staff), s.pin(staff, pin)); err != nil {
			return err
		}
		_, err := tx.Exec(endShiftsOfStaff, string(staff), clock.Micros(s.o.Real.Now()))
		return err
	})
}

// SetLimits says what somebody may give back in a day from now on. What they gave back today counts.
func (s *Service) SetLimits(ctx context.Context, shop ID, staff StaffID, limits []money.Amount) error {
	if err := goodLimits(limits); err != nil {
		return err
	}
	return s.change(ctx, shop, staff, func(tx *db.Tx) error { return setLimits(tx, staff, limits) })
}

// EndStaff ends somebody's work for a shop: their shifts end at once, their PIN works nowhere, their name stays in the history.
func (s *Service) EndStaff(ctx context.Context, shop ID, staff StaffID) error {
	return s.change(ctx, shop, staff, func(tx *db.Tx) error {
		if _, err := tx.Exec(updateStaffEnded, string(staff), clock.Micros(s.o.Clock.Now())); err != nil {
			return err
		}
		_, err := tx.Exec(endShiftsOfStaff, string(staff), clock.Micros(s.o.Real.Now()))
		return err
	})
}

// change runs a change of somebody who works for the shop, under lock.
func (s *Service) change(ctx context.Context, shop ID, staff StaffID, body func(tx *db.Tx) error) error {
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		r, err := db.One(tx, scanStaff, selectStaff+tx.ForUpdate(), string(staff))
		if errors.Is(err, db.ErrNoRow) || err == nil && (r.shop != shop || r.ended) {
			return ErrStaffUnknown
		}
		if err != nil {
			return err
		}
		return body(tx)
	})
}

// SignIn begins a shift at the till that a device has, and answers with the shift's secret, which is kept here as a hash only. A
// try is counted before it is looked at, so that many at once are not more than many in a row. Faults: till_not_paired, staff_pin_wrong,
// staff_locked,
// staff_pin_dead.
func (s *Service) SignIn(ctx context.Context, device string, staff StaffID, pin string) (string, error) {
	secret := id.Secret(20)
	refusal, err := db.Write(ctx, s.o.DB, func(tx *db.Tx) (error, error) {
		till, err := s.tillOf(tx, device, "")
		if err != nil {
			return nil, err
		}
		r, err := db.One(tx, scanStaff, selectStaff+tx.ForUpdate(), string(staff))
		if errors.Is(err, db.ErrNoRow) || err == nil && (r.shop != till.Shop || r.ended) {
			return ErrWrongPIN.With("pin"), nil
		}
		now := s.o.Real.Now()
		switch {
		case err != nil:
			return nil, err
		case r.misses >= pinMost:
			return ErrNewPIN.With("pin"), nil
		case r.lockedUntil.After(now):
			return ErrLocked.RetryIn(r.lockedUntil.Sub(now)).With("pin"), nil
		case !hmac.Equal(r.pin, s.pin(staff, pin)):
			return s.miss(tx, r, now)
		}
		if _, err := tx.Exec(updateMisses, string(staff), 0, 0); err != nil {
			return nil, err
		}
		_, err = tx.Exec(insertShift, s.hash("shift", secret), string(till.ID), string(staff), clock.Micros(now))
		return nil, err
	})
	if err == nil {
		err = refusal
	}
	if err != nil {
		return "", err
	}
	return secret, nil
}

// miss counts a wrong PIN. It is no error of the transaction, which has to be committed for the count to stay.
func (s *Service) miss(tx *db.Tx, r staffRow, now time.Time) (refusal, err error) {
	misses, until := r.misses+1, time.Time{}
	refusal = ErrWrongPIN.With("pin")
	switch {
	case misses >= pinMost:
		until, refusal = now.AddDate(100, 0, 0), ErrNewPIN.With("pin")
	case misses%pinTries == 0:
		until, refusal = now.Add(pinRest), ErrLocked.RetryIn(pinRest).With("pin")
	}
	_, err = tx.Exec(updateMisses, string(r.id), misses, clock.Micros(until))
	return refusal, err
}

// ShiftOf finds the shift of a device's till. It is asked at every request, so whoever is sent away is away at once. Faults:
// till_not_paired, shift_ended.
func (s *Service) ShiftOf(ctx context.Context, device, secret string) (Shift, error) {
	return db.Read(ctx, s.o.DB, func(tx *db.Tx) (Shift, error) {
		till, err := s.tillOf(tx, device, "")
		if err != nil {
			return Shift{}, err
		}
		row, err := db.One(tx, scanShift, selectShift, s.hash("shift", secret))
		if errors.Is(err, db.ErrNoRow) || err == nil &&
			(row.till != till.ID || row.ended || clock.Since(s.o.Real, row.started) >= shiftLife) {
			return Shift{}, ErrShiftEnded
		}
		if err != nil {
			return Shift{}, err
		}
		found, err := db.One(tx, scanStaff, selectStaff, string(row.staff))
		if err != nil {
			return Shift{}, err
		}
		st, err := s.staff(tx, found)
		return Shift{Till: till, Staff: st, StartedAt: row.started}, err
	})
}

// EndShift signs a member of staff out.
func (s *Service) EndShift(ctx context.Context, secret string) error {
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(endShift, s.hash("shift", secret), clock.Micros(s.o.Real.Now()))
		return err
	})
}

// CountRefund counts what a member of staff gives back against their limit of the day (UTC, business clock), in the refund's own
// transaction. staff_limit refuses what is past it, and says what is left.
func (s *Service) CountRefund(tx *db.Tx, shop ID, staff StaffID, amount money.Amount) error {
	r, err := db.One(tx, scanStaff, selectStaff+tx.ForUpdate(), string(staff)) // the lock orders refunds of one clerk
	if errors.Is(err, db.ErrNoRow) || err == nil && (r.shop != shop || r.ended) {
		return ErrStaffUnknown
	}
	if err != nil {
		return err
	}
	code := amount.Currency.Code
	limit, err := sumOf(tx, selectLimit, string(staff), code)
	if err != nil {
		return err
	}
	day := s.o.Clock.Now().Unix() / (24 * 60 * 60)
	given, err := sumOf(tx, selectGiven, string(staff), day, code)
	if err != nil {
		return err
	}
	left := max(limit-given, 0)
	if amount.Minor > left {
		return ErrStaffLimit.Fill(amount.Currency.Of(left).String()).With("amount")
	}
	if _, err = tx.Exec(insertGiven, string(staff), day, code); err != nil {
		return err
	}
	_, err = tx.Exec(updateGiven, string(staff), day, code, given+amount.Minor)
	return err
}

// sumOf reads one number, 0 where there is no row.
func sumOf(tx *db.Tx, q string, args ...any) (n int64, err error) {
	err = tx.Row(q, args...).Scan(&n)
	if errors.Is(err, db.ErrNoRow) {
		return 0, nil
	}
	return n, err
}
