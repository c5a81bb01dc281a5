package identity

import (
	"context"
	_ "embed"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"golang.org/x/text/secure/precis"

	"billfold/base/fault"
)

const (
	minPassword = 15  // characters; NIST SP 800-63B-4, 3.1.1.2, for a password that stands alone
	maxPassword = 128 // characters hashed; a megabyte must not reach the hash
)

// hashing is OWASP's first choice for argon2id: 19 MiB, two passes, one lane; about 25 ms on the machine it was
// written on.
var hashing = &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// preparePassword brings what a keyboard sent into the one form that is hashed (RFC 8265, OpaqueString: NFC, exotic
// spaces to space, no control characters), and refuses what is too long to hash. It does not judge the strength.
func preparePassword(raw string) (string, error) {
	if len(raw) > 4*maxPassword || utf8.RuneCountInString(raw) > maxPassword {
		return "", ErrPasswordLong.With("password")
	}
	prepared, err := precis.OpaqueString.String(raw)
	if err != nil {
		if raw == "" {
			return "", ErrPasswordShort.With("password")
		}
		return "", ErrPasswordCharacters.With("password")
	}
	if utf8.RuneCountInString(prepared) > maxPassword {
		return "", ErrPasswordLong.With("password")
	}
	return prepared, nil
}

// newPassword prepares and judges a password that somebody wants to use from now on.
func (s *Service) newPassword(raw string, own ...string) (string, error) {
	password, err := preparePassword(raw)
	if err != nil {
		return "", err
	}
	if utf8.RuneCountInString(password) < minPassword {
		return "", ErrPasswordShort.With("password")
	}
	if guessable(password, own...) {
		return "", ErrPasswordCommon.With("password")
	}
	breached, err := s.breached.has(password)
	if err != nil {
		return "", fault.ErrUnavailable.Because(err)
	}
	if breached {
		return "", ErrPasswordCommon.With("password")
	}
	return password, nil
}

//go:embed breached.txt
var breachedList string

var commonWhole, commonWords = readCommon(breachedList)

// readCommon splits the list: lines of 15 characters and more are whole passwords, shorter ones are words that such
// passwords are strung from.
func readCommon(list string) (whole, words map[string]bool) {
	whole, words = map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(list) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if f := fold(line); utf8.RuneCountInString(line) >= minPassword {
			whole[f] = true
		} else {
			words[f] = true
		}
	}
	return whole, words
}

// fold lowers a password, undoes the usual substitutions and drops separators, so that "P@ssw0rd-Passw0rd" meets
// "passwordpassword".
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '0':
			return 'o'
		case '1', '!', '|':
			return 'i'
		case '3':
			return 'e'
		case '4', '@':
			return 'a'
		case '5', '$':
			return 's'
		case '7':
			return 't'
		}
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// guessable reports passwords that a guesser tries early: on the list, without variety, one unit repeated, runs of a
// keyboard row or the alphabet, or strung together from common words, digits and the person's own names. What remains
// after taking those out must have eight characters.
func guessable(password string, own ...string) bool {
	plain := strings.ToLower(password)
	folded := fold(password)
	if commonWhole[folded] || variety(plain) < 5 || repeats(plain) || repeats(folded) {
		return true
	}
	own = ownWords(own)
	return remaining(plain, own) < 8 || remaining(folded, own) < 8
}

func variety(s string) int {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen)
}

// repeats reports a string that is one unit of up to half its length over and over, the last one possibly cut off.
func repeats(s string) bool {
	runes := []rune(s)
	for unit := 1; unit <= len(runes)/2; unit++ {
		same := true
		for i := unit; i < len(runes); i++ {
			if runes[i] != runes[i-unit] {
				same = false
				break
			}
		}
		if same {
			return true
		}
	}
	return false
}

// remaining counts the characters no rule explains: neither digits and signs, nor common words, the own names, or runs.
func remaining(s string, own []string) int {
	runes := []rune(s)
	explained := make([]bool, len(runes))
	mark := func(from, n int) {
		for i := from; i < from+n; i++ {
			explained[i] = true
		}
	}
	for i := range runes {
		if !unicode.IsLetter(runes[i]) {
			explained[i] = true
		}
		if n := run(runes[i:]); n >= 4 {
			mark(i, n)
		}
		for n := 4; n <= 14 && i+n <= len(runes); n++ {
			if commonWords[string(runes[i:i+n])] {
				mark(i, n)
			}
		}
	}
	for _, word := range own {
		markAll(s, word, mark)
	}
	for word := range commonWhole {
		markAll(s, word, mark)
	}
	left := 0
	for _, e := range explained {
		if !e {
			left++
		}
	}
	return left
}

// markAll marks every place where s holds the word, in characters.
func markAll(s, word string, mark func(from, n int)) {
	for at := 0; at < len(s); {
		i := strings.Index(s[at:], word)
		if i < 0 {
			return
		}
		mark(utf8.RuneCountInString(s[:at+i]), utf8.RuneCountInString(word))
		at += i + len(word)
	}
}

// ownWords are the parts of three and more letters of a person's name, handle and e-mail, and the same folded.
func ownWords(own []string) []string {
	var words []string
	for _, o := range own {
		for _, w := range strings.FieldsFunc(strings.ToLower(o), func(r rune) bool {
			return !unicode.IsLetter(r) &&
				!unicode.IsDigit(r)
		}) {
			if n := utf8.RuneCountInString(w); n >= 3 || n == 2 && w[0] >= utf8.RuneSelf {
				words = append(words, w, fold(w))
			}
		}
	}
	return words
}

var rows = []string{"abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "yxcvbnm", "zxcvbnm",
	"1234567890"}

// run returns the length of the longest piece of a row, forwards or backwards, with which s begins, or of one
// character repeated.
func run(s []rune) int {
	best := 1
	for best < len(s) && s[best] == s[0] {
		best++
	}
	for _, row := range rows {
		at := strings.IndexRune(row, s[0])
		if at < 0 {
			continue
		}
		for _, step := range []int{1, -1} {
			n := 1
			for i := at + step; n < len(s) && i >= 0 && i < len(row) && s[n] == rune(row[i]); i += step {
				n++
			}
			best = max(best, n)
		}
	}
	return best
}

// hasher runs at most two hashes at a time: each takes 19 MiB and a core, and a flood of sign-ins must leave the
// payments their machine.
type hasher struct {
	slots chan struct{}
	wait  time.Duration
	dummy string       // what an unknown login is compared with
	ran   atomic.Int64 // hashes run so far
}

func newHasher() (*hasher, error) {
	h := &hasher{slots: make(chan struct{}, 2), wait: 4 * time.Second}
	dummy, err := argon2id.CreateHash("the password of nobody", hashing)
	h.dummy = dummy
	return h, err
}

// slot waits for one of the two places, a bounded time.
func (h *hasher) slot(ctx context.Context) (release func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, h.wait)
	defer cancel()
	select {
	case h.slots <- struct{}{}:
		h.ran.Add(1)
		return func() { <-h.slots }, nil
	case <-ctx.Done():
		return nil, fault.ErrBusy.RetryIn(h.wait).Because(ctx.Err())
	}
}

func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	release, err := h.slot(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	return argon2id.CreateHash(password, hashing)
}

// matches compares with a stored hash, or with nobody's when there is none: the same work, always false.
func (h *hasher) matches(ctx context.Context, password, stored string) (bool, error) {
	release, err := h.slot(ctx)
	if err != nil {
		return false, err
	}
	defer release()
	against := stored
	if stored == "" {
		against = h.dummy
	}
	ok, err := argon2id.ComparePasswordAndHash(password, against)
	return ok && stored != "", err
}
