package outage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"billfold/client"
	"billfold/core/rail"
)

// worker does one errand after the other, through every death of the server: a request that was not answered is asked again with its
// key of the next server, and the errand goes on from there. So a worker always knows what must be true of what it did.
type worker struct {
	h     *house
	j     *journal
	name  string
	dice  *rand.Rand
	keys  int
	moved map[string]int64 // what each account must have gained by this worker's errands
	crowd *crowd
}

// crowd is what workers share.
type crowd struct {
	parked atomic.Int64 // how many wait for a server
	stop   atomic.Bool
}

// errGone ends an errand: there will be no other server.
var errGone = errors.New("no other server comes")

// work does errands until it is told to stop.
func (w *worker) work() {
	for !w.crowd.stop.Load() {
		if err := w.errand(); err != nil {
			if !errors.Is(err, errGone) {
				w.h.t.Errorf("%s: %v", w.name, err)
			}
			return
		}
	}
}

// next waits for a server newer than that of a crew.
func (w *worker) next(after int) *crew {
	w.crowd.parked.Add(1)
	defer w.crowd.parked.Add(-1)
	return w.h.now(after)
}

// sender sends one request to a server.
type sender[T any] func(c *crew, o ...client.Option) (T, error)

// do sends one request that carries a key, and finds out what became of it. about is the payment it is about, or "".
func do[T any](w *worker, verb, about string, send sender[T]) (out T, err error) {
	w.keys++
	key := client.IdempotencyKey(fmt.Sprintf("%s-%d", w.name, w.keys))
	w.j.change(about, func(p *paid) { p.doubt = true })
	if c := w.next(0); c != nil {
		out, err = send(c, key)
		for later(err) {
			out, err = send(c, key)
		}
		var refusal *client.Problem
		switch {
		case err == nil:
			w.j.count(verb, func(t *tally) { t.acknowledged++ })
			w.j.change(about, func(p *paid) { p.doubt = false })
			return out, nil
		case errors.As(err, &refusal):
			return out, fmt.Errorf("%s: %w", verb, err)
		}
		w.j.count(verb, func(t *tally) { t.unknown++ })
		return resolve(w, verb, about, c, key, send)
	}
	return out, errGone
}

// later tells whether a server had no time for a request and has done nothing; then it waits a moment.
func later(err error) bool {
	var refusal *client.Problem
	if !errors.As(err, &refusal) || refusal.MoneyMoved != "no" ||
		refusal.Status != http.StatusTooManyRequests && refusal.Status != http.StatusServiceUnavailable {
		return false
	}
	<-time.After(10 * time.Millisecond)
	return true
}

// resolve asks the next server with the key of a request that was not answered, twice: the second answer must be the first one.
func resolve[T any](w *worker, verb, about string, c *crew, key client.Option, send sender[T]) (out T, err error) {
	for {
		if c = w.next(c.number); c == nil {
			return out, errGone
		}
		var first, second client.Answer
		if out, err = send(c, key, client.Into(&first)); err == nil {
			_, err = send(c, key, client.Into(&second))
		}
		if later(err) {
			c = &crew{number: c.number - 1} // the same server once more
			continue
		}
		var refusal *client.Problem
		switch {
		case errors.As(err, &refusal):
			return out, fmt.Errorf("%s, asked again with its key: %w", verb, err)
		case err != nil:
			continue // it died as well, and the next one is asked
		case !second.Replayed || !bytes.Equal(first.Body, second.Body):
			return out, fmt.Errorf("%s: one key has two answers:\n%s\n%s", verb, first.Body, second.Body)
		}
		w.j.count(verb, func(t *tally) {
			t.acknowledged++
			if first.Replayed {
				t.done++
			} else {
				t.undone++
			}
		})
		w.j.change(about, func(p *paid) { p.doubt = false })
		return out, nil
	}
}

func euros(minor int64) client.Money {
	return client.Money{Amount: strconv.FormatInt(minor, 10), Currency: "EUR"}
}

// errand does one thing from its beginning to its end.
func (w *worker) errand() error {
	payer, shop := w.dice.IntN(len(w.h.payers)), w.dice.IntN(len(w.h.shops))
	amount := 2 + w.dice.Int64N(5000)
	switch w.dice.IntN(9) {
	case 0:
		return w.asked(payer, shop, amount)
	case 1:
		return w.checkout(payer, shop, amount)
	case 2:
		return w.held(payer, shop, amount)
	case 3:
		return w.refunded(payer, shop, amount)
	case 4:
		return w.transfer(payer, amount)
	case 5:
		return w.topUp(payer, amount)
	case 6:
		return w.entries()
	case 7:
		return w.heldEntry(amount)
	}
	_, err := w.purchase("pay", payer, shop, amount, "")
	return err
}

// move remembers that an amount must have moved.
func (w *worker) move(from, to string, minor int64) {
	w.moved[from] -= minor
	w.moved[to] += minor
}

func (w *worker) purchase(verb string, payer, shop int, amount int64, capture string) (client.Payment, error) {
	p, err := do(w, verb, "", func(c *crew, o ...client.Option) (client.Payment, error) {
		return c.payers[payer].CreatePayment(context.Background(), client.CreatePayment{Amount: euros(amount), Payee: w.h.shops[shop].id,
			Confirm: true, Capture: capture}, o...)
	})
	if err != nil {
		return p, err
	}
	w.j.payment(p)
	if capture == "" {
		w.move(w.h.wallet(w.h.payers[payer]), w.h.receipts(w.h.shops[shop]), amount)
	}
	return p, nil
}

// asked is a shop's request that a payer confirms.
func (w *worker) asked(payer, shop int, amount int64) error {
	p, err := do(w, "request", "", func(c *crew, o ...client.Option) (client.Payment, error) {
		return c.shops[shop].CreatePayment(context.Background(), client.CreatePayment{Amount: euros(amount)}, o...)
	})
	if err != nil {
		return err
	}
	w.j.payment(p)
	return w.confirm(p.ID, payer, shop, amount)
}

func (w *worker) confirm(id string, payer, shop int, amount int64) error {
	p, err := do(w, "confirm", id, func(c *crew, o ...client.Option) (client.Payment, error) {
		return c.payers[payer].ConfirmPayment(context.Background(), id, client.ConfirmPayment{}, o...)
	})
	if err != nil {
		return err
	}
	w.j.payment(p)
	w.move(w.h.wallet(w.h.payers[payer]), w.h.receipts(w.h.shops[shop]), amount)
	return nil
}

func (w *worker) checkout(payer, shop int, amount int64) error {
	s, err := do(w, "checkout", "", func(c *crew, o ...client.Option) (client.CheckoutSession, error) {
		return c.shops[shop].CreateCheckoutSession(context.Background(), client.CreateCheckoutSession{Amount: euros(amount),
			ReturnURL: "https://shop.example/back"}, o...)
	})
	if err != nil {
		return err
	}
	w.j.payment(s.Payment)
	return w.confirm(s.Payment.ID, payer, shop, amount)
}

// held is a hold that is captured in whole or in part, or let go.
func (w *worker) held(payer, shop int, amount int64) error {
	p, err := w.purchase("hold", payer, shop, amount, "manual")
	if err != nil {
		return err
	}
	verb, take := "capture", amount
	switch w.dice.IntN(3) {
	case 0:
		take = 1 + w.dice.Int64N(amount)
	case 1:
		verb, take = "void", 0
	}
	p, err = do(w, verb, p.ID, func(c *crew, o ...client.Option) (client.Payment, error) {
		if verb == "void" {
			return c.shops[shop].VoidPayment(context.Background(), p.ID, o...)
		}
		return c.shops[shop].CapturePayment(context.Background(), p.ID, client.CapturePayment{Amount: euros(take)}, o...)
	})
	if err != nil {
		return err
	}
	w.j.payment(p)
	w.move(w.h.wallet(w.h.payers[payer]), w.h.receipts(w.h.shops[shop]), take)
	return nil
}

// refunded is a purchase that goes back in two parts.
func (w *worker) refunded(payer, shop int, amount int64) error {
	p, err := w.purchase("pay", payer, shop, amount, "")
	if err != nil {
		return err
	}
	part := 1 + w.dice.Int64N(amount-1)
	back := int64(0)
	for _, give := range []int64{part, amount - part} {
		r, err := do(w, "refund", p.ID, func(c *crew, o ...client.Option) (client.Payment, error) {
			return c.shops[shop].RefundPayment(context.Background(), p.ID, client.RefundPayment{Amount: euros(give)}, o...)
		})
		if err != nil {
			return err
		}
		back += give
		w.j.payment(r)
		w.j.change(p.ID, func(told *paid) {
			told.refunded, told.state = strconv.FormatInt(back, 10), "partly_refunded"
			if back == amount {
				told.state = "refunded"
			}
		})
		w.move(w.h.receipts(w.h.shops[shop]), w.h.wallet(w.h.payers[payer]), give)
	}
	return nil
}

func (w *worker) transfer(payer int, amount int64) error {
	other := (payer + 1 + w.dice.IntN(len(w.h.payers)-1)) % len(w.h.payers)
	p, err := do(w, "transfer", "", func(c *crew, o ...client.Option) (client.Payment, error) {
		return c.payers[payer].CreatePayment(context.Background(), client.CreatePayment{Amount: euros(amount), Payee: w.h.payers[other].id,
			Confirm: true}, o...)
	})
	if err != nil {
		return err
	}
	w.j.payment(p)
	w.move(w.h.wallet(w.h.payers[payer]), w.h.wallet(w.h.payers[other]), amount)
	return nil
}

// topUp fills a wallet. The acquirer answers by itself, or, for a charge that it loses, this test answers in its place: a callback
// that was taken in may not be lost.
func (w *worker) topUp(payer int, amount int64) error {
	token := []string{rail.TokenOK, rail.TokenLost}[w.dice.IntN(2)]
	p, err := do(w, "topup", "", func(c *crew, o ...client.Option) (client.Payment, error) {
		return c.payers[payer].TopUp(context.Background(), client.TopUp{Amount: euros(amount), Method: token}, o...)
	})
	if err != nil {
		return err
	}
	w.j.payment(p)
	w.move("rail/card/EUR", w.h.wallet(w.h.payers[payer]), amount)
	if token == rail.TokenOK {
		return nil
	}
	return w.callback(p.ID, amount)
}

// callback sends the acquirer's message until it is taken in, as an acquirer does.
func (w *worker) callback(payment string, amount int64) error {
	c := w.next(0)
	for c != nil {
		err := w.h.call(c, payment, amount)
		switch {
		case err == nil:
			w.j.count("callback", func(t *tally) { t.acknowledged++ })
			return nil
		case errors.Is(err, errStatus):
			return err
		}
		w.j.count("callback", func(t *tally) { t.unknown++ })
		c = w.next(c.number)
	}
	return errGone
}

// errStatus says that a callback was refused.
var errStatus = errors.New("the callback was refused")

// call is one message of the acquirer about one charge. Sent again it is the same message.
func (h *house) call(c *crew, payment string, amount int64) error {
	body := fmt.Sprintf(`{"type":"charge.settled","data":{"reference":%q,"merchant":%q,"amount":"%d","currency":"EUR"}}`, payment,
		h.installation, amount)
	head := rail.Sign(h.secret, "msg_out_"+strings.TrimPrefix(payment, "pay_"), time.Now(), []byte(body))
	r, err := http.NewRequest(http.MethodPost, c.url+"/hook/"+rail.Card, strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("webhook-id", head.ID)
	r.Header.Set("webhook-timestamp", head.Timestamp)
	r.Header.Set("webhook-signature", head.Signature)
	answer, err := c.http.Do(r)
	if err != nil {
		return err
	}
	answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("%w: %s", errStatus, answer.Status)
	}
	return nil
}

// entries posts a batch between the accounts of the lab.
func (w *worker) entries() error {
	in := client.PostEntries{Atomic: w.dice.IntN(2) == 0}
	type leg struct {
		from, to string
		minor    int64
	}
	var legs []leg
	for range 1 + w.dice.IntN(5) {
		e := client.NewEntry{Kind: "lab.move"}
		for range 1 + w.dice.IntN(2) {
			from := w.dice.IntN(labs)
			l := leg{lab(from), lab((from + 1 + w.dice.IntN(labs-1)) % labs), 1 + w.dice.Int64N(900)}
			legs = append(legs, l)
			e.Legs = append(e.Legs, client.Leg{Debit: l.from, Credit: l.to, Amount: strconv.FormatInt(l.minor, 10), Currency: "EUR"})
		}
		in.Entries = append(in.Entries, e)
	}
	if _, err := w.post("entries", in); err != nil {
		return err
	}
	for _, l := range legs {
		w.move(l.from, l.to, l.minor)
	}
	return nil
}

// post posts entries of which none may be refused.
func (w *worker) post(verb string, in client.PostEntries) (client.EntryResults, error) {
	out, err := do(w, verb, "", func(c *crew, o ...client.Option) (client.EntryResults, error) {
		return c.operator.PostEntries(context.Background(), in, o...)
	})
	if err != nil {
		return out, err
	}
	for _, r := range out.Results {
		if r.Entry == nil {
			return out, fmt.Errorf("%s: refused: %+v", verb, r.Error)
		}
		w.j.entry(*r.Entry)
	}
	return out, nil
}

// heldEntry reserves between two accounts of the lab and takes a part.
func (w *worker) heldEntry(amount int64) error {
	from := w.dice.IntN(labs)
	to := (from + 1 + w.dice.IntN(labs-1)) % labs
	out, err := w.post("reserve", client.PostEntries{Entries: []client.NewEntry{{Kind: "lab.hold",
		Hold: &client.NewHold{ExpiresAt: time.Now().Add(48 * time.Hour).UTC().Truncate(time.Second)},
		Legs: []client.Leg{{Debit: lab(from), Credit: lab(to), Amount: strconv.FormatInt(amount, 10), Currency: "EUR"}}}}})
	if err != nil {
		return err
	}
	end := &client.Resolution{Entry: out.Results[0].Entry.ID, Action: "post"}
	take := amount
	switch w.dice.IntN(3) {
	case 0:
		take = 1 + w.dice.Int64N(amount)
		end.Amounts = []string{strconv.FormatInt(take, 10)}
	case 1:
		end.Action, take = "void", 0
	}
	if _, err := w.post("release", client.PostEntries{Entries: []client.NewEntry{{Resolves: end}}}); err != nil {
		return err
	}
	w.move(lab(from), lab(to), take)
	return nil
}
