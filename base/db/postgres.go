package db

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"billfold/base/fault"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// postgresConns is the default pool: enough that some transactions wait for the flush while others run, few
	// enough that the server's processes do not crowd each other out on small machines.
	postgresConns = 16
	// postgresIdle is how many connections are kept ready: to open one takes longer than what most ask of it.
	postgresIdle = 4
	// serializeTries bounds the repetition of a body that met a deadlock or a serialization failure.
	serializeTries = 20
	// warned is the key under which a connection keeps the last warning the server sent.
	warned = "billfold.warning"
)

// postgres is the PostgreSQL backend: bodies run in parallel on pooled connections under row locks.
type postgres struct {
	pool    *pgxpool.Pool
	name    string // by which the server's list of sessions knows this process, unless the DSN gives another
	witness atomic.Pointer[witness]
}

func openPostgres(ctx context.Context, o Options) (*postgres, error) {
	config, err := pgxpool.ParseConfig(o.DSN)
	if err != nil {
		return nil, errUnavailable(hideDSN(err))
	}
	config.MaxConns = postgresConns
	if o.MaxConns > 0 {
		config.MaxConns = int32(o.MaxConns)
	}
	config.MinIdleConns = min(postgresIdle, config.MaxConns)
	config.MaxConnIdleTime = 10 * time.Minute
	config.ConnConfig.ConnectTimeout = readLimit
	config.ConnConfig.OnNotice = func(c *pgconn.PgConn, n *pgconn.Notice) {
		if n.Severity == "WARNING" {
			c.CustomData()[warned] = n.Message
		}
	}
	// A process that is frozen in the middle of a transaction holds rows that everybody needs: the server ends it.
	config.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = "10000"
	p := &postgres{name: fmt.Sprintf(processName, os.Getpid(), rand.Uint32())}
	if _, given := config.ConnConfig.RuntimeParams["application_name"]; !given {
		config.ConnConfig.RuntimeParams["application_name"] = p.name
	}
	if o.ReadOnly {
		config.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on"
	}
	config.AfterConnect = p.meet
	if p.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, errUnavailable(hideDSN(err))
	}
	if err := p.ready(ctx); err != nil {
		p.pool.Close()
		return nil, err
	}
	return p, nil
}

// meet looks at the history behind a new connection: another server may have taken this one's place since the last.
func (p *postgres) meet(ctx context.Context, conn *pgx.Conn) error {
	w := p.witness.Load()
	if w == nil {
		return nil
	}
	w.meet(func(name [8]byte) (h head, err error) {
		h.name = name
		var token, before []byte
		err = conn.QueryRow(ctx, selectHead, name[:]).Scan(&h.number, &token, &before)
		copy(h.token[:], token)
		copy(h.before[:], before)
		var pe *pgconn.PgError
		if errors.Is(err, pgx.ErrNoRows) || errors.As(err, &pe) && pe.Code == "42P01" { // no such table
			return h, nil
		}
		return h, err
	})
	return nil
}

// hideDSN keeps a connection string, which holds a password, out of the error.
func hideDSN(err error) error {
	var parse *pgconn.ParseConfigError
	if errors.As(err, &parse) {
		return errors.New("the database address is not understood: it must look like postgres://user:password@host:5432/name")
	}
	return err
}

func (p *postgres) close() error {
	p.pool.Close()
	return nil
}

func (p *postgres) ready(ctx context.Context) error {
	return p.read(ctx, readLimit, func(tx *Tx) error { return tx.Row("select 1").Scan(new(int64)) })
}

func (p *postgres) conns() int { return int(p.pool.Stat().MaxConns()) }

func (p *postgres) fsyncs(ctx context.Context) (n int64, err error) {
	err = p.read(ctx, readLimit, func(tx *Tx) error { return tx.Row("select wal_sync from pg_stat_wal").Scan(&n) })
	return n, err
}

func (p *postgres) size(ctx context.Context) (n int64, err error) {
	err = p.read(ctx, readLimit, func(tx *Tx) error { return tx.Row("select pg_database_size(current_database())").Scan(&n) })
	return n, err
}

func (p *postgres) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	wait, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	c, err := p.pool.Acquire(wait)
	if err != nil {
		if wait.Err() != nil && p.pool.Stat().TotalConns() > 0 {
			return nil, waitedTooLong(wait)
		}
		return nil, errUnavailable(err)
	}
	return c, nil
}

// read does not have its caller wait for the end of a transaction that has nothing to say any more: the connection is given back when
// PostgreSQL has ended it.
func (p *postgres) read(ctx context.Context, limit time.Duration, body func(*Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	c, err := p.acquire(ctx)
	if err != nil {
		return err
	}
	s := newSession(ctx, c.Conn(), "begin isolation level repeatable read read only")
	tx := &Tx{ctx: ctx, engine: Postgres, sess: s, reading: true}
	err = guard(tx, body)
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readLimit)
		defer cancel()
		s.rollback(ctx)
		c.Release()
	}()
	if err != nil {
		return interrupted(ctx, err)
	}
	for _, f := range tx.after {
		f()
	}
	return nil
}

func (p *postgres) write(ctx context.Context, body func(*Tx) error) error {
	c, err := p.acquire(ctx)
	if err != nil {
		return err
	}
	defer func() { c.Release() }()
	if w := p.witness.Load(); w != nil {
		if err := w.d.History(); err != nil {
			return err // noticed by the connection that this write was given
		}
	}
	inner, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeLimit)
	defer cancel()
	for try := 1; ; try++ {
		tx, err := p.writeOnce(inner, c.Conn(), body)
		if err == nil {
			for _, f := range tx.after {
				f()
			}
			return nil
		}
		if !errors.Is(err, errSerialize) {
			return err
		}
		if try == serializeTries || inner.Err() != nil {
			return fault.ErrBusy.Because(err) // undone as often as it was tried
		}
		pause := time.NewTimer(time.Duration(rand.Int64N(int64(try) * int64(time.Millisecond))))
		select {
		case <-pause.C:
		case <-inner.Done():
		}
	}
}

// writeOnce runs the body and commits. No context ends COMMIT: a cancelled COMMIT has an outcome nobody knows.
func (p *postgres) writeOnce(ctx context.Context, conn *pgx.Conn, body func(*Tx) error) (*Tx, error) {
	s := newSession(ctx, conn, "begin")
	tx := &Tx{ctx: ctx, engine: Postgres, sess: s}
	err := guard(tx, body)
	if err != nil {
		s.rollback(ctx)
	} else {
		err = s.commit()
	}
	if err != nil {
		takeBack(tx.undo)
	}
	if err != nil && (tx.lostToTwin(err) || tx.hurry && waitedForLock(err)) {
		err = fmt.Errorf("%w: %w", errSerialize, err)
	}
	return tx, err
}

// postgresSession sends a transaction's statements, holding back those whose result nobody waits for.
type postgresSession struct {
	ctx     context.Context
	conn    *pgx.Conn
	pending *pgx.Batch
	reads   []func(cursor) error // of each that is held back: nil where its answer has no rows
	begun   bool
}

func newSession(ctx context.Context, conn *pgx.Conn, begin string) *postgresSession {
	s := &postgresSession{ctx: ctx, conn: conn, pending: &pgx.Batch{}}
	s.queue(begin, nil)
	return s
}

func (s *postgresSession) queue(q string, args []any) error { return s.ask(q, args, nil) }

func (s *postgresSession) ask(q string, args []any, read func(cursor) error) error {
	s.pending.Queue(q, args...)
	s.reads = append(s.reads, read)
	return nil
}

// flush sends what was held back and, when q is given, q as the last statement of the same round trip.
func (s *postgresSession) flush(q string, args []any) (pgx.BatchResults, error) {
	s.pending.Queue(q, args...)
	results, err := s.answers()
	if err != nil {
		results.Close()
		return nil, postgresError(err)
	}
	return results, nil
}

// answers sends all and takes the answers of what was held back.
func (s *postgresSession) answers() (pgx.BatchResults, error) {
	results, reads := s.conn.SendBatch(s.ctx, s.pending), s.reads
	s.begun, s.pending, s.reads = true, &pgx.Batch{}, nil
	for _, read := range reads {
		if err := takeAnswer(results, read); err != nil {
			return results, err
		}
	}
	return results, nil
}

func takeAnswer(results pgx.BatchResults, read func(cursor) error) error {
	if read == nil {
		_, err := results.Exec()
		return err
	}
	rows, err := results.Query()
	if err != nil {
		return err
	}
	return read(&postgresCursor{rows: rows})
}

// send sends what was held back and waits for all of it.
func (s *postgresSession) send() error {
	if s.pending.Len() == 0 {
		return nil
	}
	results, err := s.answers()
	if e := results.Close(); err == nil {
		err = e
	}
	return postgresError(err)
}

func (s *postgresSession) exec(q string, args []any) (int64, error) {
	results, err := s.flush(q, args)
	if err != nil {
		return 0, err
	}
	tag, err := results.Exec()
	if e := results.Close(); err == nil {
		err = e
	}
	return tag.RowsAffected(), postgresError(err)
}

func (s *postgresSession) query(q string, args []any) (cursor, error) {
	results, err := s.flush(q, args)
	if err != nil {
		return nil, err
	}
	rows, err := results.Query()
	if err != nil {
		results.Close()
		return nil, postgresError(err)
	}
	return &postgresCursor{rows: rows, results: results}, nil
}

// rollback ends a transaction that is not to be kept. A failure closes the connection, which ends it too.
func (s *postgresSession) rollback(ctx context.Context) {
	if !s.begun {
		return // nothing was sent, not even begin
	}
	s.pending, s.reads = &pgx.Batch{}, nil
	if _, err := s.conn.Exec(ctx, "rollback"); err != nil {
		s.conn.Close(context.WithoutCancel(ctx))
	}
}

// commit sends what was held back together with COMMIT. The server's word counts, not its tone: a warning beside the
// success means that a wait for a replica was given up, so the outcome after a failover is unknown.
func (s *postgresSession) commit() error {
	custom := s.conn.PgConn().CustomData()
	delete(custom, warned)
	results, err := s.flush("commit", nil)
	if err == nil {
		var tag pgconn.CommandTag
		tag, err = results.Exec()
		if e := results.Close(); err == nil {
			err = e
		}
		if err == nil && !strings.EqualFold(tag.String(), "COMMIT") {
			return errInternal(errors.New("the transaction was rolled back at commit"))
		}
		err = postgresError(err)
	}
	if err == nil {
		if text, ok := custom[warned]; ok {
			return errUnknown(errors.New("commit answered with a warning: " + text.(string)))
		}
		return nil
	}
	if isUnavailable(err) {
		s.conn.Close(context.WithoutCancel(s.ctx))
		return errUnknown(err)
	}
	s.rollback(s.ctx)
	return err
}

type postgresCursor struct {
	rows    pgx.Rows
	results pgx.BatchResults // closed with it; nil where other answers follow
	done    bool
}

func (c *postgresCursor) next() (bool, error) {
	if c.rows.Next() {
		return true, nil
	}
	return false, postgresError(c.rows.Err())
}

func (c *postgresCursor) scan(dest []any) error { return postgresError(c.rows.Scan(dest...)) }

func (c *postgresCursor) close() error {
	if c.done {
		return nil
	}
	c.done = true
	c.rows.Close()
	err := c.rows.Err()
	if c.results != nil {
		if e := c.results.Close(); err == nil {
			err = e
		}
	}
	return postgresError(err)
}
