package identity

import (
	"bytes"
	"crypto/sha1" // the form in which breach corpora are published; nothing is protected by it
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"
)

// breachFile is a text file of SHA-1 hashes of breached passwords: sorted, one a line, 40 hexadecimal digits,
// optionally followed by ":" and a count. It stays on disk (Have I Been Pwned's is 40 GB) and is searched by halving,
// about 36 short reads a question. A nil file knows nothing.
type breachFile struct {
	file *os.File
	size int64
}

// longestLine bounds what is read to find the end of a line: 40 digits, a colon, a count, CR LF.
const longestLine = 64

func openBreachFile(path string) (*breachFile, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the list of breached passwords: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("open the list of breached passwords: %w", err)
	}
	b := &breachFile{file: f, size: info.Size()}
	first, _, err := b.lineFrom(0)
	if err == nil && !hashLine(first) {
		err = fmt.Errorf("its first line is not a SHA-1 hash in hexadecimal")
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("read the list of breached passwords: %w", err)
	}
	return b, nil
}

func hashLine(line string) bool {
	_, err := hex.DecodeString(line)
	return err == nil && len(line) == 2*sha1.Size
}

func (b *breachFile) close() error {
	if b == nil {
		return nil
	}
	return b.file.Close()
}

func (b *breachFile) has(password string) (bool, error) {
	if b == nil {
		return false, nil
	}
	sum := sha1.Sum([]byte(password))
	wanted := strings.ToUpper(hex.EncodeToString(sum[:]))
	low, high := int64(0), b.size // the line, if there is one, begins in [low, high)
	for low < high {
		middle := low + (high-low)/2
		start := middle
		if middle > low { // go to the next beginning of a line
			_, next, err := b.lineFrom(middle - 1)
			if err != nil {
				return false, err
			}
			start = next
		}
		if start >= high {
			high = middle
			continue
		}
		line, next, err := b.lineFrom(start)
		if err != nil {
			return false, err
		}
		switch strings.Compare(wanted, line) {
		case 0:
			return true, nil
		case -1:
			high = middle
		default:
			low = next
		}
	}
	return false, nil
}

// lineFrom returns the hash from an offset to the end of its line, in upper case, and where the next line begins.
func (b *breachFile) lineFrom(offset int64) (hash string, next int64, err error) {
	buf := make([]byte, longestLine)
	n, err := b.file.ReadAt(buf, offset)
	if err != nil && err != io.EOF {
		return "", 0, err
	}
	line, _, found := bytes.Cut(buf[:n], []byte("\n"))
	next = offset + int64(len(line)) + 1
	if !found {
		if n == longestLine {
			return "", 0, fmt.Errorf("a line at byte %d is too long", offset)
		}
		next = b.size
	}
	digits, _, _ := strings.Cut(strings.TrimRight(string(line), "\r"), ":")
	return strings.ToUpper(digits), next, nil
}
