package app

import "golang.org/x/sys/unix"

// Magic numbers of file systems, as statfs(2) has them.
const (
	fsTmp  = 0x01021994
	fsRam  = 0x858458f6
	fsNFS  = 0x6969
	fsSMB  = 0x517b
	fsSMB2 = 0xfe534d42
	fsCIFS = 0xff534d42
	fsV9   = 0x01021997
)

// room says how many bytes are left for us where a folder lies, and names its file system if it is one that forgets or lies.
func room(dir string) (free uint64, forgetful string, known bool) {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return 0, "", false
	}
	switch uint32(s.Type) {
	case fsTmp, fsRam:
		forgetful = "memory (tmpfs)"
	case fsNFS:
		forgetful = "NFS"
	case fsSMB, fsSMB2, fsCIFS:
		forgetful = "a Windows share"
	case fsV9:
		forgetful = "a shared folder (9p)"
	}
	return s.Bavail * uint64(s.Bsize), forgetful, true
}

// clockSynced asks the kernel whether something keeps its clock right (adjtimex(2), STA_UNSYNC).
func clockSynced() (synced, known bool) {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	if err != nil {
		return false, false
	}
	return state != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0, true
}

// openFiles is how many files this process may have open.
func openFiles() (n uint64, known bool) {
	var r unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &r) != nil {
		return 0, false
	}
	return r.Cur, true
}
