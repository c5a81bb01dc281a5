//go:build !unix

package purse

import "os"

// lock does nothing where there is no flock: there it is up to the person not to start two processes on one purse.
func lock(*os.File) error { return nil }
