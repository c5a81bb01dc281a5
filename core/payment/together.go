package payment

import (
	"context"
	"time"

	"billfold/base/db"
	"billfold/base/event"
	"billfold/base/gather"
	"billfold/base/once"
)

// What a wallet does most, payments approved as they are made and captures of holds, is done in one transaction for those who come at the
// same time, with one statement for the rows of one kind: a statement costs PostgreSQL some 30 µs before it does anything, and a payment by
// itself is a dozen. Each is decided on its own, in the order in which they came, as the ledger decides a batch.

const (
	// togetherLanes is how many groups of one verb are under way: one runs while another waits for its flush.
	togetherLanes = 2
	// togetherMost bounds a group, and how long the first of it waits for the last.
	togetherMost = 32
	// togetherLeast is with how many another group begins while one is under way. A transaction of one costs hardly less than one of many,
	// and groups that meet over an account wait for each other's commit.
	togetherLeast = togetherMost / 2
	// togetherPatience is how long a group waits for a row that somebody else has locked, before each goes alone and only those wait whom
	// it concerns.
	togetherPatience = 2 * time.Second
	// togetherRoom bounds those who wait; the gate lets in fewer.
	togetherRoom = 4096
)

func newLine[W gather.Wish]() gather.Line[W] {
	return gather.Line[W]{Lanes: togetherLanes, Most: togetherMost, Least: togetherLeast, Room: togetherRoom}
}

// shared is one call among those of a group, and what became of it.
type shared struct {
	gather.Turn
	caller Caller
	call   once.Call
	id     ID // of the payment

	row   record
	happy string // what there is to announce of it,
	moved int64  // with how much
	err   error
	alone bool // this one needs a transaction of its own
}

func (m *shared) member() *shared { return m }

// member is what embeds a shared call.
type member interface {
	gather.Wish
	member() *shared
}

func (s *Service) shared(c Caller, call once.Call, operation string, id ID) shared {
	call.Caller, call.Operation = c.name(), operation
	return shared{caller: c, call: call, id: id}
}

// withOthers has a call done in a transaction that it shares. done is false where it has to be done alone: nothing was written then.
func withOthers[W member](ctx context.Context, s *Service, line *gather.Line[W], wish W, body func(*db.Tx, []W) error) (
	p Payment, done bool, err error,
) {
	limited, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	m := wish.member()
	err = line.Wait(limited, wish, 1, func(group []W) {
		together(s, group, body)
		for _, w := range group {
			w.member().Done()
		}
	})
	if err == nil {
		if m.alone {
			return Payment{}, false, nil
		}
		err = m.err
	}
	if err != nil {
		p, err = s.again(ctx, m.caller, m.call, m.call.Operation, undecided(err, m.id))
		return p, true, err
	}
	p, err = s.show(limited, m.caller, m.row.answer())
	return p, true, err
}

// together runs a group. Where that fails for another reason than the storage, everybody gets a transaction of their own, so that nobody
// fails for a neighbour. body sets row, happy and moved, or err or alone, of each, and queues what is new in the books; the rest is done
// here.
func together[W member](s *Service, group []W, body func(*db.Tx, []W) error) {
	err := s.DB.Write(context.Background(), func(tx *db.Tx) error {
		if len(group) > 1 {
			tx.GiveUpAfter(togetherPatience)
		}
		first, err := firstCalls(tx, group)
		if err != nil || len(first) == 0 {
			return err
		}
		if err := body(tx, first); err != nil {
			return err
		}
		var events []event.Event
		var answers []once.Answer
		for _, w := range first {
			if m := w.member(); m.err == nil && !m.alone {
				events = append(events, m.row.news(m.happy, m.moved))
				answers = append(answers, once.Answer{Call: m.call, Object: string(m.id), Version: m.row.version})
			}
		}
		s.Outbox.Append(tx, events...)
		once.Record(tx, answers...)
		return nil
	})
	for _, w := range group {
		if m := w.member(); db.Apart(err) {
			m.alone = true
		} else if err != nil {
			m.err, m.alone = err, false
		}
	}
}

// firstCalls returns those of a group whose key is new. The others are done alone, which breaks the key's unique rule and finds the first
// answer. A twin that another process commits in between sends the whole group that way.
func firstCalls[W member](tx *db.Tx, group []W) ([]W, error) {
	for _, w := range group {
		m := w.member()
		m.alone, m.err = false, nil // a body may run twice
	}
	if len(group) == 1 {
		return group, nil // by far the most calls are new
	}
	calls, seen := make([]once.Call, len(group)), make(map[once.Call]bool, len(group))
	for i, w := range group {
		m := w.member()
		calls[i] = m.call
		twin := m.call
		twin.Hash = [32]byte{} // another body under the same key is refused, but not here
		m.alone, seen[twin] = seen[twin], true
	}
	found, err := once.FindAll(tx, calls)
	if err != nil {
		return nil, err
	}
	first := make([]W, 0, len(group))
	for i, w := range group {
		if m := w.member(); m.alone || found[i] != (once.Earlier{}) {
			m.alone = true
			continue
		}
		first = append(first, w)
	}
	return first, nil
}
