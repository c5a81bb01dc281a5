package payment

import (
	"embed"
	"encoding/json"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/money"
)

//go:embed schema/*.sql
var files embed.FS

// Schema is the tables of this package.
var Schema = db.Schema{Package: "payment", FS: files}

const recordColumns = `id, kind, state, version, creator, payer, payee, currency, scale, amount, fee, captured, refunded, capture,
	method, description, reference, metadata, of_payment, failure, created_at, expires_at, hold_for, hold_until, due_at,
	approved_at, digest, proof`

const (
	countRecords    = `select count(*) from payment_record`
	updateDue       = `update payment_record set due_at = $2 where id = $1 and due_at is not null`
	updateMethod    = `update payment_record set method = $2 where id = $1`
	insertCard      = `insert into payment_card (payment, n, token, brand, last4, failure, at) values ($1,$2,$3,$4,$5,'',$6)`
	selectCards     = `select n, brand, last4, failure from payment_card where payment = $1 order by n`
	updateCard      = `update payment_card set failure = $3 where payment = $1 and n = $2`
	updateExpiry    = `update payment_record set expires_at = $2 where id = $1`
	selectRecord    = `select ` + recordColumns + ` from payment_record where id = $1`
	selectRecordIDs = `select ` + recordColumns + ` from payment_record where id in `
	selectRecords   = `select ` + recordColumns + ` from payment_record where id > $1 order by id limit $2`
	selectDue       = `select id from payment_record where due_at is not null and due_at <= $1 order by due_at, id limit $2`
	selectRefunds   = `select ` + recordColumns + ` from payment_record where of_payment = $1 and of_payment <> '' order by id`

	selectSteps = `select payment, n, name, state, at, amount from payment_step where payment = $1 order by n`

	selectStepsBetween = `select payment, n, name, state, at, amount from payment_step
		where payment >= $1 and payment <= $2 order by payment, n`
	selectVersions = `select id, version from payment_record where id > $1 order by id limit $2`
	selectKnown    = `select id, kind, capture, method from payment_record where id in `

	// The page is cut before the payments are read: a planner that does not know yet how long the list is read all of them.
	selectParty = `select p.at, p.role, ` + joinedColumns + ` from (select at, payment, role from payment_party
		where owner = $1 and at >= $2 and at <= $3 and (at < $3 or at = $3 and payment < $4)
		order by at desc, payment desc limit $5) p join payment_record r on r.id = p.payment order by p.at desc, p.payment desc`

	selectTakings = `select at, payment, role from payment_party
		where owner = $1 and at >= $2 and at <= $3 and (at < $3 or at = $3 and payment < $4) order by at desc, payment desc limit $5`
	selectMovedFrom = `select id, currency, scale, captured from payment_record where id <= $1 and id >= $2 order by id desc limit $3`
	selectMoved     = `select id, currency, scale, captured from payment_record where id in `

	selectLocked = `select ` + joinedColumns + `, s.n, s.name, s.state, s.at, s.amount
		from payment_record r join payment_step s on s.payment = r.id where r.id = $1 and s.n < $2 order by s.n`

	checkoutColumns = `id, shop, payment, return_url, cancel_url, items, created_at, expires_at, paylink, asks`
	insertCheckout  = `insert into payment_checkout (` + checkoutColumns + `) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)`
	selectCheckout  = `select ` + checkoutColumns + ` from payment_checkout where id = $1`
	selectCheckouts = `select ` + checkoutColumns + `
		from payment_checkout where shop = $1 and id < $2 order by id desc limit $3`

	insertIntent = `insert into payment_intent (payment, rail, token, asked_at, asks, answered) values ($1,$2,$3,$4,0,false)`
	upsertIntent = `insert into payment_intent (payment, rail, token, asked_at, asks, answered, attempt) values ($1,$2,$3,$4,0,false,$5)
		on conflict (payment) do update set rail = excluded.rail, token = excluded.token, asked_at = excluded.asked_at, asks = 0,
		answered = false, attempt = excluded.attempt`
	selectIntent     = `select payment, rail, token, asked_at, asks, answered, attempt from payment_intent where payment = $1`
	updateIntentAsk  = `update payment_intent set asked_at = $2, asks = asks + 1 where payment = $1`
	updateIntentKept = `update payment_intent set attempt = $2 where payment = $1`
	updateIntentDone = `update payment_intent set answered = true where payment = $1`
	selectSilent     = `select payment, rail, token, asked_at, asks, answered, attempt from payment_intent
		where answered = false and asked_at <= $1 order by asked_at, payment limit $2`
)

const joinedColumns = `r.id, r.kind, r.state, r.version, r.creator, r.payer, r.payee, r.currency, r.scale, r.amount, r.fee,
	r.captured, r.refunded, r.capture, r.method, r.description, r.reference, r.metadata, r.of_payment, r.failure, r.created_at,
	r.expires_at, r.hold_for, r.hold_until, r.due_at, r.approved_at, r.digest, r.proof`

// Many payments, locked in the order of their ids, and then their steps.
var (
	selectRecordsLocked = db.Texts[int]{Write: func(n int) string { return selectRecordIDs + db.In(1, n) + ` order by id` }}
	selectStepsOf       = db.Texts[int]{Write: func(n int) string {
		return `select payment, n, name, state, at, amount from payment_step where payment in ` + db.In(1, n) + ` order by payment, n`
	}}
)

// Insertions. A telling's steps may come again.
var (
	insertRecords = db.NewBulk("insert into payment_record", `id text, kind text, state text, version bigint, creator text, payer text,
		payee text, currency text, scale integer, amount bigint, fee bigint, captured bigint, refunded bigint, capture text, method text,
		description bytea null, reference text, metadata text, of_payment text, failure text, created_at bigint, expires_at bigint,
		hold_for bigint, hold_until bigint, due_at bigint null, approved_at bigint, digest bytea null, proof bytea null`, "")
	insertSteps   = db.NewBulk("insert into payment_step", stepColumns, "")
	insertTold    = db.NewBulk("insert into payment_step", stepColumns, " on conflict (payment, n) do nothing")
	insertParties = db.NewBulk("insert into payment_party", "owner text, at bigint, payment text, role text", "")
)

// changeRecords writes what of a payment changes.
var changeRecords = db.NewChange("update payment_record", `id text, state text, version bigint, payer text, captured bigint,
	refunded bigint, failure text, hold_until bigint, due_at bigint null, approved_at bigint, digest bytea null, proof bytea null, payee text`)

const stepColumns = "payment text, n bigint, name text, state text, at bigint, amount bigint"

// record is a row of payment_record, and the steps this transaction adds to it.
type record struct {
	id          ID
	kind        Kind
	state       State
	version     int64
	creator     string
	payer       string
	payee       string
	amount      money.Amount
	fee         int64
	captured    int64
	refunded    int64
	capture     CaptureMode
	method      Method
	description []byte
	reference   string
	metadata    string
	of          ID
	failure     string
	createdAt   time.Time
	expiresAt   time.Time
	holdFor     time.Duration
	holdUntil   time.Time
	approvedAt  time.Time
	digest      []byte
	proof       []byte
	past        []Step // the numbered steps there were, where lock read them
	fresh       []Step
	sendTo      []byte // sealed; only of a link that is being made
}

func (r *record) total() int64 { return r.amount.Minor + r.fee }

// awaitsTransfer says that a top-up waits for money that somebody has to send.
func (r *record) awaitsTransfer() bool {
	return r.state == Processing && r.kind == TopUp && r.method == FromBank
}

// due is when the sweep has to look at the payment; null where nothing can fall due.
func (r *record) due() *int64 {
	var at int64
	switch r.state {
	case AwaitingConfirmation:
		at = clock.Micros(r.expiresAt)
	case Authorized:
		at = clock.Micros(r.holdUntil)
	default:
		if !r.awaitsTransfer() {
			return nil
		}
		at = clock.Micros(r.expiresAt)
	}
	return &at
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return clock.Micros(t)
}

func moment(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return clock.FromMicros(micros)
}

func storeNew(tx *db.Tx, list ...*record) {
	args := make([]any, 0, insertRecords.Columns()*len(list))
	for _, r := range list {
		args = append(args, string(r.id), string(r.kind), string(r.state), r.version, r.creator, r.payer, r.payee,
			r.amount.Currency.Code, int64(r.amount.Currency.Scale), r.amount.Minor, r.fee, r.captured, r.refunded, string(r.capture),
			string(r.method), r.description, r.reference, r.metadata, string(r.of), r.failure, micros(r.createdAt), micros(r.expiresAt),
			r.holdFor.Microseconds(), micros(r.holdUntil), r.due(), micros(r.approvedAt), r.digest, r.proof)
	}
	insertRecords.Queue(tx, args)
	storeSteps(tx, list...)
}

func storeChange(tx *db.Tx, list ...*record) {
	var args []any
	for _, r := range list {
		args = append(args, string(r.id), string(r.state), r.version, r.payer, r.captured, r.refunded, r.failure, micros(r.holdUntil), r.due(),
			micros(r.approvedAt), r.digest, r.proof, r.payee)
	}
	changeRecords.Queue(tx, args)
	storeSteps(tx, list...)
}

func storeSteps(tx *db.Tx, list ...*record) {
	var args []any
	for _, r := range list {
		for _, s := range r.fresh {
			args = append(args, string(r.id), s.Number, s.Name, string(s.State), micros(s.At), s.Amount)
		}
	}
	insertSteps.Queue(tx, args)
}

// party is one side of a payment, in whose books it stands.
type party struct {
	payment ID
	owner   string
	at      time.Time
	role    string
}

func storeParties(tx *db.Tx, list ...party) {
	args := make([]any, 0, insertParties.Columns()*len(list))
	for _, p := range list {
		args = append(args, p.owner, micros(p.at), string(p.payment), p.role)
	}
	insertParties.Queue(tx, args)
}

// recordScan is where the columns of one row land before they become a record.
type recordScan struct {
	id, kind, state, creator, payer, payee, currency, capture, method, reference, metadata, of, failure string
	scale                                                                                               int64
	created, expires, holdFor, holdUntil, approved                                                      int64
	due                                                                                                 *int64
	r                                                                                                   record
}

func (s *recordScan) dest() []any {
	r := &s.r
	return []any{&s.id, &s.kind, &s.state, &r.version, &s.creator, &s.payer, &s.payee, &s.currency, &s.scale, &r.amount.Minor,
		&r.fee, &r.captured, &r.refunded, &s.capture, &s.method, &r.description, &s.reference, &s.metadata, &s.of, &s.failure,
		&s.created, &s.expires, &s.holdFor, &s.holdUntil, &s.due, &s.approved, &r.digest, &r.proof}
}

func (s *recordScan) record() record {
	r := s.r
	r.id, r.kind, r.state, r.creator, r.payer, r.payee = ID(s.id), Kind(s.kind), State(s.state), s.creator, s.payer, s.payee
	r.amount.Currency = money.Currency{Code: s.currency, Scale: uint8(s.scale)}
	r.capture, r.method, r.reference, r.metadata = CaptureMode(s.capture), Method(s.method), s.reference, s.metadata
	r.of, r.failure = ID(s.of), s.failure
	r.createdAt, r.expiresAt, r.holdUntil, r.approvedAt = moment(s.created), moment(s.expires), moment(s.holdUntil), moment(s.approved)
	r.holdFor = time.Duration(s.holdFor) * time.Microsecond
	return r
}

func scanRecord(row db.Row) (record, error) {
	var s recordScan
	if err := row.Scan(s.dest()...); err != nil {
		return record{}, err
	}
	return s.record(), nil
}

func scanLocked(row db.Row) (record, error) {
	var s recordScan
	var step Step
	var state string
	var at int64
	if err := row.Scan(append(s.dest(), &step.Number, &step.Name, &state, &at, &step.Amount)...); err != nil {
		return record{}, err
	}
	r := s.record()
	step.State, step.At = State(state), moment(at)
	r.past = []Step{step}
	return r, nil
}

func scanStep(row db.Row) (Step, error) {
	s, err := scanStepOf(row)
	return s.Step, err
}

// stepOf is a step with the payment it is of.
type stepOf struct {
	payment ID
	Step
}

func scanStepOf(row db.Row) (s stepOf, err error) {
	var at int64
	err = row.Scan(&s.payment, &s.Number, &s.Name, &s.State, &at, &s.Amount)
	s.At = moment(at)
	return s, err
}

func encodeMetadata(m map[string]string) string {
	if len(m) == 0 {
		return ""
	}
	b, err := json.Marshal(m) // sorts the keys
	if err != nil {
		panic(err) // strings always encode
	}
	return string(b)
}

func decodeMetadata(s string) map[string]string {
	if s == "" {
		return nil
	}
	var m map[string]string
	if json.Unmarshal([]byte(s), &m) != nil {
		return nil
	}
	return m
}
