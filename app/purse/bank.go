package purse

import (
	"context"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"

	"billfold/client"
	issuer "billfold/product/purse"
	"billfold/product/purse/proto"
)

// bank is the issuer as this command reaches it: a running server, by its owner's key; or, where the installation is stopped, its data
// folder. The folder is for whoever runs the installation: only there are classes above software, agents and collectors enrolled.
type bank interface {
	enrol(ctx context.Context, e issuer.Enrolment) (enrolled, error)
	nonce(ctx context.Context, id proto.ID) ([]byte, error)
	sync(ctx context.Context, id proto.ID, b issuer.Bundle) (issuer.Answer, error)
	desk(ctx context.Context, id proto.ID, c proto.Command) (envelope []byte, err error)
	collect(ctx context.Context, file, carried []byte) error
	cases(ctx context.Context) ([]client.PurseCase, error)
	settle(ctx context.Context, id, outcome, reason string) error
	decide(ctx context.Context, id proto.ID, block bool, reason string) error
	unlock(ctx context.Context, id proto.ID) (params []byte, err error)
	lost(ctx context.Context, id proto.ID) error
	close() error
}

// enrolled is what a new purse has to know.
type enrolled struct {
	id      proto.ID
	network string
	role    string
	roots   proto.Roots
	params  []byte
	until   string
}

// server is an issuer behind HTTP.
type server struct{ c *client.Client }

func (s server) close() error { return nil }

func (s server) enrol(ctx context.Context, e issuer.Enrolment) (out enrolled, err error) {
	if e.Class != 0 || e.Float != 0 || e.Owner != "" {
		return out, errors.New("a server enrols the purse of its key's owner, in software: other classes, agents and collectors need --data")
	}
	me, err := s.c.Me(ctx)
	if err != nil {
		return out, err
	}
	role := proto.Holder
	if strings.HasPrefix(me.Owner, "mch_") {
		role = proto.Acceptor
	}
	if e.Role != 0 && e.Role != role {
		return out, errors.New("this key enrols a purse with the role of " + role.String())
	}
	p, err := s.c.CreatePurse(ctx, client.CreatePurse{PublicKey: text(e.Key[:]), Currencies: e.Currencies, Name: e.Name})
	if err != nil {
		return out, err
	}
	id, ok := proto.ParseID(p.ID)
	out = enrolled{id: id, network: p.Network, role: p.Role, until: p.Until.Format("2006-01-02 15:04:05")}
	if out.params, err = bytesOf(p.Params); err != nil || !ok {
		return out, errUnreadable
	}
	for _, root := range p.Roots {
		key, err := bytesOf(root)
		if err != nil || len(key) != len(proto.Key{}) {
			return out, errUnreadable
		}
		out.roots = append(out.roots, proto.Root{Key: proto.Key(key)})
	}
	return out, nil
}

func (s server) nonce(ctx context.Context, id proto.ID) ([]byte, error) {
	p, err := s.c.Purse(ctx, id.String())
	if err != nil {
		return nil, err
	}
	return bytesOf(p.Nonce)
}

func (s server) sync(ctx context.Context, id proto.ID, b issuer.Bundle) (a issuer.Answer, err error) {
	out, err := s.c.SyncPurse(ctx, id.String(), client.SyncPurse{Bundle: text(b.Encode())})
	if err != nil {
		return a, err
	}
	a.Archived = uint64(out.Archived)
	var bad error
	a.Params, err = some(out.Params)
	a.Clear, bad = some(out.Clear)
	if err = errors.Join(err, bad); err == nil && out.State != string(issuer.Active) {
		err = errors.New(states[issuer.ModuleState(out.State)])
	}
	return a, err
}

// states are what a purse is that its issuer does not serve.
var states = map[issuer.ModuleState]string{
	issuer.Blocked:  "the issuer has blocked this purse: what it holds stays its owner's; ask the issuer why",
	issuer.Lost:     "this purse was reported lost: what it holds is refunded when its certificate and seven days are over",
	issuer.Forked:   "this purse exists twice, it was copied or set back: it is blocked, and the issuer looks at the case",
	issuer.Refunded: "this purse was reported lost, and what it held has been refunded: make a new one",
}

func (s server) desk(ctx context.Context, id proto.ID, c proto.Command) ([]byte, error) {
	out, err := s.c.PurseDesk(ctx, id.String(), client.DeskCommand{Command: text(c.Encode())})
	if err != nil {
		return nil, err
	}
	return bytesOf(out.Answer)
}

func (s server) collect(ctx context.Context, file, carried []byte) error {
	if carried != nil {
		_, err := s.c.CollectPurse(ctx, client.CollectPurse{File: text(file), Carried: text(carried)})
		return err
	}
	b, ok := issuer.ParseBundle(file)
	till, named := b.Module()
	if !ok || !named {
		return errUnreadable
	}
	_, err := s.c.SyncPurse(ctx, till.String(), client.SyncPurse{Bundle: text(file)})
	return err
}

func (s server) cases(ctx context.Context) (all []client.PurseCase, err error) {
	page := client.Page{Limit: 100}
	for {
		list, err := s.c.PurseCases(ctx, page)
		all = append(all, list.Data...)
		if err != nil || !list.HasMore {
			return all, err
		}
		page.Cursor = list.NextCursor
	}
}

func (s server) settle(ctx context.Context, id, outcome, reason string) error {
	_, err := s.c.SettlePurseCase(ctx, id, client.SettlePurseCase{Outcome: outcome, Reason: reason})
	return err
}

func (s server) decide(ctx context.Context, id proto.ID, block bool, reason string) (err error) {
	if block {
		_, err = s.c.BlockPurse(ctx, id.String(), client.PurseDecision{Reason: reason})
	} else {
		_, err = s.c.RestorePurse(ctx, id.String(), client.PurseDecision{Reason: reason})
	}
	return err
}

func (s server) unlock(ctx context.Context, id proto.ID) ([]byte, error) {
	p, err := s.c.UnlockPurse(ctx, id.String())
	if err != nil {
		return nil, err
	}
	return bytesOf(p.Params)
}

func (s server) lost(ctx context.Context, id proto.ID) error {
	_, err := s.c.ReportPurseLost(ctx, id.String())
	return err
}

func text(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func bytesOf(s string) ([]byte, error) { return base64.StdEncoding.DecodeString(s) }

// some is bytesOf where nothing is nil.
func some(s string) ([]byte, error) {
	if s == "" {
		return nil, nil
	}
	return bytesOf(s)
}

// folderBank is an installation whose data folder is opened; its server must not be running.
type folderBank struct {
	*issuer.Issuer
	end func() error
}

func (f folderBank) close() error { return f.end() }

func (f folderBank) enrol(ctx context.Context, e issuer.Enrolment) (enrolled, error) {
	m, params, err := f.Enrol(ctx, e)
	return enrolled{id: m.ID, network: f.Network(), role: m.Role.String(), roots: f.Roots(), params: params,
		until: m.Until.Format("2006-01-02 15:04:05")}, err
}

func (f folderBank) nonce(ctx context.Context, id proto.ID) ([]byte, error) { return f.Nonce(ctx, id) }

func (f folderBank) sync(ctx context.Context, _ proto.ID, b issuer.Bundle) (issuer.Answer, error) {
	return f.Sync(ctx, b)
}

func (f folderBank) desk(ctx context.Context, id proto.ID, c proto.Command) ([]byte, error) {
	sealed, err := f.Desk(ctx, id, c)
	return sealed.Envelope(), err
}

func (f folderBank) collect(ctx context.Context, file, carried []byte) error {
	if carried != nil {
		_, err := f.Collect(ctx, file, carried)
		return err
	}
	b, ok := issuer.ParseBundle(file)
	if !ok {
		return errUnreadable
	}
	_, err := f.Sync(ctx, b)
	return err
}

func (f folderBank) cases(ctx context.Context) (all []client.PurseCase, err error) {
	after := ""
	for {
		list, err := f.Cases(ctx, after, 100)
		if err != nil || len(list) == 0 {
			return all, err
		}
		for _, c := range list {
			after = c.ID
			all = append(all, client.PurseCase{ID: c.ID, Kind: string(c.Kind), Purse: c.Module.String(), Value: strconv.FormatInt(c.Value, 10),
				Owed: strconv.FormatInt(c.Owed, 10), Currency: c.Currency, Outcome: string(c.Outcome), SettledBy: c.SettledBy, Reason: c.Reason})
		}
	}
}

// byHand is who decides at the command line: whoever may open the data folder.
func byHand(reason string) issuer.Decision {
	return issuer.Decision{By: "command line", Reason: reason}
}

func (f folderBank) settle(ctx context.Context, id, outcome, reason string) error {
	_, err := f.Settle(ctx, id, issuer.Outcome(outcome), byHand(reason))
	return err
}

func (f folderBank) decide(ctx context.Context, id proto.ID, block bool, reason string) error {
	if block {
		return f.Block(ctx, id, byHand(reason))
	}
	return f.Restore(ctx, id, byHand(reason))
}

func (f folderBank) unlock(ctx context.Context, id proto.ID) ([]byte, error) {
	return f.Unlock(ctx, id)
}

func (f folderBank) lost(ctx context.Context, id proto.ID) error { return f.ReportLost(ctx, id) }
