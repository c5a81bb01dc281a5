package lang

import (
	"strings"
	"testing"
)

func TestPick(t *testing.T) {
	for _, c := range []struct {
		header string
		want   Tag
	}{
		{"", EN},
		{"en", EN},
		{"en-US,en;q=0.9", EN},
		{"zh", ZH},
		{"zh-CN,zh;q=0.9,en;q=0.8", ZH},
		{"zh-Hans", ZH},
		{"zh-Hans-SG", ZH},
		{"zh-TW,en;q=0.5", ZH}, // a near relative that is preferred beats a perfect second choice
		{"zh-Hant-HK", ZH},
		{"ZH-cn", ZH},
		{"en;q=0.3, zh;q=0.7", ZH},
		{"zh;q=0.3, en;q=0.7", EN},
		{"zh;q=0, en", EN},
		{"zh;q=0", EN},
		{"fr", EN},
		{"fr-CH, zh;q=0.8, en;q=0.7", ZH},
		{"*", EN},
		{"*;q=0.5, zh", ZH},
		{";;;,,,=", EN},
		{"zh;q=nonsense", EN},
		{"\x00\xff", EN},
		{"zh, " + strings.Repeat("x-aaaaaaa, ", 1000), ZH},
		{strings.Repeat("a", 1<<20), EN},
	} {
		if got := Pick(c.header); got != c.want {
			t.Errorf("Pick(%.60q) = %s, want %s", c.header, got, c.want)
		}
	}
}

func FuzzPick(f *testing.F) {
	for _, seed := range []string{"", "en", "zh-CN,zh;q=0.9,en;q=0.8", "*;q=0.1", "zh;q=0", "i-klingon, sgn-BE-FR", ",,,;q=", "zh_CN"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		if _, ok := Parse(string(Pick(header))); !ok {
			t.Fatalf("Pick(%q) left the languages we speak", header)
		}
	})
}

func TestParseTakesOnlyTheExactTags(t *testing.T) {
	for _, tag := range All() {
		if got, ok := Parse(string(tag)); !ok || got != tag {
			t.Errorf("Parse(%q) = %q, %v", tag, got, ok)
		}
		if tag.Name() == "" {
			t.Errorf("%s has no name of its own", tag)
		}
	}
	for _, s := range []string{"", "EN", "zh", "zh-hans", "en ", "de", "en\x00"} {
		if got, ok := Parse(s); ok || got != EN {
			t.Errorf("Parse(%q) = %q, %v, want a refusal", s, got, ok)
		}
	}
}

func TestText(t *testing.T) {
	greeting := Text{EN: "%[1]s owes %[2]s", ZH: "%[2]s 由 %[1]s 支付"}.Fill("Lena", "5 EUR")
	if got := greeting.In(EN); got != "Lena owes 5 EUR" {
		t.Error(got)
	}
	if got := greeting.In(ZH); got != "5 EUR 由 Lena 支付" {
		t.Error(got)
	}
	if got := (Text{EN: "only English"}).In(ZH); got != "only English" {
		t.Errorf("a missing language should fall back, got %q", got)
	}
	if got := (Text{EN: "100%", ZH: "100%"}).Fill().In(ZH); got != "100%" {
		t.Errorf("a text without arguments was changed to %q", got)
	}
	if !(Text{EN: "x"}).Missing() || (Text{EN: "x", ZH: "y"}).Missing() {
		t.Error("Missing does not see which language is missing")
	}
}
