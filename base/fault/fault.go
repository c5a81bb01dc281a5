package fault

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"billfold/base/lang"
)

// Kind says what sort of no a fault is. The edge turns a kind into a status, and nobody else does.
type Kind uint8

// The kinds, with the reason to choose each. The zero Kind is none of them; Define refuses it.
const (
	_               Kind = iota
	Malformed            // the request cannot be read: syntax, a missing header, a number that is none
	Unauthenticated      // we do not know who asks
	Refused              // a business no: no funds, declined, over a limit
	Denied               // we know who asks, and they may not
	NotFound             // there is nothing there, or nothing that is theirs
	Conflict             // the object or the idempotency key is in a state that forbids it
	Invalid              // it can be read, but a value is wrong
	Held                 // frozen or held for review: somebody has to decide first
	Exhausted            // too often or too many: slow down
	Internal             // our mistake
	Unavailable          // something we depend on is away: storage, database, a rail
)

var kindNames = [...]string{
	"", "Malformed", "Unauthenticated", "Refused", "Denied", "NotFound", "Conflict",
	"Invalid", "Held", "Exhausted", "Internal", "Unavailable",
}

// String returns the kind's name as the code writes it.
func (k Kind) String() string {
	if int(k) < len(kindNames) && k != 0 {
		return kindNames[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Moved answers whether money moved although the request was refused. The zero value means no.
type Moved string

// The three answers.
const (
	MovedNo      Moved = "no"
	MovedYes     Moved = "yes"
	MovedUnknown Moved = "unknown"
)

// String returns the wire form: "no", "yes" or "unknown".
func (m Moved) String() string {
	if m == "" {
		return string(MovedNo)
	}
	return string(m)
}

// Fault is one refusal. Title and Detail may be shown to anybody; Err is for the log.
type Fault struct {
	Kind       Kind
	Code       string        // unique snake_case; clients switch on it
	Title      lang.Text     // the sort of problem, the same every time
	Detail     lang.Text     // what happened here and what to do about it
	Param      string        // the field, header or query parameter to blame, "" when none
	Moved      Moved         // zero means no
	Retryable  bool          // the same request may succeed later, unchanged
	RetryAfter time.Duration // how much later; 0 when unknown
	Link       string        // where to look when the outcome is unknown
	Err        error         // the cause; never shown
}

var (
	registryMu sync.Mutex
	registry   = map[string]*Fault{}
)

var codeForm = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

// Define makes a sentinel and enters it in the list behind docs/errors.md. It is called at package
// initialisation and panics when the code is taken or ill-formed, the kind is unknown, or a language is missing:
// such a program must not start. Exhausted and Unavailable faults are retryable by nature.
func Define(kind Kind, code string, title, detail lang.Text) *Fault {
	if kind == 0 || int(kind) >= len(kindNames) {
		panic(fmt.Sprintf("fault %q has an unknown kind %d", code, kind))
	}
	if !codeForm.MatchString(code) {
		panic(fmt.Sprintf("fault code %q is not snake_case", code))
	}
	if title.Missing() || detail.Missing() {
		panic(fmt.Sprintf("fault %q lacks a language in its title or detail", code))
	}
	registryMu.Lock()
	defer registryMu.Unlock()
	if _, taken := registry[code]; taken {
		panic(fmt.Sprintf("fault code %q is defined twice", code))
	}
	f := &Fault{Kind: kind, Code: code, Title: title, Detail: detail, Retryable: kind == Exhausted || kind == Unavailable}
	registry[code] = f
	return f
}

// All returns a copy of every defined fault, sorted by code.
func All() []*Fault {
	registryMu.Lock()
	defer registryMu.Unlock()
	all := make([]*Fault, 0, len(registry))
	for _, f := range registry {
		all = append(all, f.copy())
	}
	slices.SortFunc(all, func(a, b *Fault) int { return strings.Compare(a.Code, b.Code) })
	return all
}

// As finds the fault in an error's chain.
func As(err error) (*Fault, bool) {
	var f *Fault
	if errors.As(err, &f) && f != nil {
		return f, true
	}
	return nil, false
}

// Error is the line for the log: code, parameter and cause. It leaves the detail out, which may name an amount.
func (f *Fault) Error() string {
	s := f.Code
	if f.Param != "" {
		s += " (" + f.Param + ")"
	}
	if f.Err != nil {
		s += ": " + f.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Err }

// Is tells errors.Is that two faults with one code are the same refusal.
func (f *Fault) Is(target error) bool {
	other, ok := target.(*Fault)
	return ok && other != nil && other.Code == f.Code
}

func (f *Fault) copy() *Fault {
	c := *f
	return &c
}

// With returns a copy that blames a parameter.
func (f *Fault) With(param string) *Fault {
	c := f.copy()
	c.Param = param
	return c
}

// Because returns a copy that carries the cause for the log.
func (f *Fault) Because(err error) *Fault {
	c := f.copy()
	c.Err = err
	return c
}

// Say returns a copy with another detail.
func (f *Fault) Say(detail lang.Text) *Fault {
	c := f.copy()
	c.Detail = detail
	return c
}

// Fill returns a copy whose detail has its verbs filled. The arguments are shown to people: no secrets, no
// personal data of the other side beyond a masked name.
func (f *Fault) Fill(args ...any) *Fault {
	c := f.copy()
	c.Detail = f.Detail.Fill(args...)
	return c
}

// In returns a copy that names the place where an unknown outcome is answered.
func (f *Fault) In(link string) *Fault {
	c := f.copy()
	c.Link = link
	return c
}

// RetryIn returns a retryable copy that says how long to wait first.
func (f *Fault) RetryIn(wait time.Duration) *Fault {
	c := f.copy()
	c.Retryable, c.RetryAfter = true, wait
	return c
}

// MovedAs returns a copy that says whether money moved.
func (f *Fault) MovedAs(m Moved) *Fault {
	c := f.copy()
	c.Moved = m
	return c
}
