package sim

import (
	"time"

	"billfold/core/rail"
)

// books is the second model: what everybody has and what became of every payment, written down from the documentation with plain maps and
// plain sums.
type books struct {
	accounts map[string]*account
	names    []string // of the accounts, in the order of their making
	payments []*pay
	holds    []*hold
	requests []*request
	links    []*payLink
	arrivals []*arrival
	debts    map[string]int64 // what is owed, by person and currency
	news     map[string]bool  // to whom payments brought money since news was last handed on, by person and currency
	frozen   map[string]bool  // people and shops
	sloppy   bool             // a wrong rule, for the control: a refund may be one unit too much
}

// account is one address. Nothing is reserved on a busy one.
type account struct {
	currency        string
	limit           int // 1: never below zero, -1: never above, 0: none
	busy, frozen    bool
	posted, out, in int64
}

// leg moves an amount.
type leg struct {
	from, to string
	minor    int64
}

// pay is a payment.
type pay struct {
	id                         string
	kind, state, currency      string
	amount, captured, refunded int64
	payer, payee               string
	manual, stranger           bool // stranger: anybody may confirm it while nobody has
	draft                      bool // a transfer that its payer has written down: nobody else sees it before their yes
	expires, holdUntil         time.Time
	token                      string
	lost                       bool // the acquirer says nothing until it is asked again
	link                       bool // it travels by a link, whose key is key
	key                        string
	due                        time.Time // when the sweep looks at a link
	asked                      bool      // a share of a request; of a withdrawal: its payer said yes
	told                       bool      // a withdrawal of which the bank's own words have come, or will never come
	released                   bool      // a withdrawal whose hold was let go
	checkout                   bool
	under                      *payLink
	created                    time.Time
	extended                   int
	card                       bool          // paid by card, as far as is known
	cards, attempt             int           // tried; the one it lives on
	said                       map[int]int64 // what the acquirer said it took, by attempt
	transfer                   bool          // a top-up that waits for a bank transfer
	reference                  string
}

// hold is a pending entry of the ledger.
type hold struct {
	id      string
	legs    []leg
	expires time.Time
	open    bool
}

func (b *books) open(address, currency string, limit int, busy bool) {
	if b.accounts[address] == nil {
		b.accounts[address] = &account{currency: currency, limit: limit, busy: busy}
		b.names = append(b.names, address)
	}
}

// move adds legs to the posted sums; times is 1, or -1 to take them back.
func (b *books) move(legs []leg, times int64) {
	for _, l := range legs {
		b.accounts[l.from].posted -= times * l.minor
		b.accounts[l.to].posted += times * l.minor
	}
}

// reserve adds legs to what is held, or with -1 lets them go.
func (b *books) reserve(legs []leg, times int64) {
	for _, l := range legs {
		if from := b.accounts[l.from]; !from.busy {
			from.out += times * l.minor
		}
		if to := b.accounts[l.to]; !to.busy {
			to.in += times * l.minor
		}
	}
}

// short tells whether one of the legs' accounts has passed its limit.
func (b *books) short(legs []leg) bool {
	for _, l := range legs {
		for _, address := range []string{l.from, l.to} {
			a := b.accounts[address]
			if a.limit > 0 && a.posted-a.out < 0 || a.limit < 0 && -a.posted-a.in < 0 {
				return true
			}
		}
	}
	return false
}

// against lists every reason against legs that would be posted, or held. The product names one of them, whichever it looks at first.
func (b *books) against(legs []leg, held bool) (reasons []string) {
	for _, l := range legs {
		from, to := b.accounts[l.from], b.accounts[l.to]
		switch {
		case l.minor <= 0:
			reasons = append(reasons, "amount_not_positive")
		case l.from == l.to:
			reasons = append(reasons, "same_account")
		case from.currency != to.currency:
			reasons = append(reasons, "currency_mismatch")
		}
		if from.frozen || to.frozen {
			reasons = append(reasons, "account_frozen")
		}
	}
	if len(reasons) > 0 {
		return reasons
	}
	change := b.move
	if held {
		change = b.reserve
	}
	change(legs, 1)
	if b.short(legs) {
		reasons = append(reasons, "insufficient_funds")
	}
	change(legs, -1)
	return reasons
}

// wallet and receipts are where a person and a shop keep a currency.
func wallet(owner, currency string) string { return "user/" + owner + "/" + currency }

func receipts(shop, currency string) string { return "merchant/" + shop + "/" + currency }

func isShop(owner string) bool { return len(owner) > 4 && owner[:4] == "mch_" }

func purse(owner, currency string) string {
	if isShop(owner) {
		return receipts(owner, currency)
	}
	return wallet(owner, currency)
}

// legs are what a payment moves when it is paid.
func (b *books) legs(p *pay, minor int64) []leg {
	if p.kind == "purchase" && p.card {
		return []leg{{floats(rail.Card, p.currency), receipts(p.payee, p.currency), minor}}
	}
	b.open(purse(p.payee, p.currency), p.currency, 0, true) // a shop's receipts, with its first payment
	return []leg{{purse(p.payer, p.currency), purse(p.payee, p.currency), minor}}
}

// paying lists the reasons against paying p now, in the words of payments.
func (b *books) paying(p *pay) (reasons []string) {
	if b.frozen[p.payer] {
		reasons = append(reasons, "person_frozen")
	}
	if b.frozen[p.payee] {
		reasons = append(reasons, "payee_frozen")
	}
	if p.under.over() {
		reasons = append(reasons, "checkout_link_over")
	}
	from := b.accounts[purse(p.payer, p.currency)]
	if from == nil {
		return append(reasons, "currency_not_available")
	}
	if from.posted-from.out < p.amount {
		reasons = append(reasons, "insufficient_funds")
	}
	return reasons
}

// paid carries the yes of p's payer out.
func (b *books) paid(p *pay, now time.Time, holdFor time.Duration) {
	p.draft = false
	p.under.use(1)
	if p.manual {
		b.reserve(b.legs(p, p.amount), 1)
		p.state, p.holdUntil = "authorized", now.Add(holdFor)
		return
	}
	b.move(b.legs(p, p.amount), 1)
	p.state, p.captured = "completed", p.amount
	b.brought(p.payee, p.currency)
}

// lapse has a payment whose time is over expire, as every verb that meets one does.
func (b *books) lapse(p *pay, now time.Time) bool {
	switch {
	case p.state == "awaiting_confirmation" && !now.Before(p.expires):
	case p.transfer && p.state == "processing" && !now.Before(p.expires):
	case p.link && p.state == "authorized":
		if now.Before(p.holdUntil) || b.frozen[p.payer] {
			return false
		}
		b.move([]leg{{linked(p.currency), wallet(p.payer, p.currency), p.amount}}, 1)
	case p.state == "authorized" && !now.Before(p.holdUntil):
		b.reserve(b.legs(p, p.amount), -1)
	default:
		return false
	}
	p.state = "expired"
	return true
}

// alone tells that a payment is between a person and the world outside, or two pockets of theirs.
func (p *pay) alone() bool { return p.kind == "exchange" || p.kind == "withdrawal" }

// stuck tells whether a link's time is over and its money cannot come back, because the wallet it came from stands still.
func (b *books) stuck(p *pay, now time.Time) bool {
	return p.link && p.state == "authorized" && !now.Before(p.holdUntil) && b.frozen[p.payer]
}

// visible tells who may see a payment.
func (p *pay) visible(owner string) bool {
	if p.draft && owner != p.payer {
		return false
	}
	return owner == p.payer || owner == p.payee || p.state == "awaiting_confirmation" && p.payer == "" && !isShop(owner)
}
