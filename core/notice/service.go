package notice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/id"
	"billfold/base/job"
	"billfold/base/lang"
	"billfold/base/seal"
)

// Options are what the service is built from; all but Texts are required.
type Options struct {
	DB     *db.DB
	Real   clock.Clock
	Keys   *seal.Keyring
	IDs    *id.Minter
	Jobs   *job.Queue
	Sender Sender
	Texts  Sender // carries texts to telephone numbers, "+49…", whose words are Message.Text; nil where nobody does
	From   string // "Billfold <no-reply@example.org>"
	Origin string // the public address of this installation, "https://pay.example.org", no slash at the end
}

// Service has the verbs of this package. Safe for concurrent use.
type Service struct {
	db      *db.DB
	real    clock.Clock
	keys    *seal.Keyring
	ids     *id.Minter
	jobs    *job.Queue
	sender  Sender
	texter  Sender
	sandbox bool
	from    string
	origin  string
}

const mailJob = "notice.mail"

// New builds the service and gives the queue its work. It refuses a sender's address that is none (ErrMailSettings).
func New(o Options) (*Service, error) {
	if o.DB == nil || o.Real == nil || o.Keys == nil || o.IDs == nil || o.Jobs == nil || o.Sender == nil {
		return nil, errors.New("notice: DB, Real, Keys, IDs, Jobs and Sender are required")
	}
	from, err := mail.ParseAddress(o.From)
	if err != nil {
		return nil, ErrMailSettings.With("from").Because(err)
	}
	_, sandbox := o.Sender.(Sandbox)
	s := &Service{db: o.DB, real: o.Real, keys: o.Keys, ids: o.IDs, jobs: o.Jobs, sender: o.Sender, texter: o.Texts, sandbox: sandbox,
		from: from.String(), origin: strings.TrimSuffix(o.Origin, "/")}
	o.Jobs.Handle(mailJob, s.deliver)
	o.Jobs.Every("notice.sweep", time.Hour, s.sweep)
	return s, nil
}

// Tell adds notices in the caller's transaction. One that was told before stays as it is; one whose owner was erased
// is left out: it must not keep the others from being told; so is what its owner switched off.
func (s *Service) Tell(tx *db.Tx, list []Notice) error {
	list, err := wanted(tx, list)
	if err != nil {
		return err
	}
	rows := make([]any, 0, len(list)*insertItems.Columns())
	for _, n := range list {
		data, err := s.seal(n.Owner, itemField(n), tameAll(n.Data))
		if errors.Is(err, seal.ErrShredded) {
			continue
		}
		if err != nil {
			return err
		}
		rows = append(rows, n.Owner, n.ID, n.Template, n.Object, clock.Micros(n.At), data)
	}
	insertItems.Queue(tx, rows)
	return nil
}

func itemField(n Notice) string { return "notice_item.data/" + n.Owner + "/" + n.ID }

func (s *Service) seal(owner, row string, data map[string]string) ([]byte, error) {
	plain, err := json.Marshal(data) // sorts the keys
	if err != nil {
		return nil, err
	}
	sealed, err := s.keys.Seal(owner, row, plain)
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", row, err)
	}
	return sealed, nil
}

func (s *Service) open(owner, row string, sealed []byte) (data map[string]string, err error) {
	plain, err := s.keys.Open(owner, row, sealed)
	if err == nil {
		err = json.Unmarshal(plain, &data)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", row, err)
	}
	return data, nil
}

// Notices pages through what an owner was told, newest first, at most 100 at a time; before is what the page above
// returned as next, or empty. Of an erased owner there is nothing to read.
func (s *Service) Notices(ctx context.Context, owner, before string, limit int) (list []Notice, next string, err error) {
	limit = max(1, min(limit, 100))
	type found struct {
		items []itemRow
		read  string
	}
	f, err := db.Read(ctx, s.db, func(tx *db.Tx) (f found, err error) {
		if f.read, err = selectReader(tx, owner); err != nil {
			return f, err
		}
		f.items, err = selectItems(tx, owner, before, limit+1)
		return f, err
	})
	if err != nil {
		return nil, "", err
	}
	if len(f.items) > limit {
		f.items = f.items[:limit]
		next = f.items[limit-1].id
	}
	for _, r := range f.items {
		n := Notice{ID: r.id, Owner: owner, Template: r.template, Object: r.object, At: clock.FromMicros(r.at), Read: r.id <= f.read}
		n.Data, err = s.open(owner, itemField(n), r.data)
		if errors.Is(err, seal.ErrShredded) {
			return nil, "", nil
		}
		if err != nil {
			return nil, "", err
		}
		list = append(list, n)
	}
	return list, next, nil
}

const mostUnread = 99

// Unread counts the notices an owner has not read, up to 99; more says that there are more.
func (s *Service) Unread(ctx context.Context, owner string) (n int, more bool, err error) {
	n, err = db.Read(ctx, s.db, func(tx *db.Tx) (int, error) {
		read, err := selectReader(tx, owner)
		if err != nil {
			return 0, err
		}
		return countAfter(tx, owner, read, mostUnread+1)
	})
	return min(n, mostUnread), n > mostUnread, err
}

// MarkRead marks an owner's notices as read, up to and including one; empty for everything so far. Reading does not
// go back.
func (s *Service) MarkRead(ctx context.Context, owner, upTo string) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		if upTo == "" {
			newest, err := selectItems(tx, owner, "", 1)
			if err != nil || len(newest) == 0 {
				return err
			}
			upTo = newest[0].id
		}
		return upsertReader(tx, owner, upTo)
	})
}

// Mail adds a mail in the caller's transaction; it leaves soon after that is committed. The owner's key must exist.
// What it refuses is a mistake of the caller: an unknown template, missing data, an address that is none, a link that
// leads elsewhere.
func (s *Service) Mail(tx *db.Tx, m Mail) error { return s.mail(tx, s.ids.New(mailPrefix), m) }

// MailOnce is Mail for what may be told again: of is the id of what the mail tells of, such as an event's, and n numbers the
// mails about it, from 1. The same two again change nothing.
func (s *Service) MailOnce(tx *db.Tx, of string, n uint8, m Mail) error {
	return s.mail(tx, id.Step(of, mailPrefix, n), m)
}

// Link is the absolute address of a page of this installation, as a mail's link must be; path begins with "/".
func (s *Service) Link(path string) string { return s.origin + path }

const mailPrefix = "mail"

// mail adds a mail under an id. Nothing is written where it refuses. One that is there already stays as it is; its task finds
// it settled.
func (s *Service) mail(tx *db.Tx, mailID string, m Mail) error {
	l, ok := letters[m.Template]
	if !ok {
		return fmt.Errorf("notice: no mail template %q", m.Template)
	}
	for _, key := range l.needs {
		if m.Data[key] == "" {
			return fmt.Errorf("notice: a %s mail needs %s", m.Template, key)
		}
	}
	if link := m.Data["link"]; link != "" && !strings.HasPrefix(link, s.origin+"/") {
		return fmt.Errorf("notice: the link of a %s mail leads elsewhere", m.Template)
	}
	if l.text {
		if s.texter == nil || !strings.HasPrefix(m.To, "+") || strings.Trim(m.To[1:], "0123456789") != "" {
			return fmt.Errorf("notice: nobody carries a %s text there", m.Template)
		}
	} else if a, err := mail.ParseAddress(m.To); err != nil || a.Address != m.To {
		return fmt.Errorf("notice: the address of a %s mail is not plain", m.Template)
	}
	if _, ok := lang.Parse(string(m.Lang)); !ok {
		m.Lang = lang.EN
	}
	if kind := kindOfMail(m.Template); !kind.Fixed() {
		if off, err := selectOff(tx, m.Owner); err != nil || off[m.Owner][Switch{kind, ByMail}] {
			return err
		}
	}
	r := mailRow{id: mailID, owner: m.Owner, template: m.Template, lang: string(m.Lang), state: Queued,
		created: clock.Micros(s.real.Now())}
	var err error
	if r.data, err = s.seal(m.Owner, mailField("data", r.id), tameAll(m.Data)); err != nil {
		return err
	}
	if r.recipient, err = s.keys.Seal(m.Owner, mailField("recipient", r.id), []byte(m.To)); err != nil {
		return err
	}
	insertMail(tx, r)
	s.jobs.Add(tx, job.Task{Kind: mailJob, Key: r.id, Due: s.real.Now(), Clock: job.Real})
	return nil
}

func mailField(name, id string) string { return "notice_mail." + name + "/" + id }

// compose opens a stored mail and puts it into words.
func (s *Service) compose(r mailRow) (Message, error) {
	data, err := s.open(r.owner, mailField("data", r.id), r.data)
	if err != nil {
		return Message{}, err
	}
	to, err := s.keys.Open(r.owner, mailField("recipient", r.id), r.recipient)
	if err != nil {
		return Message{}, fmt.Errorf("open %s: %w", mailField("recipient", r.id), err)
	}
	msg, err := s.write(r.id, Mail{Owner: r.owner, To: string(to), Lang: lang.Tag(r.lang), Template: r.template, Data: data})
	msg.At, msg.State = clock.FromMicros(r.created), r.state
	return msg, err
}

// Inbox pages through the mails a sandbox would have sent, newest first; before is what the page above returned as
// next, or empty. An installation that sends mails answers not_found.
func (s *Service) Inbox(ctx context.Context, before string, limit int) (list []Message, next string, err error) {
	if !s.sandbox {
		return nil, "", fault.ErrNotFound
	}
	limit = max(1, min(limit, 100))
	rows, err := db.Read(ctx, s.db, func(tx *db.Tx) ([]mailRow, error) { return selectMails(tx, before, limit+1) })
	if err != nil {
		return nil, "", err
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = rows[limit-1].id
	}
	for _, r := range rows {
		m, err := s.compose(r)
		if errors.Is(err, seal.ErrShredded) {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		list = append(list, m)
	}
	return list, next, nil
}
