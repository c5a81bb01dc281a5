package payment

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"billfold/base/db"
	"billfold/base/job"
	"billfold/base/money"
	"billfold/base/seal"
)

// Free text is sealed payment by payment, so looking for a word would open every one of them. Each 250 payments of an owner
// that are over therefore get a word list: one sealed text, newest first, column by column, so that a search goes through the few
// kilobytes of the column it asks about. What somebody else wrote stands in a list of its own under that person's key: whoever is erased
// takes their words out of other people's lists too.
const (
	taskWords = "payment.words"
	// settling is how old a payment is before it is listed: no transaction that began before it is still under way.
	settling = time.Hour
)

// partSize is how many payments a list has: so many more are looked at one by one before it is written, which costs a hundred times as much
// for each. (Lists that were written when it was a thousand are read all the same.) A test lists sooner.
var partSize = 250

// line is one payment as a word list knows it.
type line struct {
	place
	role     string
	kind     Kind
	currency money.Currency
	amount   int64
	other    string // who was on the far side
	creator  string // who wrote words
	words    string // folded: reference and description
}

func lineOf(row partyRow, description string) line {
	r := &row.record
	other := r.payee
	if row.role == rolePayee {
		other = r.payer
	}
	return line{place: place{micros(row.at), string(r.id)}, role: row.role, kind: r.kind, currency: r.amount.Currency, amount: r.amount.Minor,
		other: other, creator: r.creator, words: fold(r.reference + " " + description)}
}

// fold makes words comparable: small letters, one space between.
func fold(text string) string { return strings.ToLower(strings.Join(strings.Fields(text), " ")) }

// listWords is the job that writes an owner's word lists up to where payments are still moving.
func (s *Service) listWords(ctx context.Context, t job.Task) error {
	for {
		more, err := db.Write(ctx, s.DB, func(tx *db.Tx) (bool, error) { return s.listPart(tx, string(t.Payload)) })
		if err != nil || !more {
			return err
		}
	}
}

// listPart writes the next word list of an owner, and says whether there may be another one. A payment that can still change its
// parties ends the listing: the list is written when it is over.
func (s *Service) listPart(tx *db.Tx, owner string) (bool, error) {
	newest, err := newestPart(tx, owner)
	if err != nil {
		return false, err
	}
	next, from := newest.number+1, newest.last
	rows, err := db.All(tx, scanParty, selectUnlisted, owner, from.at, micros(s.Clock.Now().Add(-settling)), from.payment, partSize)
	if err != nil || len(rows) < partSize {
		return false, err
	}
	lines := make([]line, len(rows))
	for i, row := range rows {
		if row.record.state.early() || row.record.state == Held {
			return false, nil
		}
		text, err := s.open(row.record.creator, descriptionRow(row.record.id), row.record.description)
		if err != nil {
			return false, err
		}
		lines[len(rows)-1-i] = lineOf(row, text)
	}
	last, first := lines[0].place, lines[len(lines)-1].place
	lists, err := encodeLines(owner, lines)
	if err != nil {
		return false, err
	}
	for creator, list := range lists {
		sealed, err := s.Keys.Seal(creator, wordsRow(owner, next, creator), list)
		if errors.Is(err, seal.ErrShredded) {
			continue
		}
		if err != nil {
			return false, err
		}
		tx.Queue(insertWords, owner, next, creator, first.at, first.payment, last.at, last.payment, sealed,
			traitsOf(lines))
	}
	return true, nil
}

// Listed says whether all word lists of an owner are written that can be, and asks for them where they are not. A search is right in any
// case; what lists there are decides how long it takes.
func (s *Service) Listed(ctx context.Context, owner string) (bool, error) {
	ahead, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]place, error) {
		newest, err := newestPart(tx, owner)
		if err != nil {
			return nil, err
		}
		return db.All(tx, scanPlace, selectNext, owner, newest.last.at, micros(s.Clock.Now().Add(-settling)), newest.last.payment, partSize)
	})
	if err != nil || len(ahead) < partSize {
		return err == nil, err
	}
	return false, s.wantWords(ctx, owner)
}

// newestPart is the zero part where an owner has no lists.
func newestPart(tx *db.Tx, owner string) (part, error) {
	p, err := db.One(tx, scanPart, selectNewest, owner, owner)
	if errors.Is(err, db.ErrNoRow) {
		return part{}, nil
	}
	return p, err
}

func wordsRow(owner string, part int64, creator string) string {
	return fmt.Sprintf("payment_wordlist.list/%s/%d/%s", owner, part, creator)
}

// idLetters is how long a payment's id is behind "pay_".
const idLetters = 26

// table numbers things in the order in which they are first met.
type table struct {
	names  []string
	number map[string]int
}

func (t *table) of(name string) int {
	n, known := t.number[name]
	if !known {
		n = len(t.names)
		if t.number == nil {
			t.number = map[string]int{}
		}
		t.number[name] = n
		t.names = append(t.names, name)
	}
	return n
}

// encodeLines writes the owner's list, which has every payment, and one list for each other creator with the words they wrote, by the
// number of the line. The owner's begins with a line that says how many there are and names parties, kinds and currencies; then come the
// columns: ids, roles, kinds and currencies with so many bytes for each payment, times (each how much older than the one before), amounts
// and parties as varints, and the words, one line each.
func encodeLines(owner string, lines []line) (map[string][]byte, error) {
	lists := map[string][]byte{}
	var others, kinds, currencies table
	var ids, roles, kind, currency, at, amount, other, own []byte
	last := int64(0)
	for i, l := range lines {
		letters := strings.TrimPrefix(l.payment, "pay_")
		if len(letters) != idLetters || l.amount < 0 {
			return nil, errWords
		}
		words := l.words
		if l.creator != owner && words != "" {
			words = ""
			lists[l.creator] = fmt.Appendf(lists[l.creator], "%d\t%s\n", i, l.words)
		}
		ids, own = append(ids, letters...), append(append(own, words...), '\n')
		roles = append(roles, roleByte(l.role))
		kind = append(kind, byte(kinds.of(string(l.kind))))
		currency = append(currency, byte(currencies.of(l.currency.Code+"/"+strconv.Itoa(int(l.currency.Scale)))))
		at = binary.AppendVarint(at, last-l.at)
		amount, other, last = binary.AppendUvarint(amount, uint64(l.amount)), binary.AppendUvarint(other, uint64(others.of(l.other))), l.at
	}
	if len(kinds.names) > 256 || len(currencies.names) > 256 {
		return nil, errWords
	}
	head := fmt.Appendf(nil, "%d\t%s\t%s\t%s\n", len(lines), strings.Join(others.names, " "), strings.Join(kinds.names, " "),
		strings.Join(currencies.names, " "))
	lists[owner] = slices.Concat(head, ids, roles, kind, currency, at, amount, other, own)
	return lists, nil
}

func roleByte(role string) byte {
	if role == rolePayer {
		return 1
	}
	return 0
}

// errWords says that a list is not in the form encodeLines writes.
var errWords = errors.New("a word list cannot be read")

// list is the word list of a part: a line for each payment, newest first.
type list struct {
	size       int
	others     []string         // the parties on the far side
	kinds      []string         // that occur
	currencies []money.Currency // that occur
	ids        []byte           // of idLetters each
	roles      []byte           // 1 for the payer
	kind       []byte           // by number, as are
	currency   []byte
	other      []int32
	at         []int64
	amount     []int64
	words      []byte    // a line each: the owner's own and, once woven, what others wrote
	parted     sync.Once // begins is known
	begins     []int     // of those lines, once somebody asked

	spanned     sync.Once // least and most are known
	least, most letters   // of the ids
}

// letters are a payment's id without its "pay_".
type letters [idLetters]byte

// read takes the owner's list apart.
func (l *list) read(text []byte) (err error) {
	head, body, _ := bytes.Cut(text, []byte("\n"))
	field := strings.Split(string(head), "\t")
	if len(field) != 4 {
		return errWords
	}
	l.size, err = strconv.Atoi(field[0])
	if err != nil || l.size < 1 || l.size > len(body) || (idLetters+3)*l.size > len(body) {
		return errWords
	}
	l.others, l.kinds = strings.Split(field[1], " "), strings.Split(field[2], " ")
	for _, one := range strings.Split(field[3], " ") {
		code, digits, _ := strings.Cut(one, "/")
		scale, err := strconv.ParseUint(digits, 10, 8)
		if err != nil {
			return errWords
		}
		l.currencies = append(l.currencies, money.Currency{Code: code, Scale: uint8(scale)})
	}
	column := func(width int) (cut []byte) {
		cut, body = body[:width*l.size], body[width*l.size:]
		return cut
	}
	l.ids, l.roles, l.kind, l.currency = column(idLetters), column(1), column(1), column(1)
	l.at, l.amount, l.other = make([]int64, l.size), make([]int64, l.size), make([]int32, l.size)
	last := int64(0)
	for i := range l.at {
		older, n := binary.Varint(body)
		if n <= 0 {
			return errWords
		}
		last -= older
		l.at[i], body = last, body[n:]
	}
	for i := range l.amount {
		amount, n := binary.Uvarint(body)
		if n <= 0 || amount > maxAmount {
			return errWords
		}
		l.amount[i], body = int64(amount), body[n:]
	}
	for i := range l.other {
		other, n := binary.Uvarint(body)
		if n <= 0 || other >= uint64(len(l.others)) || int(l.kind[i]) >= len(l.kinds) || int(l.currency[i]) >= len(l.currencies) {
			return errWords
		}
		l.other[i], body = int32(other), body[n:]
	}
	l.words = body
	return nil
}

// readForeign adds what one other person wrote to what others wrote.
func readForeign(others map[int]string, text string) error {
	for one := range strings.Lines(text) {
		at, words, _ := strings.Cut(strings.TrimSuffix(one, "\n"), "\t")
		n, err := strconv.Atoi(at)
		if err != nil {
			return errWords
		}
		others[n] = words
	}
	return nil
}

// weave puts what others wrote between the owner's words, line by line, so that one search goes through both.
func (l *list) weave(others map[int]string) {
	if len(others) == 0 {
		return
	}
	size := len(l.words)
	for _, words := range others {
		size += len(words)
	}
	woven := make([]byte, 0, size)
	line := 0
	for own := range bytes.Lines(l.words) {
		if words := others[line]; words != "" {
			woven = append(append(woven, words...), '\n')
		} else {
			woven = append(woven, own...)
		}
		line++
	}
	l.words = woven
}

// place is where a line stands.
func (l *list) place(i int) place { return place{l.at[i], "pay_" + string(l.letters(i)[:])} }

// letters are those of a payment's id.
func (l *list) letters(i int) *letters { return (*letters)(l.ids[idLetters*i:]) }

// line reads one line.
func (l *list) line(i int) line {
	role := rolePayee
	if l.roles[i] == 1 {
		role = rolePayer
	}
	return line{place: l.place(i), role: role, kind: Kind(l.kinds[l.kind[i]]), currency: l.currencies[l.currency[i]], amount: l.amount[i],
		other: l.others[l.other[i]], words: l.wordsOf(i)}
}
