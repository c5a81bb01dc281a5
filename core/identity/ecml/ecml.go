package ecml

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Part is a field of an address, whoever it is for: "Postal_City".
type Part string

// The parts of an address, in the order of a form.
const (
	Prefix  Part = "Postal_Name_Prefix"
	First   Part = "Postal_Name_First"
	Middle  Part = "Postal_Name_Middle"
	Last    Part = "Postal_Name_Last"
	Suffix  Part = "Postal_Name_Suffix"
	Company Part = "Postal_Company"
	Street1 Part = "Postal_Street_Line1"
	Street2 Part = "Postal_Street_Line2"
	Street3 Part = "Postal_Street_Line3"
	Code    Part = "Postal_PostalCode"
	City    Part = "Postal_City"
	State   Part = "Postal_StateProv"
	Country Part = "Postal_CountryCode"
	Phone   Part = "Telecom_Phone_Number"
	Email   Part = "Online_Email"
)

// Parts are all of them, in the order of a form.
var Parts = []Part{Prefix, First, Middle, Last, Suffix, Company, Street1, Street2, Street3, Code, City, State, Country, Phone, Email}

// Destinations are whom an address can be for.
var Destinations = []string{"ShipTo", "BillTo", "ReceiptTo"}

// auto is what a browser knows a part as (HTML, section 4.10.18.7.1).
var auto = map[Part]string{Prefix: "honorific-prefix", First: "given-name", Middle: "additional-name", Last: "family-name",
	Suffix: "honorific-suffix", Company: "organization", Street1: "address-line1", Street2: "address-line2", Street3: "address-line3",
	Code: "postal-code", City: "address-level2", State: "address-level1", Country: "country", Phone: "tel", Email: "email"}

// most is how long a part may be, in bytes, where that is not longest. The standard's own figures are the least that must fit.
var most = map[Part]int{Prefix: 40, Suffix: 40, Code: 20, Country: 2, Phone: 40, Email: 254}

const longest = 200

// Name is a field's full name. destination is one of Destinations.
func Name(destination string, p Part) string { return "Ecom_" + destination + "_" + string(p) }

// Split is Name backwards; ok is false for a name that is none of RFC 4112's.
func Split(name string) (destination string, p Part, ok bool) {
	rest, ecom := strings.CutPrefix(name, "Ecom_")
	destination, part, two := strings.Cut(rest, "_")
	p = Part(part)
	return destination, p, ecom && two && slices.Contains(Destinations, destination) && slices.Contains(Parts, p)
}

// Auto is the value of the autocomplete attribute with which a browser fills a field in by itself.
func Auto(destination string, p Part) string {
	switch destination {
	case "ShipTo":
		return "shipping " + auto[p]
	case "BillTo":
		return "billing " + auto[p]
	}
	return auto[p]
}

// Most is the longest value of a part, in bytes.
func (p Part) Most() int { return cmp.Or(most[p], longest) }

// Clean gives what was typed as a part as it is kept: without blanks around it, the country's code in capitals. ok is false where it
// cannot be that part: a line break, a direction mark that has one text read like another, an address of mail without a place.
func (p Part) Clean(typed string) (value string, ok bool) {
	value = strings.TrimSpace(typed)
	if value == "" {
		return "", true
	}
	if len(value) > p.Most() || !utf8.ValidString(value) || strings.ContainsFunc(value, unseen) {
		return "", false
	}
	switch p {
	case Country:
		value = strings.ToUpper(value)
		return value, len(value) == 2 && strings.Trim(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
	case Phone:
		digits := 0
		for _, r := range value {
			switch {
			case r >= '0' && r <= '9':
				digits++
			case !strings.ContainsRune("+ -.()/#*", r):
				return "", false
			}
		}
		return value, digits >= 3 && digits <= 20
	case Email:
		name, place, at := strings.Cut(value, "@")
		return value, at && name != "" && strings.Contains(strings.Trim(place, "."), ".") && !strings.ContainsAny(value, " ,;<>\"") &&
			!strings.Contains(place, "@")
	}
	return value, true
}

// unseen are runes that a line of an address has no use for: controls, line and paragraph separators, and the marks of direction.
func unseen(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r >= 0x200B && r <= 0x200F || r >= 0x202A && r <= 0x202E ||
		r >= 0x2060 && r <= 0x2069 || r == 0xFEFF
}
