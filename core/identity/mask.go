package identity

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Mask shortens a name so that somebody who knows the person recognises it and somebody who guesses learns little.
//
//	"Lena Hoffmann"  -> "Lena H."   first name and the last name's initial, as Venmo, Revolut and confirmation-of-payee services do
//	"Lena"           -> "L***"      one word keeps its first letter only
//	"王小明"          -> "*小明"      names written without spaces hide the front, as Alipay does: the family name comes first and
//	"王明"            -> "*明"       the given name is what tells two people apart
//	"欧阳娜娜"         -> "**娜娜"     four and more characters hide two, which covers double family names
//	"买买提·艾力"      -> "买买提·*"    a name with a middle dot has the given name first
func Mask(name string) string {
	words := strings.Fields(name)
	if len(words) == 0 {
		return "***"
	}
	if len(words) == 1 {
		return maskWord(words[0])
	}
	last := words[len(words)-1]
	if unspaced(last) && unspaced(words[0]) {
		return maskWord(strings.Join(words, ""))
	}
	first, _ := utf8.DecodeRuneInString(last)
	if utf8.RuneCountInString(words[0]) == 1 { // "X Æ" must not be told whole
		return words[0] + " " + string(unicode.ToUpper(first)) + "***"
	}
	return words[0] + " " + string(unicode.ToUpper(first)) + "."
}

func maskWord(w string) string {
	if !unspaced(w) {
		first, _ := utf8.DecodeRuneInString(w)
		return string(unicode.ToUpper(first)) + "***"
	}
	if given, _, dotted := strings.Cut(w, "·"); dotted && given != "" {
		return given + "·*"
	}
	runes := []rune(w)
	hide := 1
	if len(runes) >= 4 {
		hide = 2
	}
	return strings.Repeat("*", hide) + string(runes[hide:])
}

// unspaced reports words in scripts that write family and given name together.
func unspaced(w string) bool {
	for _, r := range w {
		script := unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo)
		if !script && r != '·' && r != 'ー' {
			return false
		}
	}
	return w != ""
}
