package disk

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Kind says what was asked of a disk.
type Kind uint8

// What a disk is asked for, and what else stands in its log.
const (
	Write Kind = iota + 1
	Truncate
	Sync
	SyncFailed // was asked for and answered with an error
	SyncFolder
	Create
	Delete
	Note // something that happened outside: an answer that was given, a mark
)

// Fault is what a disk answers instead of doing what it is asked.
type Fault uint8

// The faults a disk has. A write that fails may have been done in part.
const (
	None    Fault = iota
	Broken        // EIO
	NoSpace       // ENOSPC; for anything but a write the same as Broken
)

// Op is a request that changes the disk, before it is done.
type Op struct {
	Kind Kind
	Name string // of the file, without its folder
	Off  int64
	Len  int
}

// Disk is a folder whose databases are watched. SQLite reaches it in this process, by any connection that is opened after New.
type Disk struct {
	Dir      string
	RealSync bool // sync the real files too, which is slow and shows nothing more

	mu    sync.Mutex
	names map[string]int // what the folder holds now, by inode
	last  int
	list  []Record
	deny  func(Op) Fault
	ops   int
}

// New makes a disk in a folder of the test's own.
func New(t testing.TB) *Disk {
	t.Helper()
	door.once.Do(install)
	d := &Disk{Dir: Folder(t), names: map[string]int{}}
	door.mu.Lock()
	defer door.mu.Unlock()
	door.disks[d.Dir] = d
	t.Cleanup(func() {
		door.mu.Lock()
		defer door.mu.Unlock()
		delete(door.disks, d.Dir)
	})
	return d
}

// Folder makes a folder for files that may be lost with the machine: in memory where the system offers that.
func Folder(t testing.TB) string {
	t.Helper()
	if i, err := os.Stat("/dev/shm"); err != nil || !i.IsDir() {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp("/dev/shm", "billfold-disk-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("remove the disk's folder: %v", err)
		}
	})
	return dir
}

// File is where a file of this name lies.
func (d *Disk) File(name string) string { return filepath.Join(d.Dir, name) }

// Note writes into the log that something happened outside, at this moment.
func (d *Disk) Note(what string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.log(Record{Kind: Note, Name: what})
}

// Deny has every request asked of f first, until Deny(nil). f is called under the disk's lock.
func (d *Disk) Deny(f func(Op) Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.deny = f
}

// Log returns what happened so far. It is not written to any more.
func (d *Disk) Log() Log {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.list[:len(d.list):len(d.list)]
}

// Len is how long the log is now.
func (d *Disk) Len() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.list)
}

func (d *Disk) log(r Record) { d.list = append(d.list, r) }

func (d *Disk) fault(op Op) Fault {
	d.ops++
	if d.deny == nil {
		return None
	}
	return d.deny(op)
}

// part is how much of a failing write of n bytes is done: nothing, a part or all, one after the other.
func (d *Disk) part(n int) int { return n * (d.ops % 3) / 2 }

func (d *Disk) create(name string) {
	d.last++
	d.names[name] = d.last
	d.log(Record{Kind: Create, Inode: d.last, Name: name})
}

func (d *Disk) delete(name string, synced bool) {
	delete(d.names, name)
	d.log(Record{Kind: Delete, Name: name})
	if synced {
		d.log(Record{Kind: SyncFolder})
	}
}
