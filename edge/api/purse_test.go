package api

import (
	"errors"
	"net/http"
	"testing"

	"billfold/base/id"
	"billfold/client"
	"billfold/product/purse"
	"billfold/product/purse/proto"
	"billfold/product/purse/step"
	"billfold/product/purse/store"
)

// card is a purse or till in memory, which knows its issuer by HTTP alone.
type card struct {
	w      *world
	key    string // its owner's, for the API
	id     proto.ID
	env    step.Env
	module *store.Module
	take   proto.Instruction
}

// helloText is the command HELLO.
var helloText = coded(proto.Command{INS: proto.INSHello}.Encode())

func newKey() proto.PrivateKey {
	key, err := proto.NewPrivateKey()
	if err != nil {
		panic(err)
	}
	return key
}

func newKeyText() string {
	public := newKey().Public()
	return coded(public[:])
}

// card enrols a device for the owner of a key.
func (w *world) card(key string) *card {
	w.t.Helper()
	signer := newKey()
	public := signer.Public()
	p, err := w.as(key).CreatePurse(w.ctx, client.CreatePurse{PublicKey: coded(public[:]), Currencies: []string{"EUR"}})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.device(key, signer, p.ID, p.Role, w.decoded(p.Params))
}

func (w *world) device(key string, signer proto.PrivateKey, name, role string, params []byte) *card {
	w.t.Helper()
	c := &card{w: w, key: key, take: proto.INSTake}
	if role == "holder" {
		c.take = proto.INSCredit
	}
	c.id, _ = proto.ParseID(name)
	c.env = step.Env{Now: w.clock.Now().Unix(), Network: w.api.Purses.Network(), Roots: w.api.Purses.Roots(), Signer: signer}
	var err error
	if c.module, err = store.Open(store.NewMemory(step.Fresh(c.id))); err != nil {
		w.t.Fatal(err)
	}
	c.must(proto.INSParams, params)
	return c
}

func (w *world) decoded(text string) []byte {
	w.t.Helper()
	b, err := fromBase64("answer", text)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (c *card) must(ins proto.Instruction, data []byte) []byte {
	c.w.t.Helper()
	env := c.env
	if ins == proto.INSDebit {
		both, _ := proto.ParseIntroduced(data)
		var r proto.Request
		proto.Open(both.Message, &r)
		env.Consent = &step.Consent{Payee: r.To, Value: r.Value, Currency: r.Currency, Purpose: r.Purpose}
	}
	out, sw, ok := proto.ParseResponse(c.module.Do(proto.Command{INS: ins, Data: data}, env).Envelope())
	if !ok || sw != proto.OK {
		c.w.t.Fatalf("%02X answers %s", byte(ins), sw)
	}
	return out
}

// desk gives a command to the issuer's side, over HTTP.
func (c *card) desk(ins proto.Instruction, data []byte) []byte {
	c.w.t.Helper()
	a, err := c.w.as(c.key).PurseDesk(c.w.ctx, c.id.String(), client.DeskCommand{Command: coded(proto.Command{INS: ins, Data: data}.Encode())})
	if err != nil {
		c.w.t.Fatal(err)
	}
	out, sw, _ := proto.ParseResponse(c.w.decoded(a.Answer))
	if sw != proto.OK {
		c.w.t.Fatalf("the desk answers %s to %02X", sw, byte(ins))
	}
	return out
}

func start(hello []byte, minor int64, purpose proto.Purpose) []byte {
	return proto.Start{Hello: hello, Value: minor, Currency: "EUR", Purpose: purpose}.Encode()
}

func (c *card) load(minor int64) {
	c.w.t.Helper()
	request := c.must(proto.INSStart, start(c.desk(proto.INSHello, nil), minor, proto.Load))
	c.desk(proto.INSComplete, c.must(c.take, c.desk(proto.INSDebit, request)))
}

func (c *card) unload(minor int64) {
	c.w.t.Helper()
	request := c.desk(proto.INSStart, start(c.must(proto.INSHello, nil), minor, proto.Unload))
	c.must(proto.INSComplete, c.desk(proto.INSTake, c.must(proto.INSDebit, request)))
}

func (c *card) pays(till *card, minor int64) {
	c.w.t.Helper()
	request := till.must(proto.INSStart, start(c.must(proto.INSHello, nil), minor, proto.Purchase))
	c.must(proto.INSComplete, till.must(till.take, c.must(proto.INSDebit, request)))
}

// bundle is what a card tells: everything since its last sync.
func (c *card) bundle(w *world) string {
	w.t.Helper()
	p, err := w.as(c.key).Purse(w.ctx, c.id.String())
	if err != nil {
		w.t.Fatal(err)
	}
	b := purse.Bundle{Statement: c.must(proto.INSState, w.decoded(p.Nonce))}
	records, err := c.module.Records(c.module.State().Archived)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range records {
		b.Records = append(b.Records, r.Encode())
	}
	return coded(b.Encode())
}

func (c *card) sync() client.PurseSync {
	c.w.t.Helper()
	a, err := c.w.as(c.key).SyncPurse(c.w.ctx, c.id.String(), client.SyncPurse{Bundle: c.bundle(c.w)})
	if err != nil {
		c.w.t.Fatal(err)
	}
	if a.Params != "" {
		c.must(proto.INSParams, c.w.decoded(a.Params))
	}
	return a
}

func (w *world) blockedCard() string {
	w.t.Helper()
	c := w.card(w.lenaKey)
	if _, err := w.as(w.ops).BlockPurse(w.ctx, c.id.String(), client.PurseDecision{Reason: "asked by its holder"}); err != nil {
		w.t.Fatal(err)
	}
	return c.id.String()
}

// carried is a till's file as a collector brings it.
func (w *world) carried() string {
	w.t.Helper()
	till := w.card(w.cafeKey)
	signer := newKey()
	m, params, err := w.api.Purses.Enrol(w.ctx, purse.Enrolment{Owner: string(w.ida), Payout: "user/" + string(w.ida), Role: proto.Collector,
		Key: signer.Public(), Currencies: []string{"EUR"}, Float: 100_00})
	if err != nil {
		w.t.Fatal(err)
	}
	collector := w.device(w.ops, signer, m.ID.String(), "collector", params)
	file := w.decoded(till.bundle(w))
	signed, err := purse.Carry(signer, w.api.Purses.Network(), collector.id, file, w.clock.Now().Unix())
	if err != nil {
		w.t.Fatal(err)
	}
	return `{"file":"` + coded(file) + `","carried":"` + coded(signed) + `"}`
}

// rolledBack is the case of a card that was set back.
func (w *world) rolledBack() string {
	w.t.Helper()
	c := w.card(w.lenaKey)
	back, err := store.Open(store.NewMemory(c.module.State()))
	if err != nil {
		w.t.Fatal(err)
	}
	c.must(proto.INSLock, []byte("4711"))
	c.sync()
	c.module = back
	_, err = w.as(c.key).SyncPurse(w.ctx, c.id.String(), client.SyncPurse{Bundle: coded(purse.Bundle{
		Statement: c.must(proto.INSState, w.decoded(w.nonce(c)))}.Encode())})
	if p := (*client.Problem)(nil); !errors.As(err, &p) || p.Code != "purse_forked" {
		w.t.Fatalf("a card that was set back: %v", err)
	}
	list, err := w.as(w.ops).PurseCases(w.ctx, client.Page{})
	if err != nil || len(list.Data) == 0 {
		w.t.Fatalf("%+v, %v", list, err)
	}
	return list.Data[len(list.Data)-1].ID
}

func (w *world) nonce(c *card) string {
	w.t.Helper()
	p, err := w.as(c.key).Purse(w.ctx, c.id.String())
	if err != nil {
		w.t.Fatal(err)
	}
	return p.Nonce
}

// A purse and a till whose issuer is a running server: enrolled, loaded, paid offline, collected, unloaded; all by the owners' keys.
func TestPurseOverHTTP(t *testing.T) {
	engines(t, func(w *world) {
		w.fund(w.lenaKey, "5000")
		ann, till := w.card(w.lenaKey), w.card(w.cafeKey)
		ann.load(2000)
		ann.pays(till, 420)
		till.must(proto.INSBatch, nil)
		if a := till.sync(); a.State != "active" || a.Archived == 0 || a.Params == "" {
			t.Errorf("collected: %+v", a)
		}
		ann.sync()
		ann.unload(580)
		ann.sync()
		list, err := w.as(w.lenaKey).Purses(w.ctx, "")
		if err != nil || len(list.Data) != 1 || list.Data[0].Role != "holder" || list.Data[0].Records == 0 {
			t.Errorf("%+v, %v", list, err)
		}
		balance, err := w.as(w.lenaKey).Balance(w.ctx, "")
		if err != nil || balance.Balances[0].Available.Amount != "3580" {
			t.Errorf("%+v, %v", balance, err)
		}
		if err := w.api.Purses.Verify(w.ctx, func(f purse.Finding) { t.Error(f) }); err != nil {
			t.Error(err)
		}
		at := "/v1/purses/" + ann.id.String()
		for what, try := range map[string]struct {
			path, body string
			status     int
			code       string
		}{
			"a key of the wrong size": {"/v1/purses", `{"public_key":"AAAA","currencies":["EUR"]}`, 422, "invalid_parameter"},
			"a name for a person": {"/v1/purses", `{"public_key":"` + newKeyText() + `","currencies":["EUR"],"name":"Ann"}`, 422,
				"invalid_parameter"},
			"a currency too many": {"/v1/purses", `{"public_key":"` + newKeyText() + `","currencies":["XXX"]}`, 422, "unknown_currency"},
			"no base64":           {at + "/desk", `{"command":"%%"}`, 422, "invalid_parameter"},
			"no command":          {at + "/desk", `{"command":"AAAA"}`, 400, "purse_message"},
			"no bundle":           {at + "/sync", `{"bundle":"AAAA"}`, 400, "purse_message"},
			"another's bundle":    {at + "/sync", `{"bundle":"` + till.bundle(w) + `"}`, 400, "purse_message"},
			"a purse that is not there": {"/v1/purses/" + id.Text("prs", [16]byte{1}) + "/desk", `{"command":"` + helloText + `"}`, 404,
				"purse_not_found"},
			"what is no id": {"/v1/purses/x/sync", `{"bundle":"AAAA"}`, 404, "purse_not_found"},
		} {
			if p := w.send(w.lenaKey, http.MethodPost, try.path, try.body).problem(t); p.Status != try.status || p.Code != try.code {
				t.Errorf("%s: %d %s", what, p.Status, p.Code)
			}
		}
		public := ann.env.Signer.Public()
		_, err = w.as(w.omarKey).CreatePurse(w.ctx, client.CreatePurse{PublicKey: coded(public[:]), Currencies: []string{"EUR"}})
		if p := (*client.Problem)(nil); !errors.As(err, &p) || p.Code != "purse_enrolment" {
			t.Errorf("one key for two purses: %v", err)
		}
		lost, err := w.as(w.lenaKey).ReportPurseLost(w.ctx, ann.id.String())
		if err != nil || lost.State != "lost" {
			t.Errorf("%+v, %v", lost, err)
		}
		if a := w.send(w.lenaKey, http.MethodPost, at+"/desk", `{"command":"`+helloText+`"}`).problem(t); a.Code != "purse_blocked" {
			t.Errorf("a lost purse is served: %+v", a)
		}
	})
}

// purseVisits are the visits of the operations on purses.
func (w *world) purseVisits() map[string]visit {
	at := func(path string) func() string { return func() string { return path } }
	card := w.card(w.lenaKey)
	return map[string]visit{
		"createPurse": {owner: w.lenaKey, path: at("/v1/purses"), body: `{"public_key":"` + newKeyText() + `","currencies":["EUR"]}`},
		"listPurses":  {owner: w.lenaKey, path: at("/v1/purses?owner=" + string(w.lena)), foreign: true},
		"getPurse":    {owner: w.lenaKey, path: at("/v1/purses/" + card.id.String()), foreign: true},
		"deskPurse": {owner: w.lenaKey, path: at("/v1/purses/" + card.id.String() + "/desk"), body: `{"command":"` + helloText + `"}`,
			foreign: true},
		"syncPurse": {owner: w.lenaKey, path: at("/v1/purses/" + card.id.String() + "/sync"), body: `{"bundle":"` + card.bundle(w) + `"}`,
			foreign: true},
		"reportPurseLost": {owner: w.lenaKey, path: at("/v1/purses/" + w.card(w.lenaKey).id.String() + "/lost"), foreign: true},
		"unlockPurse":     {owner: w.lenaKey, path: at("/v1/purses/" + card.id.String() + "/unlock"), foreign: true},
		"blockPurse": {owner: w.ops, path: at("/v1/purses/" + w.card(w.lenaKey).id.String() + "/block"),
			body: `{"reason":"asked by its holder"}`},
		"restorePurse":   {owner: w.ops, path: at("/v1/purses/" + w.blockedCard() + "/restore"), body: `{"reason":"asked by its holder"}`},
		"collectPurse":   {owner: w.ops, path: at("/v1/purse_collections"), body: w.carried()},
		"listPurseCases": {owner: w.ops, path: at("/v1/purse_cases")},
		"settlePurseCase": {owner: w.ops, path: at("/v1/purse_cases/" + w.rolledBack() + "/settle"),
			body: `{"outcome":"nobody","reason":"the phone was restored from a backup"}`},
	}
}
