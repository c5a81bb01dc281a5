package notice

import (
	"context"
	"slices"
	"strings"

	"billfold/base/db"
)

// Kind is a sort of news that can be told or not.
type Kind string

// The kinds. Money that goes out is always told, in the app and by mail: it is how somebody learns that it was not they who paid.
const (
	MoneyOut Kind = "out"
	MoneyIn  Kind = "in"
	Requests Kind = "requests"
	Records  Kind = "records" // budgets and the like
)

// Channel is where news arrives.
type Channel string

// The channels.
const (
	InApp  Channel = "app"
	ByMail Channel = "mail"
)

// Kinds and Channels are all there are, in the order of a form.
var (
	Kinds    = []Kind{MoneyOut, MoneyIn, Requests, Records}
	Channels = []Channel{InApp, ByMail}
)

// Fixed says that a kind cannot be switched off.
func (k Kind) Fixed() bool { return k == MoneyOut }

// kindOf says what a notice is about. What is not known is told.
func kindOf(n Notice) Kind {
	family, _, _ := strings.Cut(n.Template, ".")
	switch {
	case family == "request":
		return Requests
	case family == "budget":
		return Records
	case n.Template == "payment.reversed": // a top-up that is charged back takes money away
		return MoneyOut
	case n.Data["role"] == "payee":
		return MoneyIn
	}
	return MoneyOut
}

// kindOfMail is kindOf for mails. Codes and what comes to somebody without a wallet are not to be switched off either.
func kindOfMail(template string) Kind {
	switch template {
	case Received, Refund, TopUpDone, TopUpFailed:
		return MoneyIn
	case "request", "reminder", "declined":
		return Requests
	}
	return MoneyOut
}

// Switch is one thing an owner does not want.
type Switch struct {
	Kind    Kind
	Channel Channel
}

// Off is what an owner switched off.
func (s *Service) Off(ctx context.Context, owner string) (map[Switch]bool, error) {
	found, err := db.Read(ctx, s.db, func(tx *db.Tx) (map[string]map[Switch]bool, error) { return selectOff(tx, owner) })
	return found[owner], err
}

// SetOff keeps what an owner does not want to be told from now on. Kinds that are fixed, and what does not exist, are left out.
func (s *Service) SetOff(ctx context.Context, owner string, off []Switch) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		if err := deleteOff(tx, owner); err != nil {
			return err
		}
		for _, o := range off {
			if slices.Contains(Kinds, o.Kind) && slices.Contains(Channels, o.Channel) && !o.Kind.Fixed() {
				insertOff(tx, owner, o)
			}
		}
		return nil
	})
}

// wanted leaves out the notices whose owners do not want their kind.
func wanted(tx *db.Tx, list []Notice) ([]Notice, error) {
	var owners []string
	for _, n := range list {
		if !kindOf(n).Fixed() {
			owners = append(owners, n.Owner)
		}
	}
	if len(owners) == 0 {
		return list, nil
	}
	slices.Sort(owners)
	off, err := selectOff(tx, slices.Compact(owners)...)
	if err != nil || len(off) == 0 {
		return list, err
	}
	return slices.DeleteFunc(slices.Clone(list), func(n Notice) bool { return off[n.Owner][Switch{kindOf(n), InApp}] }), nil
}
