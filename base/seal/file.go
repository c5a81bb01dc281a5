package seal

import (
	"bytes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"billfold/base/fault"
)

const (
	ringName   = "keyring"
	masterName = "master.key"

	headMagic  = "BFKEYS1\n"
	saltSize   = 16
	checkSize  = 32
	headSize   = len(headMagic) + saltSize + checkSize + 4
	frameMagic = "BFK\x01"
	frameHead  = len(frameMagic) + 4 + 4
	// maxFrame bounds what a frame's length may claim; perFrame keeps rewritten frames well below it.
	maxFrame = 16 << 20
	perFrame = 4096
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// disk is what a file is made durable with; the tests put a failing one in its place.
type disk struct {
	write func(f *os.File, b []byte, at int64) (int, error)
	sync  func(f *os.File) error
}

var osDisk = disk{
	write: func(f *os.File, b []byte, at int64) (int, error) { return f.WriteAt(b, at) },
	sync:  (*os.File).Sync,
}

// record is one owner's key as it lies in a frame.
type record struct {
	owner   string
	created int64 // microseconds
	key     [keySize]byte
}

// file is the keyring on disk. Its methods are called by one goroutine at a time.
type file struct {
	dir       string
	disk      disk
	folder    *os.File // holds the lock
	ring      *os.File
	readOnly  bool
	salt      []byte
	check     []byte
	wrap      cipher.AEAD
	size      int64  // up to here the file is known to be good and durable
	frames    uint64 // in those bytes
	recovered int64
	broken    error // a failed fsync: nothing more is appended before a rewrite
}

// openFile locks the folder and reads the keyring in it, making both and the master key on first start. With beside it
// does neither: it reads what a running process keeps there, and changes nothing.
func openFile(dir, masterKey string, beside bool, d disk) (_ *file, _ []record, err error) {
	if !beside {
		if err := makeFolder(dir, d); err != nil {
			return nil, nil, storage(err)
		}
	}
	folder, err := os.Open(dir)
	if err != nil {
		return nil, nil, storage(err)
	}
	f := &file{dir: dir, disk: d, folder: folder, readOnly: beside}
	defer func() {
		if err != nil {
			f.close()
		}
	}()
	if !beside {
		if err := syscall.Flock(int(folder.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
			return nil, nil, ErrInUse.Because(err)
		}
	}
	master, err := f.master(masterKey)
	if err != nil {
		return nil, nil, err
	}
	if beside {
		records, err := f.load(master)
		return f, records, err
	}
	// What a crash in the middle of a rewrite left behind was never in force.
	if err := os.Remove(f.path(ringName + ".new")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, storage(err)
	}
	if _, err := os.Stat(f.path(ringName)); errors.Is(err, fs.ErrNotExist) {
		f.salt = make([]byte, saltSize)
		rand.Read(f.salt)
		if err := f.derive(master); err != nil {
			return nil, nil, err
		}
		return f, nil, f.rewrite(nil)
	}
	records, err := f.load(master)
	return f, records, err
}

// makeFolder makes the folder when it is absent; its name has to outlive a power cut as much as what is in it.
func makeFolder(dir string, d disk) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	parent, err := os.Open(filepath.Dir(dir))
	if err != nil {
		return err
	}
	defer parent.Close()
	return d.sync(parent)
}

func (f *file) path(name string) string { return filepath.Join(f.dir, name) }

// master returns the master key: the given one, or the folder's file, which is made when there is no keyring yet.
func (f *file) master(given string) ([]byte, error) {
	if given != "" {
		return parseMaster(given)
	}
	path := f.path(masterName)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(f.path(ringName)); err == nil {
			return nil, ErrMasterKey.Because(fmt.Errorf("%s is missing", masterName))
		}
		if f.readOnly {
			return nil, ErrMasterKey.Because(fmt.Errorf("%s is missing", masterName))
		}
		secret := make([]byte, keySize)
		rand.Read(secret)
		text := hex.EncodeToString(secret) + "\n"
		return secret, f.replace(masterName, func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return err
		})
	}
	if err != nil {
		return nil, storage(err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, ErrMasterKey.Because(fmt.Errorf("%s can be read by others: chmod 600", masterName))
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, storage(err)
	}
	return parseMaster(strings.TrimSuffix(string(text), "\n"))
}

func parseMaster(text string) ([]byte, error) {
	secret, err := hex.DecodeString(text)
	if err != nil || len(secret) != keySize {
		return nil, ErrMasterKey.Because(errors.New("a master key is 64 hexadecimal digits"))
	}
	return secret, nil
}

// derive makes the wrapping key and the check value from the master key and the salt.
func (f *file) derive(master []byte) error {
	secret, err := hkdf.Key(sha256.New, master, f.salt, "billfold wrap v1", keySize)
	if err != nil {
		return err
	}
	if f.wrap, err = newAEAD(secret); err != nil {
		return err
	}
	f.check, err = hkdf.Key(sha256.New, master, f.salt, "billfold check v1", checkSize)
	return err
}

func (f *file) header() []byte {
	head := make([]byte, 0, headSize)
	head = append(append(append(head, headMagic...), f.salt...), f.check...)
	return binary.BigEndian.AppendUint32(head, crc32.Checksum(head, castagnoli))
}

// load reads the whole keyring and cuts a torn tail.
func (f *file) load(master []byte) ([]record, error) {
	way := os.O_RDWR
	if f.readOnly {
		way = os.O_RDONLY
	}
	ring, err := os.OpenFile(f.path(ringName), way, 0)
	if errors.Is(err, syscall.EROFS) || errors.Is(err, fs.ErrPermission) {
		f.readOnly = true
		ring, err = os.Open(f.path(ringName))
	}
	if err != nil {
		return nil, storage(err)
	}
	f.ring = ring
	all, err := io.ReadAll(ring)
	if err != nil {
		return nil, storage(err)
	}
	if len(all) < headSize || string(all[:len(headMagic)]) != headMagic {
		return nil, ErrKeyring.Because(errors.New("no header"))
	}
	body := all[:headSize-4]
	if crc32.Checksum(body, castagnoli) != binary.BigEndian.Uint32(all[headSize-4:]) {
		return nil, ErrKeyring.Because(errors.New("the header's checksum is wrong"))
	}
	f.salt = bytes.Clone(body[len(headMagic) : len(headMagic)+saltSize])
	if err := f.derive(master); err != nil {
		return nil, err
	}
	if !hmac.Equal(f.check, body[len(headMagic)+saltSize:]) {
		return nil, ErrMasterKey
	}
	return f.frameByFrame(all)
}

func (f *file) frameByFrame(all []byte) ([]record, error) {
	var records []record
	rest := all[headSize:]
	for len(rest) > 0 {
		payload, ok := frameAt(rest)
		if !ok {
			break
		}
		more, err := f.unwrap(payload)
		if err != nil {
			return nil, err
		}
		records = append(records, more...)
		rest = rest[frameHead+len(payload):]
		f.frames++
	}
	f.size = int64(len(all) - len(rest))
	if len(rest) == 0 {
		return records, nil
	}
	for at := 1; at < len(rest); at++ {
		next := bytes.Index(rest[at:], []byte(frameMagic))
		if next < 0 {
			break
		}
		at += next
		if _, ok := frameAt(rest[at:]); ok {
			return nil, ErrKeyring.Because(fmt.Errorf("frame %d at byte %d is bad, a later one is not", f.frames, f.size))
		}
	}
	f.recovered = int64(len(rest))
	if f.readOnly {
		return records, nil
	}
	if err := f.ring.Truncate(f.size); err != nil {
		return nil, storage(err)
	}
	if err := f.disk.sync(f.ring); err != nil {
		return nil, storage(err)
	}
	return records, nil
}

// frameAt returns the payload of the frame that begins b, and whether there is a whole and good one.
func frameAt(b []byte) ([]byte, bool) {
	if len(b) < frameHead || string(b[:len(frameMagic)]) != frameMagic {
		return nil, false
	}
	size := binary.BigEndian.Uint32(b[len(frameMagic):])
	if size > maxFrame || int(size) > len(b)-frameHead {
		return nil, false
	}
	payload := b[frameHead : frameHead+int(size)]
	sum := crc32.Checksum(b[len(frameMagic):len(frameMagic)+4], castagnoli)
	sum = crc32.Update(sum, castagnoli, payload)
	return payload, sum == binary.BigEndian.Uint32(b[len(frameMagic)+4:])
}

// position is the additional data of a frame: it belongs to this keyring and to this place.
func (f *file) position(frame uint64) []byte {
	return binary.BigEndian.AppendUint64(bytes.Clone(f.salt), frame)
}

// appendFrame writes a frame with these records behind b.
func (f *file) appendFrame(b []byte, frame uint64, records []record) []byte {
	var plain []byte
	for _, r := range records {
		plain = binary.BigEndian.AppendUint64(plain, uint64(r.created))
		plain = append(append(plain, byte(len(r.owner))), r.owner...)
		plain = append(plain, r.key[:]...)
	}
	payload := f.wrap.Seal(nil, nil, plain, f.position(frame))
	b = append(b, frameMagic...)
	size := binary.BigEndian.AppendUint32(nil, uint32(len(payload)))
	b = append(b, size...)
	sum := crc32.Update(crc32.Checksum(size, castagnoli), castagnoli, payload)
	b = binary.BigEndian.AppendUint32(b, sum)
	return append(b, payload...)
}

// unwrap opens the payload of the next frame.
func (f *file) unwrap(payload []byte) ([]record, error) {
	bad := ErrKeyring.Because(fmt.Errorf("frame %d does not open", f.frames))
	plain, err := f.wrap.Open(nil, nil, payload, f.position(f.frames))
	if err != nil {
		return nil, bad
	}
	var records []record
	for len(plain) > 0 {
		if len(plain) < 9 || len(plain) < 9+int(plain[8])+keySize {
			return nil, bad
		}
		end := 9 + int(plain[8])
		r := record{owner: string(plain[9:end]), created: int64(binary.BigEndian.Uint64(plain))}
		copy(r.key[:], plain[end:])
		records = append(records, r)
		plain = plain[end+keySize:]
	}
	return records, nil
}

// append makes records durable as one frame. When it refuses, none of them counts: a torn frame is cut off here, or
// by the next openFile.
func (f *file) append(records []record) error {
	if f.readOnly {
		return fault.ErrReadOnly
	}
	if f.broken != nil {
		return fault.ErrUnavailable.Because(f.broken)
	}
	frame := f.appendFrame(nil, f.frames, records)
	if _, err := f.disk.write(f.ring, frame, f.size); err != nil {
		if cut := f.ring.Truncate(f.size); cut != nil {
			f.broken = fmt.Errorf("cut a torn frame: %w", cut)
		}
		return storage(fmt.Errorf("append to keyring: %w", err))
	}
	if err := f.disk.sync(f.ring); err != nil {
		// The kernel may have dropped the pages and reported it only this once; a second fsync would say yes.
		f.broken = fmt.Errorf("fsync keyring: %w", err)
		return storage(f.broken)
	}
	f.size += int64(len(frame))
	f.frames++
	return nil
}

// rewrite puts a file with exactly these records in the place of the keyring, and blanks the old one.
func (f *file) rewrite(records []record) error {
	if f.readOnly {
		return fault.ErrReadOnly
	}
	var size int64
	var frames uint64
	err := f.replace(ringName, func(w io.Writer) error {
		block := f.header()
		for {
			size += int64(len(block))
			if _, err := w.Write(block); err != nil {
				return err
			}
			if len(records) == 0 {
				return nil
			}
			n := min(perFrame, len(records))
			block = f.appendFrame(nil, frames, records[:n])
			records = records[n:]
			frames++
		}
	})
	if err != nil {
		return err
	}
	ring, err := os.OpenFile(f.path(ringName), os.O_RDWR, 0)
	if err != nil {
		f.broken = err // the file at hand has no name any more
		return storage(err)
	}
	if f.ring != nil {
		f.blank()
	}
	f.ring, f.size, f.frames, f.broken = ring, size, frames, nil
	return nil
}

// blank overwrites the old keyring before it is let go, so that a destroyed key does not linger in free blocks. It
// cannot promise that on every file system, and nothing depends on it; so its errors are not reported.
func (f *file) blank() {
	zeros := make([]byte, 64<<10)
	for at := int64(0); at < f.size; at += int64(len(zeros)) {
		f.ring.WriteAt(zeros[:min(int64(len(zeros)), f.size-at)], at)
	}
	f.ring.Sync()
	f.ring.Close()
}

// replace writes a file of the folder anew, durably: before it returns nil the old content holds, after it the new.
func (f *file) replace(name string, fill func(io.Writer) error) (err error) {
	path := f.path(name + ".new")
	w, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return storage(err)
	}
	defer func() {
		w.Close()
		if err != nil {
			os.Remove(path)
			err = storage(fmt.Errorf("write %s: %w", name, err))
		}
	}()
	if err := fill(&writer{disk: f.disk, file: w}); err != nil {
		return err
	}
	if err := f.disk.sync(w); err != nil {
		return err
	}
	if err := os.Rename(path, f.path(name)); err != nil {
		return err
	}
	if err := f.disk.sync(f.folder); err != nil {
		f.broken = fmt.Errorf("fsync folder of %s: %w", name, err)
		return err
	}
	return nil
}

// writer appends to a file through the disk.
type writer struct {
	disk disk
	file *os.File
	at   int64
}

func (w *writer) Write(b []byte) (int, error) {
	n, err := w.disk.write(w.file, b, w.at)
	w.at += int64(n)
	return n, err
}

// close releases the folder and with it the lock.
func (f *file) close() error {
	var err error
	if f.ring != nil {
		err = f.ring.Close()
	}
	return errors.Join(err, f.folder.Close())
}
