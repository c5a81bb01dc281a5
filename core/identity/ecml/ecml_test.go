package ecml

import (
	"strings"
	"testing"
)

// Names are those of RFC 4112, section 2.1, and nothing else is one.
func TestNames(t *testing.T) {
	for _, name := range []string{"Ecom_ShipTo_Postal_Name_First", "Ecom_BillTo_Postal_Street_Line1", "Ecom_ReceiptTo_Online_Email",
		"Ecom_ShipTo_Telecom_Phone_Number", "Ecom_ShipTo_Postal_CountryCode"} {
		to, part, ok := Split(name)
		if !ok || Name(to, part) != name {
			t.Errorf("%s is %s, %s, %v", name, to, part, ok)
		}
	}
	for _, name := range []string{"", "email", "Ecom_", "Ecom_ShipTo", "Ecom_ShipTo_", "Ecom_Payment_Card_Number", "ecom_shipto_online_email",
		"Ecom_ShipTo_Online_Email ", "Ecom_Online_Email"} {
		if _, _, ok := Split(name); ok {
			t.Errorf("%q is taken for a name", name)
		}
	}
	for _, p := range Parts {
		if auto[p] == "" {
			t.Errorf("no browser fills in %s", p)
		}
	}
	if got := Auto("BillTo", Street1); got != "billing address-line1" {
		t.Errorf("a bill's street is %q", got)
	}
	if got := Auto("ReceiptTo", Email); got != "email" {
		t.Errorf("a receipt's address is %q", got)
	}
}

// What is cleaned stays as it is; what cannot be the part is refused.
func TestClean(t *testing.T) {
	for _, c := range []struct {
		part        Part
		typed, want string
		ok          bool
	}{
		{City, "  Köln ", "Köln", true}, {City, "", "", true}, {City, " \t", "", true}, {City, "a\nb", "", false}, {City, "a\u202eb", "", false},
		{City, "\xff", "", false}, {City, strings.Repeat("x", 200), strings.Repeat("x", 200), true},
		{City, strings.Repeat("x", 201), "", false}, {Street1, "北京市朝阳区 1 号", "北京市朝阳区 1 号", true},
		{Country, "de", "DE", true}, {Country, "DEU", "", false}, {Country, "D1", "", false}, {Country, "d", "", false},
		{Phone, "+49 (0)151-123/45.6", "+49 (0)151-123/45.6", true}, {Phone, "call me", "", false}, {Phone, "12", "", false},
		{Phone, strings.Repeat("1", 21), "", false},
		{Email, "lena@example.org", "lena@example.org", true}, {Email, "lena@localhost", "", false}, {Email, "@example.org", "", false},
		{Email, "a@b@c.d", "", false}, {Email, "a b@c.de", "", false}, {Email, "Lena <a@c.de>", "", false}, {Email, "lena@.", "", false},
	} {
		got, ok := c.part.Clean(c.typed)
		if ok != c.ok || ok && got != c.want {
			t.Errorf("%s %q: %q, %v", c.part, c.typed, got, ok)
		}
		if again, still := c.part.Clean(got); ok && (!still || again != got) {
			t.Errorf("%s %q does not stay", c.part, got)
		}
	}
}
