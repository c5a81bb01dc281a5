package purse

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"billfold/base/money"
	issuer "billfold/product/purse"
	"billfold/product/purse/proto"
	"billfold/product/purse/step"
)

func (c *cli) newPurse(ctx context.Context) error {
	s, err := c.bank(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	if c.role == "" && c.data != "" {
		c.role = proto.Holder.String()
	}
	role, ok := proto.ParseRole(c.role)
	ok = ok || c.role == ""
	kind := map[bool]string{true: "merchant/", false: "user/"}[strings.HasPrefix(c.owner, "mch_")]
	if !ok || c.owner == "" && c.data != "" {
		return errors.New("give a --role that there is, and with --data --owner usr_… or mch_…")
	}
	if c.currency == "" {
		c.currency = "EUR"
	}
	e := issuer.Enrolment{Owner: c.owner, Payout: kind + c.owner, Role: role, Class: uint8(c.class), Name: c.name,
		Currencies: strings.Split(c.currency, ",")}
	if c.float != "" {
		currency, err := money.ParseCurrency(e.Currencies[0])
		if err != nil {
			return err
		}
		a, err := money.ParseDecimal(c.float, currency)
		if err != nil {
			return err
		}
		e.Float = a.Minor
	}
	key, err := proto.NewPrivateKey()
	if err != nil {
		return err
	}
	secret, err := key.Secret()
	if err != nil {
		return err
	}
	e.Key = key.Public()
	m, err := s.enrol(ctx, e)
	if err != nil {
		return err
	}
	f := facts{ID: m.id.String(), Network: m.network, Role: m.role, Key: hex.EncodeToString(secret)}
	for _, r := range m.roots {
		f.Roots = append(f.Roots, hex.EncodeToString(r.Key[:]))
	}
	p, err := create(c.args[0], f, step.Fresh(m.id))
	if err != nil {
		return err
	}
	defer p.close()
	if _, err := p.ask(proto.INSParams, m.params); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s, %s, good until %s\n", m.id, m.role, m.until)
	return nil
}

func (c *cli) show(context.Context) error {
	p, err := c.purse()
	if err != nil {
		return err
	}
	defer p.close()
	data, err := p.ask(proto.INSBalance, nil)
	if err != nil {
		return err
	}
	h, ok := proto.ParseHoldings(data)
	if !ok {
		return errUnreadable
	}
	fmt.Fprintf(c.out, "%s, %s\n", p.facts.ID, p.facts.Role)
	for _, slot := range h.Slots {
		currency, err := p.currency(slot.Currency)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.out, "  %s", currency.Of(slot.Total()))
		if slot.Received > 0 {
			fmt.Fprintf(c.out, ", of which %s received since the last sync", currency.Of(slot.Received))
		}
		fmt.Fprintln(c.out)
	}
	if t := h.Open; t != nil {
		currency, err := p.currency(t.Currency)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.out, "  pending, as %s: %s\n", h.Side, currency.Of(t.Value))
	}
	if h.Exceptions > 0 {
		fmt.Fprintf(c.out, "  %d given up since the last sync\n", h.Exceptions)
	}
	if h.Locked {
		fmt.Fprintln(c.out, "  locked")
	}
	if h.Blocked {
		fmt.Fprintln(c.out, "  blocked")
	}
	return nil
}

// desk gives the issuer's side of this purse a command.
func desk(ctx context.Context, s bank, p *purse, ins proto.Instruction, data []byte) ([]byte, error) {
	envelope, err := s.desk(ctx, p.State().ID, proto.Command{INS: ins, Data: data})
	if err != nil {
		return nil, err
	}
	return dataOf(envelope)
}

func (c *cli) pay(ctx context.Context) error {
	p, err := c.purse()
	if err != nil {
		return err
	}
	defer p.close()
	w, err := c.wire(ctx)
	if err != nil {
		return err
	}
	defer w.close()
	if c.resume {
		if err := p.resume(w); err != nil {
			return err
		}
		fmt.Fprintln(c.diag, "the payment has arrived")
		return nil
	}
	o, err := p.payAs(w, c.agree(ctx))
	if err != nil {
		return err
	}
	fmt.Fprintf(c.diag, "paid %s to %s\n", o.amount, o.payee)
	return nil
}

func (c *cli) take(ctx context.Context) error {
	p, err := c.purse()
	if err != nil {
		return err
	}
	defer p.close()
	a, err := p.amount(c.args[1], c.currency)
	if err != nil {
		return err
	}
	purpose := proto.Person
	switch p.facts.Role {
	case proto.Acceptor.String():
		purpose = proto.Purchase
	case proto.Agent.String():
		return errors.New("a load agent is loaded by the issuer only")
	}
	return c.taken(ctx, p, a, purpose, nil)
}

func (c *cli) taken(ctx context.Context, p *purse, a money.Amount, purpose proto.Purpose, ref []byte) error {
	w, err := c.wire(ctx)
	if err != nil {
		return err
	}
	defer w.close()
	if err := p.takeAs(w, a, purpose, ref); err != nil {
		return err
	}
	fmt.Fprintf(c.diag, "received %s\n", a)
	return nil
}

// cancel has the last purchase given back, or gives an open transfer up.
func (c *cli) cancel(ctx context.Context) error {
	p, err := c.purse()
	if err != nil {
		return err
	}
	defer p.close()
	if c.giveUp {
		if p.State().Open == nil {
			return errors.New("nothing is open that could be given up")
		}
		if _, err := p.ask(proto.INSAbort, nil); err != nil {
			return err
		}
		fmt.Fprintln(c.out, "given up: sync, and what has not arrived comes back")
		return nil
	}
	last := p.State().Bought
	if last == nil {
		return errors.New("there is no purchase to cancel")
	}
	currency, err := p.currency(last.Transfer.Currency)
	if err != nil {
		return err
	}
	return c.taken(ctx, p, currency.Of(last.Transfer.Value), proto.Cancel, last.VAL[:])
}

// code reads a code from the terminal.
func (c *cli) code(ctx context.Context) ([]byte, error) {
	fmt.Fprint(c.diag, "Code, 4 to 12 digits: ")
	text, err := c.typedLines(ctx).next(0)
	if err != nil {
		fmt.Fprintln(c.diag)
		return nil, errors.New("no code was given")
	}
	return []byte(strings.TrimSpace(text)), nil
}

func (c *cli) withCode(ctx context.Context, ins proto.Instruction, done string) error {
	p, err := c.purse()
	if err != nil {
		return err
	}
	defer p.close()
	code, err := c.code(ctx)
	if err != nil {
		return err
	}
	if _, err := p.ask(ins, code); err != nil {
		return err
	}
	fmt.Fprintln(c.out, done)
	return nil
}

func (c *cli) lockPurse(ctx context.Context) error { return c.withCode(ctx, proto.INSLock, "locked") }

// unlockPurse opens the purse by its code; or has the issuer open it, to whom its owner's key says who asks.
func (c *cli) unlockPurse(ctx context.Context) error {
	if !c.forgotten {
		return c.withCode(ctx, proto.INSUnlock, "unlocked")
	}
	p, err := c.purse()
	if err != nil {
		return err
	}
	defer p.close()
	return c.withBank(ctx, func(s bank) error {
		params, err := s.unlock(ctx, p.State().ID)
		if err != nil {
			return err
		}
		if _, err := p.ask(proto.INSParams, params); err != nil {
			return err
		}
		fmt.Fprintln(c.out, "unlocked: set another code with `lock`")
		return nil
	})
}

func (c *cli) history(context.Context) error {
	p, err := c.purse()
	if err != nil {
		return err
	}
	defer p.close()
	data, err := p.ask(proto.INSHistory, nil)
	if err != nil {
		return err
	}
	r := proto.NewReader(data)
	for _, line := range r.GetPayments() {
		currency, err := p.currency(line.Transfer.Currency)
		if err != nil {
			return err
		}
		sign, other := "+", line.Transfer.From
		if line.Side == proto.Payer {
			sign, other = "-", line.Transfer.To
		}
		note := ""
		if line.Given {
			note = ", given up"
		}
		fmt.Fprintf(c.out, "%s  %s%s  %s %s %s%s\n", time.Unix(line.At, 0).UTC().Format(time.DateTime), sign, currency.Of(line.Transfer.Value),
			line.Transfer.Purpose, line.Name, other, note)
	}
	return nil
}

func (c *cli) batch(context.Context) error {
	p, err := c.purse()
	if err != nil {
		return err
	}
	defer p.close()
	batch := p.State().Batch
	if _, err := p.ask(proto.INSBatch, nil); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "batch %d closed, %d payments\n", batch.Number, batch.Count)
	return nil
}

// bundle is what the purse brings to a sync.
func (p *purse) bundle(nonce []byte) (b issuer.Bundle, err error) {
	if b.Statement, err = p.ask(proto.INSState, nonce); err != nil {
		return b, err
	}
	records, err := p.Records(p.State().Archived)
	for _, r := range records {
		b.Records = append(b.Records, r.Encode())
	}
	return b, err
}

func (c *cli) sync(ctx context.Context) error {
	p, err := c.purse()
	if err != nil {
		return err
	}
	defer p.close()
	if c.file != "" {
		b, err := p.bundle(nil)
		if err != nil {
			return err
		}
		if err := os.WriteFile(c.file, b.Encode(), 0o600); err != nil {
			return fmt.Errorf("the file is not written: %w", err)
		}
		fmt.Fprintf(c.out, "%d records written to %s\n", len(b.Records), c.file)
		return nil
	}
	s, err := c.bank(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	if done, err := p.finishDesk(ctx, s, false); done {
		fmt.Fprintln(c.diag, "what was interrupted is finished")
	} else if err != nil {
		fmt.Fprintln(c.diag, "what was interrupted stays open:", plain(c.command, err))
	}
	nonce, err := s.nonce(ctx, p.State().ID)
	if err != nil {
		return err
	}
	b, err := p.bundle(nonce)
	if err != nil {
		return err
	}
	answer, fault := s.sync(ctx, p.State().ID, b)
	if answer.Params != nil {
		if _, err := p.ask(proto.INSParams, answer.Params); err != nil {
			return err
		}
	}
	if answer.Clear != nil {
		if _, err := p.ask(proto.INSClear, answer.Clear); err != nil {
			return err
		}
	}
	if fault == nil {
		fmt.Fprintf(c.out, "%d records told\n", len(b.Records))
	}
	return fault
}

// collect takes a till's file: from the operator's own hands, or from a collector, whose purse --by names and who signs for it here.
func (c *cli) collect(ctx context.Context) error {
	file, err := os.ReadFile(c.args[0])
	if err != nil {
		return err
	}
	bundle, ok := issuer.ParseBundle(file)
	if !ok {
		return fmt.Errorf("%s is not, or not all of, what a till's `sync --out` wrote: nothing was collected", c.args[0])
	}
	s, err := c.bank(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	var carried []byte
	if c.by != "" {
		if carried, err = c.carried(file); err != nil {
			return err
		}
	}
	if err := s.collect(ctx, file, carried); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%d records collected\n", len(bundle.Records))
	return nil
}

// carried is a collector's signature that it carried a file.
func (c *cli) carried(file []byte) ([]byte, error) {
	by, err := open(c.by, c.clock)
	if err != nil {
		return nil, err
	}
	defer by.close()
	return issuer.Carry(by.key, by.facts.Network, by.State().ID, file, c.clock.Now().Unix())
}
