package payment

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"billfold/base/db"
	"billfold/base/job"
	"billfold/base/money"
	"billfold/base/seal"
)

// Free text is sealed payment by payment, so looking for a word would open every one of them. Each thousand payments of an owner
// that are over therefore get a word list: one sealed text with a line per payment, newest first. What somebody else wrote stands in
// a list of its own under that person's key: whoever is erased takes their words out of other people's lists too.
const (
	taskWords = "payment.words"
	// settling is how old a payment is before it is listed: no transaction that began before it is still under way.
	settling = time.Hour
)

var partSize = 1000 // a test lists sooner

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
	parts, err := db.All(tx, scanPart, selectParts, owner, owner)
	if err != nil {
		return false, err
	}
	next, from := int64(1), place{}
	if len(parts) > 0 {
		next, from = parts[0].number+1, parts[0].last
	}
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
	for creator, list := range encodeLines(owner, lines) {
		sealed, err := s.Keys.Seal(creator, wordsRow(owner, next, creator), []byte(list))
		if errors.Is(err, seal.ErrShredded) {
			continue
		}
		if err != nil {
			return false, err
		}
		tx.Queue(insertWords, owner, next, creator, first.at, first.payment, last.at, last.payment, sealed)
	}
	return true, nil
}

func wordsRow(owner string, part int64, creator string) string {
	return fmt.Sprintf("payment_words.list/%s/%d/%s", owner, part, creator)
}

// encodeLines writes the owner's list, which has a line for every payment, and one list for each other creator with the words they
// wrote, by the number of the line.
func encodeLines(owner string, lines []line) map[string]string {
	lists := map[string]*strings.Builder{owner: {}}
	others, number := []string{}, map[string]int{}
	var body strings.Builder
	for i, l := range lines {
		n, known := number[l.other]
		if !known {
			n = len(others)
			number[l.other] = n
			others = append(others, l.other)
		}
		own := l.words
		if l.creator != owner && l.words != "" {
			own = ""
			if lists[l.creator] == nil {
				lists[l.creator] = &strings.Builder{}
			}
			fmt.Fprintf(lists[l.creator], "%d\t%s\n", i, l.words)
		}
		fmt.Fprintf(&body, "%s\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%s\n", strconv.FormatInt(l.at, 36), l.payment, l.role, l.kind, l.currency.Code,
			l.currency.Scale, l.amount, n, own)
	}
	lists[owner].WriteString(strings.Join(others, " ") + "\n" + body.String())
	texts := make(map[string]string, len(lists))
	for creator, list := range lists {
		texts[creator] = list.String()
	}
	return texts
}

// errWords says that a list is not in the form encodeLines writes.
var errWords = errors.New("a word list cannot be read")

// list is the word list of a part, opened and not yet read line by line.
type list struct {
	others  []string // the parties on the far side, by number
	body    string   // a line for each payment
	foreign map[int]string
}

// openPart opens the word lists of a part. Words of somebody who was erased are gone; so is a list whose owner was.
func (s *Service) openPart(ctx context.Context, owner string, number int64) (l list, err error) {
	rows, err := db.Read(ctx, s.DB, func(tx *db.Tx) ([]words, error) { return db.All(tx, scanWords, selectPart, owner, number) })
	if err != nil {
		return l, err
	}
	l.foreign = make(map[int]string)
	for _, row := range rows {
		text, err := s.open(row.creator, wordsRow(owner, number, row.creator), row.sealed)
		if err != nil {
			return l, err
		}
		if row.creator == owner {
			head, body, _ := strings.Cut(text, "\n")
			l.others, l.body = strings.Split(head, " "), body
			continue
		}
		for one := range strings.Lines(text) {
			at, words, _ := strings.Cut(strings.TrimSuffix(one, "\n"), "\t")
			n, err := strconv.Atoi(at)
			if err != nil {
				return l, errWords
			}
			l.foreign[n] = words
		}
	}
	return l, nil
}

// lines reads those lines that may be looked for, going by their text alone: to read a line costs ten times as much as to look at it.
func (l list) lines(may func(text, foreign string) bool) ([]line, error) {
	var lines []line
	n := 0
	for text := range strings.Lines(l.body) {
		words := l.foreign[n]
		n++
		if !may(text, words) {
			continue
		}
		var field [9]string
		rest := strings.TrimSuffix(text, "\n")
		for i := range field {
			field[i], rest, _ = strings.Cut(rest, "\t")
		}
		at, err1 := strconv.ParseInt(field[0], 36, 64)
		scale, err2 := strconv.ParseUint(field[5], 10, 8)
		amount, err3 := strconv.ParseInt(field[6], 10, 64)
		other, err4 := strconv.Atoi(field[7])
		if errors.Join(err1, err2, err3, err4) != nil || other < 0 || other >= len(l.others) {
			return nil, errWords
		}
		if words == "" {
			words = field[8]
		}
		lines = append(lines, line{place: place{at, field[1]}, role: field[2], kind: Kind(field[3]),
			currency: money.Currency{Code: field[4], Scale: uint8(scale)}, amount: amount, other: l.others[other], words: words})
	}
	return lines, nil
}
