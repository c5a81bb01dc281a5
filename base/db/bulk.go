package db

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
)

const (
	// bulkMost bounds the rows of one statement, where each of them has arguments of its own.
	bulkMost = 64
	// ArraysFrom is from how many rows on PostgreSQL gets one array for each column. A statement there costs some 30 µs of the server's
	// processor before it does anything, so a group of rows that goes in many of them is three times as slow; few rows are not worth
	// another statement to be prepared.
	ArraysFrom = 8
)

// Bulk inserts rows by as few statements as there can be.
type Bulk struct {
	head, tail string
	cols       int
	shape      string
	arrays     string
	texts      Texts[int]
}

// NewBulk describes an insertion: "insert into note_row", its columns with their types ("id text, due_at bigint null, tag bytea"), and what
// follows the values, such as " on conflict (id) do nothing". A column that may be null says so.
func NewBulk(insert, columns, tail string) *Bulk {
	var names, types []string
	b := &Bulk{tail: tail}
	for column := range strings.SplitSeq(columns, ",") {
		words := strings.Fields(column)
		null := len(words) == 3 && words[2] == "null"
		if len(words) != 2 && !null {
			panic(fmt.Sprintf("db: %s: the column %q has no name and type", insert, column))
		}
		names, types = append(names, words[0]), append(types, words[1])
		b.shape += letterOf(words[1], null)
	}
	b.cols = len(names)
	b.head = insert + " (" + strings.Join(names, ", ") + ") "
	casts := make([]string, len(types))
	for i, t := range types {
		casts[i] = "cast($" + strconv.Itoa(i+1) + " as " + t + "[])"
	}
	b.arrays = b.head + "select * from unnest(" + strings.Join(casts, ", ") + ")" + tail
	b.texts.Write = func(rows int) string { return b.head + "values " + Values(rows, b.cols) + b.tail }
	return b
}

func letterOf(kind string, null bool) string {
	switch {
	case kind == "bytea":
		return "b"
	case kind == "text" && null:
		return "t"
	case kind == "text":
		return "s"
	case null:
		return "n"
	}
	return "i"
}

// Columns is how many arguments a row has.
func (b *Bulk) Columns() int { return b.cols }

// Queue queues the insertion of rows, given one after another in args: int64 for every number, nil or a pointer to one for null.
func (b *Bulk) Queue(tx *Tx, args []any) {
	if len(args) == 0 {
		return
	}
	if InArrays(tx, len(args)/b.cols) {
		tx.Queue(b.arrays, Arrays(args, b.shape)...)
		return
	}
	for rows := bulkMost; len(args) > 0; {
		if n := rows * b.cols; n <= len(args) {
			tx.Queue(b.texts.Of(rows), args[:n:n]...)
			args = args[n:]
		} else {
			rows /= 2
		}
	}
}

// Pad repeats the last row of args, rows of cols arguments each, until their number is a power of two, so that lists of every length share
// a few statements that look for them.
func Pad(args []any, cols int) []any {
	last := args[len(args)-cols:]
	for rows := len(args) / cols; rows&(rows-1) != 0; rows++ {
		args = append(args, last...)
	}
	return args
}

// InArrays tells whether so many rows go in arrays.
func InArrays(tx *Tx, rows int) bool { return tx.Engine() == Postgres && rows >= ArraysFrom }

// Arrays turns rows into columns, for a statement of PostgreSQL with one array for each. shape says what is in a column: i a number, n a
// number or null, b bytes or null, s text, t text or null.
func Arrays(args []any, shape string) []any {
	rows, cols := len(args)/len(shape), len(shape)
	columns := make([]any, cols)
	for c, kind := range []byte(shape) {
		at := func(r int) any { return args[r*cols+c] }
		switch kind {
		case 'i':
			columns[c] = column(rows, func(r int) int64 { return at(r).(int64) })
		case 'n':
			columns[c] = column(rows, func(r int) *int64 { return orNull[int64](at(r)) })
		case 'b':
			columns[c] = column(rows, func(r int) []byte {
				b, _ := at(r).([]byte)
				return b
			})
		case 's':
			columns[c] = column(rows, func(r int) string { return at(r).(string) })
		case 't':
			columns[c] = column(rows, func(r int) *string { return orNull[string](at(r)) })
		}
	}
	return columns
}

func column[T any](rows int, at func(int) T) []T {
	list := make([]T, rows)
	for r := range list {
		list[r] = at(r)
	}
	return list
}

func orNull[T any](v any) *T {
	switch v := v.(type) {
	case *T:
		return v
	case T:
		return &v
	}
	return nil
}

// Texts keeps statements whose shape depends on something, by that.
type Texts[K comparable] struct {
	Write func(K) string
	known sync.Map
}

// Of returns the statement of a shape.
func (t *Texts[K]) Of(k K) string {
	if s, ok := t.known.Load(k); ok {
		return s.(string)
	}
	s := t.Write(k)
	t.known.Store(k, s)
	return s
}
