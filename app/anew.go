package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/fault"
	"billfold/core/audit"
	"billfold/core/identity"
	"billfold/edge/web"
)

// A ledger deletes nothing, so demo data is not taken out of it: the whole database is put aside with its keyring, where it can still be
// read and verified, and the sandbox begins again with an empty one.

// asidePrefix begins the names under which databases are put aside: folders of the data folder, or schemas of PostgreSQL.
const asidePrefix = "removed_"

// plan is the file that says what was begun: a process that dies in the middle is followed by one that finishes it.
type plan struct {
	Aside string `json:"aside"` // the name
	Moved bool   `json:"moved"` // what was there is out of the way; the next start makes an empty sandbox
}

func planFile(data string) string { return filepath.Join(data, "anew.json") }

// Successor is what a sandbox takes over from the one that was put aside: who operates it, and the link that lets them in.
type Successor struct {
	operator identity.NewPerson
	token    string
	record   audit.Record
}

// settingOperator is the person a sandbox without a demo was begun anew by.
const settingOperator = "sandbox.operator"

// The refusals.
var (
	// ErrNoDemo says that there is no demo data to remove.
	ErrNoDemo = fault.Define(fault.Conflict, "demo_missing",
		text("There is no demo data here", "此处没有演示数据"),
		text("Only a sandbox that was started with demo data can be emptied. Nothing was changed.",
			"只有带演示数据启动的沙盒才能清空。未做任何更改。"))
	// ErrDemoShared refuses to put a keyring aside that others may use.
	ErrDemoShared = fault.Define(fault.Conflict, "demo_shared",
		text("The keyring may be in use elsewhere", "密钥库可能正被他处使用"),
		text("With --keys the keyring lies in a database that other processes share. Start with another --db and --keys instead, and --empty. "+
			"Nothing was changed.", "使用 --keys 时密钥库位于其他进程共享的数据库中。请改用其他 --db 和 --keys 并加上 --empty 启动。未做任何更改。"))
)

// demoFacts says what would go.
func (a *App) demoFacts(ctx context.Context) (web.DemoFacts, error) {
	return db.Read(ctx, a.DB, func(tx *db.Tx) (f web.DemoFacts, err error) {
		var errs [3]error
		f.People, errs[0] = a.People.Count(tx)
		f.Shops, errs[1] = a.Shops.Count(tx)
		f.Payments, errs[2] = a.Payments.Count(tx)
		return f, errors.Join(errs[:]...)
	})
}

// RemoveDemo has this sandbox begin anew without demo data: it records who wants it and why, and tells the host of this App (Anew) to
// close it, after which Open finds the plan and carries it out. It answers the path at which the operator is let in to the new one.
//
// Faults: demo_missing, demo_shared, database_in_use.
func (a *App) RemoveDemo(ctx context.Context, r audit.Record) (path string, err error) {
	if a.Installation.demo.IsZero() || a.anew == nil {
		return "", ErrNoDemo
	}
	if a.Config.Keys != "" {
		return "", ErrDemoShared
	}
	others, err := a.DB.Others(ctx)
	if err != nil {
		return "", err
	}
	if others > 0 {
		return "", db.ErrInUse.Fill(fmt.Sprint(others))
	}
	r.Action, r.Object = audit.DemoRemoved, a.Installation.ID
	next := &Successor{token: identity.NewLinkToken(), record: r}
	next.operator, err = db.Write(ctx, a.DB, func(tx *db.Tx) (identity.NewPerson, error) {
		if err := a.Trail.Add(tx, r); err != nil {
			return identity.NewPerson{}, err
		}
		return a.People.Copy(tx, identity.PersonID(r.Actor))
	})
	if err != nil {
		return "", err
	}
	if err := writePlan(a.Config.Data, plan{Aside: asideName(a.Real)}); err != nil {
		return "", err
	}
	select {
	case a.anew <- next:
	default: // somebody else was a moment earlier: theirs is carried out, and their link is the one that works
	}
	a.moving.Store(true)
	a.hangUp(ctx)
	return "/setup?token=" + next.token, nil
}

// Anew tells who hosts this App that it is to be closed and opened again with Config.Successor set. Serve ends by itself then.
func (a *App) Anew() <-chan *Successor { return a.anew }

func asideName(real clock.Clock) string {
	return asidePrefix + real.Now().UTC().Format("20060102t150405")
}

// Clear is RemoveDemo for a sandbox that does not run: the next start makes an empty one. It returns where the old one can be found.
//
// Faults: installation_missing, installation_mode, demo_missing, demo_shared, data_folder_in_use, database_in_use.
func Clear(ctx context.Context, c Config) (aside string, err error) {
	c.Mode = Sandbox
	c = c.withDefaults()
	if c.Keys != "" {
		return "", ErrDemoShared
	}
	if c.DB == "" {
		if _, err := os.Stat(File(c.Data)); err != nil {
			return "", ErrNoInstallation.Fill(File(c.Data)).Because(err)
		}
	}
	d, err := openDB(ctx, c, false)
	if err != nil {
		return "", err
	}
	facts, _, err := peek(ctx, d)
	others, failed := d.Others(ctx)
	if err = errors.Join(err, failed, d.Close()); err != nil {
		return "", err
	}
	switch {
	case others > 0:
		return "", db.ErrInUse.Fill(fmt.Sprint(others))
	case facts.ID == "":
		return "", ErrNoInstallation.Fill(c.Data)
	case facts.Mode != Sandbox:
		return "", ErrMode.Fill(facts.Mode.command(), Sandbox.command())
	case facts.demo.IsZero():
		return "", ErrNoDemo
	}
	p := plan{Aside: asideName(c.Ground.clock())}
	if err := writePlan(c.Data, p); err != nil {
		return "", err
	}
	if _, err := carryOut(ctx, c); err != nil {
		return "", err
	}
	if c.DB != "" {
		return "the schema " + p.Aside, nil
	}
	return filepath.Join(c.Data, p.Aside), nil
}

func writePlan(data string, p plan) error {
	text, err := json.Marshal(p)
	if err == nil {
		err = replaceFile(planFile(data), string(text))
	}
	if err != nil {
		return ErrFolder.Fill(data).Because(err)
	}
	return syncDir(data)
}

// carryOut does what a plan says, if there is one, and says whether the place is to be made anew without demo data. Each step may be
// done twice.
func carryOut(ctx context.Context, c Config) (anew bool, err error) {
	raw, err := os.ReadFile(planFile(c.Data))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	var p plan
	if err == nil {
		err = json.Unmarshal(raw, &p)
	}
	if err != nil || len(p.Aside) <= len(asidePrefix) || filepath.Base(p.Aside) != p.Aside {
		return false, ErrFolder.Fill(planFile(c.Data)).Because(err)
	}
	if p.Moved {
		return true, nil
	}
	o := db.Options{DSN: c.DB}
	if c.DB == "" {
		o.Path = File(c.Data)
	}
	if err := setAside(ctx, o, p.Aside); err != nil {
		return false, err
	}
	to := filepath.Join(c.Data, p.Aside)
	if err := os.MkdirAll(to, 0o700); err != nil {
		return false, ErrFolder.Fill(to).Because(err)
	}
	keys := filepath.Join(to, "keyring")
	if filepath.Clean(c.Keyring) != filepath.Join(filepath.Clean(c.Data), "keyring") {
		keys = filepath.Clean(c.Keyring) + "." + p.Aside // it was given a place of its own, perhaps on another disk
	}
	if err := os.Rename(c.Keyring, keys); err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, ErrFolder.Fill(c.Keyring).Because(err)
	}
	if err := errors.Join(syncDir(filepath.Dir(keys)), syncDir(c.Data)); err != nil {
		return false, err
	}
	p.Moved = true
	return true, writePlan(c.Data, p)
}

// setAside waits a little for connections of ours that the server has not seen end yet.
func setAside(ctx context.Context, o db.Options, name string) (err error) {
	for range 40 {
		if err = db.SetAside(ctx, o, name); !errors.Is(err, db.ErrInUse) || clock.Wait(ctx, 50*time.Millisecond) != nil {
			return err
		}
	}
	return err
}

// settled takes the plan away once the new installation is on disk.
func settled(data string) error {
	if err := os.Remove(planFile(data)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return ErrFolder.Fill(data).Because(err)
	}
	return nil
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return ErrFolder.Fill(dir).Because(err)
	}
	return errors.Join(f.Sync(), f.Close())
}

// succeed makes the operator of the sandbox that was put aside the only person of this one, and records what they did. Their session
// ended with the old database; the link lets them in again.
func (a *App) succeed(ctx context.Context) error {
	next := a.Config.Successor
	if next == nil {
		return nil
	}
	prepared, err := a.People.Prepare(ctx, []identity.NewPerson{next.operator})
	if err != nil {
		return err
	}
	return a.DB.Write(ctx, func(tx *db.Tx) error {
		p, err := a.People.Add(tx, prepared[0])
		if err != nil {
			return err
		}
		if err := a.People.Grant(tx, p.ID, identity.Operator); err != nil {
			return err
		}
		r := next.record
		r.Actor = string(p.ID)
		return errors.Join(db.SetSetting(tx, settingOperator, string(p.ID)), a.Trail.Add(tx, r),
			a.People.LinkNamed(tx, next.token, identity.OperatorLink, p.ID, identity.LinkLife))
	})
}

// keptOperator is the person that succeed made, or nobody.
func (a *App) keptOperator(ctx context.Context) (p identity.Person, found bool, err error) {
	err = a.DB.Read(ctx, func(tx *db.Tx) error {
		id, there, err := db.Setting(tx, settingOperator)
		if err != nil || !there {
			return err
		}
		found = true
		p, err = a.People.Person(tx, identity.PersonID(id))
		return err
	})
	return p, found, err
}
