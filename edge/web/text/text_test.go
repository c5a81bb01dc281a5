package text

import (
	"regexp"
	"slices"
	"testing"

	"billfold/base/lang"
)

// Both languages say the same things: the same keys, and the same holes in each sentence in the same order.
func TestLanguagesAgree(t *testing.T) {
	en, zh := Keys(lang.EN), Keys(lang.ZH)
	if len(en) < 300 {
		t.Fatalf("only %d keys in en.txt: was it read?", len(en))
	}
	for _, key := range en {
		if !slices.Contains(zh, key) {
			t.Errorf("zh-Hans.txt lacks %s", key)
		}
	}
	for _, key := range zh {
		if !slices.Contains(en, key) {
			t.Errorf("en.txt lacks %s", key)
		}
	}
	hole := regexp.MustCompile(`%[a-z]`)
	for _, key := range en {
		a, b := hole.FindAllString(books[lang.EN][key], -1), hole.FindAllString(books[lang.ZH][key], -1)
		if !slices.Equal(a, b) {
			t.Errorf("%s has the holes %v in English and %v in Chinese", key, a, b)
		}
	}
}

// A Chinese sentence is in Chinese: full-width punctuation, and no English sentence left standing.
func TestChineseIsChinese(t *testing.T) {
	english := regexp.MustCompile(`[A-Za-z]+ [a-z]+ [a-z]+`)
	comma := regexp.MustCompile(`\p{Han}[,;:?!]|[,;:?!]\p{Han}`)
	for key, words := range books[lang.ZH] {
		if english.MatchString(words) {
			t.Errorf("%s is not translated: %s", key, words)
		}
		if comma.MatchString(words) {
			t.Errorf("%s has half-width punctuation: %s", key, words)
		}
	}
}

func TestSay(t *testing.T) {
	if got := Say(lang.ZH, "confirm.go", "€4.20"); got != "支付 €4.20" {
		t.Error(got)
	}
	if got := Say(lang.EN, "no.such.key"); got != "[no.such.key]" {
		t.Error(got)
	}
}
