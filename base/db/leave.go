package db

import (
	"errors"
	"time"
)

// commitPatience is how long callers wait for a COMMIT that does not return, because the disk stands still. What a server answers must
// reach its client before connections are cut off, and a word is better than none.
const commitPatience = 10 * time.Second

var errSlowCommit = errors.New("db: the disk has not said in time that the commit is kept")

// whileCommitting tells the members of a group that their outcome is unknown if the commit takes longer than callers wait: their bodies are
// over by then, and none of them runs again. The returned function ends that, and has to be called before anybody's outcome is written.
func (l *lite) whileCommitting(group []*member) (end func()) {
	told := make(chan struct{})
	timer := time.AfterFunc(l.patience, func() {
		defer close(told)
		for _, m := range group {
			if m.state.CompareAndSwap(running, left) {
				m.told = errUnknown(errSlowCommit)
				close(m.done)
			}
		}
	})
	return func() {
		if !timer.Stop() {
			<-told
		}
	}
}

// finish tells a member's caller its outcome. For one who was told already that it is unknown, what follows a commit is done all the same.
func (m *member) finish() {
	if m.state.Swap(finished) != left {
		close(m.done)
		return
	}
	if after := m.after; m.err == nil {
		go func() {
			for _, f := range after {
				f()
			}
		}()
	}
}
