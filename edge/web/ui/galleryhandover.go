package ui

import (
	"context"
	"io"

	"github.com/a-h/templ"
)

// inWords is a specimen whose sample has words of its own, which are those of its reader's language.
func inWords(page func(context.Context) templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error { return page(ctx).Render(ctx, w) })
}

// sampleHandover is what a shop asks for: of a person with two addresses, or of a guest who left something out.
func sampleHandover(ctx context.Context, known bool) *Handover {
	field := func(part, auto, value string) Input {
		return Input{Name: "Ecom_ShipTo_" + part, Label: T(ctx, "handover."+part), Auto: "shipping " + auto, Value: value, Max: 200}
	}
	h := &Handover{Shop: "Café Linden", Groups: []HandoverGroup{{For: "ShipTo", Fields: []Input{
		field("Postal_Name_First", "given-name", "Lena"), field("Postal_Name_Last", "family-name", "Hoffmann"),
		field("Postal_Street_Line1", "address-line1", "Torstraße 1"), field("Postal_PostalCode", "postal-code", "10119"),
		field("Postal_City", "address-level2", "Berlin"), field("Telecom_Phone_Number", "tel", "")}}}}
	h.Groups[0].Fields[5].Optional = true
	if known {
		h.CanKeep, h.Keep, h.Saved = true, true, sampleAddresses(ctx).List
		return h
	}
	h.Groups[0].Fields[4].Error = refusal(From(ctx).Lang, "contact_required")
	h.Groups = append(h.Groups, HandoverGroup{For: "ReceiptTo", Fields: []Input{{Name: "Ecom_ReceiptTo_Online_Email",
		Label: T(ctx, "handover.Online_Email"), Auto: "email", Type: "email", Max: 254}}})
	return h
}

func sampleHanded() *Handed {
	return &Handed{Groups: []HandedGroup{{For: "ShipTo", Values: []HandedValue{{"Postal_Name_First", "Lena"}, {"Postal_City", "Berlin"}}},
		{For: "ReceiptTo", Values: []HandedValue{{"Online_Email", "lena@example.org"}}}}}
}

func sampleAddresses(ctx context.Context) Addresses {
	fields := func(row string) []Input {
		return []Input{{Name: "Postal_Name_First", Row: row, Label: T(ctx, "handover.Postal_Name_First"), Value: "Lena", Bare: true},
			{Name: "Postal_City", Row: row, Label: T(ctx, "handover.Postal_City"), Value: "Berlin", Bare: true, Error: refusal(From(ctx).Lang,
				"contact_value")}}
	}
	return Addresses{List: []SavedAddress{{ID: "adr_1", Href: "#", Current: true, Open: true, Lines: []string{"Lena Hoffmann", "Torstraße 1",
		"10119 Berlin DE", "lena@example.org"}, Fields: fields("adr_1")}, {ID: "adr_2", Href: "#", Lines: []string{"王小明", "朝阳区建国路 1 号"},
		Fields: fields("adr_2")}}, New: fields("new"), Handed: []HandedRow{{Shop: "Café Linden", Href: "#", At: noon,
		Parts: []string{"Postal_Name_First", "Postal_City", "Online_Email"}}}}
}

func addressesWhole(ctx context.Context) templ.Component { return AddressesPage(sampleAddresses(ctx)) }

func addressesNone(ctx context.Context) templ.Component {
	return AddressesPage(Addresses{New: sampleAddresses(ctx).New, Errors: FieldErrors{"": refusal(From(ctx).Lang, "address_limit")}})
}
