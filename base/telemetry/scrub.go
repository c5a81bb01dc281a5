package telemetry

import (
	"strings"

	"billfold/base/id"
)

// maxText bounds one value of the log: a body that got into an error must not fill the disk.
const maxText = 4096

// Scrub returns a text without the secrets that can be told by their form: API keys (bf_test_…, bf_live_…), webhook
// secrets (whsec_…), bearer and basic credentials, passwords in URLs, e-mail addresses, and card numbers.
func Scrub(s string) string {
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "") + "…"
	}
	s = afterMark(s, "bf_test_", isSecretByte)
	s = afterMark(s, "bf_live_", isSecretByte)
	s = afterMark(s, "whsec_", isSecretByte)
	s = afterMark(s, "bearer ", isVisible)
	s = afterMark(s, "basic ", isVisible)
	s = addresses(s)
	return cards(s)
}

// afterMark replaces the run of bytes that follows a mark; the mark, in any case, stays, so that one sees what it was.
func afterMark(s, mark string, in func(byte) bool) string {
	if len(s) < len(mark) {
		return s
	}
	lower := asciiLower(s)
	if !strings.Contains(lower, mark) {
		return s
	}
	var b strings.Builder
	at := 0
	for {
		next := strings.Index(lower[at:], mark)
		if next < 0 {
			b.WriteString(s[at:])
			return b.String()
		}
		next += at + len(mark)
		b.WriteString(s[at:next])
		at = next
		for at < len(s) && in(s[at]) {
			at++
		}
		if at > next {
			b.WriteString(redacted)
		}
	}
}

// asciiLower keeps every byte in its place, which strings.ToLower does not promise.
func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

func isSecretByte(c byte) bool { return isWord(c) || strings.IndexByte("_-+/=", c) >= 0 }

func isVisible(c byte) bool { return c > ' ' && c != '"' && c != '\'' && c != ',' }

// addresses blacks out what stands on both sides of an @: e-mail addresses, and user and password in a URL.
func addresses(s string) string {
	at := strings.IndexByte(s, '@')
	if at < 0 {
		return s
	}
	var b strings.Builder
	done := 0
	for at < len(s) {
		start, end := at, at+1
		for start > done && isAddressByte(s[start-1]) {
			start--
		}
		for end < len(s) && (isWord(s[end]) || s[end] == '.' || s[end] == '-' || s[end] >= 0x80) {
			end++
		}
		b.WriteString(s[done:start])
		if start == at || end == at+1 {
			b.WriteString(s[start:end]) // a handle, or an @ by itself
		} else {
			b.WriteString(redacted)
		}
		done = end
		next := strings.IndexByte(s[done:], '@')
		if next < 0 {
			break
		}
		at = done + next
	}
	b.WriteString(s[done:])
	return b.String()
}

func isAddressByte(c byte) bool {
	return isWord(c) || c >= 0x80 || strings.IndexByte(".!#$%&'*+-=?^_`{|}~:", c) >= 0
}

// cards blacks out 13 to 19 digits that pass the Luhn check, with single spaces or dashes between groups of them. One in ten other numbers
// passes too; a time in microseconds that is blacked out now and then is the price.
func cards(s string) string {
	var b strings.Builder
	done := 0
	for i := 0; i < len(s); {
		if !isDigit(s[i]) {
			i++
			continue
		}
		group, card := cardAt(s, i)
		if card > 0 {
			b.WriteString(s[done:i])
			b.WriteString(redacted)
			done, group = card, card
		}
		i = group
	}
	if done == 0 {
		return s
	}
	b.WriteString(s[done:])
	return b.String()
}

// cardAt returns where the group of digits that begins at i ends, and where the longest card number ends that
// begins there and ends with a group; 0 when there is none.
func cardAt(s string, i int) (group, card int) {
	var digits []byte
	for {
		for i < len(s) && isDigit(s[i]) {
			digits = append(digits, s[i])
			i++
		}
		if group == 0 {
			group = i
		}
		if len(digits) > 19 {
			return group, card
		}
		if len(digits) >= 13 && id.Luhn(string(digits)) {
			card = i
		}
		if i+1 >= len(s) || s[i] != ' ' && s[i] != '-' || !isDigit(s[i+1]) {
			return group, card
		}
		i++
	}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
