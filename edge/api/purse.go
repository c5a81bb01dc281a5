package api

import (
	"encoding/base64"
	"strconv"
	"strings"

	"billfold/base/fault"
	"billfold/base/money"
	"billfold/client"
	"billfold/core/merchant"
	"billfold/product/purse"
	"billfold/product/purse/proto"
)

// bundleMost is how much a purse may tell at once, in bytes of body: about 15,000 records. A till that has more writes a file.
const bundleMost = 16 << 20

var (
	examplePurse = client.Purse{ID: "prs_01kjkz4n8dj4dfwkkh5k6r7a00", Object: "purse", Owner: examplePerson, Role: "holder", State: "active",
		Until: exampleDay, Records: 4, Network: "test/inst", Roots: []string{"AAAA"}, Nonce: "AAAAaaRXsA==", CreatedAt: exampleAt}
	exampleSync = client.PurseSync{Object: "purse_sync", State: "active", Archived: 7, Params: "0oRD", Clear: "0oRD"}
	exampleCase = client.PurseCase{ID: "pcs_01kjkz4n8dj4dfwkkh5k6r7a00", Object: "purse_case", Kind: "fork", Purse: examplePurse.ID,
		Value: "1200", Owed: "1200", Currency: "EUR", OpenedAt: exampleAt}
	exampleSettled = func() client.PurseCase {
		c := exampleCase
		c.Outcome, c.SettledBy, c.Reason, c.SettledAt = "holder", "usr_01kjkyx6b5sgh4pzr9p2n3c800", "the folder was copied", exampleDay
		return c
	}()
	exampleDecision = client.PurseDecision{Reason: "asked by its holder"}
)

func (a *API) purseRoutes() []route {
	known := []*fault.Fault{purse.ErrNotFound}
	told := faults(known, []*fault.Fault{purse.ErrMessage, purse.ErrForked, purse.ErrBlocked, purse.ErrGap}, moveFaults)
	decided := faults(known, []*fault.Fault{purse.ErrBlocked, purse.ErrSettlement})
	return []route{
		op(route{method: post, path: "/v1/purses", id: "createPurse", tag: "Purses", summary: "Enrol an offline purse or a till",
			about: "A person's key enrols a holder's purse in software, a shop's key a till. The secret key never leaves the device.",
			kinds: shops | payers, status: 201, example: client.CreatePurse{PublicKey: "AAAA", Currencies: []string{"EUR"}}, answer: examplePurse,
			faults: []*fault.Fault{purse.ErrEnrolment, money.ErrUnknownCurrency, merchant.ErrNotFound}}, createPurse),
		op(route{method: get, path: "/v1/purses", id: "listPurses", tag: "Purses", summary: "List purses",
			about: "The owner's purses and tills, oldest first, all on one page.", kinds: everybody, query: []param{paramOwner},
			answer: exampleList("/v1/purses", examplePurse)}, listPurses),
		op(route{method: get, path: "/v1/purses/{id}", id: "getPurse", tag: "Purses", summary: "Read a purse",
			about: "With a nonce for its next sync.", kinds: everybody, answer: examplePurse, faults: known}, getPurse),
		op(route{method: post, path: "/v1/purses/{id}/desk", id: "deskPurse", tag: "Purses",
			summary: "Load or unload a purse, a command at a time",
			about: "Gives one command to the issuer's side of the purse. The purse's own sequence numbers make a load or unload happen once, " +
				"however often its messages come; no Idempotency-Key is needed.",
			kinds: shops | payers, example: client.DeskCommand{Command: "gFAAAAAAAAAAAA=="},
			answer: client.DeskAnswer{Object: "purse_answer", Answer: "kAA="}, faults: told}, deskPurse),
		op(route{method: post, path: "/v1/purses/{id}/sync", id: "syncPurse", tag: "Purses", summary: "Sync a purse, or collect a till",
			about: "Takes a signed statement and signed records, up to 16 MiB, and moves what they prove. The same bundle again changes nothing. " +
				"Records that contradict what is archived prove that the purse exists twice.",
			kinds: everybody, limit: bundleMost, example: client.SyncPurse{Bundle: "gkA="}, answer: exampleSync, faults: told}, syncPurse),
		op(route{method: post, path: "/v1/purses/{id}/lost", id: "reportPurseLost", tag: "Purses", summary: "Report a purse lost",
			about: "It is blocked, and paid out to its owner when its certificate and seven days are over.",
			kinds: shops | payers, optional: true, answer: examplePurse, faults: decided}, reportLost),
		op(route{method: post, path: "/v1/purses/{id}/unlock", id: "unlockPurse", tag: "Purses", summary: "Unlock a purse",
			about: "For a purse whose code is lost, or was entered wrong three times: its parameters open it, with three tries again.",
			kinds: shops | payers, optional: true, answer: examplePurse, faults: known}, unlockPurse),
		op(route{method: post, path: "/v1/purses/{id}/block", id: "blockPurse", tag: "Purses", summary: "Block a purse", kinds: operators,
			example: exampleDecision, answer: examplePurse, faults: decided}, blockPurse),
		op(route{method: post, path: "/v1/purses/{id}/restore", id: "restorePurse", tag: "Purses", summary: "Let a blocked purse work again",
			kinds: operators, example: exampleDecision, answer: examplePurse, faults: decided}, restorePurse),
		op(route{method: post, path: "/v1/purse_collections", id: "collectPurse", tag: "Purses", summary: "Bring a till's file",
			about: "For a collector: its purse's signature says that it carried just this file, and its certificate how much it may carry.",
			kinds: everybody, limit: bundleMost, example: client.CollectPurse{File: "gkA=", Carried: "0oRD"}, answer: exampleSync,
			faults: faults(told, []*fault.Fault{purse.ErrCollector})}, collectPurse),
		op(route{method: get, path: "/v1/purse_cases", id: "listPurseCases", tag: "Purses", summary: "List cases about purses",
			about: "Forks, rollbacks, late proofs and counterfeits, oldest first.", kinds: operators, query: []param{paramCursor, paramLimit},
			answer: exampleList("/v1/purse_cases", exampleCase)}, listCases),
		op(route{method: post, path: "/v1/purse_cases/{id}/settle", id: "settlePurseCase", tag: "Purses", summary: "Settle a case",
			about: "Says whose loss it is, once and for all. The same settlement again is answered as the first was.", kinds: operators,
			example: client.SettlePurseCase{Outcome: "holder", Reason: "the folder was copied"}, answer: exampleSettled,
			faults: faults(moveFaults, []*fault.Fault{purse.ErrCaseNotFound, purse.ErrCaseSettled, purse.ErrSettlement})}, settleCase),
	}
}

// fromBase64 reads base64 (RFC 4648 section 4).
func fromBase64(name, text string) ([]byte, error) {
	if text == "" {
		return nil, ErrRequired.With(name)
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fault.ErrInvalid.With(name)
	}
	return b, nil
}

func coded(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// module finds the purse that the path names, if it is the caller's.
func (c *call) module(orOperator bool) (purse.Module, error) {
	id, ok := proto.ParseID(c.r.PathValue("id"))
	if !ok {
		return purse.Module{}, purse.ErrNotFound
	}
	m, err := c.api.Purses.Get(c.ctx, id)
	if err == nil && m.Owner != c.caller.Owner() && !(orOperator && c.caller.Operator) {
		err = purse.ErrNotFound
	}
	return m, err
}

func (c *call) purseOf(m purse.Module, params []byte) (client.Purse, error) {
	nonce, err := c.api.Purses.Nonce(c.ctx, m.ID)
	out := client.Purse{ID: m.ID.String(), Object: "purse", Owner: m.Owner, Role: m.Role.String(), Class: int(m.Class), Name: m.Name,
		State: string(m.State), Until: m.Until, Records: int64(m.Records), Network: c.api.Purses.Network(), Nonce: coded(nonce),
		Params: coded(params), CreatedAt: m.CreatedAt}
	for _, root := range c.api.Purses.Roots() {
		out.Roots = append(out.Roots, coded(root.Key[:]))
	}
	return out, err
}

func createPurse(c *call, in *client.CreatePurse) (client.Purse, error) {
	key, err := fromBase64("public_key", in.PublicKey)
	if err != nil {
		return client.Purse{}, err
	}
	owner := c.caller.Owner()
	e := purse.Enrolment{Owner: owner, Payout: ownerAddress(owner), Role: proto.Holder, Currencies: in.Currencies}
	if len(key) != len(e.Key) {
		return client.Purse{}, fault.ErrInvalid.With("public_key")
	}
	e.Key = proto.Key(key)
	if c.caller.Shop != "" {
		shop, err := c.api.Shops.Get(c.ctx, c.caller.Shop)
		if err != nil {
			return client.Purse{}, err
		}
		e.Role, e.Name = proto.Acceptor, strings.ToValidUTF8(shop.Name[:min(len(shop.Name), proto.MaxName)], "")
		if in.Name != "" {
			e.Name = in.Name
		}
	} else if in.Name != "" {
		return client.Purse{}, fault.ErrInvalid.With("name") // people's purses show no name
	}
	m, params, err := c.api.Purses.Enrol(c.ctx, e)
	if err != nil {
		return client.Purse{}, err
	}
	c.location = "/v1/purses/" + m.ID.String()
	return c.purseOf(m, params)
}

func listPurses(c *call, _ *none) (client.List[client.Purse], error) {
	list := client.List[client.Purse]{Object: "list", URL: c.route.path, Data: []client.Purse{}}
	modules, err := c.api.Purses.Of(c.ctx, c.owner)
	for _, m := range modules {
		var one client.Purse
		if one, err = c.purseOf(m, nil); err != nil {
			break
		}
		list.Data = append(list.Data, one)
	}
	return list, err
}

func getPurse(c *call, _ *none) (client.Purse, error) {
	m, err := c.module(true)
	if err != nil {
		return client.Purse{}, err
	}
	return c.purseOf(m, nil)
}

func deskPurse(c *call, in *client.DeskCommand) (out client.DeskAnswer, err error) {
	m, err := c.module(false)
	if err != nil {
		return out, err
	}
	raw, err := fromBase64("command", in.Command)
	if err != nil {
		return out, err
	}
	command, ok := proto.ParseCommand(raw)
	if !ok {
		return out, purse.ErrMessage.With("command")
	}
	sealed, err := c.api.Purses.Desk(c.ctx, m.ID, command)
	return client.DeskAnswer{Object: "purse_answer", Answer: coded(sealed.Envelope())}, err
}

func syncPurse(c *call, in *client.SyncPurse) (client.PurseSync, error) {
	m, err := c.module(true)
	if err != nil {
		return client.PurseSync{}, err
	}
	raw, err := fromBase64("bundle", in.Bundle)
	if err != nil {
		return client.PurseSync{}, err
	}
	bundle, ok := purse.ParseBundle(raw)
	if !ok || !bundle.Of(m.ID) {
		return client.PurseSync{}, purse.ErrMessage.With("bundle")
	}
	answer, err := c.api.Purses.Sync(c.ctx, bundle)
	return c.syncOf(m.ID, answer, err)
}

func collectPurse(c *call, in *client.CollectPurse) (client.PurseSync, error) {
	file, err := fromBase64("file", in.File)
	if err != nil {
		return client.PurseSync{}, err
	}
	carried, err := fromBase64("carried", in.Carried)
	if err != nil {
		return client.PurseSync{}, err
	}
	bundle, ok := purse.ParseBundle(file)
	till, named := bundle.Module()
	if !ok || !named {
		return client.PurseSync{}, purse.ErrMessage.With("file")
	}
	answer, err := c.api.Purses.Collect(c.ctx, file, carried)
	return c.syncOf(till, answer, err)
}

// syncOf is the answer to a sync. Parameters that block a purse are its answer, although the sync was refused: the purse has to take
// them home.
func (c *call) syncOf(module proto.ID, a purse.Answer, refused error) (client.PurseSync, error) {
	if refused != nil && a.Params == nil {
		return client.PurseSync{}, refused
	}
	m, err := c.api.Purses.Get(c.ctx, module)
	return client.PurseSync{Object: "purse_sync", State: string(m.State), Archived: int64(a.Archived), Params: coded(a.Params),
		Clear: coded(a.Clear)}, err
}

func reportLost(c *call, _ *none) (client.Purse, error) {
	m, err := c.module(false)
	if err != nil {
		return client.Purse{}, err
	}
	if err := c.api.Purses.ReportLost(c.ctx, m.ID); err != nil && m.State != purse.Lost { // once more is once
		return client.Purse{}, err
	}
	return getPurse(c, nil)
}

func unlockPurse(c *call, _ *none) (client.Purse, error) {
	m, err := c.module(false)
	if err != nil {
		return client.Purse{}, err
	}
	params, err := c.api.Purses.Unlock(c.ctx, m.ID)
	if err != nil {
		return client.Purse{}, err
	}
	return c.purseOf(m, params)
}

func (c *call) decision(reason string) purse.Decision {
	return purse.Decision{By: string(c.caller.Person), Reason: reason}
}

func blockPurse(c *call, in *client.PurseDecision) (client.Purse, error) {
	m, err := c.module(true)
	if err == nil {
		err = c.api.Purses.Block(c.ctx, m.ID, c.decision(in.Reason))
	}
	if err != nil {
		return client.Purse{}, err
	}
	return getPurse(c, nil)
}

func restorePurse(c *call, in *client.PurseDecision) (client.Purse, error) {
	m, err := c.module(true)
	if err == nil {
		err = c.api.Purses.Restore(c.ctx, m.ID, c.decision(in.Reason))
	}
	if err != nil {
		return client.Purse{}, err
	}
	return getPurse(c, nil)
}

func listCases(c *call, _ *none) (client.List[client.PurseCase], error) {
	list := client.List[client.PurseCase]{Object: "list", URL: c.route.path, Data: []client.PurseCase{}}
	limit := c.query.limit()
	cases, err := c.api.Purses.Cases(c.ctx, c.query.text("cursor"), limit+1)
	for i, one := range cases {
		if i == limit {
			list.HasMore, list.NextCursor = true, cases[i-1].ID
			break
		}
		list.Data = append(list.Data, caseOf(one))
	}
	return list, err
}

func caseOf(c purse.Case) client.PurseCase {
	minor := func(n int64) string { return strconv.FormatInt(n, 10) }
	return client.PurseCase{ID: c.ID, Object: "purse_case", Kind: string(c.Kind), Purse: c.Module.String(), Value: minor(c.Value),
		Owed: minor(c.Owed), Currency: c.Currency, Outcome: string(c.Outcome), SettledBy: c.SettledBy, Reason: c.Reason, OpenedAt: c.OpenedAt,
		SettledAt: c.SettledAt}
}

func settleCase(c *call, in *client.SettlePurseCase) (client.PurseCase, error) {
	settled, err := c.api.Purses.Settle(c.ctx, c.r.PathValue("id"), purse.Outcome(in.Outcome), c.decision(in.Reason))
	return caseOf(settled), err
}
