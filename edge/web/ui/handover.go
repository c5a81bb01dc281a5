package ui

import (
	"context"
	"strings"
	"time"
)

// Handover is what a shop asks the payer of a checkout to hand over, as a part of the form that pays.
type Handover struct {
	Shop   string
	Groups []HandoverGroup
	Saved  []SavedAddress // to pick from; none for somebody without a wallet
	CanKeep,
	Keep bool // save what was typed
}

// HandoverGroup are the fields for one purpose: delivery, billing, a receipt.
type HandoverGroup struct {
	For    string // "ShipTo"
	Fields []Input
}

// SavedAddress is one of a person's own. Lines are its parts as somebody would write them on a parcel.
type SavedAddress struct {
	ID, Href string
	Current  bool
	Lines    []string
	Fields   []Input
	Open     bool // it is being changed, and something is wrong
}

// Handed is what was handed over, by group.
type Handed struct {
	Groups []HandedGroup
	Gone   bool // the person it was about was erased
}

// HandedGroup is what was handed over for one purpose.
type HandedGroup struct {
	For    string
	Values []HandedValue
}

// HandedValue is one field: its part's name and what was given.
type HandedValue struct{ Part, Value string }

// Addresses are a person's own page: what they saved, and what they handed over.
type Addresses struct {
	List   []SavedAddress
	New    []Input
	Errors FieldErrors // of the new one
	Handed []HandedRow
}

// HandedRow is one handover in a person's list.
type HandedRow struct {
	Shop, Href string
	At         time.Time
	Parts      []string // which parts, not what they said
}

// partNames lists parts of an address in the reader's words.
func partNames(ctx context.Context, parts []string) string {
	words := make([]string, len(parts))
	for i, part := range parts {
		words[i] = T(ctx, "handover."+part)
	}
	return strings.Join(words, " · ")
}
