package merchant

import (
	"errors"
	"testing"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/event"
	"billfold/base/fault"
	"billfold/base/id"
	"billfold/base/job"
	"billfold/base/money"
	"billfold/base/once"
	"billfold/core/identity"
	"billfold/core/ledger"
	"billfold/test/harness"
)

type world struct {
	*Service
	books *ledger.Ledger
	db    *db.DB
	owner identity.PersonID
	clock *clock.Sandbox
}

func engines(t *testing.T, body func(t *testing.T, w *world)) {
	harness.Engines(t, func(t *testing.T, d *db.DB) {
		clk, keys := harness.Clock(), harness.Keyring(t)
		ids := id.NewMinter(clk.Now)
		books := ledger.New(ledger.Options{Clock: clk, Real: clk, Keys: keys, IDs: ids})
		people, err := identity.New(identity.Options{DB: d, Clock: clk, Real: clk, Keys: keys, IDs: ids,
			Send: func(*db.Tx, identity.Mail) error { return nil }})
		if err != nil {
			t.Fatal(err)
		}
		made, err := people.Create(t.Context(), []identity.NewPerson{{Name: "Rosa Lindner", Handle: "rosa"}})
		if err != nil {
			t.Fatal(err)
		}
		w := &world{books: books, db: d, owner: made[0].ID, clock: clk,
			Service: New(Options{DB: d, Clock: clk, Real: clk, IDs: ids, Ledger: books, People: people, Keys: keys})}
		body(t, w)
	}, once.Schema, event.Schema, job.Schema, ledger.Schema, identity.Schema, Schema)
}

func (w *world) draft() Draft {
	return Draft{Owner: w.owner, Name: " Rosa's Café ", Handle: "@Rosas_Cafe", MCC: "5814", Country: "DE",
		Currencies: []string{"USD", "EUR", "EUR"}, ReturnOrigins: []string{"https://rosas.example"}}
}

// A shop is found by id, by handle and by its owner, and has receipts accounts without a limit.
func TestRegister(t *testing.T) {
	engines(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		shop, err := w.Register(ctx, w.draft())
		if err != nil {
			t.Fatal(err)
		}
		if shop.Name != "Rosa's Café" || shop.Handle != "rosas_cafe" || len(shop.Currencies) != 2 || shop.State != Active {
			t.Errorf("registered as %+v", shop)
		}
		for how, find := range map[string]func() (Shop, error){
			"id":     func() (Shop, error) { return w.Get(ctx, shop.ID) },
			"handle": func() (Shop, error) { return w.ByHandle(ctx, "@rosas_cafe") },
			"owner": func() (Shop, error) {
				list, err := w.ListOf(ctx, w.owner)
				if len(list) != 1 {
					return Shop{}, errors.New("not one shop")
				}
				return list[0], err
			},
		} {
			found, err := find()
			if err != nil || found.ID != shop.ID || found.Owner != w.owner || found.ReturnOrigins[0] != "https://rosas.example" {
				t.Errorf("by %s: %+v, %v", how, found, err)
			}
		}
		if role, err := w.RoleOf(ctx, shop.ID, w.owner); err != nil || role != RoleOwner {
			t.Errorf("the owner's role is %q, %v", role, err)
		}
		if role, err := w.RoleOf(ctx, shop.ID, "usr_somebody"); err != nil || role != "" {
			t.Errorf("a stranger's role is %q, %v", role, err)
		}
		eur, _ := money.Lookup("EUR")
		err = w.db.Read(ctx, func(tx *db.Tx) error {
			a, err := w.books.ByAddress(tx, ReceiptsAddress(shop.ID, eur))
			if err == nil && (!a.Busy || a.Limit != ledger.Unlimited) {
				t.Errorf("the receipts account is %+v", a)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		if _, err := w.Get(ctx, "mch_nobody"); !errors.Is(err, ErrNotFound) {
			t.Errorf("nobody's shop: %v", err)
		}
	})
}

// Every part of a registration that cannot be is named, and a handle is given once, to a shop or a person.
func TestRegisterRefuses(t *testing.T) {
	engines(t, func(t *testing.T, w *world) {
		if _, err := w.Register(t.Context(), w.draft()); err != nil {
			t.Fatal(err)
		}
		for param, c := range map[string]struct {
			change func(*Draft)
			want   *fault.Fault
		}{
			"name":           {func(d *Draft) { d.Name = "Caf\u202Ee" }, ErrDraft},
			"mcc":            {func(d *Draft) { d.MCC = "58a4" }, ErrDraft},
			"country":        {func(d *Draft) { d.Country = "de" }, ErrDraft},
			"currencies":     {func(d *Draft) { d.Currencies = []string{"eur"} }, money.ErrUnknownCurrency},
			"return_origins": {func(d *Draft) { d.ReturnOrigins = []string{"https://a.example/path"} }, ErrOrigin},
			"handle":         {func(d *Draft) { d.Handle = "a b" }, identity.ErrHandle},
		} {
			d := w.draft()
			d.Handle = "another"
			c.change(&d)
			_, err := w.Register(t.Context(), d)
			if f, ok := fault.As(err); !ok || !errors.Is(err, c.want) || f.Param != param {
				t.Errorf("a wrong %s: %v", param, err)
			}
		}
		for _, handle := range []string{"rosas_cafe", "rosa"} {
			d := w.draft()
			d.Handle = handle
			if _, err := w.Register(t.Context(), d); !errors.Is(err, ErrHandleTaken) {
				t.Errorf("the handle %s: %v", handle, err)
			}
		}
	})
}

// A frozen shop's accounts are frozen with it, also those that are opened afterwards.
func TestFreeze(t *testing.T) {
	engines(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		shop, err := w.Register(ctx, w.draft())
		if err != nil {
			t.Fatal(err)
		}
		if err := w.SetState(ctx, shop.ID, Frozen); err != nil {
			t.Fatal(err)
		}
		jpy, _ := money.Lookup("JPY")
		if err := w.db.Write(ctx, func(tx *db.Tx) error { _, err := w.Receipts(tx, shop.ID, jpy); return err }); err != nil {
			t.Fatal(err)
		}
		for _, state := range []State{Frozen, Active} {
			if err := w.SetState(ctx, shop.ID, state); err != nil {
				t.Fatal(err)
			}
			accounts, err := db.Read(ctx, w.db, func(tx *db.Tx) ([]ledger.Account, error) {
				return w.books.OwnedBy(tx, receiptsOwner(shop.ID))
			})
			if err != nil || len(accounts) != 3 {
				t.Fatalf("%d accounts, %v", len(accounts), err)
			}
			for _, a := range accounts {
				if a.Frozen != (state == Frozen) {
					t.Errorf("the shop is %s, %s frozen: %v", state, a.Address, a.Frozen)
				}
			}
		}
		if err := w.SetState(ctx, "mch_nobody", Frozen); !errors.Is(err, ErrNotFound) {
			t.Errorf("freeze nobody: %v", err)
		}
		if err := w.SetReturnOrigins(ctx, shop.ID, []string{"https://new.example"}); err != nil {
			t.Fatal(err)
		}
		if now, err := w.Get(ctx, shop.ID); err != nil || now.ReturnOrigins[0] != "https://new.example" {
			t.Errorf("the cache kept %v, %v", now.ReturnOrigins, err)
		}
	})
}
