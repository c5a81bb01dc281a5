package app

import (
	"context"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"strconv"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/id"
	"billfold/base/seal"
)

// The facts of an installation, as they lie in db_setting.
const (
	settingID      = "installation.id"
	settingMode    = "installation.mode"
	settingKeyring = "installation.keyring" // a tag that only the keyring it was made with can make again
	settingClock   = "clock.offset"         // microseconds that business time runs ahead of real time
	settingDemo    = "demo.began"           // microseconds at which the demo's history begins; absent = none
	settingDone    = "demo.done"            // present once the demo's history is whole
	settingKeys    = "demo.keys"            // the demo's test keys, sealed under the keyring
)

// Installation is what makes one Billfold different from another.
type Installation struct {
	ID     string // "ins_…", bound into every approval of a payment
	Mode   Mode
	Offset time.Duration // of the sandbox's clock
	demo   time.Time     // when the demo's history begins; zero = there is none
	done   bool          // the history is whole
}

// readInstallation reads the facts; ID is empty where the database is new.
func readInstallation(tx *db.Tx) (Installation, string, error) {
	var i Installation
	facts := map[string]string{}
	for _, name := range []string{settingID, settingMode, settingKeyring, settingClock, settingDemo, settingDone} {
		value, found, err := db.Setting(tx, name)
		if err != nil {
			return i, "", err
		}
		if found {
			facts[name] = value
		}
	}
	micros := func(name string) int64 {
		n, _ := strconv.ParseInt(facts[name], 10, 64) // written by us only
		return n
	}
	i = Installation{ID: facts[settingID], Mode: Mode(facts[settingMode]), Offset: time.Duration(micros(settingClock)) * time.Microsecond,
		demo: clock.FromMicros(micros(settingDemo)), done: facts[settingDone] != ""}
	return i, facts[settingKeyring], nil
}

// peek reads the facts of a database that may have no tables yet. It refuses one with tables that are not ours.
func peek(ctx context.Context, d *db.DB) (Installation, string, error) {
	type facts struct {
		i       Installation
		keyring string
	}
	f, err := db.Read(ctx, d, func(tx *db.Tx) (f facts, err error) {
		if empty, err := db.Empty(tx); empty || err != nil {
			return f, err
		}
		f.i, f.keyring, err = readInstallation(tx)
		if _, known := fault.As(err); err != nil && !known {
			return f, ErrForeign.Because(err) // no table db_setting, which is made with our first
		}
		return f, err
	})
	return f.i, f.keyring, err
}

// fits says whether this mode and this keyring are those that the installation was made with.
func (i Installation) fits(mode Mode, keys *seal.Keyring, tag string) error {
	if i.ID == "" {
		return nil
	}
	if mode != "" && i.Mode != mode {
		return ErrMode.Fill(i.Mode.command(), mode.command())
	}
	if subtle.ConstantTimeCompare([]byte(tag), []byte(keyringTag(keys, i.ID))) != 1 {
		return ErrKeyring.Because(errors.New("the tag of installation " + i.ID + " does not match"))
	}
	return nil
}

// command is how people know a mode.
func (m Mode) command() string {
	if m == Sandbox {
		return "trying things out (billfold dev)"
	}
	return "real use (billfold serve)"
}

func keyringTag(keys *seal.Keyring, installation string) string {
	mac := keys.Mac("installation", []byte(installation))
	return hex.EncodeToString(mac[:16])
}

// found writes the facts of a new installation, or returns those that another process wrote first. With demo the sandbox's
// clock begins in the past, where the demo's history begins.
func found(ctx context.Context, d *db.DB, mode Mode, keys *seal.Keyring, real clock.Clock, demo time.Time) (Installation, error) {
	return db.Write(ctx, d, func(tx *db.Tx) (Installation, error) {
		i, tag, err := readInstallation(tx)
		if err != nil || i.ID != "" {
			return i, errors.Join(err, i.fits(mode, keys, tag))
		}
		i = Installation{ID: id.NewMinter(real.Now).New("ins"), Mode: mode, demo: demo}
		facts := [][2]string{{settingID, i.ID}, {settingMode, string(mode)}, {settingKeyring, keyringTag(keys, i.ID)}}
		if !demo.IsZero() {
			facts = append(facts, [2]string{settingDemo, strconv.FormatInt(clock.Micros(demo), 10)})
		}
		for _, f := range facts {
			if err := db.SetSetting(tx, f[0], f[1]); err != nil {
				return i, err
			}
		}
		return i, nil
	})
}

// setClock writes how far the sandbox's clock runs ahead.
func setClock(tx *db.Tx, offset time.Duration) error {
	return db.SetSetting(tx, settingClock, strconv.FormatInt(offset.Microseconds(), 10))
}
