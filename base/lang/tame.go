package lang

import (
	"unicode"
	"unicode/utf8"
)

// Tame is what a character of a text that somebody wrote becomes on one line of ours, for strings.Map: line breaks and other controls
// become spaces, and what turns or hides other characters goes.
func Tame(r rune) rune {
	switch {
	case r == utf8.RuneError:
		return -1
	case unicode.IsControl(r), r == '\u2028', r == '\u2029':
		return ' '
	case unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs):
		return -1
	}
	return r
}
