package app

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"billfold/app/demo"
	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/seal"
	"billfold/core/identity"
	"billfold/edge/web"
)

// Seeding says whether this sandbox still has to be given its demo history.
func (a *App) Seeding() bool { return !a.Installation.demo.IsZero() && !a.Installation.done }

// Seed gives a new sandbox its people, shops and history. Call it while Serve runs, because the card rail calls back over
// HTTP, and before Start. It does nothing where the history is whole, or where there is to be none.
func (a *App) Seed(ctx context.Context) error {
	if !a.Seeding() || a.DB.History() != nil {
		return nil
	}
	if made, err := a.mayMake(ctx); made || err != nil {
		return err
	}
	err := demo.Run(ctx, demo.World{DB: a.DB, Clock: a.sandbox, People: a.People, Shops: a.Shops, Payments: a.Payments,
		Card: a.Card, Bank: a.Bank, Insight: a.Insight, Notices: a.Notices, Outbox: a.Outbox,
		Queue: a.Queue}, a.Config.Seed, a.Installation.demo, demoDays)
	if err != nil {
		return err
	}
	if err := a.registerStore(ctx); err != nil {
		return err
	}
	return a.DB.Write(ctx, func(tx *db.Tx) error {
		if err := db.SetSetting(tx, settingDone, "yes"); err != nil {
			return err
		}
		return setClock(tx, a.sandbox.Offset())
	})
}

// mayMake waits until this process leads, because the history is told as it is made. Another process may have made it meanwhile.
func (a *App) mayMake(ctx context.Context) (made bool, err error) {
	a.elect()
	for !a.Lease.Held() {
		if err := clock.Wait(ctx, 50*time.Millisecond); err != nil {
			return false, err
		}
		facts, _, err := peek(ctx, a.DB)
		if err != nil {
			return false, err
		}
		if facts.done {
			a.Installation.done = true
			return true, nil
		}
	}
	return false, nil
}

// Keys are what programs use to try the sandbox.
type Keys struct {
	Shop     string `json:"shop"`     // the secret key of demo.Till
	Payer    string `json:"payer"`    // the token of demo.Holder
	Operator string `json:"operator"` // the key of demo.Operator
	Store    string `json:"store"`    // the web shop's own key, which may do what a web shop does for demo.Till
}

// envLabel is what the keys are called that a sandbox writes to dev.env.
const envLabel = "dev.env"

const keysRow = "db_setting.value/" + settingKeys

// DemoKeys returns the demo's test keys, making them the first time. They are kept, sealed under the keyring, and not made
// anew at each start: a command somebody copied yesterday goes on working, and no list of forgotten keys grows. That is for
// play money only; a live installation shows a key once and keeps its hash.
func (a *App) DemoKeys(ctx context.Context) (Keys, error) {
	if a.sandbox == nil {
		return Keys{}, identity.ErrSandboxOnly
	}
	if a.Installation.demo.IsZero() {
		return Keys{}, nil
	}
	till, err := a.Shops.ByHandle(ctx, demo.Till)
	if err != nil {
		return Keys{}, err
	}
	return db.Write(ctx, a.DB, func(tx *db.Tx) (k Keys, err error) {
		text, found, err := db.Setting(tx, settingKeys)
		if err != nil {
			return k, err
		}
		if found {
			if k, err = a.openDemoKeys(text); err != nil || k.Store != "" {
				return k, err
			}
		}
		for _, n := range []struct {
			to     *string
			kind   identity.KeyKind
			owner  string
			who    string
			label  string
			scopes []string
		}{
			{&k.Shop, identity.SecretKey, string(till.ID), "", envLabel, nil},
			{&k.Payer, identity.PayerKey, "", demo.Holder, envLabel, nil},
			{&k.Operator, identity.OperatorKey, "", demo.Operator, envLabel, nil},
			{&k.Store, identity.RestrictedKey, string(till.ID), "", "demo shop", storeScopes},
		} {
			if *n.to != "" {
				continue // a sandbox of before there was this one
			}
			if n.who != "" {
				p, err := a.People.ByHandle(tx, n.who)
				if err != nil {
					return k, err
				}
				n.owner = string(p.ID)
			}
			*n.to, _, err = a.People.CreateKey(tx, identity.NewKey{Owner: n.owner, Kind: n.kind, Label: n.label, Scopes: n.scopes})
			if err != nil {
				return k, err
			}
		}
		return k, a.keepDemoKeys(tx, k)
	})
}

func (a *App) keepDemoKeys(tx *db.Tx, k Keys) error {
	plain, err := json.Marshal(k)
	if err != nil {
		return err
	}
	sealed, err := a.Keys.Seal(seal.Installation, keysRow, plain)
	if err != nil {
		return err
	}
	return db.SetSetting(tx, settingKeys, base64.StdEncoding.EncodeToString(sealed))
}

func (a *App) openDemoKeys(text string) (k Keys, err error) {
	sealed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return k, err
	}
	plain, err := a.Keys.Open(seal.Installation, keysRow, sealed)
	if err != nil {
		return k, err
	}
	return k, json.Unmarshal(plain, &k)
}

// SetUpLink makes the one-time link to the operator's pages: in the demo, and in a sandbox that somebody emptied, it signs in the
// operator; elsewhere whoever opens it becomes one.
func (a *App) SetUpLink(ctx context.Context) (string, error) {
	var who identity.PersonID
	if !a.Installation.demo.IsZero() {
		p, err := db.Read(ctx, a.DB, func(tx *db.Tx) (identity.Person, error) { return a.People.ByHandle(tx, demo.Operator) })
		if err != nil {
			return "", err
		}
		who = p.ID
	} else if p, found, err := a.keptOperator(ctx); err != nil {
		return "", err
	} else if found {
		who = p.ID
	}
	return a.OperatorLink(ctx, who)
}

// Personas are the people a sandbox can be entered as with one click.
func (a *App) Personas(ctx context.Context) ([]web.Persona, error) {
	if a.Installation.demo.IsZero() {
		p, found, err := a.keptOperator(ctx)
		if err != nil || !found {
			return nil, err
		}
		return []web.Persona{{Person: p.ID, Name: p.Name, Role: text("Operator of this sandbox", "此沙盒的运营者")}}, nil
	}
	return db.Read(ctx, a.DB, func(tx *db.Tx) ([]web.Persona, error) {
		var list []web.Persona
		for _, one := range demo.People {
			if one.Role.EN == "" {
				continue
			}
			p, err := a.People.ByHandle(tx, one.Handle)
			if errors.Is(err, identity.ErrPerson) {
				continue
			}
			if err != nil {
				return nil, err
			}
			list = append(list, web.Persona{Person: p.ID, Name: p.Name, Role: one.Role})
		}
		return list, nil
	})
}

// EnvFile is where a sandbox tells programs how to reach it.
func EnvFile(data string) string { return filepath.Join(data, "dev.env") }

// WriteEnv writes the sandbox's address, its test keys and the one-time link of the operator to dev.env, for this user only.
// A reader finds the old file or the new one, never half of one.
func (a *App) WriteEnv(k Keys, operator string) error {
	lines := []string{
		"# How programs reach this sandbox. Written anew at each start; the keys stay the same.",
		"BILLFOLD_URL=" + a.URL.String(),
		"BILLFOLD_KEY=" + k.Shop,
		"BILLFOLD_PAYER_KEY=" + k.Payer,
		"BILLFOLD_OPERATOR_KEY=" + k.Operator,
		"BILLFOLD_OPERATOR_URL=" + operator,
	}
	if err := replaceFile(EnvFile(a.Config.Data), strings.Join(lines, "\n")+"\n"); err != nil {
		return ErrFolder.Fill(a.Config.Data).Because(fmt.Errorf("write dev.env: %w", err))
	}
	return nil
}

// replaceFile puts a file of mode 0600 in the place of another.
func replaceFile(path, text string) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // 0600
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
