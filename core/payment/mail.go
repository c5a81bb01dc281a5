package payment

import (
	"errors"
	"slices"
	"sync"
	"time"

	"billfold/base/db"
	"billfold/base/lang"
	"billfold/base/seal"
	"billfold/core/identity"
	"billfold/core/notice"
)

// newsLives is how old news may be and still be mailed. What an outbox tells later than that stands in the app only: nobody
// wants a receipt for last month, be it of a demo's history or of a process that stood still.
const newsLives = 24 * time.Hour

// letter is a mail that an event makes: to one person, about another side.
type letter struct {
	*telling
	place    uint8 // among the mails of the event; part of the mail's id
	to       string
	with     string
	role     string // under which the template knows the other side's name, "" where there is none
	template string
}

// letters are the mails an event makes, those to nobody left empty. Money that left or reached somebody's own wallet is worth a
// mail; a hold, and what was only asked for, stands in the app. A shop gets none: its till says what it took, and a busy one
// would drown. A person who refunds has pressed the button; the mail goes to the other side.
func (t *telling) letters() (list [2]letter) {
	n := t.news
	switch t.says {
	case "request.asked":
		list[0] = letter{t, 1, n.Payer, n.Payee, "payee", notice.Asked}
		return list
	case "request.reminded":
		list[0] = letter{t, 1, n.Payer, n.Payee, "payee", notice.Reminder}
		return list
	case "request.declined":
		list[0] = letter{t, 1, n.Payee, n.Payer, "payer", notice.Declined}
		return list
	case "link.returned":
		list[0] = letter{t, 1, n.Payer, "", "", notice.GiftBack}
		return list
	}
	done := t.event.Type == eventCompleted || t.event.Type == eventCaptured
	switch {
	case n.Kind == TopUp && done:
		list[0] = letter{t, 1, n.Payee, "", "", notice.TopUpDone}
	case n.Kind == TopUp && t.event.Type == eventFailed:
		list[0] = letter{t, 1, n.Payee, "", "", notice.TopUpFailed}
	case n.Kind == TopUp && t.event.Type == eventReversed && n.Refunded != "0":
		list[0] = letter{t, 1, n.Payee, "", "", notice.ChargedBack}
	case n.Kind == Withdrawal && done:
		list[0] = letter{t, 1, n.Payer, n.Payee, "payee", notice.Withdrawn}
	case n.Kind == Withdrawal && (t.event.Type == eventFailed || t.event.Type == eventReversed):
		list[0] = letter{t, 1, n.Payer, "", "", notice.CameBack}
	case n.Kind == Refund && done:
		list[0] = letter{t, 1, n.Payee, n.Payer, "payee", notice.Refund}
	case n.Kind == Purchase && done:
		list[0] = letter{t, 1, n.Payer, n.Payee, "payee", notice.Receipt}
	case n.Kind == Transfer && done:
		list[0] = letter{t, 1, n.Payer, n.Payee, "payee", notice.Receipt}
		list[1] = letter{t, 2, n.Payee, n.Payer, "payer", notice.Received}
	}
	return list
}

// mail adds the mails of a batch in the transaction that tells it, each once however often the batch comes. Of people without
// an e-mail address that is remembered: their news costs no statement. A mail that cannot be written is logged and left out,
// because it must not keep both sides from being told.
func (s *Service) mail(tx *db.Tx, list []telling, names map[string]string) error {
	now := s.Real.Now()
	var letters []letter
	for i := range list {
		if now.Sub(list[i].event.At) > newsLives {
			continue
		}
		if list[i].says == "link.sent" {
			if err := s.mailLink(tx, &list[i], names); err != nil && !errors.Is(err, seal.ErrShredded) {
				s.Log.Error("mail left out", "event", list[i].event.ID, "template", notice.Gift, "error", err)
			}
		}
		for _, l := range list[i].letters() {
			if l.to != "" && !s.mails.none(l.to, now) {
				letters = append(letters, l)
			}
		}
	}
	if len(letters) == 0 {
		return nil
	}
	boxes, err := s.mailboxes(tx, letters, now)
	if err != nil {
		return err
	}
	for _, l := range letters {
		box, ok := boxes[identity.PersonID(l.to)]
		if !ok {
			continue
		}
		m, err := s.write(l, box, names[l.with])
		if err == nil {
			err = s.Notices.MailOnce(tx, l.event.ID, l.place, m)
		}
		if err != nil && !errors.Is(err, seal.ErrShredded) {
			s.Log.Error("mail left out", "event", l.event.ID, "template", l.template, "error", err)
		}
	}
	return nil
}

// mailboxes finds who has an e-mail address, and remembers who has none.
func (s *Service) mailboxes(tx *db.Tx, letters []letter, now time.Time) (map[identity.PersonID]identity.Mailbox, error) {
	boxes := map[identity.PersonID]identity.Mailbox{}
	people := make([]identity.PersonID, len(letters))
	for i, l := range letters {
		people[i] = identity.PersonID(l.to)
	}
	slices.Sort(people)
	people = slices.Compact(people)
	for len(people) > 0 {
		some := people[:min(len(people), namesMost)]
		found, err := s.People.Mailboxes(tx, some...)
		if err != nil {
			return nil, err
		}
		for _, person := range some {
			if box, ok := found[person]; ok {
				boxes[person] = box
			} else {
				s.mails.add(string(person), now)
			}
		}
		people = people[len(some):]
	}
	return boxes, nil
}

// reasons are why a card was not charged, in the words of a mail.
var reasons = map[string]lang.Text{
	"card_declined":           {EN: "the card's bank said no.", ZH: "发卡行拒绝了此次扣款。"},
	"bank_account_unknown":    {EN: "the bank does not know the account.", ZH: "银行没有此账户。"},
	"bank_account_closed":     {EN: "the account is closed.", ZH: "该账户已销户。"},
	"card_insufficient_funds": {EN: "there was not enough money on the card.", ZH: "卡内余额不足。"},
}

var (
	otherReason = lang.Text{EN: "it was refused.", ZH: "交易已被拒绝。"}
	somebody    = lang.Text{EN: "somebody", ZH: "对方"}
	// A mail does not know its reader's time zone; the page it leads to does.
	timeLayout = lang.Text{EN: "2 January 2006 at 15:04 UTC", ZH: "2006年1月2日 15:04 UTC"}
)

// write fills in what a template needs. with is the other side's name as the reader may see it.
func (s *Service) write(l letter, to identity.Mailbox, with string) (notice.Mail, error) {
	receipt, err := Receipt(l.news.Payment)
	if err != nil {
		return notice.Mail{}, err
	}
	data := map[string]string{"amount": l.amount(), "link": s.Notices.Link("/activity/" + string(l.news.Payment))}
	if l.template == notice.TopUpFailed || l.template == notice.CameBack {
		reason, ok := reasons[l.news.Failure]
		if !ok {
			reason = otherReason
		}
		data["reason"] = reason.In(to.Lang)
	} else {
		data["receipt"], data["at"] = receipt, l.event.At.UTC().Format(timeLayout.In(to.Lang))
	}
	if l.role != "" {
		data[l.role] = first(with, somebody.In(to.Lang))
	}
	return notice.Mail{Owner: l.to, To: to.Email, Lang: to.Lang, Template: l.template, Data: data}, nil
}

const (
	mailLives = 10 * time.Minute
	mailMost  = 50_000
)

// mailless remembers for some minutes who has no e-mail address: people of programs pay often and read no mail.
type mailless struct {
	mu    sync.Mutex
	until map[string]time.Time
}

func (m *mailless) none(person string, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return now.Before(m.until[person])
}

func (m *mailless) add(person string, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.until == nil || len(m.until) >= mailMost {
		m.until = map[string]time.Time{}
	}
	m.until[person] = now.Add(mailLives)
}
