package store

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"billfold/product/purse/proto"
	"billfold/product/purse/step"
)

// Disk is a folder of files. What Sync and SyncFolder have not confirmed may be lost, torn or there after a crash.
type Disk interface {
	// Read returns a whole file, or an error that Missing knows.
	Read(name string) ([]byte, error)
	// Missing tells whether an error of Read means that there is no such file.
	Missing(err error) bool
	// Write writes at an offset, and makes the file where there is none.
	Write(name string, at int64, b []byte) error
	// Sync makes the content of files durable, in any order or at once.
	Sync(names ...string) error
	// SyncFolder makes the names of files durable.
	SyncFolder() error
	// Remove removes a file.
	Remove(name string) error
}

// File is a store in a folder.
type File struct {
	disk    Disk
	version uint64 // of the slot in use
	slot    int    // in use
	head    head
	room    int64 // bytes that the log's file has, used or not
}

// head is what a slot says about the log.
type head struct {
	generation uint64
	before     uint64 // number of the record before the log's first
	length     int64  // bytes that belong to it
}

const (
	slotMagic = "BFS1"
	slotHead  = 4 + 8 + 8 + 8 + 8 + 4 // magic, version, generation, before, length, length of the state
	// compactAt is how many bytes of archived records a log may carry before a new one is begun: rewriting it costs two more syncs.
	compactAt = 64 << 10
	// grow is by how much a log's file grows at a time, and page what a slot is filled up to: a file that keeps its size is made durable
	// without touching the file system's journal, which others are waiting for too.
	grow = 32 << 10
	page = 4 << 10
)

func slotName(i int) string       { return fmt.Sprintf("slot.%d", i) }
func logName(gen uint64) string   { return fmt.Sprintf("log.%d", gen) }
func (f *File) logName() string   { return logName(f.head.generation) }
func (f *File) freshSlot() string { return slotName(1 - f.slot) }

// Create keeps a new module in an empty folder. The module is there when Create returned.
func Create(d Disk, s step.State) (*File, error) {
	f := &File{disk: d, slot: 1, head: head{before: s.Records}}
	// All names are made and made durable first, so that no later commit depends on the folder.
	for _, name := range []string{f.logName(), slotName(0), slotName(1)} {
		if err := d.Write(name, 0, nil); err != nil {
			return nil, err
		}
		if err := d.Sync(name); err != nil {
			return nil, err
		}
	}
	if err := d.SyncFolder(); err != nil {
		return nil, err
	}
	return f, f.writeSlot(s, f.head)
}

// OpenFile finds the module in a folder: the newest slot whose checksum holds and whose log fits. What it finds it writes once more, in
// place: after a sync that failed, a file's content can be in memory only, and no later sync would say so.
func OpenFile(d Disk) (*File, error) {
	f := &File{disk: d}
	state, err := f.find()
	if err != nil {
		return nil, err
	}
	raw, err := d.Read(f.logName())
	if err != nil {
		return nil, err
	}
	for _, file := range []struct {
		name string
		body []byte
	}{{f.logName(), raw}, {slotName(f.slot), encodeSlot(f.version, f.head, state)}} {
		if err := d.Write(file.name, 0, file.body); err != nil {
			return nil, err
		}
		if err := d.Sync(file.name); err != nil {
			return nil, err
		}
	}
	f.room = int64(len(raw))
	return f, d.SyncFolder()
}

// find looks at both slots.
func (f *File) find() (state step.State, err error) {
	found, empty := false, 0
	for i := range 2 {
		raw, err := f.disk.Read(slotName(i))
		if f.disk.Missing(err) || err == nil && len(raw) == 0 {
			empty++
			continue
		}
		if err != nil {
			return state, err
		}
		version, h, s, ok := parseSlot(raw)
		if !ok || found && version < f.version {
			continue
		}
		if fits, err := f.fits(h, s); err != nil {
			return state, err
		} else if !fits {
			continue
		}
		found, state = true, s
		f.version, f.slot, f.head = version, i, h
	}
	switch {
	case found:
		return state, nil
	case empty == 2:
		return state, ErrNothing
	}
	return state, ErrDamaged
}

// Load reads the state again from the slot in use. After a commit that failed the other slot may look newer; it is not trusted, because it
// may not be durable, and is written again by the next commit.
func (f *File) Load() (step.State, error) {
	raw, err := f.disk.Read(slotName(f.slot))
	if err != nil {
		return step.State{}, err
	}
	version, h, s, ok := parseSlot(raw)
	if !ok || version != f.version || h != f.head {
		return step.State{}, ErrDamaged
	}
	return s, nil
}

// fits tells whether the log that a slot names is there, and ends with the record that the state ends with.
func (f *File) fits(h head, s step.State) (bool, error) {
	raw, err := f.disk.Read(logName(h.generation))
	if f.disk.Missing(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if int64(len(raw)) < h.length {
		return false, nil
	}
	list, ok := parseLog(raw[:h.length])
	if !ok || h.before+uint64(len(list)) != s.Records {
		return false, nil
	}
	return len(list) == 0 || list[len(list)-1].ID() == s.Tail, nil
}

// Commit makes state and records durable: the log and the slot that is not in use, at once. Whichever of the two is there
// after a crash alone is not believed: a slot without its log does not fit, a log without its slot has bytes that nobody
// counts.
func (f *File) Commit(next step.State, records step.Records) error {
	h := f.head
	if archived := next.Archived; archived > h.before && h.length > compactAt {
		return f.compact(next, records)
	}
	var added []byte
	for _, r := range records {
		added = appendRecord(added, r)
	}
	end := h.length + int64(len(added))
	if end > f.room {
		added = append(added, make([]byte, grow)...)
	}
	if err := f.disk.Write(f.logName(), h.length, added); err != nil {
		return err
	}
	f.room = max(f.room, h.length+int64(len(added)))
	h.length = end
	return f.writeSlot(next, h, f.logName())
}

// compact begins a log of the next generation with the records that the issuer does not have, and forgets the old one when the
// slot is safe.
func (f *File) compact(next step.State, records step.Records) error {
	kept, err := f.Records(next.Archived)
	if err != nil {
		return err
	}
	old, h := f.head.generation, head{generation: f.head.generation + 1, before: next.Archived}
	var all []byte
	for _, r := range append(kept, records...) {
		all = appendRecord(all, r)
	}
	h.length = int64(len(all))
	name := logName(h.generation)
	if err := f.disk.Write(name, 0, all); err != nil {
		return err
	}
	if err := f.disk.Sync(name); err != nil {
		return err
	}
	if err := f.disk.SyncFolder(); err != nil {
		return err
	}
	if err := f.writeSlot(next, h); err != nil {
		return err
	}
	f.room = h.length
	// The slot that was in use still names the old log; once it is overwritten nobody does. If removing fails a file is left over, no more.
	if old > 0 {
		_ = f.disk.Remove(logName(old - 1))
	}
	return nil
}

// writeSlot writes the slot that is not in use and makes it durable, with the log if that was written too; from then on it is
// the one in use.
func (f *File) writeSlot(s step.State, h head, log ...string) error {
	name := f.freshSlot()
	if err := f.disk.Write(name, 0, encodeSlot(f.version+1, h, s)); err != nil {
		return err
	}
	if err := f.disk.Sync(append(log, name)...); err != nil {
		return err
	}
	f.version, f.slot, f.head = f.version+1, 1-f.slot, h
	return nil
}

// Records returns the records after a number.
func (f *File) Records(after uint64) ([]proto.Signed, error) {
	if after < f.head.before {
		return nil, ErrArchived
	}
	raw, err := f.disk.Read(f.logName())
	if err != nil {
		return nil, err
	}
	if int64(len(raw)) < f.head.length {
		return nil, ErrDamaged
	}
	list, ok := parseLog(raw[:f.head.length])
	if !ok {
		return nil, ErrDamaged
	}
	return list[min(after-f.head.before, uint64(len(list))):], nil
}

func encodeSlot(version uint64, h head, s step.State) []byte {
	state := s.Encode()
	b := []byte(slotMagic)
	b = binary.BigEndian.AppendUint64(b, version)
	b = binary.BigEndian.AppendUint64(b, h.generation)
	b = binary.BigEndian.AppendUint64(b, h.before)
	b = binary.BigEndian.AppendUint64(b, uint64(h.length))
	b = binary.BigEndian.AppendUint32(b, uint32(len(state)))
	b = append(b, state...)
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	return append(b, make([]byte, (page-len(b)%page)%page)...)
}

// parseSlot reads a slot. What an older, longer state left behind its end does not matter.
func parseSlot(b []byte) (version uint64, h head, s step.State, ok bool) {
	if len(b) < slotHead+4 || string(b[:4]) != slotMagic {
		return 0, h, s, false
	}
	size := int(binary.BigEndian.Uint32(b[36:40]))
	if size > len(b)-slotHead-4 {
		return 0, h, s, false
	}
	end := slotHead + size
	if crc32.ChecksumIEEE(b[:end]) != binary.BigEndian.Uint32(b[end:]) {
		return 0, h, s, false
	}
	h = head{binary.BigEndian.Uint64(b[12:]), binary.BigEndian.Uint64(b[20:]), int64(binary.BigEndian.Uint64(b[28:]))}
	s, ok = step.Decode(b[slotHead:end])
	return binary.BigEndian.Uint64(b[4:]), h, s, ok && h.length >= 0
}

func appendRecord(b []byte, r proto.Signed) []byte {
	raw := r.Encode()
	return append(binary.BigEndian.AppendUint32(b, uint32(len(raw))), raw...)
}

// parseLog cuts a log into its records.
func parseLog(b []byte) (list []proto.Signed, ok bool) {
	for len(b) > 0 {
		if len(b) < 4 {
			return nil, false
		}
		n := int(binary.BigEndian.Uint32(b))
		if n > len(b)-4 {
			return nil, false
		}
		r, ok := proto.ParseSigned(b[4 : 4+n])
		if !ok {
			return nil, false
		}
		list, b = append(list, r), b[4+n:]
	}
	return list, true
}
