//go:build !linux

package purse

import "os"

// flush makes a file durable.
func flush(f *os.File) error { return f.Sync() }
