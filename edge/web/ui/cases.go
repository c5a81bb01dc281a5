package ui

import (
	"context"
	"strings"
	"time"

	"github.com/a-h/templ"
)

// Case is what somebody asked about a payment, and what was answered.
type Case struct {
	ID, Payment, State string
	Person, Name       string // for the operator; the name is masked
	AskedAt, ChangedAt time.Time
	Turns              []Turn
}

// Turn is what one side wrote.
type Turn struct {
	At       time.Time
	Words    string
	Operator bool
}

func (t Turn) lines() []string { return strings.Split(t.Words, "\n") }

// Cases is the operator's list.
type Cases struct {
	State string // of the filter
	Rows  []Case
	Next  string
}

// Help is the form by which somebody writes, with what was wrong about it, and their cases.
type Help struct {
	Cases               []Case
	Typed, Error        string
	Reason, ReasonError string // of an operator
}

var caseStates = []string{"open", "answered", "closed"}

// caseLook is the tone and icon of a case's state: colour is never alone.
func caseLook(state string) (tone, icon string) {
	switch state {
	case "open":
		return "warn", "clock"
	case "answered":
		return "ok", "check"
	}
	return "", "x"
}

// helpLabel is the way to a payment's help; it says how a case about it stands.
func helpLabel(ctx context.Context, v Payment) string {
	if v.Case == "" {
		return T(ctx, "payment.help")
	}
	return T(ctx, "help.case") + ": " + word(ctx, "case", v.Case)
}

// wordsAttributes tie the text's error to its field.
func wordsAttributes(problem string) templ.Attributes {
	if problem == "" {
		return nil
	}
	return templ.Attributes{"aria-invalid": "true", "aria-describedby": "e-words"}
}
