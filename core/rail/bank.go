package rail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/job"
	"billfold/base/money"
)

// BankName is the name of the bank rail.
const BankName = "bank"

// The sandbox bank's test accounts, by the last four characters of the IBAN. Every other account is paid.
const (
	EndingRejected = "0002" // the account is closed: the payout is rejected
	EndingReturned = "9995" // paid, and returned three days later
	EndingSlow     = "3155" // paid after half a minute
	EndingOvertake = "5100" // the bank says returned, and paid only after that
)

// TestAccounts are whole numbers with those endings and good check digits, with what each does.
var TestAccounts = []struct{ IBAN, Behaviour string }{
	{testIBAN("3000"), "ok"}, {testIBAN(EndingRejected), "rejected"}, {testIBAN(EndingReturned), "returned"},
	{testIBAN(EndingSlow), "slow"}, {testIBAN(EndingOvertake), "overtaken"},
}

// testIBAN is an account of the sandbox's own bank that ends in four digits.
func testIBAN(ending string) string {
	account := "37040044" + "053201" + ending
	check := 98 - mod97(account+"DE00")
	return fmt.Sprintf("DE%02d%s", check, account)
}

const (
	taskPayout   = "rail.sandbox.payout"
	taskCredit   = "rail.sandbox.credit"
	paidAfter    = time.Second
	paidSlowly   = 30 * time.Second
	returnsAfter = 3 * 24 * time.Hour // business time
)

// SandboxBank is a bank for trying things out: it pays out, and people elsewhere can send us money through it. It implements Bank,
// answers like the card acquirer, by signed callbacks that are late, repeated and reordered, and keeps no account number.
type SandboxBank struct{ o SandboxOptions }

// NewSandboxBank makes the bank and registers what sends its messages.
func NewSandboxBank(o SandboxOptions) *SandboxBank {
	b := &SandboxBank{o.filled()}
	o.Queue.Handle(taskPayout, b.answer)
	o.Queue.Handle(taskCredit, b.credit)
	return b
}

// Name is "bank".
func (b *SandboxBank) Name() string { return BankName }

// Details are the account that people send to.
func (b *SandboxBank) Details() Details {
	return Details{Holder: "Billfold", IBAN: "DE02120300000000202051", BIC: "BYLADEM1001", Bank: "Sandbox Bank"}
}

// Pay takes note of a payout and plans what the bank says of it. Asked again it says it again.
func (b *SandboxBank) Pay(ctx context.Context, o Order) error {
	number, err := ParseIBAN(o.IBAN)
	if err != nil {
		return err
	}
	return b.o.DB.Write(ctx, func(tx *db.Tx) error {
		now, behaviour := b.o.Real.Now(), number[len(number)-4:]
		fresh, err := tx.Exec(insertOrder, o.Reference, o.Merchant, o.Amount.Minor, o.Amount.Currency.Code, behaviour, clock.Micros(now))
		if err != nil {
			return err
		}
		if fresh == 0 {
			tx.Queue(countOrder, o.Reference, clock.Micros(now))
		}
		b.plan(tx, o.Reference, behaviour, now)
		return nil
	})
}

// plan queues what the bank says: that it took the order on, how it ended, and a repeat of one of them, in an order that the
// seed decides. What takes days waits for business time.
func (b *SandboxBank) plan(tx *db.Tx, reference, behaviour string, now time.Time) {
	dice := b.o.dice(reference)
	add := func(which string, due time.Time, by job.Clock) {
		key := reference + " " + which
		b.o.Queue.Add(tx, job.Task{Kind: taskPayout, Key: key, Due: due, Clock: by, Payload: []byte(key)})
	}
	sent := now.Add(firstAfter + time.Duration(dice%uint64(firstAfter)))
	end := sent.Add(paidAfter)
	if behaviour == EndingSlow {
		end = sent.Add(paidSlowly)
	}
	if dice>>8&1 == 1 {
		sent, end = end, sent // the end overtakes the beginning
	}
	add("sent", sent, job.Real)
	add("end", end, job.Real)
	add("end again", end.Add(time.Duration(dice>>10%uint64(repeatOver))), job.Real)
	switch behaviour {
	case EndingReturned:
		add("return", b.o.Clock.Now().Add(returnsAfter), job.Business)
	case EndingOvertake:
		add("late", end.Add(paidAfter), job.Real)
	}
}

// answer sends one message about a payout.
func (b *SandboxBank) answer(ctx context.Context, t job.Task) error {
	reference, which, _ := strings.Cut(string(t.Payload), " ")
	c, err := db.Read(ctx, b.o.DB, func(tx *db.Tx) (charge, error) { return db.One(tx, scanCharge, selectOrder, reference) })
	if errors.Is(err, db.ErrNoRow) {
		return fmt.Errorf("rail: no payout %s", reference)
	}
	if err != nil {
		return err
	}
	m := message{Data: messageData{Reference: c.reference, Merchant: c.merchant, Amount: strconv.FormatInt(c.amount, 10),
		Currency: c.currency}}
	number, _, _ := strings.Cut(which, " ")
	switch {
	case number == "sent":
		m.Type = "payout.sent"
	case number == "return", number == "end" && c.token == EndingOvertake:
		m.Type, m.Data.Reason = "payout.returned", "bank_account_closed"
	case number == "end" && c.token == EndingRejected:
		m.Type, m.Data.Reason = "payout.rejected", "bank_account_unknown"
	default:
		m.Type = "payout.paid"
	}
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return b.o.tell(ctx, "msg_"+strings.TrimPrefix(reference, "pay_")+"_"+number, reference, body)
}

// Transfer is what somebody does at their own bank: send us money, with a purpose. It answers with the bank's number for it.
func (b *SandboxBank) Transfer(ctx context.Context, merchant, purpose string, amount money.Amount) (movement string, err error) {
	if err := amount.Positive(); err != nil {
		return "", err
	}
	if len(purpose) > purposeMost {
		purpose = purpose[:purposeMost]
	}
	movement = b.o.IDs.New("mov")
	return movement, b.o.DB.Write(ctx, func(tx *db.Tx) error {
		now := b.o.Real.Now()
		// A bank's purpose has capitals and digits; what else somebody typed does not leave this desk.
		tx.Queue(insertTransfer, movement, squeeze(purpose), testIBAN("3000"), merchant, amount.Minor, amount.Currency.Code,
			clock.Micros(now))
		dice := b.o.dice(movement)
		first := now.Add(firstAfter + time.Duration(dice%uint64(firstAfter)))
		for n, which := range []string{"", " again", " 2"} {
			b.o.Queue.Add(tx, job.Task{Kind: taskCredit, Key: movement + which, Clock: job.Real, Payload: []byte(movement + which),
				Due: first.Add(time.Duration(n) * time.Duration(dice>>8%uint64(repeatOver)))})
		}
		return nil
	})
}

// SendBack returns a credit to whoever sent it.
func (b *SandboxBank) SendBack(ctx context.Context, movement string) error {
	return b.o.DB.Write(ctx, func(tx *db.Tx) error {
		tx.Queue(updateSentBack, movement)
		return nil
	})
}

// credit tells of money that reached us; message 2 tells of the same movement under an id of its own.
func (b *SandboxBank) credit(ctx context.Context, t job.Task) error {
	movement, which, _ := strings.Cut(string(t.Payload), " ")
	in, err := db.Read(ctx, b.o.DB, func(tx *db.Tx) (transfer, error) { return db.One(tx, scanTransfer, selectTransfer, movement) })
	if err != nil {
		return fmt.Errorf("rail: transfer %s: %w", movement, err)
	}
	body, err := json.Marshal(message{Type: typeReceived, Data: messageData{Movement: movement, Purpose: in.said, Sender: in.sender,
		Merchant: in.merchant, Amount: strconv.FormatInt(in.amount, 10), Currency: in.currency}})
	if err != nil {
		return err
	}
	name := "msg_" + strings.TrimPrefix(movement, "mov_")
	if which == "2" {
		name += "_2"
	}
	return b.o.tell(ctx, name, movement, body)
}
