package disk

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
)

// Record is one line of a disk's log.
type Record struct {
	Kind  Kind
	Inode int    // of what concerns a file's content
	Name  string // of Create and Delete; what a Note says
	Off   int64  // of a Write; the new size of a Truncate
	Data  []byte
}

// Log is what happened on a disk, in order.
type Log []Record

// sectorSize is what a disk writes whole or, by our worst choices, not even that.
const sectorSize = 512

// Lost counts what a crash took, so that a test can show that its crashes were some.
type Lost struct {
	Writes  int // that did not reach the disk whole
	Torn    int // of these, those of which some reached it
	Bytes   int // that were written and are not there
	Names   int // creations and deletions undone
	Limbo   int // of Writes, those whose sync had failed
	Pending int // writes that had not been synced, lost or not
}

// Add sums up.
func (l *Lost) Add(m Lost) {
	l.Writes += m.Writes
	l.Torn += m.Torn
	l.Bytes += m.Bytes
	l.Names += m.Names
	l.Limbo += m.Limbo
	l.Pending += m.Pending
}

// Image is what a folder holds after a crash.
type Image map[string][]byte

// Put writes the image into a folder, which then holds nothing else.
func (i Image) Put(dir string) error {
	old, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return err
	}
	for _, name := range old {
		if err := os.RemoveAll(name); err != nil {
			return err
		}
	}
	for name, content := range i {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// pending is a write or truncation whose fate is open. One that was synced stands among them where one before it is in limbo.
type pending struct {
	*Record
	limbo, synced bool
}

type inode struct {
	durable []byte
	open    []pending
}

// Player plays a log back.
type Player struct {
	log     Log
	next    int
	inodes  map[int]*inode
	names   map[string]int // that are durable
	entries []*Record      // creations and deletions that are not
}

// Play starts at the beginning of a log.
func Play(log Log) *Player {
	return &Player{log: log, inodes: map[int]*inode{}, names: map[string]int{}}
}

// To goes forward until n records have happened.
func (p *Player) To(n int) {
	if n < p.next {
		panic(fmt.Sprintf("disk: a player at %d cannot go to %d", p.next, n))
	}
	for ; p.next < n; p.next++ {
		p.step(&p.log[p.next])
	}
}

func (p *Player) step(r *Record) {
	switch r.Kind {
	case Write, Truncate:
		i := p.inode(r.Inode)
		i.open = append(i.open, pending{Record: r})
	case Sync:
		p.inode(r.Inode).sync()
	case SyncFailed:
		i := p.inode(r.Inode)
		for n := range i.open {
			i.open[n].limbo = i.open[n].limbo || !i.open[n].synced
		}
	case Create, Delete:
		p.entries = append(p.entries, r)
	case SyncFolder:
		for _, e := range p.entries {
			enter(p.names, e)
		}
		p.entries = p.entries[:0]
	}
}

func (p *Player) inode(n int) *inode {
	if p.inodes[n] == nil {
		p.inodes[n] = &inode{}
	}
	return p.inodes[n]
}

// sync makes durable what is open, except what a failed sync has left in limbo.
func (i *inode) sync() {
	if slices.ContainsFunc(i.open, func(o pending) bool { return o.limbo }) {
		for n := range i.open {
			i.open[n].synced = !i.open[n].limbo
		}
		return
	}
	for _, o := range i.open {
		i.durable = apply(i.durable, o.Record)
	}
	i.open = i.open[:0]
}

func enter(names map[string]int, r *Record) {
	if r.Kind == Create {
		names[r.Name] = r.Inode
	} else {
		delete(names, r.Name)
	}
}

// grow makes b so long, in zeros.
func grow(b []byte, size int64) []byte {
	if n := size - int64(len(b)); n > 0 {
		return append(b, make([]byte, n)...)
	}
	return b
}

func apply(b []byte, r *Record) []byte {
	if r.Kind == Truncate {
		return grow(b, r.Off)[:r.Off]
	}
	b = grow(b, r.Off+int64(len(r.Data)))
	copy(b[r.Off:], r.Data)
	return b
}

// Unsynced counts the writes to a file of this name that a crash here may take.
func (p *Player) Unsynced(name string) int {
	n, there := p.present()[name]
	if !there || p.inodes[n] == nil {
		return 0
	}
	return len(p.inodes[n].open)
}

// present is what the folder shows now.
func (p *Player) present() map[string]int {
	names := maps.Clone(p.names)
	for _, e := range p.entries {
		enter(names, e)
	}
	return names
}

// Live is what the files hold for whoever reads them now: everything that was written.
func (p *Player) Live() Image {
	out := Image{}
	for name, n := range p.present() {
		b := slices.Clone(p.inode(n).durable)
		for _, o := range p.inode(n).open {
			b = apply(b, o.Record)
		}
		out[name] = b
	}
	return out
}

// Crash is one of the images that a power cut may leave here, by the seed.
func (p *Player) Crash(seed uint64) (Image, Lost) {
	c := chance{rng: rand.New(rand.NewPCG(seed, uint64(p.next)))}
	names := maps.Clone(p.names)
	if len(p.entries) > 0 {
		kept := c.rng.IntN(len(p.entries) + 1) // a folder's changes reach the disk in their order
		c.lost.Names = len(p.entries) - kept
		for _, e := range p.entries[:kept] {
			enter(names, e)
		}
	}
	out := Image{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		out[name] = c.content(p.inode(names[name]))
	}
	return out, c.lost
}

// chance makes the choices of one crash.
type chance struct {
	rng  *rand.Rand
	lost Lost
}

// The ways in which what was not synced may have reached a disk.
const (
	nothing = iota
	everything
	wholeWrites
	sectors
	tornRun   // the first writes, the last of them torn anywhere
	lastFirst // the last writes without the first
	sizesOnly // files have grown, and the new part is zeros
	junk      // a sector under the head holds neither
	ways
)

func (c *chance) content(i *inode) []byte {
	b := slices.Clone(i.durable)
	way := c.rng.IntN(ways)
	cut := 0
	if len(i.open) > 0 {
		cut = c.rng.IntN(len(i.open))
	}
	for n, o := range i.open {
		if o.synced {
			b = apply(b, o.Record)
			continue
		}
		c.lost.Pending++
		kept := 0
		if o.Kind == Truncate {
			if way == everything || way != nothing && c.rng.IntN(2) == 0 {
				b = apply(b, o.Record)
			}
			continue
		}
		switch {
		case way == everything, way == wholeWrites && c.rng.IntN(2) == 0, way == tornRun && n < cut, way == lastFirst && n >= cut:
			b = apply(b, o.Record)
			kept = len(o.Data)
		case way == tornRun && n == cut:
			kept = c.rng.IntN(len(o.Data) + 1)
			b = apply(b, &Record{Kind: Write, Off: o.Off, Data: o.Data[:kept]})
		case way == sectors, way == junk:
			b, kept = c.some(b, o.Record, way == junk)
		case way == sizesOnly:
			b = grow(b, o.Off+int64(len(o.Data)))
		}
		if kept < len(o.Data) {
			c.lost.Writes++
			c.lost.Bytes += len(o.Data) - kept
			if kept > 0 {
				c.lost.Torn++
			}
			if o.limbo {
				c.lost.Limbo++
			}
		}
	}
	return b
}

// some writes about half of a write's sectors.
func (c *chance) some(b []byte, r *Record, spoilt bool) (_ []byte, kept int) {
	end := r.Off + int64(len(r.Data))
	for from := r.Off; from < end; {
		to := min((from/sectorSize+1)*sectorSize, end)
		part := r.Data[from-r.Off : to-r.Off]
		switch n := c.rng.IntN(8); {
		case n < 4:
			b = apply(b, &Record{Kind: Write, Off: from, Data: part})
			kept += len(part)
		case n == 4 && spoilt:
			noise := make([]byte, len(part))
			for i := range noise {
				noise[i] = byte(c.rng.Uint32())
			}
			b = apply(b, &Record{Kind: Write, Off: from, Data: noise})
		}
		from = to
	}
	return b, kept
}
