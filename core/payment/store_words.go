package payment

import "billfold/base/db"

const (
	insertWords = `insert into payment_wordlist (owner, part, creator, first_at, first_payment, last_at, last_payment, list, traits)
		values ($1,$2,$3,$4,$5,$6,$7,$8,$9) on conflict (owner, part, creator) do nothing`
	// All of it stands in an index: the lists themselves are not read on the way.
	selectParts = `select part, first_at, first_payment, last_at, last_payment, traits from payment_wordlist
		where owner = $1 and creator = $2 and first_at <= $3 and (first_at < $3 or first_payment < $4) and last_at >= $5
		order by first_at desc, first_payment desc limit $6`
	selectNewParts = `select part, first_at, first_payment, last_at, last_payment, traits from payment_wordlist
		where owner = $1 and creator = $2 and first_at >= $3 and (first_at > $3 or first_payment > $4)
		order by first_at desc, first_payment desc limit $5`
	selectNewest = `select part, first_at, first_payment, last_at, last_payment, traits from payment_wordlist
		where owner = $1 and creator = $2 order by first_at desc, first_payment desc limit 1`
	selectLists = `select part, creator, list from payment_wordlist where owner = $1 and part `
	// What is neither under way nor completed has indexes of its own, whose condition is repeated here word for word.
	selectInState = `select id from payment_record where payer = $1 and state = $2
			and state in ('voided', 'expired', 'failed', 'held', 'reversed', 'partly_refunded', 'refunded')
		union all select id from payment_record where payee = $1 and state = $2
			and state in ('voided', 'expired', 'failed', 'held', 'reversed', 'partly_refunded', 'refunded')`

	// A shop comes into the books of a payment when it is asked for.
	inBooks = ` r join payment_step s on s.payment = r.id and s.name = 'request'
		join payment_party p on p.owner = $1 and p.at = s.at and p.payment = r.id order by r.id desc limit $4`
	selectSoldIn = `select p.at, p.role, ` + joinedColumns + ` from (
		select * from (select ` + recordColumns + ` from payment_record where payee = $1 and state = $2
			and state in ('voided', 'expired', 'failed', 'held', 'reversed', 'partly_refunded', 'refunded')
			and id < $3 order by id desc limit $4) i
		union all select * from (select ` + recordColumns + ` from payment_record where payer = $1 and state = $2
			and state in ('voided', 'expired', 'failed', 'held', 'reversed', 'partly_refunded', 'refunded')
			and id < $3 order by id desc limit $4) o)` + inBooks
	selectReferred = `select p.at, p.role, ` + joinedColumns + ` from (
		select * from (select ` + recordColumns + ` from payment_record where payee = $1 and reference = $2 and reference <> ''
			and id < $3 order by id desc limit $4) i
		union all select * from (select ` + recordColumns + ` from payment_record where payer = $1 and reference = $2 and reference <> ''
			and kind = 'refund' and id < $3 order by id desc limit $4) o)` + inBooks
	selectOne = `select p.at, p.role, ` + joinedColumns + ` from payment_party p join payment_record r on r.id = p.payment
		where p.owner = $1 and p.payment = $2 and p.at in
		(select at from payment_step where payment = $2 union all select created_at from payment_record where id = $2)`

	selectUnlisted = `select p.at, p.role, ` + joinedColumns + ` from payment_party p join payment_record r on r.id = p.payment
		where p.owner = $1 and p.at >= $2 and p.at <= $3 and (p.at > $2 or p.at = $2 and p.payment > $4)
		order by p.at, p.payment limit $5`
	selectNext = `select at, payment from payment_party where owner = $1 and at >= $2 and at <= $3 and (at > $2 or at = $2 and payment > $4)
		order by at, payment limit $5`
	// Of so many payments those in one state, and the last of so many: what is in another state is not read.
	selectPartyIn = `select p.at, p.role, ` + joinedColumns + ` from (select at, payment, role from payment_party
		where owner = $1 and at >= $2 and at <= $3 and (at < $3 or at = $3 and payment < $4)
		order by at desc, payment desc limit $5) p join payment_record r on r.id = p.payment
		where r.state = $6 order by p.at desc, p.payment desc`
	selectUpcoming = `select p.at, p.role, ` + joinedColumns + ` from (select at, payment, role from payment_party
		where owner = $1 and at >= $2 order by at desc, payment desc limit $3) p join payment_record r on r.id = p.payment
		where p.role = 'payer' and r.state in ('awaiting_confirmation', 'authorized') order by p.at desc, p.payment desc limit $4`
	selectPlace = `select at, payment from payment_party
		where owner = $1 and at >= $2 and at <= $3 and (at < $3 or at = $3 and payment < $4)
		order by at desc, payment desc limit 1 offset $5`
	selectByID = `select ` + recordColumns + ` from payment_record where id in `

	upsertNote = `insert into payment_note (owner, payment, at, note) values ($1,$2,$3,$4)
		on conflict (owner, payment) do update set at = excluded.at, note = excluded.note`
	deleteNote  = `delete from payment_note where owner = $1 and payment = $2`
	selectNote  = `select payment, note from payment_note where owner = $1 and payment = $2`
	selectNotes = `select payment, note from payment_note where owner = $1 order by at desc limit $2`
)

// part is where a word list begins and ends, oldest and newest.
type part struct {
	number      int64
	first, last place
	traits      string
}

func scanPart(row db.Row) (p part, err error) {
	err = row.Scan(&p.number, &p.first.at, &p.first.payment, &p.last.at, &p.last.payment, &p.traits)
	return p, err
}

func scanPlace(row db.Row) (p place, err error) {
	err = row.Scan(&p.at, &p.payment)
	return p, err
}

// listsOf asks for some lists of an owner. PostgreSQL gets their numbers in an array, so that it prepares one statement on each of its
// connections however many are asked for: until then the first search waited for that more than for its lists.
func listsOf(tx *db.Tx, owner string, parts []int64) (text string, args []any) {
	if tx.Engine() == db.Postgres {
		return selectLists + "= any($2)", []any{owner, parts}
	}
	for _, n := range parts {
		args = append(args, n)
	}
	args = append([]any{owner}, db.Pad(args, 1)...)
	return selectLists + "in " + db.In(2, len(args)-1), args
}

// words is a word list of one creator, sealed as it is stored.
type words struct {
	part    int64
	creator string
	text    []byte
}

func scanWords(row db.Row) (w words, err error) {
	err = row.Scan(&w.part, &w.creator, &w.text)
	return w, err
}

type sealedNote struct {
	payment string
	sealed  []byte
}

func scanNote(row db.Row) (n sealedNote, err error) {
	err = row.Scan(&n.payment, &n.sealed)
	return n, err
}
