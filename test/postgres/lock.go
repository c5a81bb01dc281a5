package postgres

import (
	"errors"
	"os"
	"syscall"
)

// lock takes an advisory lock on the file for as long as this process lives or until unlock. Go opens files so that
// programs we start do not inherit them, so a lock never outlives the process that took it.
func lock(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		f.Close()
		return nil, &os.PathError{Op: "flock", Path: path, Err: err}
	}
	return f, nil
}

func unlock(f *os.File) { f.Close() }

// taken says whether an error of lock with LOCK_NB means that somebody else has it.
func taken(err error) bool { return errors.Is(err, syscall.EWOULDBLOCK) }
