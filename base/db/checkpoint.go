package db

import (
	"log/slog"
	"sync/atomic"
	"time"

	"zombiezen.com/go/sqlite"
)

const (
	// checkpointPages is how much of the log waits for a checkpoint: 64 MB. A payment touches some eighteen pages in random places, and a
	// page that many transactions touched is written into the file once for all of them.
	checkpointPages = 16_000
	// checkpointRounds bounds how often the checkpointer goes after what the writer appended meanwhile.
	checkpointRounds = 4
	// tailPart is how small a part of checkpointPages is left to the writer.
	tailPart = 16
	// crowdedFrom is at how many times checkpointPages readers have to make room for it.
	crowdedFrom = 8
	// firstHold is how long readers wait for others to end, the first time; as long as that does not suffice, twice as long each time.
	firstHold = 100 * time.Millisecond
	// firstGuess is how many pages a commit is taken to append before one was counted.
	firstGuess = 64
)

// checkpointer copies the log's pages into the database file on a connection of its own, while the writer appends to the log: copying
// them and syncing the file keeps nobody waiting. It goes on until so little is left that the writer, between two groups, copies it
// in no time; the log is then wholly copied at a moment when nobody appends, which is when SQLite begins it anew
// (https://www.sqlite.org/wal.html#avoiding_excessively_large_wal_files). Were it left to the checkpointer alone, the log would grow for
// as long as there is work; were it left to the writer, everybody would wait a tenth of a second now and then.
//
// How long the log is only a checkpoint says: reading its index in shared memory takes a file descriptor, and closing that would take
// away SQLite's own locks on it (https://www.sqlite.org/howtocorrupt.html, 2.2). So it is reckoned from the commits since the last one.
//
// Readers who overlap without a pause would keep the log for ever: there is always one who needs its end. When it has become eight times as
// long as it should be, those who come wait until those who are there have left, and the log is copied in between.
//
// A checkpoint that fails changes nothing: the pages are in the log, and the next one copies them all again.
type checkpointer struct {
	path    string
	pages   int64 // checkpoint from so many pages on
	commits *atomic.Int64
	log     *slog.Logger
	wake    chan struct{}
	ended   chan struct{}
	tail    atomic.Bool // little is left: the writer's turn
	readers *liteReaders
	hold    time.Duration

	conn *liteConn
	at   int64 // commits at the last checkpoint
	pos  int64 // the log's pages then
	each int64 // pages that a commit appends
}

func startCheckpointer(path string, pages int64, commits *atomic.Int64, readers *liteReaders, log *slog.Logger) *checkpointer {
	if pages == 0 {
		pages = checkpointPages
	}
	c := &checkpointer{
		path: path, pages: pages, commits: commits, log: log, each: firstGuess, wake: make(chan struct{}, 1), ended: make(chan struct{}),
		readers: readers, hold: firstHold,
	}
	go c.loop()
	return c
}

// committed says that the log has grown.
func (c *checkpointer) committed() {
	select {
	case c.wake <- struct{}{}:
	default: // it knows
	}
}

func (c *checkpointer) stop() {
	close(c.wake)
	<-c.ended
}

func (c *checkpointer) loop() {
	defer close(c.ended)
	for range c.wake {
		if c.tail.Load() || (c.commits.Load()-c.at)*c.each < c.pages {
			continue
		}
		if err := c.copy(); err != nil {
			c.log.Warn("a checkpoint of the log failed; the log keeps what it has", "error", liteError(err))
		}
	}
	if c.conn != nil {
		if err := c.conn.close(); err != nil {
			c.log.Error("close the connection for checkpoints", "error", err)
		}
	}
}

// copy goes after the writer until little is left. A reader with an old snapshot may hold it up: then it is tried again when as many
// pages were appended once more.
func (c *checkpointer) copy() (err error) {
	if c.conn == nil {
		if c.conn, err = openLiteConn(c.path, sqlite.OpenReadWrite, checkpointPragmas); err != nil {
			return err
		}
	}
	for range checkpointRounds {
		commits := c.commits.Load()
		size, copied, err := c.conn.checkpoint()
		c.reckon(commits, size)
		if err != nil {
			return err
		}
		if size > crowdedFrom*c.pages {
			return c.alone()
		}
		if size-copied+(c.commits.Load()-commits)*c.each <= c.pages/tailPart {
			c.tail.Store(true)
			return nil
		}
	}
	return nil
}

// alone copies the whole log while nobody reads, and has the writer copy what it appended meanwhile.
func (c *checkpointer) alone() error {
	var err error
	emptied := c.readers.pause(c.hold, func(limit <-chan time.Time, tick <-chan time.Time) {
		commits := c.commits.Load()
		var size int64
		if size, _, err = c.conn.checkpoint(); err != nil {
			return
		}
		c.reckon(commits, size)
		for c.tail.Store(true); c.tail.Load(); {
			select {
			case <-limit: // nobody writes, so that all of it was copied
				return
			case <-tick:
			}
		}
	})
	if emptied {
		c.hold = firstHold
	} else {
		c.hold = min(2*c.hold, readLimit/2)
	}
	return err
}

// reckon notes how long the log was after so many commits. A log that became shorter was begun anew.
func (c *checkpointer) reckon(commits, size int64) {
	if n := commits - c.at; n > 0 && size > 0 {
		grown := size - c.pos
		if grown <= 0 {
			grown = size
		}
		c.each = max(1, grown/n)
	}
	c.at, c.pos = commits, max(size, 0)
}

// finish copies the little that is left, on the writer's connection between two groups, if it is its turn.
func (c *checkpointer) finish(conn *liteConn) {
	if !c.tail.Load() {
		return
	}
	if _, _, err := conn.checkpoint(); err != nil {
		c.log.Warn("the end of a checkpoint failed; the log keeps what it has", "error", liteError(err))
	}
	c.tail.Store(false)
}

// checkpoint copies what no reader holds back, and answers how many pages the log has and how many of them the file has too; 0 and 0
// where another connection is at it.
func (c *liteConn) checkpoint() (size, copied int64, err error) {
	st, err := c.prepare(litePassive)
	if err != nil {
		return 0, 0, err
	}
	if more, err := st.Step(); err != nil || !more {
		st.Reset()
		return 0, 0, err
	}
	if busy := st.ColumnInt64(0) != 0; !busy {
		size, copied = st.ColumnInt64(1), st.ColumnInt64(2)
	}
	return size, copied, st.Reset()
}
