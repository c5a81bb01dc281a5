//go:build !unix

package db

import "os"

// flock has no portable form elsewhere; SQLite's own file locks still keep two writers apart.
func flock(*os.File) error { return nil }
