package db

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// File is a file that this package writes by itself, beside SQLite.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Sync() error
}

// openFile opens an existing file, as Options.OpenFile does where nothing else is given.
func openFile(path string) (File, error) { return os.OpenFile(path, os.O_RDWR, 0) }

// settleStep is how much of a log is settled at once.
const settleStep = 1 << 20

// settle makes durable what SQLite is about to read in the log beside a database file. A process that was killed between writing a group
// and syncing it leaves the group in the kernel's memory, where the next process finds it, answers from it and appends to it; a power
// cut then takes what was answered. A plain sync would not do: after one that failed the kernel takes those pages for clean, and a
// later one says yes without writing them (https://wiki.postgresql.org/wiki/Fsync_Errors). So each byte is written again in its place.
func (l *lite) settle() error {
	f, err := l.openFile(l.path + "-wal")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fileError(err)
	}
	defer f.Close()
	buffer := make([]byte, settleStep)
	for at := int64(0); ; {
		n, err := f.ReadAt(buffer, at)
		if n > 0 {
			if _, err := f.WriteAt(buffer[:n], at); err != nil {
				return fileError(err)
			}
		}
		at += int64(n)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fileError(err)
		}
	}
	if err := f.Sync(); err != nil {
		return fileError(err)
	}
	return nil
}
