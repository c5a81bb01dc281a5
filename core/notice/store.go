package notice

import (
	"embed"
	"errors"

	"billfold/base/db"
)

//go:embed schema
var files embed.FS

// Schema is this package's tables.
var Schema = db.Schema{Package: "notice", FS: files}

type itemRow struct {
	id, template, object string
	at                   int64
	data                 []byte
}

var insertItems = db.NewBulk("insert into notice_item", "owner text, id text, template text, object text, at bigint, data bytea",
	" on conflict (owner, id) do nothing")

// selectItems reads an owner's newest notices, those before an id where one is given.
func selectItems(tx *db.Tx, owner, before string, limit int) ([]itemRow, error) {
	if before == "" {
		before = "~" // after every id
	}
	return db.All(tx, func(r db.Row) (i itemRow, err error) {
		err = r.Scan(&i.id, &i.template, &i.object, &i.at, &i.data)
		return i, err
	}, `select id, template, object, at, data from notice_item where owner = $1 and id < $2 order by id desc limit $3`, owner,
		before, limit)
}

func countAfter(tx *db.Tx, owner, after string, limit int) (int, error) {
	rows, err := db.All(tx, func(r db.Row) (one int64, err error) {
		err = r.Scan(&one)
		return one, err
	}, `select 1 from notice_item where owner = $1 and id > $2 limit $3`, owner, after, limit)
	return len(rows), err
}

func selectReader(tx *db.Tx, owner string) (read string, err error) {
	err = tx.Row(`select read_to from notice_reader where owner = $1`, owner).Scan(&read)
	if errors.Is(err, db.ErrNoRow) {
		return "", nil
	}
	return read, err
}

func upsertReader(tx *db.Tx, owner, upTo string) error {
	_, err := tx.Exec(`insert into notice_reader (owner, read_to) values ($1, $2)
		on conflict (owner) do update set read_to = excluded.read_to where notice_reader.read_to < excluded.read_to`, owner, upTo)
	return err
}

type mailRow struct {
	id, owner, template, lang string
	recipient, data           []byte
	state                     State
	created                   int64
}

const mailColumns = `id, owner, template, lang, recipient, data, state, created_at`

func scanMail(r db.Row) (m mailRow, err error) {
	err = r.Scan(&m.id, &m.owner, &m.template, &m.lang, &m.recipient, &m.data, &m.state, &m.created)
	return m, err
}

func insertMail(tx *db.Tx, m mailRow) {
	tx.Queue(`insert into notice_mail (id, owner, template, lang, recipient, data, state, attempts, failure, created_at, sent_at)
		values ($1, $2, $3, $4, $5, $6, $7, 0, '', $8, 0)
		on conflict (id) do nothing`, m.id, m.owner, m.template, m.lang, m.recipient, m.data, m.state, m.created)
}

func selectMail(tx *db.Tx, id string) (mailRow, error) {
	return db.One(tx, scanMail, `select `+mailColumns+` from notice_mail where id = $1`, id)
}

func selectMails(tx *db.Tx, before string, limit int) ([]mailRow, error) {
	if before == "" {
		before = "~"
	}
	return db.All(tx, scanMail, `select `+mailColumns+` from notice_mail where id < $1 and data is not null order by id desc limit $2`,
		before, limit)
}

func countAttempt(tx *db.Tx, id, failure string) error {
	_, err := tx.Exec(`update notice_mail set attempts = attempts + 1, failure = $2 where id = $1`, id, failure)
	return err
}

func settleMail(tx *db.Tx, id string, state State, failure string, at int64, keep bool) error {
	q := `update notice_mail set state = $2, failure = $3, sent_at = $4, attempts = attempts + 1, recipient = null, data = null where id = $1`
	if keep {
		q = `update notice_mail set state = $2, failure = $3, sent_at = $4, attempts = attempts + 1 where id = $1`
	}
	_, err := tx.Exec(q, id, state, failure, at)
	return err
}

// mailAge is when a mail was added, in microseconds of real time.
type mailAge struct {
	id      string
	created int64
}

func selectAges(tx *db.Tx, after string, limit int) ([]mailAge, error) {
	return db.All(tx, func(r db.Row) (m mailAge, err error) {
		err = r.Scan(&m.id, &m.created)
		return m, err
	}, `select id, created_at from notice_mail where id > $1 order by id limit $2`, after, limit)
}

// deleteMails forgets what is settled of the mails behind one and up to another.
func deleteMails(tx *db.Tx, after, to string, before int64) error {
	_, err := tx.Exec(`delete from notice_mail where id > $1 and id <= $2 and created_at < $3 and state <> 'queued'`, after, to, before)
	return err
}

func selectOff(tx *db.Tx, owners ...string) (map[string]map[Switch]bool, error) {
	args := make([]any, len(owners))
	for i, owner := range owners {
		args[i] = owner
	}
	var failed error
	var off map[string]map[Switch]bool
	db.Chunks(args, 1, func(n int, args []any) {
		_, err := db.All(tx, func(r db.Row) (struct{}, error) {
			var owner, kind, channel string
			err := r.Scan(&owner, &kind, &channel)
			if off == nil {
				off = map[string]map[Switch]bool{}
			}
			if off[owner] == nil {
				off[owner] = map[Switch]bool{}
			}
			off[owner][Switch{Kind(kind), Channel(channel)}] = true
			return struct{}{}, err
		}, `select owner, kind, channel from notice_switch where owner in `+db.In(1, n), args...)
		if err != nil && failed == nil {
			failed = err
		}
	})
	return off, failed
}

func insertOff(tx *db.Tx, owner string, o Switch) {
	tx.Queue(`insert into notice_switch (owner, kind, channel) values ($1, $2, $3) on conflict (owner, kind, channel) do nothing`,
		owner, string(o.Kind), string(o.Channel))
}

func deleteOff(tx *db.Tx, owner string) error {
	_, err := tx.Exec(`delete from notice_switch where owner = $1`, owner)
	return err
}
