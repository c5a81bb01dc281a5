package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"billfold/base/fault"
	"billfold/base/lang"
	"billfold/core/identity"
	"billfold/core/identity/ecml"
	"billfold/core/payment"
	"billfold/edge/web/ui"
)

// handover is what a shop asks for as a part of the form that pays; nil where it asks for nothing. What is required stands there as the
// person saved it, or as the account has it; what is optional stays empty until they type it, or pick one of their addresses.
func (s *site) handover(r *http.Request, v *visit, k payment.Checkout, wrong ui.FieldErrors) (*ui.Handover, error) {
	if len(k.Contact) == 0 {
		return nil, nil
	}
	view := &ui.Handover{Shop: k.ShopName, Keep: r.PostForm.Get("keep") != ""}
	var mine identity.Address
	picked := false
	if v.session.ID != "" {
		list, err := s.People.Addresses(r.Context(), v.session.Person.ID)
		if err != nil {
			return nil, err
		}
		view.CanKeep = true
		mine, picked = pickAddress(list, k.Contact, r.FormValue("address"))
		for _, a := range list {
			view.Saved = append(view.Saved, ui.SavedAddress{ID: string(a.ID), Lines: lines(a.Parts), Current: a.ID == mine.ID,
				Href: "/c/" + string(k.ID) + "?" + url.Values{"address": {string(a.ID)}}.Encode() + "#handover"})
		}
		if len(list) > 0 && mine.ID == "" {
			mine = list[0]
		}
	}
	for _, f := range k.Contact {
		to, part, _ := ecml.Split(f.Name)
		in := partInput(v.scene.Lang, part, f.Name, ecml.Auto(to, part))
		in.Optional, in.Error = !f.Required, wrong[f.Name]
		if typed, sent := r.PostForm[f.Name]; sent && len(typed) > 0 {
			in.Value = typed[0]
		} else if f.Required || picked {
			if in.Value = mine.Parts[part]; in.Value == "" && part == ecml.Email && v.session.ID != "" {
				in.Value = v.session.Person.Email
			}
		}
		at := slices.IndexFunc(view.Groups, func(g ui.HandoverGroup) bool { return g.For == to })
		if at < 0 {
			view.Groups, at = append(view.Groups, ui.HandoverGroup{For: to}), len(view.Groups)
		}
		view.Groups[at].Fields = append(view.Groups[at].Fields, in)
	}
	return view, nil
}

// contactSets are what an owner can tick on the form of a payment link. Street line two and the postal code are optional: not everybody
// has one.
var contactSets = []struct {
	name               string
	required, optional []ecml.Part
}{
	{"name", []ecml.Part{ecml.First, ecml.Last}, nil},
	{"address", []ecml.Part{ecml.Street1, ecml.City, ecml.Country}, []ecml.Part{ecml.Street2, ecml.Code}},
	{"phone", []ecml.Part{ecml.Phone}, nil},
	{"email", []ecml.Part{ecml.Email}, nil},
}

// asksFor are the fields of the ticked sets, in the order of a form.
func asksFor(ticked []string) (list []payment.ContactField) {
	for _, part := range ecml.Parts {
		for _, set := range contactSets {
			if needed := slices.Contains(set.required, part); slices.Contains(ticked, set.name) &&
				(needed || slices.Contains(set.optional, part)) {
				list = append(list, payment.ContactField{Name: ecml.Name("ShipTo", part), Required: needed})
			}
		}
	}
	return list
}

// pickAddress is the address that somebody picked, or else the one that says most of what is required; of several the last used.
func pickAddress(list []identity.Address, asks []payment.ContactField, named string) (best identity.Address, picked bool) {
	most := 0
	for _, a := range list {
		if string(a.ID) == named {
			return a, true
		}
		n := 0
		for _, f := range asks {
			if _, part, _ := ecml.Split(f.Name); f.Required && a.Parts[part] != "" {
				n++
			}
		}
		if n > most {
			best, most = a, n
		}
	}
	return best, false
}

// partInput is the field for a part of an address.
func partInput(tag lang.Tag, part ecml.Part, name, auto string) ui.Input {
	in := ui.Input{Name: name, Label: say(tag, "handover."+string(part)), Auto: auto, Max: part.Most()}
	switch part {
	case ecml.Country:
		in.Hint = say(tag, "handover.country.hint")
	case ecml.Phone:
		in.Type = "tel"
	case ecml.Email:
		in.Type = "email"
	}
	return in
}

// givenIn is what a form hands over of what the shop asked for.
func givenIn(f url.Values, k payment.Checkout) map[string]string {
	given := make(map[string]string, len(k.Contact))
	for _, ask := range k.Contact {
		given[ask.Name] = f.Get(ask.Name)
	}
	return given
}

// contactField is the field of a form that a refusal blames, where it is one of those that are handed over.
func contactField(err error) (name string, ok bool) {
	if f, is := fault.As(err); is {
		return strings.CutPrefix(f.Param, "contact.")
	}
	return "", false
}

// keepHanded saves what was handed over, where its person wants that. The payment is made: what cannot be saved is not worth an error page.
func (s *site) keepHanded(r *http.Request, v *visit, k payment.Checkout) {
	if r.PostForm.Get("keep") == "" || len(k.Contact) == 0 {
		return
	}
	first, _, _ := ecml.Split(k.Contact[0].Name)
	parts := map[ecml.Part]string{}
	for _, f := range k.Contact {
		if to, part, _ := ecml.Split(f.Name); to == first {
			parts[part] = r.PostForm.Get(f.Name)
		}
	}
	if _, err := s.People.KeepAddress(r.Context(), v.session.Person.ID, identity.Address{Parts: parts}); err != nil && codeOf(err) == "" {
		s.Log.Warn("an address was not saved", "person", string(v.session.Person.ID), "error", err)
	}
}

// samplePanel is what the sandbox's panel hands over for a guest who is not there.
func samplePanel(k payment.Checkout) map[string]string {
	given := map[string]string{}
	for _, f := range k.Contact {
		_, part, _ := ecml.Split(f.Name)
		switch part {
		case ecml.Email:
			given[f.Name] = "guest@example.org"
		case ecml.Phone:
			given[f.Name] = "+49 30 5550100"
		case ecml.Country:
			given[f.Name] = "DE"
		case ecml.Code:
			given[f.Name] = "10115"
		default:
			given[f.Name] = "Sandbox"
		}
	}
	return given
}

// handed is what was handed over with a payment, for the caller who may know it.
func (s *site) handed(r *http.Request, c payment.Caller, p payment.Payment) (*ui.Handed, error) {
	if p.Kind != payment.Purchase || p.Creator != p.Payee {
		return nil, nil
	}
	h, err := s.Payments.HandedOver(r.Context(), c, p)
	if err != nil || h.Payment == "" {
		if f, ok := fault.As(err); ok && f.Kind == fault.NotFound {
			err = nil
		}
		return nil, err
	}
	view := &ui.Handed{Gone: h.Fields == nil}
	for _, to := range ecml.Destinations {
		group := ui.HandedGroup{For: to}
		for _, part := range ecml.Parts {
			if value := h.Fields[ecml.Name(to, part)]; value != "" {
				group.Values = append(group.Values, ui.HandedValue{Part: string(part), Value: value})
			}
		}
		if len(group.Values) > 0 {
			view.Groups = append(view.Groups, group)
		}
	}
	return view, nil
}

// lines are an address as it stands on a parcel: the name, the street, the town, and how to reach somebody. There is at least one.
func lines(p map[ecml.Part]string) (list []string) {
	for _, line := range [][]ecml.Part{{ecml.Prefix, ecml.First, ecml.Middle, ecml.Last, ecml.Suffix}, {ecml.Company}, {ecml.Street1},
		{ecml.Street2}, {ecml.Street3}, {ecml.Code, ecml.City, ecml.State, ecml.Country}, {ecml.Phone}, {ecml.Email}} {
		var words []string
		for _, part := range line {
			if p[part] != "" {
				words = append(words, p[part])
			}
		}
		if len(words) > 0 {
			list = append(list, strings.Join(words, " "))
		}
	}
	if len(list) == 0 {
		list = []string{"–"}
	}
	return list
}
