package identity

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"billfold/base/fault"
)

const maxName = 80 // characters; the longest legal names we could find have fewer

// CleanName trims, normalises (NFC) and collapses white space. It refuses control, format and private-use characters
// (so no bidi override and nothing of zero width can dress one name up as another), and names without a letter.
func CleanName(raw string) (string, error) {
	return cleanLine(raw, ErrName.With("name"), true)
}

func cleanLine(raw string, refusal *fault.Fault, needLetter bool) (string, error) {
	if !utf8.ValidString(raw) || len(raw) > 16*maxName {
		return "", refusal
	}
	clean := strings.Join(strings.Fields(norm.NFC.String(raw)), " ")
	letters, marks := 0, 0
	for _, r := range clean {
		if !unicode.IsGraphic(r) || blank(r) {
			return "", refusal
		}
		if unicode.IsLetter(r) {
			letters++
		}
		if marks++; !unicode.Is(unicode.Mn, r) {
			marks = 0
		} else if marks > 3 { // stacked marks run over the lines above and below
			return "", refusal
		}
	}
	if n := utf8.RuneCountInString(clean); n == 0 || n > maxName || needLetter && letters == 0 {
		return "", refusal
	}
	return clean, nil
}

// blank reports graphic characters that print nothing: Hangul fillers, the Braille blank, variation selectors and the
// grapheme joiner.
func blank(r rune) bool {
	switch {
	case r == 0x115F, r == 0x1160, r == 0x3164, r == 0xFFA0, r == 0x2800, r == 0x034F, r == 0x17B4, r == 0x17B5:
		return true
	case r >= 0xFE00 && r <= 0xFE0F, r >= 0xE0100 && r <= 0xE01EF, r >= 0x180B && r <= 0x180F:
		return true
	}
	return false
}

// CleanHandle lowers ASCII letters, drops a leading "@" and checks the form [a-z0-9_.]{3,30}: at least one letter, no
// dot at either end or doubled (so that "@lena." at the end of a sentence means one person), and not a reserved word.
func CleanHandle(raw string) (string, error) {
	h := strings.TrimPrefix(strings.TrimSpace(raw), "@")
	refusal := ErrHandle.With("handle")
	if len(h) < 3 || len(h) > 30 {
		return "", refusal
	}
	lower, letters := make([]byte, len(h)), 0
	for i := range len(h) {
		c := h[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		switch {
		case c >= 'a' && c <= 'z':
			letters++
		case c >= '0' && c <= '9', c == '_', c == '.':
		default:
			return "", refusal
		}
		lower[i] = c
	}
	h = string(lower)
	if letters == 0 || h[0] == '.' || h[len(h)-1] == '.' || strings.Contains(h, "..") {
		return "", refusal
	}
	if reservedHandle(h) {
		return "", ErrHandleReserved.With("handle")
	}
	return h, nil
}

// reserved words could pass for the operator, or are (or will be) paths and magic values of the sandbox.
var reserved = map[string]bool{}

func init() {
	for _, w := range strings.Fields(`about abuse account accounts admin administrator aml api app audit auth bank billfold billing cash
		checkout compliance contact decline dev developer docs everyone finance fraud help helpdesk home info kyc legal login mail
		me merchant moderator nobody null official operator ops owner password pay payment payments payout postmaster refund refunds
		root security service settings shop signin signup slow staff status superuser support sysadmin system team test topup
		treasury undefined verify wallet wallets webhook webmaster www`) {
		reserved[w] = true
	}
}

// reservedHandle also catches separators put into a reserved word ("bill.fold", "_admin_") and the product's name as
// a first part.
func reservedHandle(h string) bool {
	bare := strings.NewReplacer(".", "", "_", "").Replace(h)
	return reserved[h] || reserved[bare] || strings.HasPrefix(bare, "billfold")
}

// CleanEmail checks and normalises an address: one "@", an RFC 5321 dot-atom in ASCII before it, a domain of at least
// two labels after it. The whole address is lowered, because two mailboxes that differ in case only do not exist in
// practice and would be two accounts. Internationalised addresses (RFC 6531) are refused; a domain can be given in
// its xn-- form.
func CleanEmail(raw string) (string, error) {
	e := strings.ToLower(strings.TrimSpace(raw))
	local, domain, ok := strings.Cut(e, "@")
	if !ok || len(e) > 254 || !dotAtom(local) || len(local) > 64 || !domainName(domain) {
		return "", ErrEmail.With("email")
	}
	return e, nil
}

func dotAtom(s string) bool {
	for _, atom := range strings.Split(s, ".") {
		if atom == "" {
			return false
		}
		for i := range len(atom) {
			c := atom[i]
			if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0) {
				return false
			}
		}
	}
	return true
}

func domainName(s string) bool {
	labels := strings.Split(s, ".")
	if len(labels) < 2 {
		return false
	}
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
			return false
		}
		for i := range len(l) {
			if c := l[i]; !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-') {
				return false
			}
		}
	}
	last := labels[len(labels)-1]
	return strings.Trim(last, "0123456789") != "" // an address literal is not a domain
}
