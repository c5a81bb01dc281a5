package db

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"os"
)

// Heads are a second apart. On SQLite there is a finer measure between them, the mark: how many groups were committed since the witness
// began. It is written into the database with each group and, once that is committed and before anybody is answered, into the witness's
// file. SQLite takes the first damaged or missing page of its log for the end of what was written, and says nothing of the groups behind
// it: a file that begins with fewer groups than were confirmed has lost some of them, be it the last one alone.
//
// The file is not synced for it, which would double what a commit costs: a process that is killed leaves what it wrote with the kernel.
// After a power cut the mark may be an older one, or none, and is never ahead of what is on disk.
type marks struct {
	file  *os.File
	log   *slog.Logger
	name  [8]byte // of the witness
	taken int64   // by groups, of which the last may not be kept
	mute  bool    // the file did not take the last one
}

const (
	markPlace = 1024 // in the witness's file, behind the two heads
	markSize  = 8 + 8 + 4
)

func encodeMark(name [8]byte, number int64) []byte {
	b := binary.BigEndian.AppendUint64(append(make([]byte, 0, markSize), name[:]...), uint64(number))
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// readMark reads the mark of a witness; 0 where its file has none that is whole.
func readMark(file *os.File, name [8]byte) int64 {
	b := make([]byte, markSize)
	if n, _ := file.ReadAt(b, markPlace); n < markSize || string(b[:8]) != string(name[:]) {
		return 0
	}
	if crc32.Checksum(b[:markSize-4], castagnoli) != binary.BigEndian.Uint32(b[markSize-4:]) {
		return 0
	}
	return int64(binary.BigEndian.Uint64(b[8:]))
}

// readMarkRow reads how many groups the database has of a witness.
func readMarkRow(tx *Tx, name [8]byte) (number int64, err error) {
	var tables int64
	if err := tx.Row(existsLiteTable, "db_mark").Scan(&tables); err != nil || tables == 0 {
		return 0, err
	}
	if err = tx.Row(selectMark, name[:]).Scan(&number); errors.Is(err, ErrNoRow) {
		return 0, nil
	}
	return number, err
}

// compareMark answers history_went_back where the database lacks a group whose mark is in the file.
func (w *witness) compareMark(ctx context.Context, path string, name [8]byte) error {
	if w.d.engine != SQLite {
		return nil
	}
	file, err := os.Open(path)
	if err != nil {
		return fileError(err)
	}
	defer file.Close()
	known := readMark(file, name)
	now, err := Read(ctx, w.d, func(tx *Tx) (int64, error) { return readMarkRow(tx, name) })
	if err != nil || now >= known {
		return err
	}
	return ErrHistoryWentBack.Because(fmt.Errorf("group %d was confirmed, the database ends with %d", known, now))
}

// mark has the writer take marks from now on.
func (w *witness) mark(ctx context.Context) error {
	l, ok := w.d.back.(*lite)
	if !ok {
		return nil
	}
	if err := w.d.bootstrap(ctx); err != nil { // one that an older program made lacks the table
		return err
	}
	m := &marks{file: w.file, log: w.log, name: w.last.Load().name}
	var err error
	if m.taken, err = Read(ctx, w.d, func(tx *Tx) (int64, error) { return readMarkRow(tx, m.name) }); err != nil {
		return err
	}
	l.marks.Store(m)
	return nil
}

// mark writes the next mark into a group that has written anything and is about to be committed. keep writes it down outside of the
// database, once COMMIT has returned.
func (l *lite) mark() (keep func(), err error) {
	m := l.marks.Load()
	if m == nil || !l.wrote {
		return func() {}, nil
	}
	if l.interrupt != nil {
		if err := l.interrupt("mark"); err != nil {
			return nil, err
		}
	}
	m.taken++
	s := liteSession{c: l.conn}
	if _, err := s.exec(upsertMark, []any{m.name[:], m.taken}); err != nil {
		return nil, err
	}
	return m.keep, nil
}

func (m *marks) keep() {
	_, err := m.file.WriteAt(encodeMark(m.name, m.taken), markPlace)
	if err != nil && !m.mute {
		m.log.Warn("what was written could not be marked: should the log lose it, that may not be noticed", "error", err)
	}
	m.mute = err != nil
}
