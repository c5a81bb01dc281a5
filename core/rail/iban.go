package rail

import (
	"strings"
)

// ibanLength is how long an account number is, by country: the registry of ISO 13616 as of 2025, without which a number that
// merely has good check digits would pass.
var ibanLength = map[string]int{"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29,
	"BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18,
	"FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26,
	"IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24,
	"ME": 22, "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29,
	"PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SO": 23, "ST": 25,
	"SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20}

// ParseIBAN reads an account number as people write it, with spaces and in either case, and returns it without them. It
// refuses, with bank_account, another length than the country's and wrong check digits (ISO 13616, ISO 7064 mod 97-10).
func ParseIBAN(typed string) (string, error) {
	iban := squeeze(typed)
	if len(iban) < 15 || ibanLength[iban[:2]] != len(iban) || !digits(iban[2:4]) || mod97(iban[4:]+iban[:4]) != 1 {
		return "", ErrAccount.With("iban")
	}
	return iban, nil
}

// MaskIBAN is how an account is shown: country and the last four characters, "DE ·· 3000".
func MaskIBAN(iban string) string {
	if len(iban) < 6 {
		return "··"
	}
	return iban[:2] + " ·· " + iban[len(iban)-4:]
}

// Reference is the structured creditor reference (ISO 11649) of a core of 1 to 21 characters of A-Z and 0-9: RF, two check
// digits, the core.
func Reference(core string) string {
	check := 98 - mod97(core+"RF00")
	return "RF" + string('0'+rune(check/10)) + string('0'+rune(check%10)) + core
}

// FindReference looks for one of our references in what somebody wrote into the purpose of a transfer, with whatever spaces,
// dashes and words around it. Check digits tell a reference from a word; "" where there is none, or more than one.
func FindReference(said string) string {
	text, found := squeeze(said), ""
	for i := 0; i+referenceLength <= len(text); i++ {
		one := text[i : i+referenceLength]
		if one[:2] == "RF" && digits(one[2:4]) && mod97(one[4:]+one[:4]) == 1 {
			if found != "" && found != one {
				return ""
			}
			found = one
		}
	}
	return found
}

// CoreLength is how long the core of a reference of ours is; twelve characters of base 32 are sixty bits.
const CoreLength = 12

const referenceLength = CoreLength + 4

// squeeze keeps letters and digits, in upper case.
func squeeze(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9', c >= 'A' && c <= 'Z':
			b.WriteByte(c)
		case c >= 'a' && c <= 'z':
			b.WriteByte(c - 'a' + 'A')
		}
	}
	return b.String()
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// mod97 reads letters as 10 to 35.
func mod97(s string) int {
	rest := 0
	for i := range len(s) {
		if c := s[i]; c >= 'A' {
			rest = (rest*100 + int(c-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(c-'0')) % 97
		}
	}
	return rest
}
