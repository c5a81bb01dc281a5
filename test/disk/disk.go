package disk

import (
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"billfold/base/db"
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
	Lies          // of a sync: it says yes and does nothing
)

// Op is a request that changes the disk, before it is done.
type Op struct {
	Kind Kind
	Name string // of the file, without its folder
	Off  int64
	Len  int
	At   int // how long the log is
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

// From makes a disk that holds an image, which is durable.
func From(t testing.TB, image Image) *Disk {
	t.Helper()
	d := New(t)
	for name, content := range image {
		d.create(name)
		d.log(Record{Kind: Write, Inode: d.last, Data: content})
		d.log(Record{Kind: Sync, Inode: d.last})
	}
	d.log(Record{Kind: SyncFolder})
	if err := image.Put(d.Dir); err != nil {
		t.Fatal(err)
	}
	return d
}

// Killed makes the disk that a next process finds when the one that wrote the log was killed at its end and the machine was not: every
// file as it was written last, and just as little of it durable.
func Killed(t testing.TB, log Log) *Disk {
	t.Helper()
	d := New(t)
	d.list = append(d.list, log...)
	p := Play(log)
	p.To(len(log))
	d.names = p.present()
	for _, r := range log {
		d.last = max(d.last, r.Inode)
	}
	if err := p.Live().Put(d.Dir); err != nil {
		t.Fatal(err)
	}
	return d
}

// OpenFile opens a file on this disk for who writes it beside SQLite: db.Options.OpenFile.
func (d *Disk) OpenFile(path string) (db.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	name := filepath.Base(path)
	n, there := d.names[name]
	if !there {
		f.Close()
		return nil, fs.ErrNotExist
	}
	return &handle{File: f, disk: d, name: name, inode: n}, nil
}

// handle is a file opened without SQLite.
type handle struct {
	*os.File
	disk  *Disk
	name  string
	inode int
}

// errno is the error of the system that a fault is.
func (f Fault) errno() error {
	if f == NoSpace {
		return syscall.ENOSPC
	}
	return syscall.EIO
}

// WriteAt writes as the disk does.
func (h *handle) WriteAt(b []byte, at int64) (int, error) {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	fault := h.disk.fault(Op{Kind: Write, Name: h.name, Off: at, Len: len(b)})
	done := b
	if fault != None {
		done = b[:h.disk.part(len(b), fault)]
	}
	n, err := h.File.WriteAt(done, at)
	if err != nil {
		return n, err
	}
	h.disk.log(Record{Kind: Write, Inode: h.inode, Off: at, Data: append([]byte(nil), done...)})
	if fault != None {
		return n, fault.errno()
	}
	return n, nil
}

// Sync syncs as the disk does.
func (h *handle) Sync() error {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	if f := h.disk.fault(Op{Kind: Sync, Name: h.name}); f != None {
		h.disk.log(Record{Kind: SyncFailed, Inode: h.inode})
		return f.errno()
	}
	h.disk.log(Record{Kind: Sync, Inode: h.inode})
	return nil
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
	op.At = len(d.list)
	return d.deny(op)
}

// part is how much of a failing write of n bytes is done: nothing, a part, or all but the word of it, one after the other. Where there was
// no room something is always missing.
func (d *Disk) part(n int, f Fault) int {
	if f == NoSpace {
		return n * (d.ops % 3) / 3
	}
	return n * (d.ops % 3) / 2
}

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
