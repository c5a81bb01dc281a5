package fault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"billfold/base/lang"
)

var errExample = Define(Refused, "test_example",
	lang.Text{EN: "An example", ZH: "示例"},
	lang.Text{EN: "At most %[1]s of %[2]s is left; send less.", ZH: "%[2]s 最多还剩 %[1]s，请减少金额。"})

func TestCopiesLeaveTheSentinelAlone(t *testing.T) {
	before := *errExample
	f := errExample.With("amount").Because(io.ErrUnexpectedEOF).Fill("5 EUR", "8 EUR").In("/v1/payments/pay_1").
		RetryIn(3 * time.Second).MovedAs(MovedUnknown)
	if *errExample != before {
		t.Fatalf("the sentinel changed to %+v", *errExample)
	}
	if f.Param != "amount" || f.Link != "/v1/payments/pay_1" || !f.Retryable || f.RetryAfter != 3*time.Second || f.Moved != MovedUnknown {
		t.Errorf("%+v", f)
	}
	if got := f.Detail.In(lang.EN); got != "At most 5 EUR of 8 EUR is left; send less." {
		t.Error(got)
	}
	if got := f.Detail.In(lang.ZH); got != "8 EUR 最多还剩 5 EUR，请减少金额。" {
		t.Error(got)
	}
	said := errExample.Say(lang.Text{EN: "a", ZH: "b"})
	if said.Detail.In(lang.ZH) != "b" || *errExample != before {
		t.Error("Say did not copy")
	}
}

func TestIsComparesCodes(t *testing.T) {
	err := fmt.Errorf("post entry ent_1: %w", errExample.With("amount").Because(context.DeadlineExceeded))
	if !errors.Is(err, errExample) || !errors.Is(err, context.DeadlineExceeded) {
		t.Error("a wrapped copy is no longer its sentinel, or lost its cause")
	}
	if errors.Is(err, ErrInternal) || errors.Is(err, (*Fault)(nil)) {
		t.Error("it is mistaken for another fault")
	}
	if f, ok := As(err); !ok || f.Param != "amount" {
		t.Errorf("As gave %v, %v", f, ok)
	}
	if _, ok := As(io.EOF); ok {
		t.Error("As finds a fault where there is none")
	}
	if _, ok := As((*Fault)(nil)); ok {
		t.Error("As gives out a nil fault")
	}
}

func TestErrorIsForTheLog(t *testing.T) {
	for want, f := range map[string]*Fault{
		"test_example":                          errExample,
		"test_example (amount)":                 errExample.With("amount"),
		"test_example (amount): unexpected EOF": errExample.With("amount").Because(io.ErrUnexpectedEOF),
	} {
		if f.Error() != want {
			t.Errorf("%q, want %q", f.Error(), want)
		}
	}
}

func TestDefineRefusesWhatMustNotStart(t *testing.T) {
	full := lang.Text{EN: "x", ZH: "y"}
	for name, define := range map[string]func(){
		"taken code":     func() { Define(Refused, "test_example", full, full) },
		"no kind":        func() { Define(0, "test_kind", full, full) },
		"unknown kind":   func() { Define(99, "test_kind", full, full) },
		"camel case":     func() { Define(Refused, "testCode", full, full) },
		"empty code":     func() { Define(Refused, "", full, full) },
		"no Chinese":     func() { Define(Refused, "test_zh", lang.Text{EN: "x"}, full) },
		"no detail":      func() { Define(Refused, "test_detail", full, lang.Text{}) },
		"double dash":    func() { Define(Refused, "test__code", full, full) },
		"trailing space": func() { Define(Refused, "test_code ", full, full) },
	} {
		t.Run(name, func(t *testing.T) {
			before := len(All())
			defer func() {
				if recover() == nil || len(All()) != before {
					t.Error("it was accepted")
				}
			}()
			define()
		})
	}
}

func TestKinds(t *testing.T) {
	for kind, want := range map[Kind]string{Refused: "Refused", Unavailable: "Unavailable", 0: "Kind(0)", 77: "Kind(77)"} {
		if kind.String() != want {
			t.Errorf("%q, want %q", kind, want)
		}
	}
	if (Moved)("").String() != "no" || MovedUnknown.String() != "unknown" || MovedYes.String() != "yes" {
		t.Error("a fault that says nothing about money must say no")
	}
	if !ErrBusy.Retryable || !ErrUnavailable.Retryable || ErrInternal.Retryable || ErrInvalid.Retryable {
		t.Error("retryable by nature are Exhausted and Unavailable")
	}
	if ErrOutcomeUnknown.Moved != MovedUnknown {
		t.Error("an unknown outcome must not claim that nothing moved")
	}
}

func TestAllIsSortedAndSafeToChange(t *testing.T) {
	all := All()
	if !slices.IsSortedFunc(all, func(a, b *Fault) int { return strings.Compare(a.Code, b.Code) }) {
		t.Error("not sorted")
	}
	for _, f := range all {
		f.Code, f.Kind = "changed", Internal
	}
	if errExample.Code != "test_example" || All()[0].Code == "changed" {
		t.Error("All gives out the sentinels themselves")
	}
}

func TestSharedTextsSayWhatToDoInBothLanguages(t *testing.T) {
	for _, f := range All() {
		for _, text := range []lang.Text{f.Title, f.Detail} {
			if !strings.ContainsFunc(text.In(lang.ZH), func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
				t.Errorf("%s: %q is not Chinese", f.Code, text.In(lang.ZH))
			}
			if strings.ContainsFunc(text.In(lang.EN), func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
				t.Errorf("%s: %q is not English", f.Code, text.In(lang.EN))
			}
		}
		if strings.HasSuffix(f.Title.In(lang.EN), ".") || strings.HasSuffix(f.Title.In(lang.ZH), "。") {
			t.Errorf("%s: a title is no sentence", f.Code)
		}
		if !strings.HasSuffix(f.Detail.In(lang.EN), ".") || !strings.HasSuffix(f.Detail.In(lang.ZH), "。") {
			t.Errorf("%s: a detail is a sentence", f.Code)
		}
	}
}

func TestMarkdownListsEveryFault(t *testing.T) {
	doc := Markdown()
	for _, f := range All() {
		if strings.Count(doc, "\n## "+f.Code+"\n") != 1 {
			t.Errorf("%s does not have one heading", f.Code)
		}
	}
	for _, want := range []string{
		"# Errors\n", "## outcome_unknown\n\nKind: Unavailable. Money moved: unknown. Same request again may help: yes.\n",
		"- en: **An example.** At most … of … is left; send less.\n", "- zh-Hans: **示例。** … 最多还剩 …，请减少金额。\n",
		"| Refused | 402 |",
	} {
		if !strings.Contains(doc, want) {
			t.Errorf("no %q in:\n%s", want, doc)
		}
	}
	if doc != Markdown() {
		t.Error("the document differs from one call to the next")
	}
}
