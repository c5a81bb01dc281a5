package purse

import (
	"errors"
	"fmt"
	"strings"

	"billfold/base/fault"
	"billfold/base/money"
	"billfold/client"
	"billfold/product/purse/proto"
	"billfold/product/purse/step"
	"billfold/product/purse/store"
)

// refused is a status word in words.
type refused proto.SW

func (r refused) Error() string {
	if text, ok := words[proto.SW(r)]; ok {
		return text + " (" + proto.SW(r).String() + ")"
	}
	if proto.SW(r)&0xfff0 == proto.WrongCodeLeft {
		return fmt.Sprintf("wrong code; %d more and only the issuer opens it (%s)", r&0xf, proto.SW(r))
	}
	return "refused with " + proto.SW(r).String()
}

var words = map[proto.SW]string{
	proto.WrongState:   "this is not the time for it, or not what was agreed: begin again on both sides",
	proto.BadSignature: "a signature, certificate or role is not good here: of another issuer, out of date, or not for this",
	proto.LockedOut:    "the purse is locked: `unlock` opens it, or where the code is lost `unlock --forgotten`",
	proto.Malformed:    "it cannot be read",
	proto.LogFull:      "the log of given up transfers is full: sync first",
	proto.Unknown:      "there is no such thing here",
	proto.Insufficient: "there is not enough in the purse",
	proto.OverLimit:    "it is over the limit of one payment, or of what a purse may hold",
	proto.Exhausted:    "the purse is used up: unload it and make a new one",
	proto.SyncNeeded:   "a sync is needed first",
	proto.Blocked:      "the purse is blocked: its issuer knows why",
	proto.Forked:       "the purse exists twice",
	proto.Fault:        "it could not be written to disk, and has not happened: see that the disk has room and can be written to",
}

// here is what a status word means where this side's own purse answers it to one command.
var here = map[string]map[proto.SW]string{
	"batch": {proto.WrongState: "only a till that has sold something since its last batch has one to close"},
	"lock":  {proto.Malformed: "a code has 4 to 12 digits", proto.LockedOut: "the purse is locked already"},
	"unlock": {proto.Malformed: "a code has 4 to 12 digits", proto.WrongState: "the purse is not locked",
		proto.LockedOut: "three wrong codes: `unlock --forgotten` has the issuer open it"},
	"load": {proto.BadSignature: "only a holder's purse and a load agent are loaded",
		proto.OverLimit: "with it the purse would hold more than its certificate allows"},
	"unload": {proto.BadSignature: "only a holder's purse and a load agent are unloaded; a till is paid out when its batch is collected"},
}

// plain is an error as a person reads it.
func plain(command string, err error) string {
	if f, ok := fault.As(err); ok {
		return f.Title.EN + ". " + f.Detail.EN + " (" + f.Code + ")"
	}
	var problem *client.Problem
	if errors.As(err, &problem) {
		return problem.Title + ". " + problem.Detail + " (" + problem.Code + ")"
	}
	if errors.Is(err, store.ErrDamaged) || errors.Is(err, store.ErrNothing) {
		return err.Error() + "; report it lost, and what it held is refunded when its time is over"
	}
	if r, ok := err.(refused); ok { // bare: this side's own purse
		if text, special := here[command][proto.SW(r)]; special {
			return text + " (" + proto.SW(r).String() + ")"
		}
	}
	return err.Error()
}

// moving are the commands that move money.
var moving = map[string]bool{"pay": true, "take": true, "cancel": true, "load": true, "unload": true}

// fate says what a command that failed has done to the money: to be said after why it failed.
func (c *cli) fate(command string) string {
	p := c.opened
	if !moving[command] {
		return ""
	}
	if p == nil {
		return "; no money moved"
	}
	now := p.State()
	if now.Open == nil {
		if held(now) == held(c.before) {
			return "; no money moved"
		}
		return "; the payment stands, `show` says what the purse holds"
	}
	value := "what was begun"
	if currency, err := p.currency(now.Open.Currency); err == nil {
		value = currency.Of(now.Open.Value).String()
	}
	var peer proto.Certificate
	proto.Open(now.Peer, &peer)
	switch {
	case now.Status == step.EPA && peer.Role == proto.Issuer:
		return "; " + value + " is on its way to the issuer: `unload --resume` or a sync ends it, no money is lost"
	case now.Status == step.EPA:
		return "; " + value + " has left this purse, and is not lost: `pay --resume` sends it again, or `cancel --give-up` and a sync of both " +
			"sides bring it back if it has not arrived"
	case peer.Role == proto.Issuer:
		return "; " + value + " has not come yet, and is not lost: `load --resume`, or `cancel --give-up` and a sync"
	}
	return "; " + value + " has not come: should it have left its payer, take it again while they `pay --resume`; otherwise no money moved"
}

// held is what a module holds, in words that can be compared.
func held(s step.State) string {
	var all strings.Builder
	for _, slot := range s.Slots {
		fmt.Fprintf(&all, "%d %s ", slot.Total(), slot.Currency)
	}
	return all.String()
}

// usageOf is how a command is called.
func usageOf(command string) string {
	for line := range strings.Lines(Usage) {
		if call, ok := strings.CutPrefix(strings.TrimSpace(line), "billfold purse "+command+" "); ok {
			call, _, _ = strings.Cut(call, "  ")
			return "billfold purse " + command + " " + call
		}
	}
	return "billfold purse"
}

// typed is an amount that a person typed, with what is wrong about it.
func typed(text string, c money.Currency) (money.Amount, error) {
	a, err := money.ParseDecimal(text, c)
	if err == nil && a.IsPositive() {
		return a, nil
	}
	if errors.Is(err, money.ErrAmountTooLarge) {
		return a, err
	}
	return a, fmt.Errorf("%q is no amount of %s: write it like %s", text, c.Code, c.Of(1250).Decimal())
}
