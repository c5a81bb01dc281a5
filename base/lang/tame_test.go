package lang

import (
	"strings"
	"testing"
)

func TestTame(t *testing.T) {
	for text, want := range map[string]string{
		"Ana\u202Egro.evil": "Anagro.evil", "two\r\nlines": "two  lines", "a\u200bb": "ab", "tab\there": "tab here", "王小明 é": "王小明 é",
		"bad\xffbyte": "badbyte", "para\u2029graph": "para graph",
	} {
		if got := strings.Map(Tame, text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}
