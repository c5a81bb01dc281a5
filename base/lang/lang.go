package lang

import (
	"strings"

	"golang.org/x/text/language"
)

// Tag names one language we speak, as BCP 47 writes it. It is given a unique type so that a language and a
// string from outside cannot be confused: only Pick and Parse turn one into the other.
type Tag string

// The languages Billfold speaks. EN is the default.
const (
	EN Tag = "en"
	ZH Tag = "zh-Hans"
)

// All returns the languages in the order in which a chooser lists them. The first one is the default.
func All() []Tag { return []Tag{EN, ZH} }

// maxHeader bounds the work done for one request. Browsers send at most a few dozen ranges; whatever follows
// this many bytes is a lower preference of somebody who is not a browser.
const maxHeader = 512

var matcher = language.NewMatcher([]language.Tag{language.English, language.SimplifiedChinese})

// Pick returns the language that suits an Accept-Language header best (RFC 9110, 12.5.4; lookup with the CLDR's
// language distances). The reader's order decides: a second choice that fits perfectly does not beat a first
// choice that we can serve in a near relative (zh-TW is answered in zh-Hans, not in the English that stands
// second). No header, a malformed one, and one that names only languages we do not speak give EN.
func Pick(acceptLanguage string) Tag {
	header := acceptLanguage
	if len(header) > maxHeader {
		header = header[:maxHeader]
		header = header[:strings.LastIndexByte(header, ',')+1]
		header = strings.TrimSuffix(header, ",")
	}
	wanted, _, err := language.ParseAcceptLanguage(header)
	if err != nil {
		return EN
	}
	for _, one := range wanted {
		if _, index, confidence := matcher.Match(one); confidence > language.No {
			return All()[index]
		}
	}
	return EN
}

// Parse reads a stored or submitted language tag. Only the exact tags of All are accepted, because the result is
// compared and stored, not negotiated; use Pick for what a browser sends.
func Parse(s string) (Tag, bool) {
	switch tag := Tag(s); tag {
	case EN, ZH:
		return tag, true
	}
	return EN, false
}

// Name returns what the language calls itself, for a chooser.
func (t Tag) Name() string {
	if t == ZH {
		return "简体中文"
	}
	return "English"
}

// Text is one sentence in every language we speak. The zero Text says nothing.
type Text struct{ EN, ZH string }

// In returns the sentence in the given language, in English when that language is missing or unknown.
func (t Text) In(tag Tag) string {
	if tag == ZH && t.ZH != "" {
		return t.ZH
	}
	return t.EN
}

// Fill puts the arguments into the verbs of both sentences, as fmt.Sprintf does. Languages order their words
// differently: a sentence that needs another order uses explicit indexes (%[2]s). Without arguments the text is
// returned as it is, so that a lone % in it stays a %.
func (t Text) Fill(args ...any) Text {
	if len(args) == 0 {
		return t
	}
	return Text{EN: EN.Sprintf(t.EN, args...), ZH: ZH.Sprintf(t.ZH, args...)}
}

// Missing tells whether the sentence lacks one of the languages.
func (t Text) Missing() bool { return t.EN == "" || t.ZH == "" }
