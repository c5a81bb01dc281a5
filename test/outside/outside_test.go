package outside

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"billfold/app"
	"billfold/client"
	"billfold/core/payment"
	"billfold/core/payment/qr"
	"billfold/test/harness"
)

// site is a sandbox with its demo history, as `billfold dev` starts it.
type site struct {
	*app.App
	url  string
	keys app.Keys
}

func open(t *testing.T) site {
	t.Helper()
	ln, err := app.Listen(t.Context(), "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), app.Config{Mode: app.Sandbox, Data: t.TempDir(), Log: harness.Warnings(t)}, ln)
	if err != nil {
		t.Fatal(err)
	}
	serving, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Serve(serving, ln) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
		if err := a.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if err := a.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.Start()
	keys, err := a.DemoKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return site{App: a, url: a.URL.String(), keys: keys}
}

// workplace is a folder of the test's own in which the packages can be imported.
func workplace(t *testing.T) string {
	t.Helper()
	packages, dir := Packages(t), t.TempDir()
	list, err := files.ReadDir("testdata/npm")
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range list {
		text, err := files.ReadFile("testdata/npm/" + one.Name())
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, one.Name()), text, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(packages, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestOutside asks everybody about one server.
func TestOutside(t *testing.T) {
	at := open(t)
	dir := workplace(t)
	answer, err := http.Get(at.url + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "openapi.json"), text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Run("the document is clean", func(t *testing.T) { lint(t, dir) })
	t.Run("a generated client sells", func(t *testing.T) { sell(t, dir, at) })
	t.Run("samples of the documentation", func(t *testing.T) { samples(t, dir, at) })
	t.Run("codes", func(t *testing.T) { codes(t, dir, at) })
}

// lint has redocly read the document under its recommended rules but two: the program has no licence to name, and a sandbox is at
// localhost. A planted mistake shows that it can complain.
func lint(t *testing.T, dir string) {
	check := func(name string) []any {
		out := Run(t, dir, []string{"REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true"}, "sh", "-c",
			"node node_modules/@redocly/cli/bin/cli.js lint "+name+
				" --format=json --skip-rule=info-license --skip-rule=no-server-example.com || true")
		var found struct {
			Totals   struct{ Errors, Warnings int }
			Problems []any
		}
		if err := json.Unmarshal([]byte(out), &found); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return found.Problems
	}
	if found := check("openapi.json"); len(found) > 0 {
		shown, _ := json.MarshalIndent(found[:min(len(found), 5)], "", " ")
		t.Errorf("redocly complains %d times: %s", len(found), shown)
	}
	whole, err := os.ReadFile(filepath.Join(dir, "openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	broken := strings.Replace(string(whole), `"operationId":"createPayment"`, `"operationId":"listPayments"`, 1)
	if err := os.WriteFile(filepath.Join(dir, "broken.json"), []byte(broken), 0o644); err != nil {
		t.Fatal(err)
	}
	if len(check("broken.json")) == 0 {
		t.Error("redocly finds nothing in a document with one operationId twice")
	}
}

// sell makes a client from the document, compiles it strictly together with a sale, and goes through the sale.
func sell(t *testing.T, dir string, at site) {
	Run(t, dir, nil, "node", "node_modules/openapi-typescript/bin/cli.js", "openapi.json", "-o", "billfold.ts")
	Run(t, dir, nil, "node", "node_modules/typescript/bin/tsc", "-p", "tsconfig.json")
	said := Run(t, dir, []string{"BILLFOLD_URL=" + at.url, "BILLFOLD_KEY=" + at.keys.Shop, "BILLFOLD_PAYER_KEY=" + at.keys.Payer}, "node",
		"sale.js")
	if !strings.HasPrefix(said, "sold rcp_") {
		t.Errorf("the sale ends with %q", said)
	}
}

// codes has promptparse read every kind of our EMVCo codes, and reads what it writes.
func codes(t *testing.T, dir string, at site) {
	ctx := t.Context()
	shop, err := (&client.Client{BaseURL: at.url, Key: at.keys.Shop}).Me(ctx)
	if err != nil {
		t.Fatal(err)
	}
	cafe, err := at.Shops.ByHandle(ctx, "cafe_linden")
	if err != nil || string(cafe.ID) != shop.Owner {
		t.Fatalf("%s is not %s: %v", cafe.ID, shop.Owner, err)
	}
	var ours []string
	for _, k := range []payment.Sticker{{}, {Terminal: "Table 7"}} {
		code, err := at.Payments.ShopCode(ctx, cafe.ID, k)
		if err != nil {
			t.Fatal(err)
		}
		ours = append(ours, code)
	}
	session, err := (&client.Client{BaseURL: at.url, Key: at.keys.Shop}).CreateCheckoutSession(ctx, client.CreateCheckoutSession{
		Amount: client.Money{Amount: "690", Currency: "EUR"}, ReturnURL: "https://shop.example/", Reference: "order-1187"})
	if err != nil {
		t.Fatal(err)
	}
	dynamic, err := at.Payments.CheckoutCode(ctx, payment.Caller{Shop: cafe.ID}, payment.CheckoutID(session.ID))
	if err != nil {
		t.Fatal(err)
	}
	ours = append(ours, dynamic)
	damaged := strings.Replace(dynamic, "6.90", "0.90", 1)
	var read []map[string]string
	feed(t, dir, append(ours, damaged), &read, "emv.mjs")
	if len(read) != len(ours)+1 {
		t.Fatalf("promptparse answers %d of %d", len(read), len(ours)+1)
	}
	for i, payload := range ours {
		c, err := qr.Parse(payload)
		if err != nil {
			t.Fatal(err)
		}
		for tag, want := range map[string]string{"00": "01", "01": c.Method, "52": c.Category, "53": c.Currency, "54": c.Amount, "58": c.Country,
			"59": c.Name, "60": c.City, "63": payload[len(payload)-4:]} {
			if read[i][tag] != want {
				t.Errorf("promptparse reads %q under %s of %s, want %q", read[i][tag], tag, payload, want)
			}
		}
	}
	if last := read[len(read)-1]; last != nil {
		t.Errorf("promptparse takes a changed amount: %v", last)
	}
	var theirs []string
	feed(t, dir, nil, &theirs, "emv.mjs", "write")
	c, err := qr.Parse(theirs[0])
	if err != nil {
		t.Fatalf("%s: %v", theirs[0], err)
	}
	amount, _, err := c.Money()
	account, known := c.Account("com.example.scheme")
	if err != nil || amount.String() != "4.20 EUR" || !known || account.Get(1) != "shop-7" || c.Additional.Reference != "order-1187" {
		t.Errorf("%s is %s, %v", theirs[0], amount, err)
	}
	for _, thai := range theirs[1:] { // between people: without the category, name and city that the standard wants of a merchant
		if _, err := qr.Parse(thai); !errors.Is(err, qr.ErrForm) {
			t.Errorf("%s: %v, want it refused by its form", thai, err)
		}
	}
}

// feed gives a script of ours a value and reads its answer.
func feed(t *testing.T, dir string, value, into any, script ...string) {
	t.Helper()
	text, err := json.Marshal(value)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "asked.json"), text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	out := Run(t, dir, nil, "sh", "-c", "node "+strings.Join(script, " ")+" < asked.json")
	if err := json.Unmarshal([]byte(out), into); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}
