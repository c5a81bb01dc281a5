package db

import (
	"encoding/binary"
	"net/url"
	"path/filepath"
	"sync"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// SQLite writes a page of the log by two requests of the system, some three hundred pages for a group of thirty payments: an eighth of the
// writer's time. The VFS here (https://www.sqlite.org/vfs.html) gathers what follows upon each other and writes it at once. It stands
// before whatever VFS is the default, and takes part in the writes of a log alone: any other request of that file writes first what
// was gathered, and so does a commit, so that nobody can see the index of a page that the file does not have.
const logVFS = "billfold-log"

// logBuffer is how much is gathered: as many whole frames of 4096 bytes as SQLite's own VFS writes at once (os_unix.c takes a length modulo
// 128 KiB).
const logBuffer = 31 * (frameHeader + 4096)

// logFile stands in SQLite's memory behind the structure of the file it opened, which is never longer than innerMost.
type logFile struct {
	methods uintptr // of the file as its own VFS opened it
	buffer  uintptr // logBuffer bytes, once anything was written
	at      int64   // where in the file the buffer begins
	n       int64
	commit  bool // the page that follows is the last of a transaction
}

const innerMost = 2048

// Of a frame of the log (https://www.sqlite.org/walformat.html, 2): its header's length, and where in it the size of the database after
// a commit stands; 0 there says that the transaction goes on.
const (
	frameHeader = 24
	frameCommit = 4
)

// The shapes of SQLite's functions that are answered here.
type (
	vfsOpen    = func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32
	vfsDelete  = func(*libc.TLS, uintptr, uintptr, int32) int32
	fileClose  = func(*libc.TLS, uintptr) int32
	fileData   = func(*libc.TLS, uintptr, uintptr, int32, int64) int32
	fileLength = func(*libc.TLS, uintptr, int64) int32
	fileFlags  = func(*libc.TLS, uintptr, int32) int32
	fileSize   = func(*libc.TLS, uintptr, uintptr) int32
)

// memoryAt looks at SQLite's memory, which the collector neither moves nor frees.
func memoryAt[T any](p uintptr) *T { return *(**T)(unsafe.Pointer(&p)) }

// toC makes a C function pointer of a function that is no closure, fromC the reverse.
func toC(f any) uintptr        { return (*[2]uintptr)(unsafe.Pointer(&f))[1] }
func fromC[F any](p uintptr) F { return *(*F)(unsafe.Pointer(&struct{ uintptr }{p})) }

// logMethods are the methods of a log's file, by the methods they stand before.
var logMethods struct {
	sync.Mutex
	of map[uintptr]uintptr
}

// useLogVFS registers the VFS, once in a process.
var useLogVFS = sync.OnceFunc(func() {
	tls := libc.NewTLS()
	defer tls.Close()
	logMethods.of = map[uintptr]uintptr{}
	outer := libc.Xcalloc(tls, 1, libc.Tsize_t(unsafe.Sizeof(lib.Tsqlite3_vfs{})))
	name, err := libc.CString(logVFS)
	if outer == 0 || err != nil {
		panic("db: no memory for a VFS")
	}
	v := memoryAt[lib.Tsqlite3_vfs](outer)
	*v = *behind(tls)
	v.FzName, v.FpNext, v.FszOsFile = name, 0, innerMost+int32(unsafe.Sizeof(logFile{}))
	v.FxOpen, v.FxDelete = toC(vfsOpen(openFileOf)), toC(vfsDelete(deleteFile))
	if lib.Xsqlite3_vfs_register(tls, outer, 0) != lib.SQLITE_OK {
		panic("db: SQLite does not take the VFS")
	}
})

// behind is the VFS that ours stands before: the default one at this moment.
func behind(tls *libc.TLS) *lib.Tsqlite3_vfs {
	return memoryAt[lib.Tsqlite3_vfs](lib.Xsqlite3_vfs_find(tls, 0))
}

// throughLogVFS is the name under which SQLite opens a database of this path by our VFS.
func throughLogVFS(path string) string {
	useLogVFS()
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: "vfs=" + logVFS}).String()
}

func logOf(p uintptr) *logFile { return memoryAt[logFile](p + innerMost) }

func innerOf(p uintptr) *lib.Tsqlite3_io_methods {
	return memoryAt[lib.Tsqlite3_io_methods](logOf(p).methods)
}

func openFileOf(tls *libc.TLS, _, path, p uintptr, flags int32, out uintptr) int32 {
	inner := lib.Xsqlite3_vfs_find(tls, 0)
	v := memoryAt[lib.Tsqlite3_vfs](inner)
	if v.FszOsFile > innerMost {
		return lib.SQLITE_CANTOPEN
	}
	rc := fromC[vfsOpen](v.FxOpen)(tls, inner, path, p, flags, out)
	methods := memoryAt[uintptr](p)
	if rc != lib.SQLITE_OK || flags&lib.SQLITE_OPEN_WAL == 0 || *methods == 0 {
		return rc
	}
	*logOf(p) = logFile{methods: *methods}
	if *methods = gathering(tls, *methods); *methods == 0 {
		*methods = logOf(p).methods // no memory: as it is, then
	}
	return rc
}

// gathering is the table of methods that gather writes before the given ones.
func gathering(tls *libc.TLS, methods uintptr) uintptr {
	logMethods.Lock()
	defer logMethods.Unlock()
	if p := logMethods.of[methods]; p != 0 {
		return p
	}
	p := libc.Xcalloc(tls, 1, libc.Tsize_t(unsafe.Sizeof(lib.Tsqlite3_io_methods{})))
	if p == 0 {
		return 0
	}
	m := memoryAt[lib.Tsqlite3_io_methods](p)
	*m = *memoryAt[lib.Tsqlite3_io_methods](methods)
	m.FxClose, m.FxRead, m.FxWrite = toC(fileClose(logClose)), toC(fileData(logRead)), toC(fileData(logWrite))
	m.FxTruncate, m.FxSync, m.FxFileSize = toC(fileLength(logTruncate)), toC(fileFlags(logSync)), toC(fileSize(logSize))
	logMethods.of[methods] = p
	return p
}

func deleteFile(tls *libc.TLS, _, path uintptr, syncFolder int32) int32 {
	inner := lib.Xsqlite3_vfs_find(tls, 0)
	return fromC[vfsDelete](memoryAt[lib.Tsqlite3_vfs](inner).FxDelete)(tls, inner, path, syncFolder)
}

// flush writes what was gathered. What the file does not take is forgotten: SQLite is told, and undoes the transaction.
func flush(tls *libc.TLS, p uintptr) int32 {
	f := logOf(p)
	n := f.n
	if n == 0 {
		return lib.SQLITE_OK
	}
	f.n, f.commit = 0, false
	return fromC[fileData](innerOf(p).FxWrite)(tls, p, f.buffer, int32(n), f.at)
}

func logWrite(tls *libc.TLS, p, from uintptr, n int32, off int64) int32 {
	f := logOf(p)
	if f.buffer == 0 {
		f.buffer = libc.Xmalloc(tls, logBuffer)
	}
	if f.n > 0 && (off != f.at+f.n || f.n+int64(n) > logBuffer) {
		if rc := flush(tls, p); rc != lib.SQLITE_OK {
			return rc
		}
	}
	if f.buffer == 0 || n > logBuffer {
		return fromC[fileData](innerOf(p).FxWrite)(tls, p, from, n, off)
	}
	if f.n == 0 {
		f.at = off
	}
	written := unsafe.Slice(memoryAt[byte](from), n)
	copy(unsafe.Slice(memoryAt[byte](f.buffer), logBuffer)[f.n:], written)
	f.n += int64(n)
	if n == frameHeader {
		f.commit = binary.BigEndian.Uint32(written[frameCommit:]) != 0
	} else if f.commit {
		return flush(tls, p)
	}
	return lib.SQLITE_OK
}

// flushFirst writes what was gathered before another request than a write. A disk that is full is told as one that is broken: after a
// statement that only read SQLite would undo that statement alone and go on with a transaction of which pages are missing; after a
// broken one it undoes all of it (vdbeaux.c, sqlite3VdbeHalt).
func flushFirst(tls *libc.TLS, p uintptr) int32 {
	if rc := flush(tls, p); rc != lib.SQLITE_OK {
		return lib.SQLITE_IOERR_WRITE
	}
	return lib.SQLITE_OK
}

func logRead(tls *libc.TLS, p, to uintptr, n int32, off int64) int32 {
	if rc := flushFirst(tls, p); rc != lib.SQLITE_OK {
		return rc
	}
	return fromC[fileData](innerOf(p).FxRead)(tls, p, to, n, off)
}

func logTruncate(tls *libc.TLS, p uintptr, size int64) int32 {
	if rc := flushFirst(tls, p); rc != lib.SQLITE_OK {
		return rc
	}
	return fromC[fileLength](innerOf(p).FxTruncate)(tls, p, size)
}

func logSync(tls *libc.TLS, p uintptr, flags int32) int32 {
	if rc := flushFirst(tls, p); rc != lib.SQLITE_OK {
		return rc
	}
	return fromC[fileFlags](innerOf(p).FxSync)(tls, p, flags)
}

func logSize(tls *libc.TLS, p, out uintptr) int32 {
	if rc := flushFirst(tls, p); rc != lib.SQLITE_OK {
		return rc
	}
	return fromC[fileSize](innerOf(p).FxFileSize)(tls, p, out)
}

func logClose(tls *libc.TLS, p uintptr) int32 {
	f := logOf(p)
	rc := flush(tls, p)
	if f.buffer != 0 {
		libc.Xfree(tls, f.buffer)
		f.buffer = 0
	}
	if e := fromC[fileClose](innerOf(p).FxClose)(tls, p); e != lib.SQLITE_OK {
		return e
	}
	return rc
}
