package purse

import (
	"embed"
	"errors"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/id"
	"billfold/product/purse/proto"
)

//go:embed schema/*.sql
var files embed.FS

// Schema is the tables of this package.
var Schema = db.Schema{Package: "purse", FS: files}

const (
	selectKey = `select public, secret from purse_key where name = $1`
	insertKey = `insert into purse_key (name, public, secret) values ($1,$2,$3)`

	moduleColumns = `id, owner, payout, role, class, name, public, state, epoch, certificate, until, records, tail, synced_at, lost_at,
		created_at`

	insertModule     = `insert into purse_module (` + moduleColumns + `) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16)`
	selectModule     = `select ` + moduleColumns + ` from purse_module where id = $1`
	selectModulesOf  = `select ` + moduleColumns + ` from purse_module where owner = $1 order by id`
	selectModules    = `select ` + moduleColumns + ` from purse_module where id > $1 order by id limit $2`
	selectLost       = `select ` + moduleColumns + ` from purse_module where state = 'lost' and until < $1 order by id`
	updateCertified  = `update purse_module set epoch = $2, certificate = $3, until = $4 where id = $1`
	updateArchived   = `update purse_module set records = $2, tail = $3, synced_at = $4 where id = $1`
	updateState      = `update purse_module set state = $2 where id = $1`
	updateForked     = `update purse_module set state = 'forked' where id = $1 and state in ('active', 'blocked')`
	updateHeld       = `update purse_module set state = 'blocked' where id = $1 and state = 'active'`
	updateLost       = `update purse_module set state = 'lost', lost_at = $2 where id = $1`
	selectToLock     = `select id from purse_module where id in `
	selectBlocklist  = `select id from purse_module where state in ('blocked', 'lost', 'forked') and until >= $1 order by id limit $2`
	countTills       = `select count(*) from purse_module where role = $1 and state = 'active'`
	selectPublicKeys = `select id, role, public, until from purse_module where id in `

	insertDesk       = `insert into purse_desk (id, module, state) values ($1,$2,$3)`
	selectDesk       = `select id, module, state from purse_desk where module = $1`
	selectDeskByID   = `select id, module, state from purse_desk where id = $1`
	updateDesk       = `update purse_desk set state = $2 where id = $1`
	selectDeskOwners = `select id, module from purse_desk where id in `

	insertRecord  = `insert into purse_record (module, number, hash, body, event) values ($1,$2,$3,$4,$5)`
	selectRecord  = `select hash from purse_record where module = $1 and number = $2`
	selectRecords = `select number, hash, body from purse_record where module = $1 and number > $2 order by number limit $3`
	selectGivenUp = `select body from purse_record where module = $1 and event = $2 and number > $3 order by number`
	selectCleared = `select coalesce(max(number), 0) from purse_record where module = $1 and event = $2`

	transferColumns = `hash, name, payer, payer_seq, payee, payee_seq, value, currency, purpose, place, payer_said, payee_said, due_at,
		heard_at`

	insertTransfer   = `insert into purse_transfer (` + transferColumns + `) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14)`
	updateTransfer   = `update purse_transfer set place = $2, payer_said = $3, payee_said = $4, due_at = $5 where hash = $1`
	selectTransfer   = `select ` + transferColumns + ` from purse_transfer where payer = $1 and payer_seq = $2`
	selectTransferTo = `select ` + transferColumns + ` from purse_transfer where payee = $1 and payee_seq = $2`
	selectDue        = `select ` + transferColumns + ` from purse_transfer where place = $1 and due_at < $2 order by due_at limit $3`
	selectMissed     = `select t.hash, t.name, t.payer, t.payer_seq, t.payee, t.payee_seq, t.value, t.currency, t.purpose, t.place,
		t.payer_said, t.payee_said, t.due_at, t.heard_at from purse_transfer t join purse_given g on g.payee = t.payee
		and g.payee_seq = t.payee_seq and g.hash = t.hash where t.place = $1 order by t.due_at limit $2`
	selectMissedOf = `select t.hash, t.name, t.payer, t.payer_seq, t.payee, t.payee_seq, t.value, t.currency, t.purpose, t.place,
		t.payer_said, t.payee_said, t.due_at, t.heard_at from purse_transfer t join purse_given g on g.payee = t.payee
		and g.payee_seq = t.payee_seq and g.hash = t.hash where (t.payer = $1 or t.payee = $1) and t.place in (1, 2) order by t.hash`
	selectLater = `select ` + transferColumns + ` from purse_transfer
		where (payer = $1 and payer_seq >= $2) or (payee = $1 and payee_seq >= $3)`
	selectAtPlace     = `select ` + transferColumns + ` from purse_transfer where place = $1 and hash > $2 order by hash limit $3`
	selectTransfersOf = `select ` + transferColumns + ` from purse_transfer where payer = $1 or payee = $1 order by name desc limit $2`

	insertGiven = `insert into purse_given (payee, payee_seq, hash) values ($1,$2,$3) on conflict do nothing`
	selectGiven = `select hash from purse_given where payee = $1 and payee_seq = $2`

	caseColumns = `id, kind, module, hash, value, currency, opened_at, owed, outcome, settled_by, reason, settled_at`

	insertCase = `insert into purse_case (id, kind, module, hash, value, currency, evidence,
		opened_at, owed) values ($1,$2,$3,$4,$5,$6,$7,$8,$9) on conflict do nothing`
	selectLate  = `select value from purse_case where kind = $1 and module = $2 and currency = $3 and outcome in ('', 'nobody')`
	selectCases = `select ` + caseColumns + ` from purse_case where id > $1 order by id limit $2`
	selectCase  = `select ` + caseColumns + ` from purse_case where id = $1`
	countOpen   = `select count(*) from purse_case where module = $1 and outcome = '' and kind <> 'late'`
	updateCase  = `update purse_case set outcome = $2, settled_by = $3, reason = $4, settled_at = $5 where id = $1`

	insertAct  = `insert into purse_act (id, kind, module, object, actor, reason, at) values ($1,$2,$3,$4,$5,$6,$7)`
	selectActs = `select id, kind, module, object, actor, reason, at from purse_act where id > $1 order by id limit $2`
	selectHash = `select ` + transferColumns + ` from purse_transfer where hash = $1`

	orderColumns = `module, seq, take_from, take_minor, give_to, give_minor, house, name, state`

	insertOrder  = `insert into purse_order (` + orderColumns + `) values ($1,$2,$3,$4,$5,$6,$7,$8,$9)`
	selectOrder  = `select ` + orderColumns + ` from purse_order where module = $1 and seq = $2`
	selectOpened = `select ` + orderColumns + ` from purse_order where state = 'open' order by module, seq`
	selectPassed = `select ` + orderColumns + ` from purse_order where module = $1 and seq < $2 and state = 'open' order by seq`
	updateOrder  = `update purse_order set state = $3 where module = $1 and seq = $2`
)

func scanModule(r db.Row) (m Module, err error) {
	var name, state string
	var role, class, until, synced, lost, created int64
	var public, tail []byte
	var epoch, records int64
	err = r.Scan(&name, &m.Owner, &m.Payout, &role, &class, &m.Name, &public, &state, &epoch, &m.Certificate, &until, &records, &tail, &synced,
		&lost, &created)
	if err != nil {
		return m, err
	}
	m.Role, m.Class, m.State = proto.Role(role), uint8(class), ModuleState(state)
	m.Epoch, m.Records = uint64(epoch), uint64(records)
	copy(m.Key[:], public)
	copy(m.tail[:], tail)
	m.Until, m.SyncedAt = clock.FromMicros(until), clock.FromMicros(synced)
	m.LostAt, m.CreatedAt = clock.FromMicros(lost), clock.FromMicros(created)
	var ok bool
	if m.ID, ok = proto.ParseID(name); !ok {
		return m, errRow
	}
	return m, nil
}

var errRow = errors.New("a row of this package's tables holds what the package never wrote")

func scanTransfer(r db.Row) (t Transfer, err error) {
	var hash []byte
	var payer, payee string
	var payerSeq, payeeSeq, purpose, place, payerSaid, payeeSaid, due, heard int64
	err = r.Scan(&hash, &t.Name, &payer, &payerSeq, &payee, &payeeSeq, &t.Value, &t.Currency, &purpose, &place, &payerSaid,
		&payeeSaid, &due, &heard)
	if err != nil {
		return t, err
	}
	copy(t.Hash[:], hash)
	var ok1, ok2 bool
	t.From, ok1 = proto.ParseID(payer)
	t.To, ok2 = proto.ParseID(payee)
	if !ok1 || !ok2 {
		return t, errRow
	}
	t.FromSeq, t.ToSeq, t.Purpose = uint64(payerSeq), uint64(payeeSeq), proto.Purpose(purpose)
	t.Place, t.PayerSaid, t.PayeeSaid = Place(place), Said(payerSaid), Said(payeeSaid)
	t.DueAt, t.HeardAt = clock.FromMicros(due), clock.FromMicros(heard)
	return t, nil
}

type deskRow struct {
	id     string
	module string
	state  []byte
}

func scanDesk(r db.Row) (d deskRow, err error) {
	err = r.Scan(&d.id, &d.module, &d.state)
	return d, err
}

func scanCase(r db.Row) (c Case, err error) {
	var kind, module, outcome string
	var hash []byte
	var opened, settled int64
	err = r.Scan(&c.ID, &kind, &module, &hash, &c.Value, &c.Currency, &opened, &c.Owed, &outcome, &c.SettledBy, &c.Reason, &settled)
	if err != nil {
		return c, err
	}
	c.Kind, c.Outcome, c.OpenedAt, c.SettledAt = CaseKind(kind), Outcome(outcome), clock.FromMicros(opened), clock.FromMicros(settled)
	copy(c.Hash[:], hash)
	var ok bool
	if c.Module, ok = proto.ParseID(module); !ok || !id.Valid(c.ID, "pcs") {
		return c, errRow
	}
	return c, nil
}

func scanAct(r db.Row) (a Act, err error) {
	var module string
	var at int64
	if err = r.Scan(&a.ID, &a.Kind, &module, &a.Object, &a.Actor, &a.Reason, &at); err != nil {
		return a, err
	}
	a.At = clock.FromMicros(at)
	var ok bool
	if a.Module, ok = proto.ParseID(module); !ok {
		return a, errRow
	}
	return a, nil
}

type orderRow struct {
	module             string
	seq                int64
	from, to           string
	take, give         int64
	house, name, state string
}

func scanOrder(r db.Row) (o orderRow, err error) {
	err = r.Scan(&o.module, &o.seq, &o.from, &o.take, &o.to, &o.give, &o.house, &o.name, &o.state)
	return o, err
}

// one is db.One where no row is no error.
func one[T any](tx *db.Tx, scan func(db.Row) (T, error), q string, args ...any) (v T, found bool, err error) {
	v, err = db.One(tx, scan, q, args...)
	if errors.Is(err, db.ErrNoRow) {
		return v, false, nil
	}
	return v, err == nil, err
}

func scanBytes(r db.Row) (b []byte, err error) {
	err = r.Scan(&b)
	return b, err
}
