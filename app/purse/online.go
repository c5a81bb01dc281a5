package purse

import (
	"context"
	"errors"
	"fmt"

	"billfold/base/money"
	"billfold/client"
	"billfold/product/purse/proto"
	"billfold/product/purse/step"
)

// online opens the purse and its issuer, and reads the amount; or finishes what was interrupted.
func (c *cli) online(ctx context.Context, done string, body func(p *purse, s bank, a money.Amount) error) error {
	p, err := c.purse()
	if err != nil {
		return err
	}
	defer p.close()
	var a money.Amount
	if !c.resume {
		if a, err = p.amount(c.args[1], c.currency); err != nil {
			return err
		}
	} else if t := p.State().Open; t != nil {
		currency, err := p.currency(t.Currency)
		if err != nil {
			return err
		}
		a = currency.Of(t.Value)
	}
	s, err := c.bank(ctx)
	if err != nil {
		return err
	}
	if c.resume {
		var finished bool
		if finished, err = p.finishDesk(ctx, s, true); err == nil && !finished {
			err = errors.New("nothing with the issuer was interrupted")
		}
	} else {
		err = body(p, s, a)
	}
	if ended := s.close(); err == nil {
		err = ended
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(c.out, done, a)
	return nil
}

func (c *cli) load(ctx context.Context) error {
	return c.online(ctx, "loaded", func(p *purse, s bank, a money.Amount) error {
		hello, err := desk(ctx, s, p, proto.INSHello, nil)
		if err != nil {
			return err
		}
		request, err := p.ask(proto.INSStart, proto.Start{Hello: hello, Value: a.Minor, Currency: a.Currency.Code, Purpose: proto.Load}.Encode())
		if err != nil {
			return err
		}
		value, err := desk(ctx, s, p, proto.INSDebit, request)
		if err != nil {
			var unknown *client.UnknownError
			if errors.As(err, &unknown) { // the issuer may have paid: giving up is for a person to say
				return err
			}
			if _, gave := p.ask(proto.INSAbort, nil); gave != nil {
				return errors.Join(err, gave)
			}
			return err
		}
		return p.takeLoad(ctx, s, value)
	})
}

// takeLoad takes the desk's VAL and says so.
func (p *purse) takeLoad(ctx context.Context, s bank, value []byte) error {
	ins := proto.INSTake
	if p.facts.Role == proto.Holder.String() {
		ins = proto.INSCredit
	}
	ack, err := p.ask(ins, value)
	if err != nil {
		return err
	}
	_, err = desk(ctx, s, p, proto.INSComplete, ack)
	return err
}

func (c *cli) unload(ctx context.Context) error {
	return c.online(ctx, "unloaded", func(p *purse, s bank, a money.Amount) error {
		hello, err := p.ask(proto.INSHello, nil)
		if err != nil {
			return err
		}
		request, err := desk(ctx, s, p, proto.INSStart, proto.Start{Hello: hello, Value: a.Minor, Currency: a.Currency.Code,
			Purpose: proto.Unload}.Encode())
		if err != nil {
			return err
		}
		_, consent, err := p.offered(request)
		if err != nil {
			return err
		}
		p.env.Consent = consent
		value, err := p.ask(proto.INSDebit, request)
		p.env.Consent = nil
		if err != nil {
			return err
		}
		return p.giveUnload(ctx, s, value)
	})
}

// giveUnload gives the desk the VAL and takes its ACK; a desk that has taken it already says it again.
func (p *purse) giveUnload(ctx context.Context, s bank, value []byte) error {
	ack, err := desk(ctx, s, p, proto.INSTake, value)
	if err != nil && errors.Is(err, refused(proto.WrongState)) {
		ack, err = desk(ctx, s, p, proto.INSRepeat, nil)
	}
	if err != nil {
		return err
	}
	_, err = p.ask(proto.INSComplete, ack)
	return err
}

// finishDesk finishes the load or unload with the issuer that is open, if one is. A load that the issuer never heard of is begun now only
// where again says so.
func (p *purse) finishDesk(ctx context.Context, s bank, again bool) (bool, error) {
	state := p.State()
	var peer proto.Certificate
	if _, ok := proto.Open(state.Peer, &peer); !ok || peer.Role != proto.Issuer {
		return false, nil
	}
	last, err := p.ask(proto.INSRepeat, nil)
	if err != nil {
		return false, err
	}
	if state.Status == step.EPA {
		err := p.giveUnload(ctx, s, last)
		return err == nil, err
	}
	var value []byte
	if again {
		value, err = desk(ctx, s, p, proto.INSDebit, last)
	} else {
		value, err = desk(ctx, s, p, proto.INSRepeat, nil)
	}
	if err == nil {
		err = p.takeLoad(ctx, s, value)
	}
	return err == nil, err
}

// cases lists forks and other cases.
func (c *cli) cases(ctx context.Context) error {
	return c.withBank(ctx, func(s bank) error {
		list, err := s.cases(ctx)
		for _, one := range list {
			outcome := "open"
			if one.Outcome != "" {
				outcome = "settled: " + one.Outcome + ", by " + one.SettledBy + ": " + one.Reason
			}
			fmt.Fprintf(c.out, "%s  %s  %s  %s\n", one.ID, one.Kind, one.Purse, outcome)
			if currency, err := money.ParseCurrency(one.Currency); err == nil {
				value, _ := money.ParseMinor(one.Value, currency)
				owed, _ := money.ParseMinor(one.Owed, currency)
				fmt.Fprintf(c.out, "    about %s; paid to an honest payee: %s\n", value, owed)
			}
		}
		return err
	})
}

func (c *cli) settle(ctx context.Context) error {
	return c.withBank(ctx, func(s bank) error {
		err := s.settle(ctx, c.args[0], c.outcome, c.reason)
		if err == nil {
			fmt.Fprintln(c.out, "settled:", c.outcome)
		}
		return err
	})
}

func (c *cli) block(ctx context.Context) error { return c.decide(ctx, true, "blocked") }
func (c *cli) restore(ctx context.Context) error {
	return c.decide(ctx, false, "works again from its next sync on")
}

func (c *cli) decide(ctx context.Context, block bool, done string) error {
	id, ok := proto.ParseID(c.args[0])
	if !ok {
		return errors.New("give the purse's id, prs_…")
	}
	return c.withBank(ctx, func(s bank) error {
		err := s.decide(ctx, id, block, c.reason)
		if err == nil {
			fmt.Fprintln(c.out, done)
		}
		return err
	})
}

// lost reports a purse whose device is gone.
func (c *cli) lost(ctx context.Context) error {
	id, ok := proto.ParseID(c.args[0])
	if !ok {
		return errors.New("give the purse's id, prs_…")
	}
	return c.withBank(ctx, func(s bank) error {
		err := s.lost(ctx, id)
		if err == nil {
			fmt.Fprintln(c.out, "reported lost: it is blocked, and refunded when its certificate and seven days are over")
		}
		return err
	})
}

func (c *cli) withBank(ctx context.Context, body func(bank) error) error {
	s, err := c.bank(ctx)
	if err != nil {
		return err
	}
	err = body(s)
	if ended := s.close(); err == nil {
		err = ended
	}
	return err
}
