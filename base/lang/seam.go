package lang

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// seam stands at both ends of a value until the sentence around it is whole. No text of ours has this character.
const seam = '\x01'

// Hem marks where a value begins and ends that is about to be put into a sentence of this language. Sew takes the marks out again.
func (t Tag) Hem(value string) string {
	if t != ZH || value == "" {
		return value
	}
	return string(seam) + strings.ReplaceAll(value, string(seam), "") + string(seam)
}

// Sew finishes a sentence with hemmed values in it. Chinese has no spaces between its words, but one where it meets a Latin letter or a
// digit; whether a name does is only known once it stands there: 王小明请您 and Ana G. 请您.
func (t Tag) Sew(sentence string) string {
	if t != ZH || !strings.ContainsRune(sentence, seam) {
		return sentence
	}
	var b strings.Builder
	parts := strings.Split(sentence, string(seam))
	for i, part := range parts {
		if i > 0 {
			before, _ := utf8.DecodeLastRuneInString(b.String())
			after, _ := utf8.DecodeRuneInString(strings.Join(parts[i:], ""))
			if unicode.Is(unicode.Han, before) && latin(after) || latin(before) && unicode.Is(unicode.Han, after) {
				b.WriteByte(' ')
			}
		}
		b.WriteString(part)
	}
	return b.String()
}

// Sprintf is fmt.Sprintf for a sentence of this language, with its texts set in as the language wants it.
func (t Tag) Sprintf(sentence string, args ...any) string {
	hemmed := make([]any, len(args))
	for i, arg := range args {
		if value, ok := arg.(string); ok {
			arg = t.Hem(value)
		}
		hemmed[i] = arg
	}
	return t.Sew(fmt.Sprintf(sentence, hemmed...))
}

// latin tells whether Chinese keeps its distance from a character: letters and digits of other scripts and what ends them, as the dot
// of "Ana G.". The asterisk of a masked name stands for a Chinese character.
func latin(r rune) bool {
	return r != '*' && r < 0x2000 && r != utf8.RuneError && !unicode.IsSpace(r) && !unicode.IsControl(r)
}
