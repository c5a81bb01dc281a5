package disk

import (
	"path/filepath"
	"sync"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// head stands before SQLite's own file structure in the memory that SQLite gives us for an open file.
type head struct {
	methods uintptr
	handle  uintptr
}

const headSize = unsafe.Sizeof(head{})

// door is the process's one wrapped VFS, which is SQLite's default from the first New on.
var door struct {
	once    sync.Once
	inner   uintptr // SQLite's own VFS
	methods uintptr

	mu    sync.RWMutex
	disks map[string]*Disk // by folder
	files map[uintptr]*openFile
	last  uintptr
}

// openFile is one opening of a file on a disk of ours.
type openFile struct {
	disk    *Disk
	name    string
	inode   int
	dirSync bool // its first sync syncs the folder too
}

// at looks at C memory, which the collector neither moves nor frees.
func at[T any](p uintptr) *T { return *(**T)(unsafe.Pointer(&p)) }

func bytesAt(p uintptr, n int32) []byte { return unsafe.Slice(at[byte](p), n) }

// pointerTo makes a C function pointer of a function that is no closure.
func pointerTo(f any) uintptr { return (*[2]uintptr)(unsafe.Pointer(&f))[1] }

// fn makes a Go function of a C function pointer.
func fn[F any](p uintptr) F { return *(*F)(unsafe.Pointer(&struct{ uintptr }{p})) }

// The shapes of SQLite's functions, by their arguments after the thread and the file: p a pointer, i an int, l a 64-bit integer.
type (
	fnVoid = func(*libc.TLS, uintptr)
	fnNone = func(*libc.TLS, uintptr) int32
	fnI    = func(*libc.TLS, uintptr, int32) int32
	fnL    = func(*libc.TLS, uintptr, int64) int32
	fnP    = func(*libc.TLS, uintptr, uintptr) int32
	fnIP   = func(*libc.TLS, uintptr, int32, uintptr) int32
	fnIII  = func(*libc.TLS, uintptr, int32, int32, int32) int32
	fnIIIP = func(*libc.TLS, uintptr, int32, int32, int32, uintptr) int32
	fnPIL  = func(*libc.TLS, uintptr, uintptr, int32, int64) int32
	fnPI   = func(*libc.TLS, uintptr, uintptr, int32) int32
	fnOpen = func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32
)

// install makes the wrapped VFS and registers it as the default.
func install() {
	tls := libc.NewTLS()
	door.disks, door.files = map[string]*Disk{}, map[uintptr]*openFile{}
	door.inner = lib.Xsqlite3_vfs_find(tls, 0)
	outer := libc.Xcalloc(tls, 1, libc.Tsize_t(unsafe.Sizeof(lib.Tsqlite3_vfs{})))
	door.methods = libc.Xcalloc(tls, 1, libc.Tsize_t(unsafe.Sizeof(lib.Tsqlite3_io_methods{})))
	name, err := libc.CString("billfold-disk")
	if door.inner == 0 || outer == 0 || door.methods == 0 || err != nil {
		panic("disk: no memory for a VFS")
	}
	v := at[lib.Tsqlite3_vfs](outer)
	*v = *at[lib.Tsqlite3_vfs](door.inner)
	v.FzName, v.FpNext = name, 0
	v.FszOsFile += int32(headSize)
	v.FxOpen = pointerTo(fnOpen(open))
	v.FxDelete = pointerTo(fnPI(remove))
	*at[lib.Tsqlite3_io_methods](door.methods) = lib.Tsqlite3_io_methods{
		FiVersion: 2, // no memory mapping: it would write past us
		FxClose:   pointerTo(fnNone(closeFile)), FxRead: pointerTo(fnPIL(read)), FxWrite: pointerTo(fnPIL(write)),
		FxTruncate: pointerTo(fnL(truncate)), FxSync: pointerTo(fnI(syncFile)), FxFileSize: pointerTo(fnP(size)),
		FxLock: pointerTo(fnI(lock)), FxUnlock: pointerTo(fnI(unlock)), FxCheckReservedLock: pointerTo(fnP(reserved)),
		FxFileControl: pointerTo(fnIP(control)), FxSectorSize: pointerTo(fnNone(sector)),
		FxDeviceCharacteristics: pointerTo(fnNone(device)), FxShmMap: pointerTo(fnIIIP(shmMap)), FxShmLock: pointerTo(fnIII(shmLock)),
		FxShmBarrier: pointerTo(fnVoid(shmBarrier)), FxShmUnmap: pointerTo(fnI(shmUnmap)),
	}
	if rc := lib.Xsqlite3_vfs_register(tls, outer, 1); rc != lib.SQLITE_OK {
		panic("disk: SQLite does not take the VFS")
	}
}

// diskOf finds the disk a path lies on, nil where it is not one of ours.
func diskOf(path uintptr) (*Disk, string) {
	if path == 0 {
		return nil, ""
	}
	dir, name := filepath.Split(libc.GoString(path))
	door.mu.RLock()
	defer door.mu.RUnlock()
	return door.disks[filepath.Clean(dir)], name
}

func fileOf(p uintptr) *openFile {
	door.mu.RLock()
	defer door.mu.RUnlock()
	return door.files[at[head](p).handle]
}

func innerVFS() *lib.Tsqlite3_vfs { return at[lib.Tsqlite3_vfs](door.inner) }

// inner finds the wrapped file and its methods.
func inner(p uintptr) (uintptr, *lib.Tsqlite3_io_methods) {
	p += headSize
	return p, at[lib.Tsqlite3_io_methods](*at[uintptr](p))
}

func open(tls *libc.TLS, _, path, p uintptr, flags int32, out uintptr) int32 {
	d, name := diskOf(path)
	openInner := fn[fnOpen](innerVFS().FxOpen)
	if d == nil {
		return openInner(tls, door.inner, path, p, flags, out)
	}
	*at[head](p) = head{}
	creates := flags&lib.SQLITE_OPEN_CREATE != 0
	d.mu.Lock()
	defer d.mu.Unlock()
	_, there := d.names[name]
	if creates && !there {
		if f := d.fault(Op{Kind: Create, Name: name}); f != None {
			return lib.SQLITE_CANTOPEN
		}
	}
	if rc := openInner(tls, door.inner, path, p+headSize, flags, out); rc != lib.SQLITE_OK {
		return rc
	}
	if !there {
		d.create(name)
	}
	journal := flags&(lib.SQLITE_OPEN_MAIN_JOURNAL|lib.SQLITE_OPEN_SUPER_JOURNAL|lib.SQLITE_OPEN_WAL) != 0
	f := &openFile{disk: d, name: name, inode: d.names[name], dirSync: creates && journal}
	door.mu.Lock()
	defer door.mu.Unlock()
	door.last++
	door.files[door.last] = f
	*at[head](p) = head{methods: door.methods, handle: door.last}
	return lib.SQLITE_OK
}

func remove(tls *libc.TLS, _, path uintptr, syncFolder int32) int32 {
	d, name := diskOf(path)
	removeInner := fn[fnPI](innerVFS().FxDelete)
	if d == nil {
		return removeInner(tls, door.inner, path, syncFolder)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.fault(Op{Kind: Delete, Name: name}); f != None {
		return lib.SQLITE_IOERR_DELETE
	}
	rc := removeInner(tls, door.inner, path, syncFolder)
	if rc == lib.SQLITE_OK {
		d.delete(name, syncFolder != 0)
	}
	return rc
}

func closeFile(tls *libc.TLS, p uintptr) int32 {
	door.mu.Lock()
	delete(door.files, at[head](p).handle)
	door.mu.Unlock()
	q, m := inner(p)
	return fn[fnNone](m.FxClose)(tls, q)
}

func read(tls *libc.TLS, p, buf uintptr, n int32, off int64) int32 {
	q, m := inner(p)
	return fn[fnPIL](m.FxRead)(tls, q, buf, n, off)
}

func write(tls *libc.TLS, p, buf uintptr, n int32, off int64) int32 {
	f := fileOf(p)
	q, m := inner(p)
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	op := Op{Kind: Write, Name: f.name, Off: off, Len: int(n)}
	fault := f.disk.fault(op)
	if fault != None {
		n = int32(f.disk.part(int(n), fault)) // a write that fails may have written a part
	}
	if n > 0 {
		if rc := fn[fnPIL](m.FxWrite)(tls, q, buf, n, off); rc != lib.SQLITE_OK {
			return rc
		}
		f.disk.log(Record{Kind: Write, Inode: f.inode, Off: off, Data: append([]byte(nil), bytesAt(buf, n)...)})
	}
	switch fault {
	case NoSpace:
		return lib.SQLITE_FULL
	case Broken:
		return lib.SQLITE_IOERR_WRITE
	}
	return lib.SQLITE_OK
}

func truncate(tls *libc.TLS, p uintptr, size int64) int32 {
	f := fileOf(p)
	q, m := inner(p)
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.fault(Op{Kind: Truncate, Name: f.name, Off: size}) != None {
		return lib.SQLITE_IOERR_TRUNCATE
	}
	rc := fn[fnL](m.FxTruncate)(tls, q, size)
	if rc == lib.SQLITE_OK {
		f.disk.log(Record{Kind: Truncate, Inode: f.inode, Off: size})
	}
	return rc
}

func syncFile(tls *libc.TLS, p uintptr, flags int32) int32 {
	f := fileOf(p)
	q, m := inner(p)
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if fault := f.disk.fault(Op{Kind: Sync, Name: f.name}); fault != None {
		f.disk.log(Record{Kind: SyncFailed, Inode: f.inode})
		if fault == Lies {
			return lib.SQLITE_OK
		}
		return lib.SQLITE_IOERR_FSYNC
	}
	if f.disk.RealSync {
		if rc := fn[fnI](m.FxSync)(tls, q, flags); rc != lib.SQLITE_OK {
			return rc
		}
	}
	f.disk.log(Record{Kind: Sync, Inode: f.inode})
	if f.dirSync {
		f.disk.log(Record{Kind: SyncFolder})
		f.dirSync = false
	}
	return lib.SQLITE_OK
}

func size(tls *libc.TLS, p, out uintptr) int32 {
	q, m := inner(p)
	return fn[fnP](m.FxFileSize)(tls, q, out)
}

func lock(tls *libc.TLS, p uintptr, level int32) int32 {
	q, m := inner(p)
	return fn[fnI](m.FxLock)(tls, q, level)
}

func unlock(tls *libc.TLS, p uintptr, level int32) int32 {
	q, m := inner(p)
	return fn[fnI](m.FxUnlock)(tls, q, level)
}

func reserved(tls *libc.TLS, p, out uintptr) int32 {
	q, m := inner(p)
	return fn[fnP](m.FxCheckReservedLock)(tls, q, out)
}

func control(tls *libc.TLS, p uintptr, op int32, arg uintptr) int32 {
	q, m := inner(p)
	return fn[fnIP](m.FxFileControl)(tls, q, op, arg)
}

func sector(tls *libc.TLS, p uintptr) int32 {
	q, m := inner(p)
	return fn[fnNone](m.FxSectorSize)(tls, q)
}

func device(tls *libc.TLS, p uintptr) int32 {
	q, m := inner(p)
	return fn[fnNone](m.FxDeviceCharacteristics)(tls, q)
}

func shmMap(tls *libc.TLS, p uintptr, page, size, extend int32, out uintptr) int32 {
	q, m := inner(p)
	return fn[fnIIIP](m.FxShmMap)(tls, q, page, size, extend, out)
}

func shmLock(tls *libc.TLS, p uintptr, off, n, flags int32) int32 {
	q, m := inner(p)
	return fn[fnIII](m.FxShmLock)(tls, q, off, n, flags)
}

func shmBarrier(tls *libc.TLS, p uintptr) {
	q, m := inner(p)
	fn[fnVoid](m.FxShmBarrier)(tls, q)
}

func shmUnmap(tls *libc.TLS, p uintptr, remove int32) int32 {
	q, m := inner(p)
	return fn[fnI](m.FxShmUnmap)(tls, q, remove)
}
