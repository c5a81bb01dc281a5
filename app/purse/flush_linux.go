package purse

import (
	"os"

	"golang.org/x/sys/unix"
)

// flush makes a file's content and size durable. A file that kept its size does not wait for the file system's journal.
func flush(f *os.File) error {
	for {
		if err := unix.Fdatasync(int(f.Fd())); err != unix.EINTR {
			return err
		}
	}
}
