package app

import (
	"context"
	"crypto/x509"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"billfold/base/db"
	"billfold/client"
)

// customer is somebody at the web shop, whose browser follows no redirect and sends what browsers send.
type customer struct {
	t    *testing.T
	http *http.Client
	url  string
	tags string // Accept-Language
}

func (c customer) ask(method, path string, form url.Values, header ...string) (int, string, http.Header) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Accept-Language", c.tags)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer.StatusCode, string(body), answer.Header
}

var orderField = regexp.MustCompile(`name="order" value="([A-Z2-7]+)"`)

// chosen is a form for two bags of beans and a mug.
func (c customer) chosen() url.Values {
	c.t.Helper()
	status, shelf, _ := c.ask(http.MethodGet, "/demo-shop", nil)
	order := orderField.FindStringSubmatch(shelf)
	if status != http.StatusOK || order == nil {
		c.t.Fatalf("the shelf: %d\n%s", status, shelf)
	}
	return url.Values{"order": order[1:], "beans": {"2"}, "mug": {"1"}, "filter": {"0"}}
}

// TestDemoShop orders, pays and sends back at the sandbox's web shop. What the shop shows is what the API says: it keeps nothing, so a
// second process would show the same.
func TestDemoShop(t *testing.T) {
	on(t, func(t *testing.T, c Config) {
		a, _ := start(t, c)
		keys, err := a.DemoKeys(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		lena := customer{t, trusting(t, nil), a.URL.String(), "en"}
		if _, landing, _ := lena.ask(http.MethodGet, "/", nil); !strings.Contains(landing, `href="/demo-shop?lang=en"`) {
			t.Error("the front door does not lead to the shop")
		}
		if status, page, _ := lena.ask(http.MethodPost, "/demo-shop", url.Values{"beans": {"0"}, "mug": {"-1"}, "gift": {"99"}}); status != 422 ||
			!strings.Contains(page, "Choose at least one thing.") {
			t.Errorf("an order of nothing: %d", status)
		}
		form := lena.chosen()
		status, _, head := lena.ask(http.MethodPost, "/demo-shop", form)
		checkout := head.Get("Location")
		id, found := strings.CutPrefix(checkout, a.URL.String()+"/c/")
		if status != http.StatusSeeOther || !found {
			t.Fatalf("the order: %d, to %q", status, checkout)
		}
		if _, _, head := lena.ask(http.MethodPost, "/demo-shop", form); head.Get("Location") != checkout {
			t.Errorf("sent again it leads to %q, first to %q", head.Get("Location"), checkout)
		}
		order := "/demo-shop/orders/" + id
		if status, page, _ := lena.ask(http.MethodGet, order, nil); status != 200 || !strings.Contains(page, `data-state="open"`) ||
			!strings.Contains(page, `href="`+checkout+`"`) || strings.Contains(page, "refund\"") {
			t.Errorf("before it is paid: %d\n%s", status, page)
		}
		status, page, head := lena.ask(http.MethodPost, order+"/refund", nil)
		if status != http.StatusConflict || !strings.Contains(page, `role="alert"`) {
			t.Errorf("back before it is paid: %d, to %q", status, head.Get("Location"))
		}

		payer := &client.Client{BaseURL: a.URL.String(), Key: keys.Payer}
		_, hosted, _ := lena.ask(http.MethodGet, "/c/"+id, nil)
		if !strings.Contains(hosted, "€49.80") || !strings.Contains(hosted, "Enamel mug") {
			t.Error("the hosted page does not show the order")
		}
		paid, err := payer.ConfirmPayment(t.Context(), strings.Replace(id, "chk_", "pay_", 1), client.ConfirmPayment{})
		if err != nil || paid.State != "completed" {
			t.Fatalf("paid: %+v, %v", paid, err)
		}
		if _, page, _ := lena.ask(http.MethodGet, order, nil); !strings.Contains(page, `data-state="completed"`) ||
			!strings.Contains(page, paid.Receipt) || !strings.Contains(page, "€49.80") {
			t.Errorf("once it is paid:\n%s", page)
		}
		lena.sendsBack(order, payer, paid.ID)
		others, err := (&client.Client{BaseURL: a.URL.String(), Key: keys.Shop}).CreateCheckoutSession(t.Context(), client.CreateCheckoutSession{
			Amount: client.Money{Amount: "500", Currency: "EUR"}, ReturnURL: a.URL.String()})
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/demo-shop/orders/" + others.ID, "/demo-shop/orders/chk_nonsense", "/demo-shop/nowhere"} {
			if status, _, _ := lena.ask(http.MethodGet, path, nil); status != http.StatusNotFound {
				t.Errorf("%s: %d", path, status)
			}
		}
	})
}

// sendsBack asks for the money of an order twice, and once from a page elsewhere; it is given back once.
func (c customer) sendsBack(order string, payer *client.Client, paid string) {
	c.t.Helper()
	wang := c
	wang.tags = "zh-CN"
	if _, page, head := wang.ask(http.MethodGet, order, nil); !strings.Contains(page, "谢谢，已付款") || head.Get("Content-Language") != "zh-Hans" {
		c.t.Error("the order is not in Chinese")
	}
	if status, _, _ := c.ask(http.MethodPost, order+"/refund", nil, "Sec-Fetch-Site", "cross-site"); status != http.StatusForbidden {
		c.t.Errorf("a page elsewhere sent the order back: %d", status)
	}
	for range 2 {
		if status, _, head := c.ask(http.MethodPost, order+"/refund", nil); status != http.StatusSeeOther || head.Get("Location") != order {
			c.t.Errorf("sent back: %d, to %q", status, head.Get("Location"))
		}
	}
	if _, page, head := c.ask(http.MethodGet, order, nil); !strings.Contains(page, `data-state="refunded"`) ||
		!strings.HasPrefix(head.Get("Content-Security-Policy"), "default-src 'none'; style-src 'self'; ") ||
		strings.Contains(page, "<script") || strings.Contains(page, "style=") {
		c.t.Errorf("once it was sent back, under %q:\n%s", head.Get("Content-Security-Policy"), page)
	}
	back, err := payer.Payments(c.t.Context(), client.PaymentFilter{Kind: "refund"})
	refunds := 0
	for _, p := range back.Data {
		if p.RefundOf == paid {
			refunds++
		}
	}
	if err != nil || refunds != 1 {
		c.t.Errorf("%d refunds, %v", refunds, err)
	}
}

// TestDemoShopElsewhere shows where the web shop is not: in real use, and in a sandbox that has no demo data. Over TLS its address is
// among those to which its checkouts may return, and it reaches the API by the sandbox's own authority.
func TestDemoShopElsewhere(t *testing.T) {
	live, _ := start(t, Config{Data: t.TempDir()})
	empty, _ := start(t, Config{Mode: Sandbox, Data: t.TempDir(), Empty: true})
	for name, a := range map[string]*App{"live": live, "empty": empty} {
		for _, path := range []string{"/demo-shop", "/demo-shop/orders/chk_1"} {
			if status, page := fetch(t, a, path); status != http.StatusNotFound || strings.Contains(page, `name="beans"`) {
				t.Errorf("%s, %s: %d", name, path, status)
			}
		}
		if _, landing := fetch(t, a, "/"); strings.Contains(landing, "/demo-shop") {
			t.Errorf("%s: the front door leads to a shop that is not there", name)
		}
	}

	a, _ := start(t, Config{Mode: Sandbox, Data: t.TempDir(), TLS: true, Addr: "localhost:0"})
	pool := x509.NewCertPool()
	pool.AddCert(a.authority.cert)
	c := customer{t, trusting(t, pool), a.URL.String(), "en"}
	status, page, head := c.ask(http.MethodPost, "/demo-shop", c.chosen())
	if status != http.StatusSeeOther {
		t.Fatalf("over TLS: %d, to %q\n%s", status, head.Get("Location"), page)
	}
	till, err := a.Shops.ByHandle(t.Context(), "cafe_linden")
	if err != nil || len(till.ReturnOrigins) != 1 || till.ReturnOrigins[0] != a.URL.String() {
		t.Errorf("it returns to %q, %v", till.ReturnOrigins, err)
	}
}

// TestOlderSandboxGetsAStoreKey: keys that were kept before there was a web shop stay, and its own joins them.
func TestOlderSandboxGetsAStoreKey(t *testing.T) {
	a, _ := start(t, Config{Mode: Sandbox, Data: t.TempDir()})
	keys, err := a.DemoKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	older := keys
	older.Store = ""
	if err := a.DB.Write(context.Background(), func(tx *db.Tx) error { return a.keepDemoKeys(tx, older) }); err != nil {
		t.Fatal(err)
	}
	now, err := a.DemoKeys(t.Context())
	older.Store = now.Store
	if err != nil || now != older || now.Store == "" || now.Store == keys.Store {
		t.Errorf("they became others, or there is no key for the shop: %v", err)
	}
	if again, err := a.DemoKeys(t.Context()); err != nil || again != now {
		t.Errorf("they change from time to time: %v", err)
	}
}
