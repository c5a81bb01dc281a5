package qr

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Encode writes a payload, its objects in the order of their ids and the checksum last. It refuses what Parse would refuse, and
// with qr_too_long what does not fit.
func (c Code) Encode() (string, error) {
	body, err := c.Body()
	if err != nil {
		return "", err
	}
	body += "6304"
	if utf8.RuneCountInString(body)+4 > maxPayload {
		return "", ErrTooLong
	}
	return body + checksum(body), nil
}

// Body is the payload without its checksum object: what a signature inside a code is made over, with that signature left out.
func (c Code) Body() (string, error) {
	if err := c.check(); err != nil {
		return "", err
	}
	var b builder
	b.add(0, "01")
	b.add(1, c.Method)
	b.all(c.Schemes)
	for _, t := range c.Accounts {
		b.template(t)
	}
	b.add(52, c.Category)
	b.add(53, c.Currency)
	b.add(54, c.Amount)
	if c.Tip.Kind != NoTip {
		b.add(55, pair(int(c.Tip.Kind)))
		b.add(54+uint8(c.Tip.Kind), c.Tip.Value)
	}
	b.add(58, c.Country)
	b.add(59, c.Name)
	b.add(60, c.City)
	b.add(61, c.Postal)
	more := c.Additional.encode()
	b.add(62, more.String())
	var local builder
	local.add(0, c.Local.Language)
	local.add(1, c.Local.Name)
	local.add(2, c.Local.City)
	local.all(c.Local.Reserved)
	b.add(64, local.String())
	b.all(c.Reserved)
	for _, t := range c.Unreserved {
		b.template(t)
	}
	if b.err == nil {
		b.err = more.err
	}
	return b.String(), b.err
}

func (a *Additional) encode() *builder {
	b := &builder{path: "62"}
	for id, place := range a.places() {
		if place != nil {
			b.add(uint8(id), *place)
		}
	}
	b.all(a.Reserved)
	for _, t := range a.Templates {
		b.template(t)
	}
	return b
}

// Plain makes of a name what the objects for names may hold: at most so many printable ASCII characters, accents taken off
// ("Café Größe" is "Cafe Grosse"). What has no ASCII form is left out; an empty answer means that nothing had one.
func Plain(s string, most int) string {
	var b strings.Builder
	space := false
	for _, r := range norm.NFKD.String(strings.NewReplacer("ß", "ss", "æ", "ae", "Æ", "AE", "ø", "o", "Ø", "O", "œ", "oe", "Œ", "OE", "ł", "l",
		"Ł", "L", "đ", "d", "Đ", "D", "ð", "d", "Ð", "D", "þ", "th", "Þ", "Th", "ı", "i").Replace(s)) {
		switch {
		case unicode.IsSpace(r):
			space = b.Len() > 0
		case r > 0x20 && r < 0x7F:
			if space {
				b.WriteByte(' ')
				space = false
			}
			b.WriteRune(r)
		}
	}
	out := b.String()
	return strings.TrimSpace(out[:min(len(out), most)])
}
