package db

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"time"

	"zombiezen.com/go/sqlite"
)

// The checkpointer copies the log into the file; the writer does so by itself only where that one cannot keep up, at 64,000 pages (256
// MB). The log's file keeps its size, because growing it anew costs more than overwriting; a restart reads it in about a second.
var (
	writerPragmas = []string{
		"page_size=4096", "journal_mode=wal", "synchronous=full", "cache_size=-65536", "wal_autocheckpoint=64000",
		"temp_store=memory", "foreign_keys=on", "journal_size_limit=268435456", "trusted_schema=off",
	}
	checkpointPragmas = []string{"synchronous=full", "cache_size=-1024", "wal_autocheckpoint=0"}
	readerPragmas     = []string{"query_only=on", "cache_size=-8192", "temp_store=memory", "trusted_schema=off"}
)

// liteConn is one SQLite connection with its prepared statements. One goroutine uses it at a time.
//
// It drives the low-level binding rather than database/sql: a payment is some twenty statements on one connection, and
// the pool's locking, argument boxing and row copying cost more than the statements themselves.
type liteConn struct {
	conn  *sqlite.Conn
	stmts map[string]*liteStmt
}

// liteStmt is a prepared statement and the argument that each of its parameters takes ($2 may come before $1).
type liteStmt struct {
	*sqlite.Stmt
	params []int
	inUse  bool
	spare  bool // finalized by its cursor
	what   effect
}

// effect is what a statement may do to the database.
type effect int

const (
	other  effect = iota // anything: data definition, pragmas
	reads                // nothing
	counts               // what its count of changes says
)

func effectOf(q string) effect {
	word, _, _ := strings.Cut(strings.TrimLeft(q, " \t\n"), " ")
	switch strings.ToLower(word) {
	case "select":
		return reads
	case "insert", "update", "delete":
		return counts
	}
	return other
}

func openLiteConn(path string, flags sqlite.OpenFlags, pragmas []string) (*liteConn, error) {
	conn, err := sqlite.OpenConn(path, flags)
	if err != nil {
		return nil, liteError(err)
	}
	c := &liteConn{conn: conn, stmts: map[string]*liteStmt{}}
	for _, p := range pragmas {
		if err := c.run("pragma " + p); err != nil {
			conn.Close()
			return nil, fmt.Errorf("pragma %s: %w", p, liteError(err))
		}
	}
	return c, nil
}

// close finalizes every statement first: SQLite refuses to close a connection that has any.
func (c *liteConn) close() error {
	for _, st := range c.stmts {
		st.Finalize()
	}
	clear(c.stmts)
	return c.conn.Close()
}

// run executes a statement without arguments, discarding rows.
func (c *liteConn) run(q string) error {
	st, err := c.prepare(q)
	if err != nil {
		return err
	}
	for {
		more, err := st.Step()
		if err != nil {
			return err
		}
		if !more {
			return st.Reset()
		}
	}
}

// script executes several statements, for migrations.
func (c *liteConn) script(text string) error {
	for text != "" {
		st, rest, err := c.conn.PrepareTransient(text)
		if err != nil {
			return err
		}
		text = text[len(text)-rest:]
		if st == nil {
			continue
		}
		if _, err = st.Step(); err != nil {
			st.Finalize()
			return err
		}
		if err := st.Finalize(); err != nil {
			return err
		}
	}
	return nil
}

// unmarked is an insertion that takes nothing back by itself when its third row fails. SQLite would copy every page that it changes, to be
// able to; a body that meets an error is undone whole, so that nobody needs it (https://www.sqlite.org/lang_conflict.html, FAIL).
func unmarked(q string) string {
	if rest, is := strings.CutPrefix(q, "insert "); is {
		return "insert or fail " + rest
	}
	return q
}

func (c *liteConn) prepare(q string) (*liteStmt, error) {
	if st := c.stmts[q]; st != nil && !st.inUse {
		return st, nil
	}
	raw, rest, err := c.conn.PrepareTransient(unmarked(q))
	if err != nil {
		return nil, fmt.Errorf("%w in %q", err, q)
	}
	if rest != 0 {
		raw.Finalize()
		return nil, fmt.Errorf("db: more than one statement in %q", q)
	}
	st := &liteStmt{Stmt: raw, params: make([]int, raw.BindParamCount()), what: effectOf(q)}
	for i := range st.params {
		n := 0
		if _, err := fmt.Sscanf(raw.BindParamName(i+1), "$%d", &n); err != nil || n < 1 {
			raw.Finalize()
			return nil, fmt.Errorf("db: parameter %d of %q is not of the form $1", i+1, q)
		}
		st.params[i] = n - 1
	}
	if c.stmts[q] != nil {
		st.spare = true // the cached one is being read from further up the call
	} else {
		c.stmts[q] = st
	}
	return st, nil
}

// start prepares and binds; the caller steps and resets.
func (c *liteConn) start(q string, args []any) (*liteStmt, error) {
	st, err := c.prepare(q)
	if err != nil {
		return nil, err
	}
	for i, n := range st.params {
		if n >= len(args) {
			return nil, fmt.Errorf("db: no argument for $%d of %q", n+1, q)
		}
		if err := bind(st.Stmt, i+1, args[n]); err != nil {
			return nil, fmt.Errorf("$%d of %q: %w", n+1, q, err)
		}
	}
	return st, nil
}

func bind(st *sqlite.Stmt, i int, arg any) error {
	switch v := arg.(type) {
	case nil:
		st.BindNull(i)
	case int64:
		st.BindInt64(i, v)
	case int:
		st.BindInt64(i, int64(v))
	case string:
		st.BindText(i, v)
	case []byte:
		if v == nil {
			st.BindNull(i)
		} else {
			st.BindBytes(i, v)
		}
	case bool:
		st.BindBool(i, v)
	default:
		return bindKind(st, i, reflect.ValueOf(arg))
	}
	return nil
}

func bindKind(st *sqlite.Stmt, i int, v reflect.Value) error {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			st.BindNull(i)
			return nil
		}
		return bind(st, i, v.Elem().Interface())
	case reflect.String:
		st.BindText(i, v.String())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		st.BindInt64(i, v.Int())
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		st.BindInt64(i, int64(v.Uint()))
	case reflect.Bool:
		st.BindBool(i, v.Bool())
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Uint8 {
			return fmt.Errorf("db: cannot bind %s", v.Type())
		}
		return bind(st, i, v.Bytes())
	default:
		return fmt.Errorf("db: cannot bind %s", v.Type())
	}
	return nil
}

// liteSession sends a transaction's statements down one connection.
type liteSession struct {
	c     *liteConn
	wrote bool // something that would have to be undone
}

func (s *liteSession) exec(q string, args []any) (int64, error) {
	st, err := s.c.start(q, args)
	if err != nil {
		return 0, liteError(err)
	}
	for {
		more, err := st.Step()
		if err != nil {
			s.wrote = s.wrote || st.what != reads // rows before the one that failed are there
			return 0, liteError(err)
		}
		if !more {
			break
		}
	}
	n := s.c.conn.Changes()
	s.wrote = s.wrote || st.what == other || st.what == counts && n > 0
	if st.spare {
		return int64(n), liteError(st.Finalize())
	}
	return int64(n), liteError(st.Reset())
}

func (s *liteSession) queue(q string, args []any) error {
	_, err := s.exec(q, args)
	return err
}

func (s *liteSession) ask(q string, args []any, read func(cursor) error) error {
	cur, err := s.query(q, args)
	if err != nil {
		return err
	}
	return read(cur)
}

func (s *liteSession) send() error { return nil }

func (s *liteSession) copy(string, []byte) error { return errors.New("db: SQLite has no copy") }

func (s *liteSession) query(q string, args []any) (cursor, error) {
	st, err := s.c.start(q, args)
	if err != nil {
		return nil, liteError(err)
	}
	st.inUse = true
	s.wrote = s.wrote || st.what != reads
	return &liteCursor{st: st}, nil
}

type liteCursor struct {
	st   *liteStmt
	done bool
}

func (c *liteCursor) next() (bool, error) {
	more, err := c.st.Step()
	return more, liteError(err)
}

func (c *liteCursor) close() error {
	if c.done {
		return nil
	}
	c.done = true
	c.st.inUse = false
	if c.st.spare {
		return liteError(c.st.Finalize())
	}
	return liteError(c.st.Reset())
}

var errNull = errors.New("db: null where a value was asked for")

func (c *liteCursor) scan(dest []any) error {
	if n := c.st.ColumnCount(); n != len(dest) {
		return fmt.Errorf("db: %d columns scanned into %d places", n, len(dest))
	}
	for i, d := range dest {
		if err := c.column(i, d); err != nil {
			return fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	return nil
}

func (c *liteCursor) column(i int, dest any) error {
	null := c.st.ColumnIsNull(i)
	if b, ok := dest.(*[]byte); ok {
		*b = nil
		if !null {
			*b = make([]byte, c.st.ColumnLen(i))
			c.st.ColumnBytes(i, *b)
		}
		return nil
	}
	if null {
		v := reflect.ValueOf(dest).Elem()
		if k := v.Kind(); k != reflect.Pointer && k != reflect.Slice {
			return errNull
		}
		v.SetZero()
		return nil
	}
	switch p := dest.(type) {
	case *int64:
		*p = c.st.ColumnInt64(i)
	case *int:
		*p = int(c.st.ColumnInt64(i))
	case *string:
		*p = c.st.ColumnText(i)
	case *bool:
		*p = c.st.ColumnInt64(i) != 0
	default:
		return c.kind(i, reflect.ValueOf(dest).Elem())
	}
	return nil
}

func (c *liteCursor) kind(i int, v reflect.Value) error {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return c.column(i, v.Interface())
	case reflect.String:
		v.SetString(c.st.ColumnText(i))
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Int:
		n := c.st.ColumnInt64(i)
		if v.OverflowInt(n) {
			return fmt.Errorf("db: %d does not fit %s", n, v.Type())
		}
		v.SetInt(n)
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		n := c.st.ColumnInt64(i)
		if n < 0 || v.OverflowUint(uint64(n)) {
			return fmt.Errorf("db: %d does not fit %s", n, v.Type())
		}
		v.SetUint(uint64(n))
	case reflect.Bool:
		v.SetBool(c.st.ColumnInt64(i) != 0)
	case reflect.Slice:
		var b []byte
		if err := c.column(i, &b); err != nil {
			return err
		}
		v.SetBytes(b)
	default:
		return fmt.Errorf("db: cannot scan into %s", v.Type())
	}
	return nil
}

// liteReaders lends read-only connections; they are opened on first use and kept.
type liteReaders struct {
	path string
	idle chan *liteConn
	room chan struct{}
	gone atomic.Bool // closed: nobody is lent a connection any more
	gate atomic.Pointer[chan struct{}]

	memory *keeper // of the writer beside them, nil where that is another process
}

func newLiteReaders(path string, most int) *liteReaders {
	return &liteReaders{path: path, idle: make(chan *liteConn, most), room: make(chan struct{}, most)}
}

func (r *liteReaders) read(ctx context.Context, limit time.Duration, body func(*Tx) error) (err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if gate := r.gate.Load(); gate != nil {
		select {
		case <-*gate:
		case <-ctx.Done():
			return waitedTooLong(ctx)
		}
	}
	c, err := r.take(ctx)
	if err != nil {
		return err
	}
	c.conn.SetInterrupt(ctx.Done())
	epoch := r.memory.now()
	if err := c.run("begin"); err != nil {
		r.give(c)
		return interrupted(ctx, liteError(err))
	}
	defer func() {
		c.conn.SetInterrupt(nil)
		if e := c.run("rollback"); e != nil && err == nil {
			err = liteError(e)
		}
		r.give(c)
	}()
	tx := &Tx{ctx: ctx, engine: SQLite, sess: &liteSession{c: c}, memory: r.memory, reading: true, epoch: epoch}
	if err := guard(tx, body); err != nil {
		return interrupted(ctx, err)
	}
	for _, f := range tx.after {
		f()
	}
	return nil
}

// pause has whoever comes wait until those who read have left, and then does something while nobody reads; it says false where they have
// not left in time. do ends when the limit is reached.
func (r *liteReaders) pause(most time.Duration, do func(limit, tick <-chan time.Time)) bool {
	gate := make(chan struct{})
	r.gate.Store(&gate)
	defer func() {
		r.gate.Store(nil)
		close(gate)
	}()
	limit, tick := time.NewTimer(most), time.NewTicker(time.Millisecond)
	defer limit.Stop()
	defer tick.Stop()
	for len(r.room) > len(r.idle) {
		select {
		case <-limit.C:
			return false
		case <-tick.C:
		}
	}
	do(limit.C, tick.C)
	return true
}

func (r *liteReaders) take(ctx context.Context) (*liteConn, error) {
	if r.gone.Load() {
		return nil, errClosed()
	}
	select {
	case c := <-r.idle:
		return c, nil
	default:
	}
	select {
	case c := <-r.idle:
		return c, nil
	case r.room <- struct{}{}:
		c, err := openLiteConn(r.path, sqlite.OpenReadWrite, readerPragmas)
		if err != nil {
			<-r.room
			return nil, err
		}
		return c, nil
	case <-ctx.Done():
		return nil, waitedTooLong(ctx)
	}
}

func (r *liteReaders) give(c *liteConn) {
	c.conn.SetInterrupt(nil)
	r.idle <- c
}

func (r *liteReaders) close() {
	r.gone.Store(true)
	for range len(r.room) {
		(<-r.idle).close()
	}
}
