package purse_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/id"
	"billfold/base/money"
	"billfold/core/ledger"
	"billfold/product/purse"
	"billfold/product/purse/proto"
	"billfold/product/purse/step"
	"billfold/product/purse/store"
	"billfold/test/harness"
)

var (
	ctx    = context.Background()
	eur, _ = money.Lookup("EUR")
	usd, _ = money.Lookup("USD")
)

// world is an issuer over a real ledger, and the devices that were enrolled in it.
type world struct {
	t      testing.TB
	db     *db.DB
	clock  *clock.Sandbox
	ledger *ledger.Ledger
	issuer *purse.Issuer
	made   int
}

func newWorld(t testing.TB, d *db.DB) *world {
	t.Helper()
	w := &world{t: t, db: d, clock: harness.Clock()}
	keys, ids := harness.Keyring(t), id.NewMinter(w.clock.Now)
	w.ledger = ledger.New(ledger.Options{Clock: w.clock, Real: harness.Real(), Keys: keys, IDs: ids})
	var err error
	w.issuer, err = purse.New(ctx, purse.Options{DB: d, Clock: w.clock, IDs: ids, Ledger: w.ledger, Keys: keys, Network: "test/world",
		Currencies: []money.Currency{eur, usd}})
	if err != nil {
		t.Fatal(err)
	}
	w.open("bank", ledger.Unlimited)
	return w
}

func worlds(t *testing.T, body func(t *testing.T, w *world)) {
	harness.Engines(t, func(t *testing.T, d *db.DB) { body(t, newWorld(t, d)) }, ledger.Schema, purse.Schema)
}

// open opens somebody's accounts in both currencies.
func (w *world) open(owner string, limit ledger.Limit) {
	w.t.Helper()
	err := w.db.Write(ctx, func(tx *db.Tx) error {
		for _, c := range []money.Currency{eur, usd} {
			if _, err := w.ledger.Open(tx, ledger.Spec{Address: owner + "/" + c.Code, Currency: c, Limit: limit}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) balance(address string) (minor int64) {
	w.t.Helper()
	err := w.db.Read(ctx, func(tx *db.Tx) error {
		number, err := w.ledger.Number(tx, address)
		if errors.Is(err, ledger.ErrAccountNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		b, err := w.ledger.Balance(tx, number)
		minor = b.Posted
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return minor
}

// device is a purse, till or other module with its store in memory.
type device struct {
	w      *world
	owner  string
	id     proto.ID
	key    proto.PrivateKey
	module *store.Module
	role   proto.Role
}

// enrol makes a device for a new owner who has 1000.00 EUR.
func (w *world) enrol(role proto.Role, class uint8, currencies ...string) *device {
	w.t.Helper()
	w.made++
	d := &device{w: w, owner: fmt.Sprintf("user/usr_%d", w.made), role: role}
	if role == proto.Acceptor {
		d.owner = fmt.Sprintf("merchant/mch_%d", w.made)
	}
	w.open(d.owner, ledger.NonNegative)
	w.give(d.owner, 1000_00)
	if len(currencies) == 0 {
		currencies = []string{"EUR"}
	}
	var err error
	if d.key, err = proto.NewPrivateKey(); err != nil {
		w.t.Fatal(err)
	}
	name := ""
	if role == proto.Acceptor {
		name = "Café Anna"
	}
	m, params, err := w.issuer.Enrol(ctx, purse.Enrolment{Owner: d.owner, Payout: d.owner, Role: role, Class: class, Name: name,
		Key: d.key.Public(), Currencies: currencies, Float: 100_00})
	if err != nil {
		w.t.Fatal(err)
	}
	d.id = m.ID
	if d.module, err = store.Open(store.NewMemory(step.Fresh(m.ID))); err != nil {
		w.t.Fatal(err)
	}
	if sw, _ := d.do(proto.INSParams, params); sw != proto.OK {
		w.t.Fatalf("certify: %s", sw)
	}
	return d
}

func (w *world) give(owner string, minor int64) {
	w.t.Helper()
	err := w.db.Write(ctx, func(tx *db.Tx) error {
		from, err := w.ledger.Number(tx, "bank/EUR")
		if err != nil {
			return err
		}
		to, err := w.ledger.Number(tx, owner+"/EUR")
		if err != nil {
			return err
		}
		_, err = w.ledger.Post(tx, ledger.Entry{Kind: "test", Legs: []ledger.Leg{{Debit: from, Credit: to, Amount: minor}}})
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (d *device) env() step.Env {
	return step.Env{Now: d.w.clock.Now().Unix(), Network: d.w.issuer.Network(), Roots: d.w.issuer.Roots(), Signer: d.key}
}

// do gives a command to the device; its holder agrees to whatever is asked.
func (d *device) do(ins proto.Instruction, data []byte) (proto.SW, []byte) {
	d.w.t.Helper()
	env := d.env()
	if ins == proto.INSDebit {
		both, _ := proto.ParseIntroduced(data)
		var r proto.Request
		proto.Open(both.Message, &r)
		env.Consent = &step.Consent{Payee: r.To, Value: r.Value, Currency: r.Currency, Purpose: r.Purpose}
	}
	out, sw, ok := proto.ParseResponse(d.module.Do(proto.Command{INS: ins, Data: data}, env).Envelope())
	if !ok {
		d.w.t.Fatal("an answer that cannot be read")
	}
	return sw, out
}

// must is do where anything but 9000 fails the test.
func (d *device) must(ins proto.Instruction, data []byte) []byte {
	d.w.t.Helper()
	sw, out := d.do(ins, data)
	if sw != proto.OK {
		d.w.t.Fatalf("%02X answers %s", byte(ins), sw)
	}
	return out
}

// desk gives a command to the issuer's side.
func (d *device) desk(ins proto.Instruction, data []byte) ([]byte, error) {
	d.w.t.Helper()
	sealed, err := d.w.issuer.Desk(ctx, d.id, proto.Command{INS: ins, Data: data})
	if err != nil {
		return nil, err
	}
	out, sw, _ := proto.ParseResponse(sealed.Envelope())
	if sw != proto.OK {
		return nil, fmt.Errorf("the desk answers %s to %02X", sw, byte(ins))
	}
	return out, nil
}

func (d *device) mustDesk(ins proto.Instruction, data []byte) []byte {
	d.w.t.Helper()
	out, err := d.desk(ins, data)
	if err != nil {
		d.w.t.Fatal(err)
	}
	return out
}

func startData(hello []byte, minor int64, currency string, purpose proto.Purpose, ref []byte) []byte {
	return proto.Start{Hello: hello, Value: minor, Currency: currency, Purpose: purpose, Ref: ref}.Encode()
}

func (d *device) take() proto.Instruction {
	if d.role == proto.Holder {
		return proto.INSCredit
	}
	return proto.INSTake
}

// load loads a purse from its owner's account, whole.
func (d *device) load(minor int64, currency string) {
	d.w.t.Helper()
	request := d.must(proto.INSStart, startData(d.mustDesk(proto.INSHello, nil), minor, currency, proto.Load, nil))
	ack := d.must(d.take(), d.mustDesk(proto.INSDebit, request))
	d.mustDesk(proto.INSComplete, ack)
}

func (d *device) unload(minor int64) {
	d.w.t.Helper()
	request := d.mustDesk(proto.INSStart, startData(d.must(proto.INSHello, nil), minor, "EUR", proto.Unload, nil))
	ack := d.mustDesk(proto.INSTake, d.must(proto.INSDebit, request))
	d.must(proto.INSComplete, ack)
}

// pay makes a whole transfer between two devices and returns its VAL.
func pay(from, to *device, minor int64, purpose proto.Purpose, ref []byte) []byte {
	from.w.t.Helper()
	request := to.must(proto.INSStart, startData(from.must(proto.INSHello, nil), minor, "EUR", purpose, ref))
	val := from.must(proto.INSDebit, request)
	from.must(proto.INSComplete, to.must(to.take(), val))
	return val
}

// bundle is what a device brings to a sync.
func (d *device) bundle(nonce []byte) purse.Bundle {
	d.w.t.Helper()
	b := purse.Bundle{Statement: d.must(proto.INSState, nonce)}
	records, err := d.module.Records(d.module.State().Archived)
	if err != nil {
		d.w.t.Fatal(err)
	}
	for _, r := range records {
		b.Records = append(b.Records, r.Encode())
	}
	return b
}

// sync brings everything to the issuer and takes home what it answers.
func (d *device) sync() error {
	d.w.t.Helper()
	nonce, err := d.w.issuer.Nonce(ctx, d.id)
	if err != nil {
		d.w.t.Fatal(err)
	}
	answer, err := d.w.issuer.Sync(ctx, d.bundle(nonce))
	if answer.Params != nil {
		d.must(proto.INSParams, answer.Params)
	}
	if answer.Clear != nil {
		d.must(proto.INSClear, answer.Clear)
	}
	return err
}

func (d *device) mustSync() {
	d.w.t.Helper()
	if err := d.sync(); err != nil {
		d.w.t.Fatal(err)
	}
}

// giveUp ends what is open.
func (d *device) giveUp() {
	if d.module.State().Open != nil {
		d.must(proto.INSAbort, nil)
	}
}

// check verifies the issuer's books and the ledger, and that they say where the value is.
func (w *world) check(want purse.Totals) {
	w.t.Helper()
	w.verify()
	list, err := w.issuer.Totals(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	want.Currency = "EUR"
	for _, have := range list {
		if have.Currency == "EUR" && have != want {
			w.t.Errorf("totals %+v, want %+v", have, want)
		}
	}
}

func (w *world) verify() {
	w.t.Helper()
	if err := w.issuer.Verify(ctx, func(f purse.Finding) { w.t.Error(f) }); err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.ledger.Verify(ctx, w.db, func(f ledger.Finding) { w.t.Error(f) }); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) cases(kinds ...purse.CaseKind) {
	w.t.Helper()
	list, err := w.issuer.Cases(ctx, "", 100)
	if err != nil {
		w.t.Fatal(err)
	}
	var have []purse.CaseKind
	for _, c := range list {
		have = append(have, c.Kind)
	}
	if fmt.Sprint(have) != fmt.Sprint(kinds) {
		w.t.Errorf("cases %v, want %v", have, kinds)
	}
}

func (w *world) advance(d time.Duration) {
	w.t.Helper()
	if err := w.clock.Advance(d); err != nil {
		w.t.Fatal(err)
	}
}

func wantFault(t testing.TB, err error, want *fault.Fault) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%v, want %s", err, want.Code)
	}
}

// operator is who decides in tests.
var operator = purse.Decision{By: "usr_operator", Reason: "the evidence was read"}
