package db

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"billfold/base/fault"
)

// Engine names the database under a DB.
type Engine string

// The engines Billfold runs on.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

const (
	// readLimit bounds a read transaction: on SQLite a long snapshot keeps the write-ahead log from being reset,
	// on PostgreSQL it keeps dead rows from being removed.
	readLimit = 5 * time.Second
	// writeLimit bounds a write from the moment it is accepted, so that an answer stays inside the 20 s that a
	// payment promises. The ledger's fold relies on it: no write is older than this.
	writeLimit = 15 * time.Second
)

// Options say which database to open. Exactly one of Path and DSN is set.
type Options struct {
	Path     string // SQLite file; made when absent
	DSN      string // PostgreSQL connection string, postgres://…
	ReadOnly bool   // open beside a running server: no writes, no lock on the folder, no migration
	Log      *slog.Logger
	MaxConns int // PostgreSQL connections, SQLite readers; 0 picks a default

	// Pragmas are set on SQLite's writer after our own. For tests of what ours are good for: a checkpoint soon, a weaker promise.
	Pragmas []string
	// CheckpointPages is from how many pages of SQLite's log on they are copied into the file beside the writer; 0 picks a default.
	CheckpointPages int64
	// OpenFile opens a file of SQLite's that this package writes by itself; nil opens it as it is. For tests with a disk of their own.
	OpenFile func(path string) (File, error)
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	engine Engine
	back   backend
	log    *slog.Logger

	writes  atomic.Int64 // that were kept, or may have been
	reads   atomic.Int64
	asked   atomic.Int64 // statements of the reads
	halted  atomic.Pointer[fault.Fault]
	closing sync.Mutex
	witness *witness // nil unless Watch was called
}

// backend is what the two engines do differently.
type backend interface {
	write(ctx context.Context, body func(*Tx) error) error
	read(ctx context.Context, limit time.Duration, body func(*Tx) error) error
	ready(ctx context.Context) error
	fsyncs(ctx context.Context) (int64, error)
	conns() int
	size(ctx context.Context) (int64, error)
	close() error
}

// Open opens the database and checks that it answers. It does not migrate.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if (o.Path == "") == (o.DSN == "") {
		return nil, errors.New("db: exactly one of Path and DSN must be given")
	}
	d := &DB{log: o.Log}
	var err error
	if o.DSN != "" {
		d.engine = Postgres
		d.back, err = openPostgres(ctx, o)
	} else {
		d.engine = SQLite
		d.back, err = openLite(o)
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

// Engine says which engine this is. Only base/db, bench and tests should need to know.
func (d *DB) Engine() Engine { return d.engine }

// Close has written down what is kept in mind (Flusher) and witnesses it (Watch), waits for accepted writes, then closes. Later calls fail
// with unavailable.
func (d *DB) Close() error {
	d.closing.Lock()
	defer d.closing.Unlock()
	d.flush(context.Background())
	var err error
	if d.witness != nil {
		err = d.witness.close()
		d.witness = nil
	}
	return errors.Join(err, d.back.close())
}

// Ready answers nil when the database can be reached.
func (d *DB) Ready(ctx context.Context) error { return d.back.ready(ctx) }

// Conns is how many connections to PostgreSQL there may be at once, 0 on SQLite.
func (d *DB) Conns() int { return d.back.conns() }

// Fsyncs counts durable flushes since the database was opened: commits on SQLite (synchronous=FULL syncs the log
// once a commit), pg_stat_wal.wal_sync of the whole server on PostgreSQL.
func (d *DB) Fsyncs(ctx context.Context) (int64, error) { return d.back.fsyncs(ctx) }

// Size is how many bytes the database takes on disk, without the log that is still to be written into it.
func (d *DB) Size(ctx context.Context) (int64, error) { return d.back.size(ctx) }

// Write runs body in a write transaction and returns when it is durable, or with the error that undid it whole.
//
// Errors: the body's own; faults busy, storage_full, storage_read_only, storage_damaged, unavailable, history_went_back (nothing was
// written); outcome_unknown when the connection broke between COMMIT and its answer. The context ends the wait in the queue;
// once the body has begun, the outcome is always waited for.
func Write[T any](ctx context.Context, d *DB, body func(tx *Tx) (T, error)) (T, error) {
	var out T
	err := d.Write(ctx, func(tx *Tx) (err error) {
		out, err = body(tx)
		return err
	})
	if err != nil {
		var zero T
		return zero, err
	}
	return out, nil
}

// Read runs body over one snapshot of committed data, for at most 5 s.
func Read[T any](ctx context.Context, d *DB, body func(tx *Tx) (T, error)) (T, error) {
	var out T
	err := d.Read(ctx, func(tx *Tx) (err error) {
		out, err = body(tx)
		return err
	})
	if err != nil {
		var zero T
		return zero, err
	}
	return out, nil
}

// Write is the function Write for a body without a result.
func (d *DB) Write(ctx context.Context, body func(tx *Tx) error) error {
	if f := d.halted.Load(); f != nil {
		return f
	}
	err := d.back.write(ctx, body)
	if err == nil || errors.Is(err, fault.ErrOutcomeUnknown) {
		d.writes.Add(1)
	}
	return err
}

// Read is the function Read for a body without a result.
func (d *DB) Read(ctx context.Context, body func(tx *Tx) error) error {
	d.reads.Add(1)
	return d.back.read(ctx, readLimit, func(tx *Tx) error {
		err := body(tx)
		d.asked.Add(tx.asked)
		return err
	})
}

// Asked counts the transactions that read since this database was opened, and the statements in them: what a page costs can be told
// from it on a machine that is busy with something else.
func (d *DB) Asked() (reads, statements int64) { return d.reads.Load(), d.asked.Load() }

// Setting reads a fact of this installation, such as its mode or the offset of its clock.
func Setting(tx *Tx, name string) (value string, found bool, err error) {
	err = tx.Row(selectSetting, name).Scan(&value)
	if errors.Is(err, ErrNoRow) {
		return "", false, nil
	}
	return value, err == nil, err
}

// SetSetting writes a fact of this installation.
func SetSetting(tx *Tx, name, value string) error {
	_, err := tx.Exec(upsertSetting, name, value)
	return err
}

// In writes the list of n placeholders for an `in`, the first numbered first: In(3, 2) is "($3,$4)".
// Round n up by repeating an argument where the number varies much: each length is a statement of its own.
func In(first, n int) string {
	var b strings.Builder
	b.WriteByte('(')
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('$')
		b.WriteString(itoa(first + i))
	}
	b.WriteByte(')')
	return b.String()
}

// Values writes `rows` tuples of `cols` placeholders from $1 on, for an insert of several rows.
func Values(rows, cols int) string {
	var b strings.Builder
	for i := range rows {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(In(1+i*cols, cols))
	}
	return b.String()
}

// Empty says whether the database has no tables at all.
func Empty(tx *Tx) (bool, error) {
	var n int64
	q := countLiteTables
	if tx.engine == Postgres {
		q = countPostgresTables
	}
	err := tx.Row(q).Scan(&n)
	return n == 0, err
}

// Chunks cuts rows of cols arguments into statements of 64, 8 and 1 rows: few lengths, so few prepared statements.
func Chunks(args []any, cols int, send func(rows int, args []any)) {
	for _, rows := range []int{64, 8, 1} {
		for n := rows * cols; len(args) >= n; args = args[n:] {
			send(rows, args[:n])
		}
	}
}
