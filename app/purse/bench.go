package purse

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"billfold/app"
	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/money"
	"billfold/core/ledger"
	issuer "billfold/product/purse"
	"billfold/product/purse/proto"
	"billfold/product/purse/step"
	"billfold/product/purse/store"
)

// benchResult is what `bench purse --json` prints.
type benchResult struct {
	Purchases          int     `json:"purchases"`
	P50                float64 `json:"p50_ms"`
	P99                float64 `json:"p99_ms"`
	PurchasesPerSecond float64 `json:"purchases_per_second"`
	Collected          int     `json:"collected"`
	CollectedPerSecond float64 `json:"collected_per_second"`
	Verified           bool    `json:"verified"` // by a new process, which opened the installation that the bench had closed
}

// ErrUnverified says that the books of a bench do not add up.
var ErrUnverified = errors.New("the books of the bench do not add up")

// Bench measures purchases between two purses whose stores are files, both sides durable at every step, and then the
// collection of a till into the ledger on SQLite, in an installation of its own. It is run as `billfold bench purse`; the flags are
// --purchases N (400), --lines N (10000) and --json. What it prints was verified by a new process, `billfold verify`, after the
// installation was closed: every entry of the ledger, and where the issuer says that all issued value is.
func Bench(ctx context.Context, args []string, out, diag io.Writer) error {
	f := flag.NewFlagSet("bench purse", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	purchases, lines := f.Int("purchases", 400, ""), f.Int("lines", 10_000, "")
	asJSON := f.Bool("json", false, "")
	if err := f.Parse(args); err != nil || *purchases < 1 || *lines < 1 {
		return fmt.Errorf("give --purchases N, --lines N, --json (%w)", err)
	}
	dir, err := os.MkdirTemp("", "billfold-bench-purse-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bencher{dir: dir, clock: clock.System()}
	if err := b.begin(ctx); err != nil {
		return err
	}
	r, err := b.measure(ctx, *purchases, *lines)
	if err := errors.Join(err, b.end(ctx)); err != nil {
		return err
	}
	if r.Verified, err = b.verified(ctx, diag); err != nil {
		return err
	}
	if *asJSON {
		line, err := json.Marshal(r)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s\n", line)
	} else {
		fmt.Fprintf(out, "%d purchases, both sides on disk: %.0f a second, p50 %.1f ms, p99 %.1f ms; "+
			"%d lines collected: %.0f a second; verified %v\n",
			r.Purchases, r.PurchasesPerSecond, r.P50, r.P99, r.Collected, r.CollectedPerSecond, r.Verified)
	}
	if !r.Verified {
		return ErrUnverified
	}
	return nil
}

// bencher is an installation of the bench's own.
type bencher struct {
	dir    string
	clock  clock.Clock
	app    *app.App
	issuer *issuer.Issuer
}

// The accounts that loads come from, and a till's takings go to.
const (
	benchBank = "bank/bench"
	benchShop = "bank/bench_shop"
)

func (b *bencher) data() string { return filepath.Join(b.dir, "data") }

func (b *bencher) begin(ctx context.Context) (err error) {
	if b.app, err = app.Open(ctx, app.Config{Mode: app.Sandbox, Data: b.data(), Empty: true}, nil); err != nil {
		return err
	}
	b.issuer = b.app.Purses
	eur, _ := money.Lookup("EUR")
	return b.app.DB.Write(ctx, func(tx *db.Tx) error {
		for _, owner := range []string{benchBank, benchShop} {
			if _, err := b.app.Ledger.Open(tx, ledger.Spec{Address: owner + "/EUR", Currency: eur, Limit: ledger.Unlimited}); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *bencher) end(ctx context.Context) error { return b.app.Close(ctx) }

// enrol makes a purse or till: in a folder, or in memory where path is empty.
func (b *bencher) enrol(ctx context.Context, role proto.Role, payout, path string) (*purse, error) {
	key, err := proto.NewPrivateKey()
	if err != nil {
		return nil, err
	}
	m, params, err := b.issuer.Enrol(ctx, issuer.Enrolment{Owner: payout, Payout: payout, Role: role, Class: 3, Key: key.Public(),
		Currencies: []string{"EUR"}})
	if err != nil {
		return nil, err
	}
	p := &purse{clock: b.clock, key: key, facts: facts{Role: role.String()},
		env: step.Env{Network: b.issuer.Network(), Roots: b.issuer.Roots(), Signer: key}}
	var kept store.Store = store.NewMemory(step.Fresh(m.ID))
	if path != "" {
		if p.folder, err = openFolder(path, true); err != nil {
			return nil, err
		}
		if kept, err = store.Create(p.folder, step.Fresh(m.ID)); err != nil {
			return nil, err
		}
	}
	if p.Module, err = store.Open(kept); err != nil {
		return nil, err
	}
	_, err = p.ask(proto.INSParams, params)
	return p, err
}

// sync tells the issuer everything and takes home its answer.
func (b *bencher) sync(ctx context.Context, p *purse) (int, error) {
	nonce, err := b.issuer.Nonce(ctx, p.State().ID)
	if err != nil {
		return 0, err
	}
	bundle, err := p.bundle(nonce)
	if err != nil {
		return 0, err
	}
	answer, err := b.issuer.Sync(ctx, bundle)
	if err != nil {
		return 0, err
	}
	_, err = p.ask(proto.INSParams, answer.Params)
	return len(bundle.Records), err
}

func (b *bencher) fill(ctx context.Context, p *purse, minor int64) error {
	hello, err := desk(ctx, folderBank{Issuer: b.issuer}, p, proto.INSHello, nil)
	if err != nil {
		return err
	}
	request, err := p.ask(proto.INSStart, proto.Start{Hello: hello, Value: minor, Currency: "EUR", Purpose: proto.Load}.Encode())
	if err != nil {
		return err
	}
	value, err := desk(ctx, folderBank{Issuer: b.issuer}, p, proto.INSDebit, request)
	if err != nil {
		return err
	}
	ack, err := p.ask(proto.INSCredit, value)
	if err != nil {
		return err
	}
	_, err = desk(ctx, folderBank{Issuer: b.issuer}, p, proto.INSComplete, ack)
	return err
}

// purchase is one purchase, whole: four commits.
func purchase(payer, till *purse, minor int64) error {
	hello, err := payer.ask(proto.INSHello, nil)
	if err != nil {
		return err
	}
	request, err := till.ask(proto.INSStart, proto.Start{Hello: hello, Value: minor, Currency: "EUR", Purpose: proto.Purchase}.Encode())
	if err != nil {
		return err
	}
	_, consent, err := payer.offered(request)
	if err != nil {
		return err
	}
	payer.env.Consent = consent
	value, err := payer.ask(proto.INSDebit, request)
	if err != nil {
		return err
	}
	ack, err := till.ask(proto.INSTake, value)
	if err != nil {
		return err
	}
	_, err = payer.ask(proto.INSComplete, ack)
	return err
}

// perSync is how many purchases a purse of class 3 makes between two syncs.
const perSync = 100

func (b *bencher) measure(ctx context.Context, purchases, lines int) (r benchResult, err error) {
	ann, err := b.enrol(ctx, proto.Holder, benchBank, filepath.Join(b.dir, "ann"))
	if err != nil {
		return r, err
	}
	till, err := b.enrol(ctx, proto.Acceptor, benchShop, filepath.Join(b.dir, "till"))
	if err != nil {
		return r, err
	}
	if err := b.fill(ctx, ann, 300_00); err != nil {
		return r, err
	}
	times := make([]time.Duration, 0, purchases)
	var total time.Duration
	for i := range purchases {
		if i%perSync == 0 {
			for _, p := range []*purse{ann, till} {
				if _, err := b.sync(ctx, p); err != nil {
					return r, err
				}
			}
		}
		watch := clock.Start()
		if err := purchase(ann, till, 1); err != nil {
			return r, fmt.Errorf("purchase %s: %w", strconv.Itoa(i), err)
		}
		times = append(times, watch.Elapsed())
		total += times[i]
	}
	slices.Sort(times)
	r.Purchases = purchases
	r.P50, r.P99 = milliseconds(times[len(times)/2]), milliseconds(times[min(len(times)-1, len(times)*99/100)])
	r.PurchasesPerSecond = rate(purchases, total)
	if err := b.collect(ctx, lines, &r); err != nil {
		return r, err
	}
	for _, p := range []*purse{ann, till} {
		if _, err := b.sync(ctx, p); err != nil {
			return r, err
		}
	}
	return r, nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func rate(n int, d time.Duration) float64 { return float64(int(float64(n)/d.Seconds()*10)) / 10 }

// collect has a till in memory take a day's payments of many purses, and measures what becomes of its file: signatures of records and of
// payments, archive, transfers and ledger, on disk.
func (b *bencher) collect(ctx context.Context, lines int, r *benchResult) error {
	till, err := b.enrol(ctx, proto.Acceptor, benchShop, "")
	if err != nil {
		return err
	}
	for left := lines; left > 0; left -= perSync {
		p, err := b.enrol(ctx, proto.Holder, benchBank, "")
		if err != nil {
			return err
		}
		if err := b.fill(ctx, p, perSync); err != nil {
			return err
		}
		for range min(left, perSync) {
			if err := purchase(p, till, 1); err != nil {
				return err
			}
		}
	}
	if _, err := till.ask(proto.INSBatch, nil); err != nil {
		return err
	}
	watch := clock.Start()
	if _, err := b.sync(ctx, till); err != nil {
		return err
	}
	r.Collected, r.CollectedPerSecond = lines, rate(lines, watch.Elapsed())
	return nil
}

// verified runs `billfold verify` in a new process, which opens what the bench has closed.
func (b *bencher) verified(ctx context.Context, diag io.Writer) (bool, error) {
	self, err := os.Executable()
	if err != nil {
		return false, err
	}
	text, err := exec.CommandContext(ctx, self, "verify", "--data", b.data()).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return false, err
	}
	if err != nil {
		fmt.Fprintf(diag, "%s", text)
	}
	return err == nil, nil
}
