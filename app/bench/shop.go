package bench

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"billfold/app/demo"
	"billfold/base/clock"
	"billfold/base/db"
	"billfold/client"
	"billfold/core/identity"
	"billfold/core/payment"
)

// shopResult is what `bench shop --json` prints.
type shopResult struct {
	Lists    []listResult `json:"lists"`
	Slowest  string       `json:"slowest"`     // by p99, page or answer
	P50      float64      `json:"p50_most_ms"` // the slowest of the medians
	P99      float64      `json:"p99_most_ms"`
	Payments int          `json:"payments"` // of the shop, beside the demo's
	Verified bool         `json:"verified"`
	Engine   string       `json:"engine"`
}

// listResult is what one question to the list costs, as the shop's page and over the API where that can ask it.
type listResult struct {
	What    string  `json:"what"`
	P50     float64 `json:"page_p50_ms"`
	P99     float64 `json:"page_p99_ms"`
	APIP50  float64 `json:"api_p50_ms,omitempty"`
	APIP99  float64 `json:"api_p99_ms,omitempty"`
	Rows    int     `json:"rows"`     // on the first page
	Pages   int     `json:"pages"`    // until the first row or the end, whichever comes first: a page looks at a bounded number of payments
	Whole   float64 `json:"whole_ms"` // of these pages, one after the other
	Page    string  `json:"page"`     // the queries that were asked
	APIPage string  `json:"api,omitempty"`
}

// shopList measures what the list of a shop with very many payments costs: its first, middle and last page, and everything it can be
// asked, as its owner's page and as the API answers the shop's key.
func shopList(ctx context.Context, args []string, out, diag io.Writer) error {
	c := &common{out: out, diag: diag}
	f := c.flags("shop")
	r := shopResult{}
	f.IntVar(&r.Payments, "payments", 100_000, "")
	looks, profile := f.Int("looks", 200, ""), f.String("profile", "", "")
	if err := f.Parse(args); err != nil {
		return fmt.Errorf("%w; `billfold bench` shows how it is called", err)
	}
	if err := c.check(); err != nil {
		return err
	}
	if r.Payments < 1 || *looks < 1 {
		return errors.New("--payments and --looks are 1 or more")
	}
	r.Engine = c.engine
	verified, err := inTown(ctx, c, func(t *town) error { return t.lookAtShop(ctx, c.inFlight, *looks, *profile, &r) })
	if err != nil {
		return err
	}
	r.Verified = verified
	return c.tell(r, r.sentence(), r.Verified)
}

func (r *shopResult) sentence() string {
	var text strings.Builder
	for _, one := range r.Lists {
		fmt.Fprintf(&text, "%-34s page p50 %6.2f ms  p99 %6.2f ms", one.What, one.P50, one.P99)
		if one.APIP99 > 0 {
			fmt.Fprintf(&text, "  API p50 %6.2f ms  p99 %6.2f ms", one.APIP50, one.APIP99)
		} else {
			text.WriteString(strings.Repeat(" ", 35))
		}
		fmt.Fprintf(&text, "  %2d rows", one.Rows)
		if one.Pages > 1 {
			fmt.Fprintf(&text, ", the first or the end after %d pages and %.0f ms", one.Pages, one.Whole)
		}
		text.WriteString("\n")
	}
	fmt.Fprintf(&text, "slowest p50 %.2f ms, p99 %.2f ms (%s); %d payments of one shop on %s, verified %v",
		r.P50, r.P99, r.Slowest, r.Payments, r.Engine, r.Verified)
	return text.String()
}

func (t *town) lookAtShop(ctx context.Context, inFlight, looks int, profile string, r *shopResult) error {
	marks, err := t.stock(ctx, inFlight, r.Payments)
	if err != nil {
		return fmt.Errorf("make the shop's payments: %w", err)
	}
	r.Payments = marks.Made
	if err := t.settledWords(ctx, payment.Caller{Shop: t.shops[demo.Till]}); err != nil {
		return fmt.Errorf("make the shop's payments: %w", err)
	}
	owner, err := t.enter(ctx, shopOwner)
	if err != nil {
		return err
	}
	key, err := db.Write(ctx, t.DB, func(tx *db.Tx) (string, error) {
		secret, _, err := t.People.CreateKey(tx, identity.NewKey{Owner: string(t.shops[demo.Till]), Kind: identity.SecretKey, Label: "bench"})
		return secret, err
	})
	if err != nil {
		return err
	}
	program := t.visitor("")
	program.key = key
	list, err := t.listQuestions(ctx, marks)
	if err != nil {
		return err
	}
	if profile != "" {
		stop, err := profiled(profile)
		if err != nil {
			return err
		}
		defer stop()
	}
	for _, one := range list {
		if err := t.ask(ctx, owner, program, looks, &one); err != nil {
			return fmt.Errorf("%s: %w", one.What, err)
		}
		r.P50 = max(r.P50, one.P50, one.APIP50)
		if most := max(one.P99, one.APIP99); most > r.P99 {
			r.P99, r.Slowest = most, one.What
		}
		r.Lists = append(r.Lists, one)
	}
	return nil
}

// listQuestions are the pages of the list, and everything that the page or the API can ask of it: what is found often, what is found
// seldom and far back, and what is never found.
func (t *town) listQuestions(ctx context.Context, m shopMarks) ([]listResult, error) {
	shop := payment.Caller{Shop: t.shops[demo.Till]}
	at := func(p payment.ID) (string, string, error) {
		one, err := t.Payments.Get(ctx, shop, p)
		steps := one.Steps
		if err != nil || len(steps) == 0 {
			return "", "", errors.Join(err, fmt.Errorf("%s has no steps", p))
		}
		moment := steps[len(steps)-1].At
		for _, s := range steps {
			if s.Name == payment.StepRequest {
				moment = s.At
			}
		}
		cursor := base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(clock.Micros(moment), 36) + "." + string(p)))
		return "cursor=" + cursor, moment.UTC().Format(time.DateOnly), nil
	}
	middle, day, err := at(m.Middle)
	if err != nil {
		return nil, err
	}
	last, _, err := at(m.Second)
	if err != nil {
		return nil, err
	}
	row := func(what, page, api string) listResult { return listResult{What: what, Page: page, APIPage: api} }
	return []listResult{
		row("first page", "", "limit=20"), row("middle page", middle, "limit=20&"+middle), row("last page", last, "limit=20&"+last),
		row("completed", "state=completed", "state=completed"), row("refunded: few", "state=refunded", "state=refunded"),
		row("expired: few", "state=expired", "state=expired"), row("held: none", "state=held", "state=held"),
		row("awaiting a yes: the newest", "state=awaiting_confirmation", "state=awaiting_confirmation"),
		row("refunds: few", "kind=refund", "kind=refund"), row("transfers: none", "kind=transfer", "kind=transfer"),
		row("went out: few", "dir=out", "direction=out"), row("came in", "dir=in", "direction=in"),
		row("one day in the middle", "from="+day+"&to="+day, ""), row("until the middle", "to="+day, ""),
		row("since the middle", "from="+day, "created_at%5Bgte%5D="+day+"T00:00:00Z"),
		row("years ago: none", "from=2020-01-01&to=2020-12-31", ""), row("of 49.99: some", "min=49.99&max=49.99", ""),
		row("over 100,000: one, far back", "min=100000", ""), row("over a million: none", "min=1000000", ""),
		row("cappuccino", "q=cappuccino", ""), row("a payer's name", "q=lena", ""), row("a receipt far back", "q="+m.receipt(), ""),
		row("an order far back", "q="+m.Order, "reference="+m.Order),
		row("an order nobody made", "q=order-none-such", "reference=order-none-such"),
		row("an amount in words, far back", "q=123456.78", ""), row("words nobody wrote", "q=zzyzx+plugh", ""),
		row("common words, never together", "q=cappuccino+breakfast", ""), row("another currency: none", "", "currency=KWD"),
	}, nil
}

var nextPage = regexp.MustCompile(`rel="next" href="([^"]*)"`)

// ask measures one question: the page and the API's answer as often as was said, and once what it takes to go on to the first row.
func (t *town) ask(ctx context.Context, owner, program *visitor, looks int, one *listResult) error {
	base := "/m/" + string(t.shops[demo.Till])
	next := strings.TrimSuffix(base+"?"+one.Page, "?")
	timed := func(v *visitor, path string) (ms []float64, err error) {
		times := make(latencies, 0, looks)
		for n := -looks / 10; n < looks; n++ {
			seen, err := v.get(ctx, path)
			if err != nil || seen.status != http.StatusOK {
				return nil, errors.Join(err, fmt.Errorf("%s answered %d", path, seen.status))
			}
			if n >= 0 {
				times = append(times, seen.took)
			}
		}
		return percentiles([]latencies{times}, 50, 99), nil
	}
	if one.Page != "" || one.APIPage == "" || one.What == "first page" {
		ms, err := timed(owner, next)
		if err != nil {
			return err
		}
		one.P50, one.P99 = ms[0], ms[1]
		watch := clock.Start()
		for next != "" {
			seen, err := owner.get(ctx, next)
			if err != nil || seen.status != http.StatusOK {
				return errors.Join(err, fmt.Errorf("%s answered %d", next, seen.status))
			}
			one.Pages++
			rows := strings.Count(string(seen.body), `href="`+base+`/payments/pay_`)
			if one.Pages == 1 {
				one.Rows = rows
			}
			found := nextPage.FindSubmatch(seen.body)
			if next = ""; found != nil && rows == 0 {
				next = html.UnescapeString(string(found[1]))
			}
		}
		one.Whole = float64(watch.Elapsed().Microseconds()) / 1000
	}
	if one.APIPage == "" {
		return nil
	}
	path := "/v1/payments?" + one.APIPage
	ms, err := timed(program, path)
	if err != nil {
		return err
	}
	one.APIP50, one.APIP99 = ms[0], ms[1]
	if one.P99 > 0 {
		return nil
	}
	seen, err := program.get(ctx, path)
	if err != nil {
		return err
	}
	var list client.List[json.RawMessage]
	if err := json.Unmarshal(seen.body, &list); err != nil {
		return err
	}
	one.Rows = len(list.Data)
	return nil
}
