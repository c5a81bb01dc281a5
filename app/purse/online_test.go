package purse

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"billfold/app"
	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/money"
	"billfold/core/identity"
	"billfold/core/ledger"
	issuer "billfold/product/purse"
	"billfold/product/purse/proto"
)

// running is a whole installation behind its HTTP server, with Ann, who has 100.00 EUR and a key.
func running(t *testing.T) (a *app.App, url, annKey, opsKey string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a, err = app.Open(ctx, app.Config{Mode: app.Sandbox, Data: t.TempDir(), Empty: true}, ln)
	if err != nil {
		t.Fatal(err)
	}
	serving, stop := context.WithCancel(ctx)
	var ended sync.WaitGroup
	ended.Go(func() { a.Serve(serving, ln) })
	a.Start()
	t.Cleanup(func() {
		stop()
		ended.Wait()
		if err := a.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	people, err := a.People.Create(ctx, []identity.NewPerson{{Name: "Ann Lee", Handle: "ann_purse"}, {Name: "Ida Berg", Handle: "ida_ops"}})
	if err != nil {
		t.Fatal(err)
	}
	eur, _ := money.Lookup("EUR")
	err = a.DB.Write(ctx, func(tx *db.Tx) error {
		if err := a.People.Grant(tx, people[1].ID, identity.Operator); err != nil {
			return err
		}
		bank, err := a.Ledger.Open(tx, ledger.Spec{Address: "bank/test/EUR", Currency: eur, Limit: ledger.Unlimited})
		if err != nil {
			return err
		}
		wallet, err := a.Payments.OpenWallet(tx, people[0].ID, eur)
		if err != nil {
			return err
		}
		legs := []ledger.Leg{{Debit: bank.ID, Credit: wallet, Amount: 100_00}}
		if _, err := a.Ledger.Post(tx, ledger.Entry{Kind: "test", Legs: legs}); err != nil {
			return err
		}
		annKey, _, err = a.People.CreateKey(tx, identity.NewKey{Owner: string(people[0].ID), Kind: identity.PayerKey, Label: "test"})
		if err != nil {
			return err
		}
		opsKey, _, err = a.People.CreateKey(tx, identity.NewKey{Owner: string(people[1].ID), Kind: identity.OperatorKey, Label: "test"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return a, "http://" + ln.Addr().String(), annKey, opsKey
}

// The online commands speak to a running server with the owner's key. What was interrupted is finished by --resume, or by the next sync;
// a folder that was set back is a case, which the operator settles.
func TestOnline(t *testing.T) {
	a, url, annKey, opsKey := running(t)
	vars := map[string]string{"BILLFOLD_URL": url, "BILLFOLD_KEY": annKey}
	call := func(args ...string) (string, string, int) {
		var out, diag bytes.Buffer
		status := Main(ctx, args, func(name string) (string, bool) { v, ok := vars[name]; return v, ok }, strings.NewReader(""), &out, &diag)
		return out.String(), diag.String(), status
	}
	ok := func(want string, args ...string) {
		t.Helper()
		if out, diag, status := call(args...); status != 0 || !strings.Contains(out+diag, want) {
			t.Fatalf("%v: status %d, %s%s, want %q", args, status, out, diag, want)
		}
	}
	no := func(want string, args ...string) {
		t.Helper()
		if out, diag, status := call(args...); status == 0 || !strings.Contains(diag, want) {
			t.Fatalf("%v: status %d, %s%s, want %q", args, status, out, diag, want)
		}
	}
	ann := filepath.Join(t.TempDir(), "ann")
	no("need --data", "new", ann, "--class", "3")
	no("role of holder", "new", filepath.Join(t.TempDir(), "x"), "--role", "acceptor")
	ok("holder, good until", "new", ann)
	no("more than its certificate allows (9402); no money moved", "load", ann, "100.01")
	ok("loaded 20.00 EUR", "load", ann, "20.00")
	no("nothing with the issuer was interrupted", "load", ann, "--resume")

	interrupt := func(purpose proto.Purpose, sent bool) { t.Helper(); interrupted(t, a, ann, purpose, sent) }
	interrupt(proto.Load, true)
	ok("pending, as payee: 3.00 EUR", "show", ann)
	ok("loaded 3.00 EUR", "load", ann, "--resume")
	interrupt(proto.Load, false) // the desk never heard of it
	ok("loaded 3.00 EUR", "load", ann, "--resume")
	interrupt(proto.Unload, true)
	ok("what was interrupted is finished", "sync", ann)
	interrupt(proto.Unload, true)
	ok("unloaded 3.00 EUR", "unload", ann, "--resume")
	ok("records told", "sync", ann)
	ok("20.00 EUR", "show", ann)

	setBack := filepath.Join(t.TempDir(), "back")
	copyFolder(t, ann, setBack)
	ok("unloaded 1.00 EUR", "unload", ann, "1.00")
	ok("records told", "sync", ann)
	no("exists twice", "sync", setBack)
	no("Use a key of this kind", "cases")
	vars["BILLFOLD_KEY"] = opsKey
	out, _, _ := call("cases")
	id, _, _ := strings.Cut(out, " ")
	ok("rollback", "cases")
	no("purse_settlement", "settle", id, "--outcome", "house", "--reason", "a backup")
	ok("settled: nobody", "settle", id, "--outcome", "nobody", "--reason", "a backup")
	ok("by usr_", "cases")
	delete(vars, "BILLFOLD_KEY")
	no("BILLFOLD_KEY", "cases")
	if err := a.Purses.Verify(ctx, func(f issuer.Finding) { t.Error(f) }); err != nil {
		t.Error(err)
	}
}

func copyFolder(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// interrupted begins a load or unload of 3.00 and goes no further than the value's being sent, or asked for.
func interrupted(t *testing.T, a *app.App, folder string, purpose proto.Purpose, sent bool) {
	t.Helper()
	bank := folderBank{Issuer: a.Purses}
	p, err := open(folder, clock.System())
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	first, second, begin := p.ask, func(ins proto.Instruction, data []byte) ([]byte, error) {
		return desk(ctx, bank, p, ins, data)
	}, proto.INSHello
	if purpose == proto.Load {
		first, second = second, first
	}
	hello, err := first(begin, nil)
	if err != nil {
		t.Fatal(err)
	}
	request, err := second(proto.INSStart, proto.Start{Hello: hello, Value: 3_00, Currency: "EUR", Purpose: purpose}.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if !sent {
		return
	}
	if _, p.env.Consent, err = p.offered(request); err != nil {
		t.Fatal(err)
	}
	if _, err := first(proto.INSDebit, request); err != nil {
		t.Fatal(err)
	}
}
