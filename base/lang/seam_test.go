package lang_test

import (
	"testing"

	"billfold/base/lang"
)

// TestSew: where a value is put into a Chinese sentence, a space stands between Han characters and Latin letters or digits, and nowhere
// else.
func TestSew(t *testing.T) {
	for _, c := range []struct{ before, value, after, zh string }{
		{"", "Ana G.", "请您支付", "Ana G. 请您支付"},
		{"", "王小明", "请您支付", "王小明请您支付"},
		{"", "*小明", "请您支付", "*小明请您支付"},
		{"转账给", "*小明", "", "转账给*小明"},
		{"转账给", "Émile", "。", "转账给 Émile。"},
		{"剩余", "3", "次", "剩余 3 次"},
		{"至少 ", "€5.00", " 起", "至少 €5.00 起"},
		{"（", "Ana", "）", "（Ana）"},
		{"向", "", "付款", "向付款"},
		{"向", "A\x01B", "付款", "向 AB 付款"},
		{"把", "Lena", "", "把 Lena"},
	} {
		if got := lang.ZH.Sew(c.before + lang.ZH.Hem(c.value) + c.after); got != c.zh {
			t.Errorf("%q, want %q", got, c.zh)
		}
		if got := lang.EN.Sew("to" + lang.EN.Hem(c.value)); got != "to"+c.value {
			t.Errorf("English: %q", got)
		}
	}
	if got := (lang.Text{EN: "%s asks", ZH: "%s请您"}).Fill("Ana").In(lang.ZH); got != "Ana 请您" {
		t.Errorf("filled: %q", got)
	}
}
