package api

import (
	"billfold/client"
	"billfold/core/identity/ecml"
	"billfold/core/payment"
)

// contactNames are the fields that can be asked for, by their names in RFC 4112.
func contactNames() (list []string) {
	for _, to := range ecml.Destinations {
		for _, part := range ecml.Parts {
			list = append(list, ecml.Name(to, part))
		}
	}
	return list
}

// asksOf reads what a shop asks a payer for.
func asksOf(in []client.ContactField) (list []payment.ContactField) {
	for _, f := range in {
		list = append(list, payment.ContactField{Name: f.Name, Required: f.Required})
	}
	return list
}

// asked is asksOf backwards.
func asked(in []payment.ContactField) (list []client.ContactField) {
	for _, f := range in {
		list = append(list, client.ContactField{Name: f.Name, Required: f.Required})
	}
	return list
}
