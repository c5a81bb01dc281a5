package proto

import (
	"unicode"
	"unicode/utf8"
)

// visible tells whether a text shows what it is: valid UTF-8 of graphic characters, with single spaces only between words. A
// payee's name is shown where somebody agrees to pay, so controls, marks that turn the direction of writing and the like are
// refused when the certificate is read, not when it is shown.
func visible(s string) bool {
	last := ' '
	for i, c := range s {
		if c == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return false
			}
		}
		if c == ' ' && last == ' ' || c != ' ' && (unicode.IsSpace(c) || !unicode.IsGraphic(c) || unicode.Is(unicode.Cf, c)) {
			return false
		}
		last = c
	}
	return s == "" || last != ' '
}
