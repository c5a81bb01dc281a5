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
	names, casts, shape := columnsOf(insert, columns)
	b := &Bulk{tail: tail, cols: len(names), shape: shape, head: insert + " (" + strings.Join(names, ", ") + ") "}
	b.arrays = b.head + "select * from unnest(" + strings.Join(casts, ", ") + ")" + tail
	b.texts.Write = func(rows int) string { return b.head + "values " + Values(rows, b.cols) + b.tail }
	return b
}

// columnsOf takes "id text, due_at bigint null" apart: names, arguments of arrays cast to their types, and the shape for Arrays.
func columnsOf(statement, columns string) (names, casts []string, shape string) {
	for column := range strings.SplitSeq(columns, ",") {
		words := strings.Fields(column)
		null := len(words) == 3 && words[2] == "null"
		if len(words) != 2 && !null {
			panic(fmt.Sprintf("db: %s: the column %q has no name and type", statement, column))
		}
		names, shape = append(names, words[0]), shape+letterOf(words[1], null)
		casts = append(casts, "cast($"+strconv.Itoa(len(names))+" as "+words[1]+"[])")
	}
	return names, casts, shape
}

func letterOf(kind string, null bool) string {
	switch {
	case kind == "bytea":
		return "b"
	case kind == "text" && null:
		return "t"
	case kind == "text":
		return "s"
	case kind == "boolean":
		return "o"
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

// Change changes rows that are found by a key, by as few statements as there can be.
type Change struct {
	one, arrays, shape string
}

// NewChange describes a change: "update note_row", the key and then what is set, each with its type as NewBulk has it.
func NewChange(update, columns string) *Change {
	names, casts, shape := columnsOf(update, columns)
	one, many := make([]string, len(names)), make([]string, len(names))
	for i, name := range names {
		one[i], many[i] = name+" = $"+strconv.Itoa(i+1), name+" = u."+name
	}
	return &Change{shape: shape, one: update + " set " + strings.Join(one[1:], ", ") + " where " + one[0],
		arrays: update + " t set " + strings.Join(many[1:], ", ") + " from unnest(" + strings.Join(casts, ", ") +
			") as u (" + strings.Join(names, ", ") + ") where t." + many[0]}
}

// Queue queues the change of rows, given one after another in args as Bulk has them. No key may be there twice.
func (c *Change) Queue(tx *Tx, args []any) {
	cols := len(c.shape)
	if len(args) > 0 && InArrays(tx, len(args)/cols) {
		tx.Queue(c.arrays, Arrays(args, c.shape)...)
		return
	}
	for ; len(args) > 0; args = args[cols:] {
		tx.Queue(c.one, args[:cols:cols]...)
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
// number or null, b bytes or null, s text, t text or null, o true or false.
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
		case 'o':
			columns[c] = column(rows, func(r int) bool { return at(r).(bool) })
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
