package purse

import (
	"context"
	"runtime"
	"strconv"
	"sync"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/product/purse/proto"
)

// Bundle is what a module brings: a signed statement and the records that the issuer may not have. It is the same over a connection and as
// a file.
type Bundle struct {
	Statement []byte
	Records   [][]byte
}

const (
	maxRecords = 100_000 // in one bundle
	slice      = 500     // records archived in one transaction
)

// Encode writes the bundle as a file.
func (b Bundle) Encode() []byte {
	var w proto.Writer
	w.Array(2)
	w.Blob(b.Statement)
	w.Array(len(b.Records))
	for _, r := range b.Records {
		w.Blob(r)
	}
	return w.Bytes()
}

// ParseBundle reads a file.
func ParseBundle(raw []byte) (b Bundle, ok bool) {
	r := proto.NewReader(raw)
	r.Exactly(2)
	b.Statement = r.Blob(proto.MaxMessage)
	for n := r.Array(maxRecords); n > 0 && r.OK(); n-- {
		b.Records = append(b.Records, r.Blob(proto.MaxMessage))
	}
	return b, r.Done()
}

// Module is whose bundle it is, by its statement; whether that is signed by it, Sync finds out.
func (b Bundle) Module() (module proto.ID, ok bool) {
	var said proto.Statement
	_, ok = proto.Open(b.Statement, &said)
	return said.Module, ok
}

// Of tells whether a bundle is a module's.
func (b Bundle) Of(module proto.ID) bool {
	of, ok := b.Module()
	return ok && of == module
}

// Answer is what a module takes home from a sync.
type Answer struct {
	Params   []byte // data of INSParams
	Clear    []byte // data of INSClear; empty when there is nothing to clear, or not yet. To be given after Params
	Archived uint64
}

// read is a bundle taken apart.
type read struct {
	statement proto.Statement
	records   []proto.Record
	raw       [][]byte
	ids       []proto.Hash
}

// Sync archives a module's records, moves what they prove, and answers with its next parameters. It is the sync of a purse and the
// collection of a till. Faults: purse_message, purse_not_found, purse_records_missing, purse_forked; what is
// archived before a refusal stays archived.
func (s *Issuer) Sync(ctx context.Context, bundle Bundle) (Answer, error) {
	r, m, err := s.readBundle(ctx, bundle)
	if err != nil {
		return Answer{}, err
	}
	for from := 0; from < len(r.records); from += slice {
		to := min(from+slice, len(r.records))
		forked, err := db.Write(ctx, s.o.DB, func(tx *db.Tx) (bool, error) { return s.archive(tx, m.ID, r, from, to) })
		if err != nil {
			return Answer{}, err
		}
		if forked {
			return Answer{}, ErrForked
		}
	}
	type ending struct {
		answer Answer
		fault  error
	}
	end, err := db.Write(ctx, s.o.DB, func(tx *db.Tx) (ending, error) {
		answer, fault, err := s.conclude(tx, m.ID, r)
		return ending{answer, fault}, err
	})
	if err == nil {
		err = end.fault
	}
	return end.answer, err
}

// readBundle takes a bundle apart and checks every signature in it, on all processors.
func (s *Issuer) readBundle(ctx context.Context, b Bundle) (*read, Module, error) {
	r := &read{raw: b.Records, records: make([]proto.Record, len(b.Records)), ids: make([]proto.Hash, len(b.Records))}
	statement, ok := proto.Open(b.Statement, &r.statement)
	if !ok || len(b.Records) > maxRecords {
		return nil, Module{}, ErrMessage
	}
	m, err := s.Get(ctx, r.statement.Module)
	if err != nil {
		return nil, m, err
	}
	if !statement.Verify(s.o.Network, m.Key, nil) {
		return nil, m, ErrMessage
	}
	var peers []proto.ID
	for i, raw := range b.Records {
		signed, ok := proto.Open(raw, &r.records[i])
		one := &r.records[i]
		if !ok || one.Module != m.ID || i > 0 && (one.Number != r.records[i-1].Number+1 || one.Before != r.ids[i-1]) || !sides(one) {
			return nil, m, ErrMessage
		}
		r.ids[i] = signed.ID()
		if one.Transfer != nil {
			peers = append(peers, one.Transfer.From, one.Transfer.To)
		}
	}
	if n := len(b.Records); n > 0 && (r.records[n-1].Number != r.statement.Records || r.ids[n-1] != r.statement.Tail) {
		return nil, m, ErrMessage
	}
	keys, err := s.keysOf(ctx, peers)
	if err != nil {
		return nil, m, err
	}
	if !s.verifyAll(r, m, keys) {
		return nil, m, ErrMessage
	}
	return r, m, nil
}

// sides tells whether a record's module is the side of the transfer that it says.
func sides(r *proto.Record) bool {
	if r.Transfer == nil {
		return true
	}
	return r.Side == proto.Payer && r.Transfer.From == r.Module || r.Side == proto.Payee && r.Transfer.To == r.Module
}

// keysOf returns the public keys of modules and desks.
func (s *Issuer) keysOf(ctx context.Context, ids []proto.ID) (map[proto.ID]proto.Key, error) {
	keys := map[proto.ID]proto.Key{}
	for _, i := range ids {
		keys[i] = s.desk.Public() // a desk's, unless a module of this id is found
	}
	var list []any
	for i := range keys {
		list = append(list, i.String())
	}
	for len(list) > 0 {
		n := min(len(list), 200)
		part := list[:n]
		list = list[n:]
		err := s.o.DB.Read(ctx, func(tx *db.Tx) error {
			_, err := db.All(tx, func(r db.Row) (struct{}, error) {
				var text string
				var role, until int64
				var public []byte
				err := r.Scan(&text, &role, &public, &until)
				i, ok := proto.ParseID(text)
				if err == nil && (!ok || len(public) != len(proto.Key{})) {
					err = errRow
				}
				if err == nil {
					keys[i] = proto.Key(public)
				}
				return struct{}{}, err
			}, selectPublicKeys+db.In(1, n), part...)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return keys, nil
}

func (s *Issuer) verifyAll(r *read, m Module, keys map[proto.ID]proto.Key) bool {
	workers := runtime.GOMAXPROCS(0)
	good := make([]bool, workers)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			good[w] = true
			for i := w; i < len(r.records); i += workers {
				if !s.verifyOne(&r.records[i], r.raw[i], m.Key, keys) {
					good[w] = false
					return
				}
			}
		})
	}
	group.Wait()
	for _, ok := range good {
		if !ok {
			return false
		}
	}
	return true
}

// verifyOne checks a record's signature and that of the message that made it: VAL by its payer, ACK by its payee, order by us.
func (s *Issuer) verifyOne(record *proto.Record, raw []byte, key proto.Key, keys map[proto.ID]proto.Key) bool {
	signed, ok := proto.ParseSigned(raw)
	if !ok || !signed.Verify(s.o.Network, key, nil) {
		return false
	}
	if record.Event != proto.Taken && record.Event != proto.Closed && record.Event != proto.Converted {
		return true
	}
	var message proto.Signed
	var transfer proto.Transfer
	var signer proto.Key
	switch record.Event {
	case proto.Taken:
		var v proto.Value
		message, ok = proto.Open(record.Evidence, &v)
		transfer, signer = v.Transfer, keys[v.From]
	case proto.Closed:
		var a proto.Ack
		message, ok = proto.Open(record.Evidence, &a)
		transfer, signer = a.Transfer, keys[a.To]
	case proto.Converted:
		message, ok = proto.Open(record.Evidence, &proto.Order{})
		return ok && message.Verify(s.o.Network, s.root.Public(), nil)
	}
	return ok && record.Transfer != nil && transfer.Same(*record.Transfer) && message.Verify(s.o.Network, signer, nil)
}

// archive takes over some records of a bundle: each continues the archived chain, repeats it, or proves a fork.
func (s *Issuer) archive(tx *db.Tx, module proto.ID, r *read, from, to int) (forked bool, err error) {
	sides := []proto.ID{module}
	for i := from; i < to; i++ {
		if t := r.records[i].Transfer; t != nil {
			sides = append(sides, t.From, t.To)
		}
	}
	if err := s.lockModules(tx, sides...); err != nil {
		return false, err
	}
	m, err := s.module(tx, module, true)
	if err != nil {
		return false, err
	}
	b := s.books(tx)
	for i := from; i < to; i++ {
		record, hash := &r.records[i], r.ids[i]
		if record.Number > m.Records+1 {
			return false, ErrGap.Fill(strconv.FormatUint(m.Records+1, 10))
		}
		if record.Number <= m.Records {
			had, found, err := one(tx, scanBytes, selectRecord, module.String(), int64(record.Number))
			if err != nil {
				return false, err
			}
			if found && string(had) != string(hash[:]) {
				return true, s.forkedChain(b, &m, CaseFork, record.Transfer, r.raw[i], hash)
			}
			continue
		}
		if record.Before != m.tail {
			return true, s.forkedChain(b, &m, CaseFork, record.Transfer, r.raw[i], hash)
		}
		tx.Queue(insertRecord, module.String(), int64(record.Number), hash[:], r.raw[i], int64(record.Event))
		m.Records, m.tail = record.Number, hash
		if err := b.apply(record, r.raw[i]); err != nil {
			return false, err
		}
	}
	if err := b.post(); err != nil {
		return false, err
	}
	_, err = tx.Exec(updateArchived, module.String(), int64(m.Records), m.tail[:], clock.Micros(s.o.Clock.Now()))
	return false, err
}

// forkedChain notes that a module signed two histories.
func (s *Issuer) forkedChain(b *books, m *Module, kind CaseKind, t *proto.Transfer, raw []byte, hash proto.Hash) error {
	var p proto.Transfer
	if t != nil {
		p = *t
	}
	if _, err := b.caseRow(kind, m.ID, hash, p, 0, raw); err != nil {
		return err
	}
	if err := b.block(m.ID); err != nil {
		return err
	}
	if err := b.post(); err != nil {
		return err
	}
	_, err := b.tx.Exec(updateArchived, m.ID.String(), int64(m.Records), m.tail[:], clock.Micros(s.o.Clock.Now()))
	return err
}

// conclude compares the module's statement with the archive, and writes its next parameters.
func (s *Issuer) conclude(tx *db.Tx, module proto.ID, r *read) (a Answer, fault, err error) {
	missed, err := missedOf(tx, module)
	if err != nil {
		return a, nil, err
	}
	sides := append(sidesOf(missed), module)
	if err := s.lockModules(tx, sides...); err != nil {
		return a, nil, err
	}
	m, err := s.module(tx, module, true)
	if err != nil {
		return a, nil, err
	}
	b := s.books(tx)
	said := &r.statement
	statement := proto.Encode(*said)
	switch {
	case said.Records > m.Records:
		return a, ErrGap.Fill(strconv.FormatUint(m.Records+1, 10)), nil
	case said.Records == m.Records && said.Tail != m.tail:
		return a, ErrForked, s.forkedChain(b, &m, CaseFork, nil, statement, said.Tail)
	case said.Records < m.Records:
		had, found, err := one(tx, scanBytes, selectRecord, module.String(), int64(said.Records))
		if err != nil {
			return a, nil, err
		}
		if found && string(had) != string(said.Tail[:]) {
			return a, ErrForked, s.forkedChain(b, &m, CaseFork, nil, statement, said.Tail)
		}
		if told, ok := s.told(module, said.Nonce); ok && said.Records < told { // it knows less than it had told when it was asked
			return a, ErrForked, s.forkedChain(b, &m, CaseRollback, nil, statement, said.Tail)
		}
		return a, nil, nil // an old bundle again: anybody may have kept it, and it proves nothing
	}
	if err := s.meet(tx, module, sides); err != nil {
		return a, nil, err
	}
	if err := b.lapse(&m, said.Next); err != nil {
		return a, nil, err
	}
	if err := b.post(); err != nil {
		return a, nil, err
	}
	if fault, err = s.compare(b, &m, said, statement); err != nil || fault != nil {
		return a, fault, err
	}
	if a.Clear, err = s.clearance(tx, &m, said); err != nil {
		return a, nil, err
	}
	a.Params, err = s.params(tx, &m, false)
	a.Archived = m.Records
	if err == nil && m.State == Forked {
		fault = ErrForked
	}
	return a, fault, err
}

// compare checks that a module holds what its history says. A difference that late proof explains is for a person to look at;
// any other means that value was made on the device.
func (s *Issuer) compare(b *books, m *Module, said *proto.Statement, statement []byte) (fault, err error) {
	if m.Role == proto.Acceptor || m.State == Forked || m.State == Refunded {
		return nil, nil // a till's closed batches are its merchant's; see step's TakeOver
	}
	for _, slot := range said.Slots {
		history, still, err := b.history(m, said, slot.Currency)
		if err != nil {
			return nil, err
		}
		difference := slot.Total() - history
		if difference == 0 || !still {
			continue
		}
		late, err := b.late(m, slot.Currency)
		if err != nil {
			return nil, err
		}
		if difference == late {
			_, err = b.tx.Exec(updateHeld, m.ID.String())
			return ErrBlocked, err
		}
		p := proto.Transfer{Value: difference, Currency: slot.Currency}
		if err := b.openCase(CaseCounterfeit, m.ID, said.Tail, p, statement); err != nil {
			return nil, err
		}
		return ErrForked, b.block(m.ID)
	}
	return nil, nil
}

// history is what a module held when it made its statement, by its shadow and what has changed that since. The two are read
// one after the other, and another transaction may commit between them: then they are read again. still is false where the
// shadow did not stand still; the next sync compares again.
func (b *books) history(m *Module, said *proto.Statement, currency string) (held int64, still bool, err error) {
	number, err := b.s.account(b.tx, shadowAddress(m.ID), currency, limitOf(shadowAddress(m.ID)))
	if err != nil {
		return 0, false, err
	}
	before, err := b.s.o.Ledger.Account(b.tx, number)
	if err != nil {
		return 0, false, err
	}
	for range 8 {
		later, err := b.later(m, said)
		if err != nil {
			return 0, false, err
		}
		after, err := b.s.o.Ledger.Account(b.tx, number)
		if err != nil {
			return 0, false, err
		}
		if after.Entries == before.Entries {
			return after.CreditsPosted - after.DebitsPosted - later[currency], true, nil
		}
		before = after
	}
	return 0, false, nil
}

// later is what others have proved since the statement was made: how much a module's shadow has changed by transfers of
// sequence numbers that the statement does not know, or knows as open. A statement in a file may be days old when it is read.
func (b *books) later(m *Module, said *proto.Statement) (map[string]int64, error) {
	change := map[string]int64{}
	opened := said.Next
	if said.Open != nil && said.Side == proto.Payee {
		opened = said.Open.ToSeq
	}
	list, err := db.All(b.tx, scanTransfer, selectLater, m.ID.String(), int64(said.Next), int64(opened))
	for _, t := range list {
		switch {
		case t.From == m.ID && t.Place != Nowhere && t.Place != Disputed:
			change[t.Currency] -= t.Value
		case t.To == m.ID && t.Place == Arrived:
			change[t.Currency] += t.Value
		}
	}
	return change, err
}

// late is what a module took and proved too late: it holds that, and the payer has it back.
func (b *books) late(m *Module, currency string) (sum int64, err error) {
	list, err := db.All(b.tx, func(r db.Row) (v int64, err error) {
		err = r.Scan(&v)
		return v, err
	}, selectLate, string(CaseLate), m.ID.String(), currency)
	for _, v := range list {
		sum += v
	}
	return sum, err
}
