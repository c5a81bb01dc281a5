package db

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"
)

// ErrNoRow says that a query which had to find a row found none.
var ErrNoRow = errors.New("db: no row")

// Tx is a transaction, valid inside the body it was handed to and used by one goroutine.
type Tx struct {
	ctx    context.Context
	engine Engine
	sess   session
	err    error
	after  []func()
	undo   []func()
	twins  []string
	hurry  bool // RerunAfter was called

	memory  *keeper // nil where nothing may be kept in mind
	reading bool
	asked   int64 // statements with an answer
	epoch   int64 // of a body that reads
}

// session sends statements; each engine has one. queue and ask may hold their statement back until the next call or commit.
type session interface {
	exec(q string, args []any) (rows int64, err error)
	queue(q string, args []any) error
	ask(q string, args []any, read func(cursor) error) error
	send() error
	copy(q string, text []byte) error
	query(q string, args []any) (cursor, error)
}

// cursor walks the rows of an answer. close is idempotent and reports what the walk hid.
type cursor interface {
	next() (bool, error)
	scan(dest []any) error
	close() error
}

// Context is the caller's context, for its values; a body is never cut short by it.
func (tx *Tx) Context() context.Context { return tx.ctx }

// Engine says which engine runs this transaction.
func (tx *Tx) Engine() Engine { return tx.engine }

// ForUpdate is the clause that locks the selected rows where rows can be locked: " for update" on PostgreSQL, nothing
// on SQLite, whose one writer needs none. Select in key order, so that two transactions cannot wait for each other.
func (tx *Tx) ForUpdate() string {
	if tx.engine == Postgres && !tx.reading {
		return " for update"
	}
	return ""
}

// ForShare is the clause that keeps the selected rows as they are until the transaction ends, without keeping others from
// doing the same: " for share" on PostgreSQL, nothing on SQLite.
func (tx *Tx) ForShare() string {
	if tx.engine == Postgres {
		return " for share"
	}
	return ""
}

// After has f run once the transaction is committed, or has read without an error: to wake somebody or to remember
// something, never to do work that must not be lost.
func (tx *Tx) After(f func()) { tx.after = append(tx.after, f) }

// Undo has f run if what the body did is not kept: because the body failed, its group was lost, or COMMIT was refused or
// has an outcome nobody knows. The last one given runs first, over the bodies of a group too, so that a memory of what was
// written can follow the database. It runs before any other body on SQLite, and does no I/O.
func (tx *Tx) Undo(f func()) { tx.undo = append(tx.undo, f) }

// takeBack runs undo hooks, the last one first.
func takeBack(undo []func()) {
	for i := len(undo) - 1; i >= 0; i-- {
		undo[i]()
	}
}

// RerunOnConflict has the body run again when it meets a unique rule of the named table, because a twin that committed
// first put the row there: the second run will find it. On SQLite bodies run one after another and none has a twin.
func (tx *Tx) RerunOnConflict(table string) { tx.twins = append(tx.twins, table) }

// lostToTwin says whether err is the unique rule of a table that twins write.
func (tx *Tx) lostToTwin(err error) bool {
	var u *UniqueError
	if !errors.As(err, &u) {
		return false
	}
	for _, table := range tx.twins {
		if strings.HasPrefix(u.Constraint, table) {
			return true
		}
	}
	return false
}

// GiveUpAfter has the transaction fail, as one that broke a rule does (Apart), if it waits longer than that for a row that another one has
// locked. SQLite locks none.
func (tx *Tx) GiveUpAfter(patience time.Duration) {
	if tx.engine == Postgres {
		tx.Queue(setPatience, strconv.FormatInt(patience.Milliseconds(), 10))
	}
}

// RerunAfter has the body run again, holding nothing in the meantime, if from now on it waits longer than that for a row or a key that
// another transaction has. It is for keys whose order nobody can choose: their waits must not become part of a circle. SQLite locks none.
func (tx *Tx) RerunAfter(patience time.Duration) {
	if tx.engine == Postgres {
		tx.hurry = true
		tx.GiveUpAfter(patience)
	}
}

// latch keeps the first error; everything later answers with it.
func (tx *Tx) latch(err error) error {
	if err != nil && tx.err == nil {
		tx.err = err
	}
	return err
}

// Exec runs a statement and says how many rows it changed.
func (tx *Tx) Exec(q string, args ...any) (rows int64, err error) {
	if tx.err != nil {
		return 0, tx.err
	}
	rows, err = tx.sess.exec(q, args)
	return rows, tx.latch(err)
}

// Queue runs a statement whose result nobody needs. On PostgreSQL it travels with the next call or with COMMIT, which
// saves a round trip; its error is latched and comes then. args must not change afterwards.
func (tx *Tx) Queue(q string, args ...any) {
	if tx.err != nil {
		return
	}
	tx.latch(tx.sess.queue(q, args))
}

// Flush sends what is queued and waits for it.
func (tx *Tx) Flush() error {
	if tx.err != nil {
		return tx.err
	}
	return tx.latch(tx.sess.send())
}

// Row runs a query for at most one row; the error comes from its Scan, ErrNoRow where there is none.
func (tx *Tx) Row(q string, args ...any) Row {
	if tx.err != nil {
		return Row{err: tx.err}
	}
	tx.asked++
	cur, err := tx.sess.query(q, args)
	if err != nil {
		return Row{err: tx.latch(err)}
	}
	return Row{tx: tx, cur: cur, single: true}
}

// One runs a query and scans its first row; ErrNoRow where there is none.
func One[T any](tx *Tx, scan func(Row) (T, error), q string, args ...any) (T, error) {
	list, err := collect(tx, scan, 1, q, args)
	if err != nil || len(list) == 0 {
		var zero T
		if err == nil {
			err = ErrNoRow
		}
		return zero, err
	}
	return list[0], nil
}

// All runs a query and scans every row.
func All[T any](tx *Tx, scan func(Row) (T, error), q string, args ...any) ([]T, error) {
	return collect(tx, scan, -1, q, args)
}

// Ask is All where nobody needs the rows before those of the next query, which on PostgreSQL it travels with: list has them when that one
// has answered. Its error is latched and comes then. args must not change until then.
func Ask[T any](tx *Tx, list *[]T, scan func(Row) (T, error), q string, args ...any) {
	if tx.err != nil {
		return
	}
	tx.asked++
	tx.latch(tx.sess.ask(q, args, func(cur cursor) (err error) {
		*list, err = rowsOf(tx, cur, scan, -1)
		return err
	}))
}

func collect[T any](tx *Tx, scan func(Row) (T, error), most int, q string, args []any) ([]T, error) {
	if tx.err != nil {
		return nil, tx.err
	}
	tx.asked++
	cur, err := tx.sess.query(q, args)
	if err != nil {
		return nil, tx.latch(err)
	}
	return rowsOf(tx, cur, scan, most)
}

// rowsOf scans the rows of an answer, at most some of them where most is not negative, and closes it.
func rowsOf[T any](tx *Tx, cur cursor, scan func(Row) (T, error), most int) (list []T, err error) {
	defer func() {
		if e := cur.close(); e != nil && err == nil {
			list, err = nil, tx.latch(e)
		}
	}()
	for most < 0 || len(list) < most {
		more, err := cur.next()
		if err != nil {
			return nil, tx.latch(err)
		}
		if !more {
			break
		}
		v, err := scan(Row{tx: tx, cur: cur})
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// Row is one row of an answer, or the error that stood in its way.
type Row struct {
	tx     *Tx
	cur    cursor
	err    error
	single bool
}

// Scan copies the row's columns into dest: pointers to int64, int, uint8, string, []byte, bool or kinds of these, and
// pointers to pointers where the column may be null (a null []byte scans as nil).
func (r Row) Scan(dest ...any) (err error) {
	if r.err != nil {
		return r.err
	}
	if !r.single {
		return r.tx.latch(r.cur.scan(dest))
	}
	defer func() {
		if e := r.cur.close(); e != nil && (err == nil || errors.Is(err, ErrNoRow)) {
			err = r.tx.latch(e)
		}
	}()
	more, err := r.cur.next()
	if err != nil {
		return r.tx.latch(err)
	}
	if !more {
		return ErrNoRow
	}
	return r.tx.latch(r.cur.scan(dest))
}

func itoa(n int) string { return strconv.Itoa(n) }
