package db

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"zombiezen.com/go/sqlite"
)

const (
	// queueRoom bounds the writes that may wait; more are refused as busy after waiting for room.
	queueRoom = 4096
	// groupMost bounds a group, so that the first member is not kept waiting for the thousandth; groupLeast is a size at
	// which the fsync is shared by enough.
	groupMost  = 512
	groupLeast = 16
	// gatherYields is how often the committer lets others run, to arrive, before it commits what it has. Yielding
	// costs a microsecond, an fsync hundreds; a timer would cost a lone caller its whole tick.
	gatherYields = 2
	// waryFor is for how many groups every body gets a savepoint after one failed that had written.
	waryFor = 64
)

// fate is how far a group came.
type fate int

const (
	whole  fate = iota
	spoilt      // a body failed that had written, and no savepoint marks where it began
	lost        // the transaction is gone
)

// The life of a waiting write: whoever moves it out of queued first, committer or impatient caller, owns it.
const (
	queued int32 = iota
	running
	abandoned
	left     // told that the outcome is unknown, while it was being committed
	finished // told the outcome
)

// member is one caller's write, waiting for or inside a group.
type member struct {
	ctx   context.Context
	body  func(*Tx) error
	state atomic.Int32
	after []func()
	undo  []func()
	err   error
	told  error // instead of err, to one who was not kept waiting
	done  chan struct{}
}

// lite is the SQLite backend: one writer goroutine that commits in groups, and read-only connections beside it.
type lite struct {
	path     string
	readOnly bool
	pragmas  []string
	openFile func(path string) (File, error)
	log      *slog.Logger
	lock     *folderLock
	readers  *liteReaders
	queue    chan *member
	conn     *liteConn // the committer's; nil after a lost group until it is opened again
	commits  atomic.Int64
	copier   *checkpointer
	memory   *keeper
	marks    atomic.Pointer[marks] // nil while nobody watches the history
	wrote    bool                  // a body of this group, and it is kept
	last     int                   // members of the last group
	wary     int                   // groups that still give every body a savepoint
	patience time.Duration

	interrupt func(q string) error // tests: instead of a statement of the group's own

	closing sync.RWMutex // held for reading while a caller enqueues
	closed  bool
	stopped chan struct{}
}

func openLite(o Options) (*lite, error) {
	if o.MaxConns == 0 {
		o.MaxConns = max(4, runtime.NumCPU())
	}
	l := &lite{
		path: o.Path, readOnly: o.ReadOnly, pragmas: o.Pragmas, openFile: o.OpenFile, log: o.Log, readers: newLiteReaders(o.Path, o.MaxConns),
		queue: make(chan *member, queueRoom), stopped: make(chan struct{}), patience: commitPatience,
	}
	if l.openFile == nil {
		l.openFile = openFile
	}
	if o.ReadOnly {
		c, err := l.readers.take(context.Background())
		if err != nil {
			return nil, err
		}
		l.readers.give(c)
		close(l.stopped)
		return l, nil
	}
	var err error
	if l.lock, err = lockFolder(o.Path); err != nil {
		return nil, err
	}
	if l.conn, err = l.openWriter(); err != nil {
		l.lock.release()
		return nil, err
	}
	l.memory = &keeper{}
	l.readers.memory = l.memory
	l.copier = startCheckpointer(o.Path, o.CheckpointPages, &l.commits, l.readers, o.Log)
	go l.commitLoop()
	return l, nil
}

func (l *lite) openWriter() (*liteConn, error) {
	if err := l.settle(); err != nil {
		return nil, err
	}
	return openLiteConn(throughLogVFS(l.path), sqlite.OpenReadWrite|sqlite.OpenCreate|sqlite.OpenURI, slices.Concat(writerPragmas, l.pragmas))
}

func (l *lite) read(ctx context.Context, limit time.Duration, body func(*Tx) error) error {
	return l.readers.read(ctx, limit, body)
}

func (l *lite) ready(ctx context.Context) error {
	return l.read(ctx, readLimit, func(tx *Tx) error { return tx.Row("select 1").Scan(new(int)) })
}

func (l *lite) fsyncs(context.Context) (int64, error) { return l.commits.Load(), nil }

func (l *lite) conns() int { return 0 }

func (l *lite) size(ctx context.Context) (n int64, err error) {
	err = l.read(ctx, readLimit, func(tx *Tx) error {
		var pages, size int64
		if err := tx.Row("pragma page_count").Scan(&pages); err != nil {
			return err
		}
		err := tx.Row("pragma page_size").Scan(&size)
		n = pages * size
		return err
	})
	return n, err
}

// write hands the body to the committer and waits. The caller's context ends the wait only while the body has not begun.
func (l *lite) write(ctx context.Context, body func(*Tx) error) error {
	if ctx.Err() != nil {
		return waitedTooLong(ctx) // nobody waits for the answer: do not begin
	}
	m := &member{ctx: ctx, body: body, done: make(chan struct{})}
	if err := l.enqueue(ctx, m); err != nil {
		return err
	}
	select {
	case <-m.done:
	case <-ctx.Done():
		if m.state.CompareAndSwap(queued, abandoned) {
			return waitedTooLong(ctx)
		}
		<-m.done
	}
	if m.told != nil {
		return m.told
	}
	if m.err == nil {
		for _, f := range m.after {
			f()
		}
	}
	return m.err
}

func (l *lite) enqueue(ctx context.Context, m *member) error {
	l.closing.RLock()
	defer l.closing.RUnlock()
	if l.readOnly {
		return errReadOnly(nil)
	}
	if l.closed {
		return errClosed()
	}
	select {
	case l.queue <- m:
		return nil
	default:
	}
	wait, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	select {
	case l.queue <- m:
		return nil
	case <-wait.Done():
		return waitedTooLong(wait)
	}
}

func (l *lite) close() error {
	l.closing.Lock()
	if l.closed {
		l.closing.Unlock()
		return nil
	}
	l.closed = true
	close(l.queue)
	l.closing.Unlock()
	<-l.stopped
	if l.copier != nil {
		l.copier.stop()
	}
	l.readers.close()
	var err error
	if l.conn != nil {
		err = l.conn.close()
	}
	if l.lock != nil {
		l.lock.release()
	}
	return err
}

// commitLoop is woken by arrival. Whoever came while the last group was being synced forms the next one.
func (l *lite) commitLoop() {
	defer close(l.stopped)
	group := make([]*member, 0, groupMost)
	for first := range l.queue {
		group = append(group[:0], first)
		l.commitGroup(&group)
		for _, m := range group {
			m.finish()
		}
		clear(group)
	}
}

// commitGroup runs the first member and whoever else arrives meanwhile in one transaction, and sets every member's
// outcome. If the transaction itself is lost, or cannot be committed, no answer that was read from it may stand, not
// even a refusal: a neighbour's effect that it saw is gone.
func (l *lite) commitGroup(group *[]*member) {
	if err := l.begin(); err != nil {
		l.failGroup(*group, err)
		return
	}
	how := l.runMembers(group, l.room())
	l.last = len(*group)
	if how == spoilt {
		how = l.rerunMarked(*group)
	} else if l.wary > 0 {
		l.wary--
	}
	if how == lost {
		l.discard()
		takeBackGroup(*group)
		l.wary = waryFor
		l.rerunAlone(*group)
		return
	}
	if err := l.commit(*group); err != nil {
		l.discard()
		takeBackGroup(*group)
		l.failGroup(*group, err)
	}
}

// room is how many members the next group takes: half of those who were in the last one or wait now. Were it all of them, callers
// who wait for their answers would all wait for the same fsync, and then the committer for all of them to come back: of
// two halves one runs while the other is being answered.
func (l *lite) room() int { return min(max((l.last+len(l.queue)+1)/2, groupLeast), groupMost) }

// takeBackGroup runs the undo hooks of bodies that had succeeded in a group that is not kept, the last body's first.
func takeBackGroup(group []*member) {
	for i := len(group) - 1; i >= 0; i-- {
		takeBack(group[i].undo)
		group[i].undo = nil
	}
}

// rerunMarked begins a spoilt group again, with a savepoint before each body.
func (l *lite) rerunMarked(group []*member) fate {
	takeBackGroup(group)
	l.wary = waryFor
	if l.run("rollback") != nil || l.begin() != nil {
		return lost
	}
	return l.runMembers(&group, len(group))
}

// runMembers runs bodies, taking in arrivals, until nobody waits or the group has `most` members.
func (l *lite) runMembers(group *[]*member, most int) fate {
	for i, yields := 0, 0; ; {
		for ; i < len(*group); i++ {
			if how := l.runMember((*group)[i]); how != whole {
				return how
			}
		}
		if len(*group) >= most {
			return whole
		}
		more := l.drain(most - len(*group))
		if len(more) == 0 {
			if yields++; yields > gatherYields {
				return whole
			}
			runtime.Gosched()
			continue
		}
		*group = append(*group, more...)
	}
}

// drain takes whoever waits now, at most n.
func (l *lite) drain(n int) (list []*member) {
	for range n {
		select {
		case m, open := <-l.queue:
			if !open {
				return list
			}
			list = append(list, m)
		default:
			return list
		}
	}
	return list
}

// runMember runs one body, under a savepoint where one is likely to be needed. A savepoint costs SQLite a copy of every page that the
// body changes, a third of the time of a payment's statements; most bodies that fail have written nothing yet and leave nothing to
// undo. After one that had written, the whole group begins again with savepoints, and so do the groups that follow it for a while:
// whoever sends many such has what it was before, and no more.
func (l *lite) runMember(m *member) fate {
	if m.state.Load() != running && !m.state.CompareAndSwap(queued, running) {
		return whole // its caller left before it began
	}
	marked := l.wary > 0
	if marked {
		if m.err = liteError(l.run("savepoint member")); m.err != nil {
			return lost
		}
	}
	sess := &liteSession{c: l.conn}
	tx := &Tx{ctx: context.WithoutCancel(m.ctx), engine: SQLite, sess: sess, memory: l.memory}
	m.err = guard(tx, m.body)
	m.after = tx.after
	if m.err != nil {
		takeBack(tx.undo)
	} else {
		m.undo = tx.undo
		l.wrote = l.wrote || sess.wrote
	}
	if l.conn.conn.AutocommitEnabled() {
		return lost // SQLite rolled everything back: disk full, I/O error, out of memory
	}
	if !marked {
		if m.err != nil && sess.wrote {
			return spoilt
		}
		return whole
	}
	if m.err != nil && l.run("rollback to member") != nil || l.run("release member") != nil {
		return lost
	}
	return whole
}

// rerunAlone gives each member of a lost group a transaction of its own, so that the one who cannot succeed fails alone.
func (l *lite) rerunAlone(group []*member) {
	for _, m := range group {
		if m.state.Load() == abandoned {
			continue
		}
		if err := l.begin(); err != nil {
			m.err = err
			continue
		}
		if l.runMember(m) != whole {
			if m.err == nil {
				m.err = errLost()
			}
			l.discard()
			takeBackGroup([]*member{m})
			continue
		}
		if err := l.commit([]*member{m}); err != nil {
			m.err = err
			l.discard()
			takeBackGroup([]*member{m})
		}
	}
}

// run runs a statement of the group's own.
func (l *lite) run(q string) error {
	if l.interrupt != nil {
		if err := l.interrupt(q); err != nil {
			return err
		}
	}
	return l.conn.run(q)
}

func (l *lite) begin() error {
	if l.conn == nil {
		c, err := l.openWriter()
		if err != nil {
			return err
		}
		l.conn = c
	}
	l.copier.finish(l.conn)
	l.wrote = false
	if err := l.run("begin immediate"); err != nil {
		l.discard()
		return liteError(err)
	}
	return nil
}

// commit makes the group durable. A full disk refuses the commit record, so nothing of the group survives; after any
// other failure the record may or may not have reached the disk, which only the next opening of the log will tell.
func (l *lite) commit(group []*member) error {
	keep, err := l.mark()
	if err != nil {
		return err
	}
	end := l.whileCommitting(group)
	if err = l.run("commit"); err == nil {
		keep()
	}
	end()
	if err == nil {
		l.commits.Add(1)
		l.copier.committed()
		return nil
	}
	err = liteError(err)
	if isFull(err) || isReadOnly(err) {
		return err
	}
	l.memory.epoch.Add(1)
	return errUnknown(err)
}

// discard throws the writer's connection away: nothing that follows can run inside a transaction in an unknown state.
func (l *lite) discard() {
	if l.conn == nil {
		return
	}
	if err := l.conn.close(); err != nil {
		l.log.Error("close a broken database connection", "error", err)
	}
	l.conn = nil
}

func (l *lite) failGroup(group []*member, err error) {
	l.log.Error("a group of writes failed", "members", len(group), "error", err)
	for _, m := range group {
		m.state.CompareAndSwap(queued, running)
		m.err, m.after = err, nil
	}
}

// guard runs a body so that a panic fails it alone, and an error that the body swallowed still undoes it.
func guard(tx *Tx, body func(*Tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errInternal(fmt.Errorf("panic in a transaction: %v\n%s", p, debug.Stack()))
		}
	}()
	if err := body(tx); err != nil {
		return err
	}
	return tx.err
}
