package browser

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"billfold/base/db"
	"billfold/base/lang"
	"billfold/client"
	"billfold/test/harness"
)

// command is the program, which the first who asks builds.
var command = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "billfold-command-")
	if err != nil {
		return "", err
	}
	after = append(after, func() error { return os.RemoveAll(folder) })
	// `go test` remembers results; the sources of the command are looked at here, so that it runs again when they change.
	sources, _ := filepath.Glob("../../cmd/billfold/*.go")
	for _, name := range sources {
		_, _ = os.Stat(name)
	}
	path := filepath.Join(folder, "billfold")
	build := exec.Command("go", "build", "-o", path, "./cmd/billfold")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		return "", &exec.Error{Name: "go build ./cmd/billfold: " + string(out), Err: err}
	}
	return path, nil
})

// greeting is what `billfold dev` says when it can be used: what it offers, by its names.
type greeting map[string]string

// row is a line of it.
var row = regexp.MustCompile(`^  (Wallet|API|Demo shop|Operator|Try) +(.+)$`)

// dev starts the command as a newcomer does, in an empty folder, and reads what it says. It is told to stop at the end of the test.
func dev(t *testing.T, more ...string) (greeting, string) {
	t.Helper()
	path, err := command()
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(t.TempDir(), "billfold-data")
	cmd := exec.Command(path, append([]string{"dev", "--addr", "localhost:0", "--data", data}, more...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the command ended with %v\n%s", err, said.String())
		}
	})
	limit := time.AfterFunc(busy, func() { _ = cmd.Process.Kill() }) // so that the reading below ends
	defer limit.Stop()
	g := greeting{}
	for lines := bufio.NewScanner(out); g["Try"] == "" && lines.Scan(); {
		if m := row.FindStringSubmatch(lines.Text()); m != nil {
			g[m[1]] = m[2]
		}
	}
	if g["Try"] == "" {
		t.Fatalf("it does not say what to try: %v\n%s", g, said.String())
	}
	return g, data
}

// link is the address on a line of the greeting.
func (g greeting) link(name string) string { return strings.Fields(g[name])[0] }

// shell runs what a page or the greeting says to run.
func shell(t *testing.T, line string) []byte {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "sh", "-c", line).Output()
	if err != nil {
		t.Fatalf("%s\n%v", line, err)
	}
	return out
}

// TestFirstFiveMinutes is a newcomer's walk: the command's own words, a wallet with a past, a coffee that is paid from the till's code
// while both screens look on, the bill divided with a friend who reads Chinese, the books behind it, a checkout made by a command that
// was copied from the documentation, and what is missing for real use. On both databases.
func TestFirstFiveMinutes(t *testing.T) {
	t.Parallel()
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			var more []string
			if engine == db.Postgres {
				more = []string{"--db", harness.Place(t, engine).DSN}
			}
			said, data := dev(t, more...)
			base := strings.TrimSuffix(said.link("Wallet"), "/")
			b := Start(t)
			m := minutes{t: t, said: said, data: data, base: base,
				lena: b.Visit(t, base, Look{Lang: lang.EN}), till: b.Visit(t, base, Look{Lang: lang.EN, Desktop: true})}
			m.command()
			m.wallet()
			paid := m.pay()
			m.divide(paid)
			m.operator(paid)
			m.developer()
		})
	}
}

type minutes struct {
	t          *testing.T
	said       greeting
	data, base string
	lena, till *Visitor
}

// command runs what was printed.
func (m minutes) command() {
	m.t.Helper()
	var balance struct{ Balances []any }
	if err := json.Unmarshal(shell(m.t, m.said["Try"]), &balance); err != nil || len(balance.Balances) == 0 {
		m.t.Errorf("%s: %v, %v", m.said["Try"], balance, err)
	}
	env, err := os.ReadFile(filepath.Join(m.data, "dev.env"))
	key := regexp.MustCompile(`bf_test_sk_\w+`)
	if first := key.FindString(m.said["API"]); err != nil || first == "" || !strings.Contains(string(env), "BILLFOLD_KEY="+first+"\n") {
		m.t.Errorf("dev.env does not hold the key that was printed: %v", err)
	}
}

// wallet steps in as Lena: money in several currencies, ninety days of payments, and somebody who asks her for money.
func (m minutes) wallet() {
	v := m.lena
	v.Go(m.said.link("Wallet"))
	v.See("Lena Hoffmann", "王小明", "Mira Linden", "Olu Adeyemi", v.Say("demoshop.try"))
	v.Press("Lena Hoffmann")
	v.At("/home")
	v.See("€", "CNY", "USD", v.Say("home.waiting"), v.Say("home.recent"))
	long := time.Now().AddDate(0, 0, -80).Format(time.DateOnly)
	v.Go("/activity?until=" + long)
	v.Until("payments of before "+long, "document.querySelectorAll('main a[href^=\"/activity/pay_\"]').length > 3")
}

// pay is a coffee: the owner sets up a till in another window, Lena shows its code to her wallet, and when she has confirmed both pages
// say so. The till's hears of it by its stream, and is the page that it was.
func (m minutes) pay() (paid string) {
	m.t.Helper()
	v, till := m.lena, m.till
	till.Go("/")
	till.Press("Mira Linden")
	till.At("/home")
	shop := ask[string](till, `document.querySelector('a[href^="/m/mch_"]').getAttribute('href')`)
	till.Go(shop + "/floor")
	till.Fill("name", "Linden Square")
	till.Press(till.Say("floor.store.go"))
	till.See("Linden Square", till.Say("floor.till.go"))
	till.do("name the till", chromedp.SendKeys(`form[action$="/tills"] [name=name]`, "Counter", chromedp.ByQuery))
	till.Press(till.Say("floor.till.go"))
	till.Until("its code", "document.getElementById('pairing-code')")
	code := ask[string](till, "document.getElementById('pairing-code').textContent")
	till.Press(till.Say("floor.staff.add"))
	till.do("name the clerk", chromedp.SendKeys(`form[action$="/staff"] [name=name]`, "Ana", chromedp.ByQuery),
		chromedp.SendKeys(`form[action$="/staff"] [name=pin]`, "4071", chromedp.ByQuery))
	till.Press(till.Say("floor.staff.go"))
	till.See("Ana")
	till.Go("/till")
	till.Fill("code", code)
	till.Press(till.Say("till.pair.go"))
	till.Fill("pin", "4071")
	till.Press(till.Say("till.signin"))
	till.Fill("amount", "6.90")
	till.Fill("what", "Flat white and croissant")
	till.Press(till.Say("till.charge"))
	till.At("/till/chk_")
	sale := strings.TrimPrefix(till.Path(), "/till/")
	till.waitsForNews()

	picture := filepath.Join(m.t.TempDir(), "code.png")
	var png []byte
	till.do("show the code", chromedp.Screenshot("svg.qr", &png, chromedp.ByQuery))
	if err := os.WriteFile(picture, png, 0o600); err != nil {
		m.t.Fatal(err)
	}
	v.Go("/scan")
	v.do("scan it", chromedp.SetUploadFiles("#f-picture", []string{picture}, chromedp.ByQuery))
	v.At("/c/" + sale)
	v.See("Café Linden", "€6.90", "Flat white and croissant")
	v.Click("#approve button")
	v.See(v.Say("checkout.paid"))
	till.See(till.Say("checkout.paid"), "€6.90", "Lena H.")
	till.heardNews()
	v.Press(v.Say("checkout.see"))
	v.At("/activity/pay_")
	v.See(v.Say("state.completed"), v.Say("step.confirm_payee"))
	return strings.TrimPrefix(v.Path(), "/activity/")
}

// waitsForNews marks the page, so that it can be told from one that was loaded anew, and listens for what its stream brings.
func (v *Visitor) waitsForNews() {
	v.t.Helper()
	v.do("mark the page",
		chromedp.Evaluate(`window.stayed = true; document.body.addEventListener('news', () => { window.heard = true })`, nil))
}

// heardNews waits until the marked page's stream has brought something. The page that was marked is still there.
func (v *Visitor) heardNews() {
	v.t.Helper()
	v.Until("news by the stream, on the page that was", "window.stayed && window.heard")
}

// divide splits the bill with 小王, whose pages are in Chinese: he is asked, and pays his half.
func (m minutes) divide(paid string) {
	v := m.lena
	v.Press(v.Say("split.this"))
	v.At("/split")
	v.Fill("add", "@xiaoming")
	v.Click("button.btn[value=look]")
	v.See("*小明", "3.45", v.Say("split.go"))
	v.Press(v.Say("split.go"))
	v.At("/r/req_")
	request := v.Path()

	ming := Start(m.t).Visit(m.t, m.base, Look{Lang: lang.ZH, Desktop: true})
	ming.Go("/")
	ming.Press("王小明")
	ming.At("/home")
	ming.Until("his pages in Chinese", "document.documentElement.lang === 'zh-Hans'")
	ming.See(ming.Say("home.waiting"), "Lena H.", "3.45")
	ming.Go(request)
	ming.Click("a.btn[href^='/confirm/']")
	ming.At("/confirm/pay_")
	ming.See("Lena H.", "3.45")
	ming.Click("#approve button")
	ming.At("/activity/pay_")
	ming.See(ming.Say("state.completed"))
	v.Go(request)
	v.See(v.Say("share.paid"))
}

// operator follows the printed link: the books sum to zero, and the coffee is in them as it was posted.
func (m minutes) operator(paid string) {
	olu := m.till
	olu.Go(m.said.link("Operator"))
	olu.Press(olu.Say("setup.go"))
	olu.At("/ops")
	olu.See(olu.Say("ops.sum.ok"), olu.Say("ops.zero"))
	olu.Go("/ops?reference=" + paid)
	olu.Click("main tbody a[href^='/ops/entries/']")
	olu.At("/ops/entries/")
	olu.See("6.90", "merchant/mch_", "user/usr_", paid)
	olu.Go("/ops/doctor")
	olu.See(olu.Say("grade.fail"), "public-url")
}

// developer copies a command from the documentation, in which their key stands already, opens what it answers and plays the outside
// world; the shop's events tell of it.
func (m minutes) developer() {
	m.t.Helper()
	v := m.lena
	v.Go(m.said.link("API"))
	var session struct {
		URL     string
		Payment struct{ ID string }
	}
	line := ask[string](v, `document.querySelector('[data-sample=checkout][data-language=curl]').textContent`)
	if out := shell(m.t, line); json.Unmarshal(out, &session) != nil || session.URL == "" {
		m.t.Fatalf("%s\nanswered\n%s", line, out)
	}
	guest := Start(m.t).Visit(m.t, m.base, Look{Lang: lang.EN})
	guest.Go(session.URL)
	guest.See("€6.90", guest.Say("checkout.panel"))
	guest.Press(guest.Say("checkout.panel"))
	guest.Press(guest.Say("checkout.panel.pay"))
	guest.See(guest.Say("checkout.paid"))
	key := regexp.MustCompile(`bf_test_sk_\w+`).FindString(m.said["API"])
	shop := &client.Client{BaseURL: m.base, Key: key}
	f := client.EventFilter{Type: "payment.completed", Page: client.Page{Limit: 100}}
	list, err := shop.Events(m.t.Context(), f)
	for err == nil && list.HasMore {
		f.Cursor = list.NextCursor
		list, err = shop.Events(m.t.Context(), f)
	}
	if err != nil || !strings.Contains(fmt.Sprintf("%+v", list.Data), session.Payment.ID) {
		m.t.Errorf("the shop's events do not tell of %s: %v", session.Payment.ID, err)
	}
}
