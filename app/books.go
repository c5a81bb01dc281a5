package app

import (
	"context"
	"encoding/json"
	"time"

	"billfold/base/db"
	"billfold/base/job"
	"billfold/core/ledger"
	"billfold/core/payment"
	"billfold/edge/web"
)

// taskVerify recomputes the books inside the running program, for the light on the operator's page.
const taskVerify = "app.verify"

// booksSetting is where the last finding is kept.
const booksSetting = "books"

// findingsMost is how many findings are kept; one is enough to know that something is wrong.
const findingsMost = 20

// recheck asks for a verify.
func (a *App) recheck(tx *db.Tx) {
	a.Queue.Add(tx, job.Task{Kind: taskVerify, Key: taskVerify, Due: a.Real.Now(), Clock: job.Real})
}

// verifyBooks recomputes ledger, payments and audit trail, and keeps what was found.
func (a *App) verifyBooks(ctx context.Context, _ job.Task) error {
	found := web.Books{Known: true, At: a.Real.Now()}
	say := func(finding string) {
		if len(found.Findings) < findingsMost {
			found.Findings = append(found.Findings, finding)
		}
	}
	books, err := a.Ledger.Verify(ctx, a.DB, func(f ledger.Finding) { say(f.String()) })
	if err != nil {
		return err
	}
	if _, err := a.Payments.Verify(ctx, func(f payment.Finding) { say(f.Where + ": " + f.What) }); err != nil {
		return err
	}
	if _, err := a.Trail.Verify(ctx, say); err != nil {
		return err
	}
	found.OK, found.Entries, found.Accounts = len(found.Findings) == 0, int64(books.Entries), int64(books.Accounts)
	text, err := json.Marshal(found)
	if err != nil {
		return err
	}
	return a.DB.Write(ctx, func(tx *db.Tx) error { return db.SetSetting(tx, booksSetting, string(text)) })
}

// books is the last finding; not known before the first verify, or where it cannot be read.
func (a *App) books(ctx context.Context) (web.Books, error) {
	return db.Read(ctx, a.DB, func(tx *db.Tx) (found web.Books, err error) {
		text, ok, err := db.Setting(tx, booksSetting)
		if err != nil || !ok || json.Unmarshal([]byte(text), &found) != nil {
			return web.Books{}, err
		}
		found.At = found.At.Round(time.Second)
		return found, nil
	})
}
