package purse

import (
	"errors"
	"fmt"

	"billfold/base/money"
	"billfold/product/purse/proto"
	"billfold/product/purse/step"
)

// offer is what a payer is asked to agree to.
type offer struct {
	payee   string
	amount  money.Amount
	purpose proto.Purpose
	again   bool // it is the open transfer, asked for once more
}

// payAs is the payer's side of a conversation: HELLO out, REQ in, the holder agrees, VAL out, ACK in. agree is asked once.
func (p *purse) payAs(w *wire, agree func(offer) bool) (offer, error) {
	hello := p.give(proto.INSHello, nil)
	if _, err := answerOf(hello); err != nil {
		return offer{}, err
	}
	if err := w.send(hello); err != nil {
		return offer{}, err
	}
	request, err := w.receive()
	if err != nil {
		return offer{}, err
	}
	o, consent, err := p.offered(request)
	if err != nil {
		return o, err
	}
	if !agree(o) {
		_ = w.send(p.give(proto.INSDebit, request)) // nobody agreed: the purse refuses, and says so
		return o, errors.New("not agreed")
	}
	p.env.Consent = consent
	paid := p.give(proto.INSDebit, request)
	p.env.Consent = nil
	if err := w.send(paid); err != nil {
		return o, err
	}
	if _, err := answerOf(paid); err != nil {
		return o, err
	}
	return o, p.finish(w)
}

// offered reads what a REQ asks for. Whether it is signed and allowed is for the purse to say.
func (p *purse) offered(request []byte) (o offer, c *step.Consent, err error) {
	both, ok := proto.ParseIntroduced(request)
	var r proto.Request
	var certificate proto.Certificate
	if _, ok1 := proto.Open(both.Message, &r); !ok || !ok1 {
		return o, nil, errUnreadable
	}
	if _, ok := proto.Open(both.Certificate, &certificate); !ok {
		return o, nil, errUnreadable
	}
	currency, err := p.currency(r.Currency)
	if err != nil {
		return o, nil, err
	}
	o = offer{payee: certificate.ID.String(), amount: currency.Of(r.Value), purpose: r.Purpose}
	if t := p.State().Open; t != nil {
		o.again = t.Same(r.Transfer)
	}
	if certificate.Name != "" {
		o.payee = certificate.Name + " (" + o.payee + ")"
	}
	return o, &step.Consent{Payee: r.To, Value: r.Value, Currency: r.Currency, Purpose: r.Purpose}, nil
}

// finish waits for the ACK. Without it the payment stands: the payee has it or will, and the next sync says so.
func (p *purse) finish(w *wire) error {
	ack, err := w.receive()
	if err != nil {
		return fmt.Errorf("paid, but no acknowledgement came (%w)", err)
	}
	_, err = p.ask(proto.INSComplete, ack)
	return err
}

// resume sends the last VAL again and waits for its ACK.
func (p *purse) resume(w *wire) error {
	if p.State().Status != step.EPA {
		return fmt.Errorf("there is no open payment to resume")
	}
	again := p.give(proto.INSRepeat, nil)
	if err := w.send(again); err != nil {
		return err
	}
	return p.finish(w)
}

// takeAs is the payee's side: HELLO in, REQ out, VAL in, ACK out. A payer that resumes begins with its VAL.
func (p *purse) takeAs(w *wire, amount money.Amount, purpose proto.Purpose, ref []byte) error {
	first, err := w.receive()
	if err != nil {
		return err
	}
	var hello proto.Hello
	if !proto.Decode(first, &hello) {
		return p.takeValue(w, first)
	}
	start := proto.Start{Hello: first, Value: amount.Minor, Currency: amount.Currency.Code, Purpose: purpose, Ref: ref}
	request := p.give(proto.INSStart, start.Encode())
	if err := w.send(request); err != nil {
		return err
	}
	if _, err := answerOf(request); err != nil {
		return err
	}
	value, err := w.receive()
	if err != nil {
		return err
	}
	return p.takeValue(w, value)
}

// takeValue takes a VAL, or says again that it was taken.
func (p *purse) takeValue(w *wire, value []byte) error {
	ins := proto.INSTake
	if p.facts.Role == proto.Holder.String() {
		ins = proto.INSCredit
	}
	ack := p.give(ins, value)
	if _, err := answerOf(ack); err != nil {
		if !p.took(value) {
			_ = w.send(ack)
			return err
		}
		ack = p.give(proto.INSRepeat, nil)
	}
	return w.send(ack)
}

// took tells whether the last answer of this purse is the ACK to a VAL.
func (p *purse) took(value []byte) bool {
	var v proto.Value
	var a proto.Ack
	_, ok1 := proto.Open(value, &v)
	_, ok2 := proto.Open(p.State().Answer, &a)
	return ok1 && ok2 && a.Same(v.Transfer)
}
