package once

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"slices"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/lang"
)

//go:embed schema
var files embed.FS

// Schema is this package's tables.
var Schema = db.Schema{Package: "once", FS: files}

// findMost bounds the keys that one statement looks for.
const findMost = 64

// KeyMost is the longest key a caller may choose, in bytes.
const KeyMost = 255

// ErrMismatch says that the key was used before, for another request.
var ErrMismatch = fault.Define(fault.Conflict, "idempotency_mismatch",
	lang.Text{EN: "This key was used for another request", ZH: "该幂等键已用于另一个请求"},
	lang.Text{
		EN: "The Idempotency-Key was already used with a different body. Use a new key for a new request. Nothing was moved by this one.",
		ZH: "此 Idempotency-Key 已用于内容不同的请求。新的请求请使用新的键。本次请求未移动任何资金。",
	})

// ErrKeyInvalid says that the key is empty, too long, or not plain ASCII.
var ErrKeyInvalid = fault.Define(fault.Malformed, "idempotency_key_invalid",
	lang.Text{EN: "The key cannot be used", ZH: "幂等键无效"},
	lang.Text{
		EN: "An Idempotency-Key is 1 to 255 printable ASCII characters; a random UUID is a good choice.",
		ZH: "Idempotency-Key 须为 1 至 255 个可打印 ASCII 字符，建议使用随机 UUID。",
	})

// Call names a request: who asks, for which operation, under which key of theirs, and the hash of what they sent.
type Call struct {
	Caller    string // who: "usr_…", "mch_…"; two callers' keys never meet
	Operation string // "payment.create"
	Key       string
	Hash      [32]byte
}

// Check says whether the key is one a caller may use.
func (c Call) Check() error {
	if len(c.Key) == 0 || len(c.Key) > KeyMost {
		return ErrKeyInvalid
	}
	for i := range len(c.Key) {
		if c.Key[i] < ' ' || c.Key[i] > '~' {
			return ErrKeyInvalid
		}
	}
	return nil
}

// Find looks for an earlier answer: the object it was about and the version it showed. It refuses another body under
// the same key. When a twin of this call commits first, the body that called Find runs again and finds it.
func Find(tx *db.Tx, c Call) (object string, version int64, found bool, err error) {
	tx.RerunOnConflict("once_key")
	var hash []byte
	err = tx.Row(selectKey, c.Caller, c.Operation, c.Key).Scan(&hash, &object, &version)
	if errors.Is(err, db.ErrNoRow) {
		return "", 0, false, nil
	}
	if err != nil {
		return "", 0, false, err
	}
	if !bytes.Equal(hash, c.Hash[:]) {
		return "", 0, false, ErrMismatch
	}
	return object, version, true, nil
}

// Answer is what a call is answered with: an object, as of a version of it.
type Answer struct {
	Call    Call
	Object  string
	Version int64
}

// Record keeps what calls are about to answer, in the transaction that makes it true.
//
// The keys of many are written in one order: two transactions that share some of them would else wait for each other.
func Record(tx *db.Tx, answers ...Answer) {
	slices.SortFunc(answers, func(a, b Answer) int {
		return cmp.Or(cmp.Compare(a.Call.Caller, b.Call.Caller), cmp.Compare(a.Call.Operation, b.Call.Operation),
			cmp.Compare(a.Call.Key, b.Call.Key))
	})
	args := make([]any, 0, insertKeys.Columns()*len(answers))
	for _, a := range answers {
		args = append(args, a.Call.Caller, a.Call.Operation, a.Call.Key, a.Call.Hash[:], a.Object, a.Version)
	}
	insertKeys.Queue(tx, args)
}

// Earlier is what Find found for one of many calls: the object of its first answer, or why it is refused. Both are empty where there is
// none.
type Earlier struct {
	Object string
	Err    error
}

// FindAll is Find for many calls of one transaction, without their versions. A twin that commits first is met by the unique rule of the
// table, which the body is not run again for: it is for bodies that many callers share.
func FindAll(tx *db.Tx, calls []Call) ([]Earlier, error) {
	type name struct{ caller, operation, key string }
	places := make(map[name][]int, len(calls))
	args := make([]any, 0, 3*len(calls))
	for i, c := range calls {
		n := name{c.Caller, c.Operation, c.Key}
		if places[n] == nil {
			args = append(args, c.Caller, c.Operation, c.Key)
		}
		places[n] = append(places[n], i)
	}
	found := make([]Earlier, len(calls))
	for len(args) > 0 {
		n := min(len(args), 3*findMost)
		some := db.Pad(args[:n:n], 3)
		args = args[n:]
		_, err := db.All(tx, func(r db.Row) (struct{}, error) {
			var n name
			var hash []byte
			var object string
			err := r.Scan(&n.caller, &n.operation, &n.key, &hash, &object)
			for _, i := range places[n] {
				if found[i] = (Earlier{Object: object}); !bytes.Equal(hash, calls[i].Hash[:]) {
					found[i] = Earlier{Err: ErrMismatch}
				}
			}
			return struct{}{}, err
		}, selectKeys.Of(len(some)/3), some...)
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}
