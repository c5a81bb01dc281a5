// Package ecml names the fields of an address as ECML v2 does (RFC 4112, section 2.1), so that a shop that asks for them and a wallet that
// fills them in mean the same. A name is whom it is for and a part: "Ecom_ShipTo_Postal_City".
//
// Invariants: a value that Clean gives is one line of printable text, no longer than the part's bound, and Clean leaves it as it is; an
// empty value is a part that is not given.
package ecml
