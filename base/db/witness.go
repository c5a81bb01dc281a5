package db

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"billfold/base/fault"
	"billfold/base/lang"
)

// ErrHistoryWentBack says that the database is not the one whose writes this installation confirmed last: an older copy was put in its
// place, or a replica took over that had not everything.
var ErrHistoryWentBack = fault.Define(fault.Unavailable, "history_went_back",
	lang.Text{EN: "The database is older than what was confirmed", ZH: "数据库早于已确认的记录"},
	lang.Text{
		EN: "It lacks writes that were already confirmed, as after restoring an older copy. What is there can be read; nothing is written. " +
			"Bring back the newest database, or settle what is missing and start once with --accept-history. Nothing was changed.",
		ZH: "其中缺少已经确认过的写入，例如恢复了较旧的备份。现有内容可以读取，但不会写入。" +
			"请恢复最新的数据库；或在处理完缺失的记录之后，使用 --accept-history 启动一次。未作任何更改。",
	})

// witnessEvery is how often what was written is witnessed. A database that lost only what came after the last time is not noticed by the
// next process; it costs one small transaction and one fsync in so long, however many payments there are.
const witnessEvery = time.Second

// Names of a witness's files: one for each process that shares the folder, of which each holds its own while it runs.
const (
	witnessName  = "head.%d"
	witnessFiles = 16
)

// head is a place in the history of a database: so many steps, the last of them with this token, the one before with that. It lies
// in db_head and, once that is committed, in the witness's file. An older copy has fewer steps, another history another token.
type head struct {
	name   [8]byte // of the witness, which may be one of several
	number int64
	token  [16]byte
	before [16]byte
}

// wentBackFrom answers nil where a database that stands at h has everything of one that stood at w: it is the same, or the next, because a
// process may end between committing a head and writing it down.
func (h head) wentBackFrom(w head) error {
	if h == w || h.number == w.number+1 && h.before == w.token {
		return nil
	}
	return ErrHistoryWentBack.Because(fmt.Errorf("step %d was witnessed, the database stands at %d", w.number, h.number))
}

// headSize is the length of a head on disk, with its checksum.
const headSize = 8 + 8 + 16 + 16 + 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (h head) encode() []byte {
	b := append([]byte(nil), h.name[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(h.number))
	b = append(append(b, h.token[:]...), h.before[:]...)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// decodeHead reads one of a file's two places; ok is false where nothing whole is there.
func decodeHead(b []byte) (h head, ok bool) {
	if len(b) < headSize {
		return h, false
	}
	body := b[:headSize-4]
	if crc32.Checksum(body, castagnoli) != binary.BigEndian.Uint32(b[headSize-4:headSize]) {
		return h, false
	}
	copy(h.name[:], body)
	h.number = int64(binary.BigEndian.Uint64(body[8:]))
	copy(h.token[:], body[16:])
	copy(h.before[:], body[32:])
	return h, h.number > 0
}

// witness keeps the head of a database outside of it.
type witness struct {
	d    *DB
	log  *slog.Logger
	file *os.File // two places of a sector each, written in turn: a torn write leaves the other

	last atomic.Pointer[head] // where the database stood when this process looked last

	ticking   sync.Mutex // one step at a time; guards what follows
	filed     head       // what the file says
	witnessed int64      // writes of this process that the last step stands for

	stop    chan struct{}
	stopped chan struct{}
}

// place is where the head of this number lies in a file.
func place(number int64) int64 { return number % 2 * 512 }

// Watch compares the database with the heads in a folder outside of it, and keeps a head there from now on: at least every second in which
// something was written, and exactly when the database is closed. Where the database has gone back, every Write is refused with
// history_went_back from the first one on, now and whenever it is noticed later; with accept the database is taken as it is. Call it
// once, before anything is written. The error is for storage.
func (d *DB) Watch(ctx context.Context, folder string, accept bool) error {
	w := &witness{d: d, log: d.log, stop: make(chan struct{}), stopped: make(chan struct{})}
	known, err := w.open(folder)
	if err != nil {
		return err
	}
	for path, h := range known {
		err := w.compareFile(ctx, path, h)
		if err == nil {
			err = w.compareMark(ctx, path, h.name)
		}
		if errors.Is(err, ErrHistoryWentBack) && accept {
			d.log.Warn("the database has gone back and is taken as it is", "witness", filepath.Base(path), "error", err)
			err = w.forget(path, h)
		}
		if errors.Is(err, ErrHistoryWentBack) {
			d.halt(err)
			err = nil
		}
		if err != nil {
			return errors.Join(err, w.file.Close())
		}
	}
	if d.History() == nil && w.last.Load() == nil {
		if err := w.begin(ctx); err != nil {
			return errors.Join(err, w.file.Close())
		}
	}
	if d.History() == nil {
		if err := w.mark(ctx); err != nil {
			return errors.Join(err, w.file.Close())
		}
	}
	d.witness = w
	if p, ok := d.back.(*postgres); ok {
		p.witness.Store(w)
	}
	go w.run()
	return nil
}

// History answers nil, or history_went_back where the database has been found to lack what was confirmed. Nothing is written then.
func (d *DB) History() error {
	if f := d.halted.Load(); f != nil {
		return f
	}
	return nil
}

func (d *DB) halt(err error) {
	f := ErrHistoryWentBack.Because(err)
	if d.halted.CompareAndSwap(nil, f) {
		d.log.Error("the database has gone back: nothing is written until it is accepted", "error", err)
	}
}

// open takes the first file that no other process holds, and reads what all of them say.
func (w *witness) open(folder string) (known map[string]head, err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fileError(err)
	}
	known = map[string]head{}
	for n := range witnessFiles {
		path := filepath.Join(folder, fmt.Sprintf(witnessName, n))
		flags := os.O_RDWR
		if w.file == nil {
			flags |= os.O_CREATE
		}
		f, err := os.OpenFile(path, flags, 0o600)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fileError(err)
		}
		h, there, err := readHead(f)
		if err != nil {
			f.Close()
			return nil, fileError(err)
		}
		if there {
			known[path] = h
		}
		if w.file == nil && flock(f) == nil {
			w.file = f
			if there {
				w.filed = h
				w.last.Store(&h)
			}
			continue
		}
		f.Close()
	}
	if w.file == nil {
		return nil, errUnavailable(fmt.Errorf("db: %d processes have a witness in %s", witnessFiles, folder))
	}
	return known, syncFolder(folder)
}

// readHead reads the newer of a file's places.
func readHead(f *os.File) (newest head, there bool, err error) {
	b := make([]byte, 1024)
	n, err := f.ReadAt(b, 0)
	if n == 0 || n < headSize {
		return newest, false, nil
	}
	for _, at := range []int64{place(0), place(1)} {
		if h, ok := decodeHead(b[min(int(at), n):n]); ok && h.number > newest.number {
			newest, there = h, true
		}
	}
	return newest, there, nil
}

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fileError(err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return fileError(err)
	}
	return nil
}

// compareFile compares with a file, which another process may be writing.
func (w *witness) compareFile(ctx context.Context, path string, known head) error {
	for {
		err := w.compare(ctx, known)
		if !errors.Is(err, ErrHistoryWentBack) {
			return err
		}
		f, e := os.Open(path)
		if e != nil {
			return errors.Join(err, e)
		}
		now, _, e := readHead(f)
		f.Close()
		if e != nil || now == known {
			return errors.Join(err, e)
		}
		known = now
	}
}

// compare reads where the database stands and holds it against what was witnessed.
func (w *witness) compare(ctx context.Context, known head) error {
	now, err := Read(ctx, w.d, func(tx *Tx) (head, error) { return readHeadRow(tx, known.name) })
	if err != nil {
		return err
	}
	if err := now.wentBackFrom(known); err != nil {
		return err
	}
	if last := w.last.Load(); last != nil && last.name == now.name {
		w.last.Store(&now)
	}
	return nil
}

// readHeadRow reads the head of a witness; a head of no steps where the database knows none.
func readHeadRow(tx *Tx, name [8]byte) (h head, err error) {
	h.name = name
	q := existsLiteTable
	if tx.Engine() == Postgres {
		q = existsPostgresTable
	}
	var tables int64
	if err := tx.Row(q, "db_head").Scan(&tables); err != nil || tables == 0 {
		return h, err
	}
	var token, before []byte
	err = tx.Row(selectHead, name[:]).Scan(&h.number, &token, &before)
	if errors.Is(err, ErrNoRow) {
		return h, nil
	}
	copy(h.token[:], token)
	copy(h.before[:], before)
	return h, err
}

// forget takes away what a witness said.
func (w *witness) forget(path string, h head) error {
	if last := w.last.Load(); last != nil && last.name == h.name {
		w.last.Store(nil)
		if err := w.file.Truncate(0); err != nil {
			return fileError(err)
		}
		return fileErrorOrNil(w.file.Sync())
	}
	return fileErrorOrNil(os.Remove(path))
}

func fileErrorOrNil(err error) error {
	if err == nil {
		return nil
	}
	return fileError(err)
}

// begin makes a new witness: a first head in the database, then in the file.
func (w *witness) begin(ctx context.Context) error {
	h := head{number: 1}
	rand.Read(h.name[:])
	rand.Read(h.token[:])
	if err := w.d.bootstrap(ctx); err != nil {
		return err
	}
	err := w.d.back.write(ctx, func(tx *Tx) error {
		tx.Queue(insertHead, h.name[:], h.number, h.token[:], h.before[:])
		return nil
	})
	if err != nil {
		return err
	}
	w.last.Store(&h)
	return w.write(h)
}

func (w *witness) write(h head) error {
	if _, err := w.file.WriteAt(h.encode(), place(h.number)); err != nil {
		return fileError(err)
	}
	if err := w.file.Sync(); err != nil {
		return fileError(err)
	}
	w.filed = h
	return nil
}

// run steps as long as the database is open.
func (w *witness) run() {
	defer close(w.stopped)
	tick := time.NewTicker(witnessEvery)
	defer tick.Stop()
	for {
		select {
		case <-w.stop:
			return
		case <-tick.C:
		}
		if err := w.step(context.Background()); err != nil {
			w.log.Warn("what was written could not be witnessed; it is tried again in a second", "error", err)
		}
	}
}

// step takes the database one head further if anything was written since the last, and witnesses that. The row is compared before it is
// changed, so that a database which was exchanged meanwhile is noticed. The database is never two heads ahead of the file, even where a
// step's outcome was unknown or the file could not be written.
func (w *witness) step(ctx context.Context) error {
	w.ticking.Lock()
	defer w.ticking.Unlock()
	last := w.last.Load()
	if w.d.History() != nil || last == nil {
		return nil
	}
	if w.filed != *last {
		if err := w.write(*last); err != nil {
			return err
		}
	}
	writes := w.d.writes.Load()
	if writes == w.witnessed {
		return w.check(ctx)
	}
	next := head{name: last.name}
	rand.Read(next.token[:])
	err := w.d.back.write(ctx, func(tx *Tx) error {
		now, err := readHeadRow(tx, last.name)
		if err != nil {
			return err
		}
		if now == *last {
			next.number, next.before = now.number+1, now.token
			tx.Queue(updateHead, next.name[:], next.number, next.token[:], next.before[:])
			return nil
		}
		next = now
		return now.wentBackFrom(*last)
	})
	if errors.Is(err, ErrHistoryWentBack) {
		w.d.halt(err)
		return nil
	}
	if err != nil {
		return err
	}
	if next.before == last.token && next.number == last.number+1 {
		w.witnessed = writes
	}
	w.last.Store(&next)
	return w.write(next)
}

// check compares without stepping, where nothing was written.
func (w *witness) check(ctx context.Context) error {
	err := w.compare(ctx, *w.last.Load())
	if errors.Is(err, ErrHistoryWentBack) {
		w.d.halt(err)
		return nil
	}
	return err
}

// meet holds the head that a fresh connection finds against the one this process knows.
func (w *witness) meet(read func(name [8]byte) (head, error)) {
	for {
		last := w.last.Load()
		if last == nil || w.d.History() != nil {
			return
		}
		now, err := read(last.name)
		if err != nil {
			return // nothing can be told from it; the next step looks again
		}
		if w.last.Load() != last {
			continue // a step was taken meanwhile
		}
		if err := now.wentBackFrom(*last); err != nil {
			w.d.halt(err)
		}
		return
	}
}

// close witnesses what was written last. A step whose outcome was unknown is settled by the first try.
func (w *witness) close() error {
	close(w.stop)
	<-w.stopped
	ctx, cancel := context.WithTimeout(context.Background(), readLimit)
	defer cancel()
	err := w.step(ctx)
	if err == nil {
		err = w.step(ctx)
	}
	return errors.Join(err, w.file.Close())
}
