package purse

import (
	"context"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/id"
	"billfold/base/money"
	"billfold/base/seal"
	"billfold/core/ledger"
	"billfold/product/purse/proto"
	"billfold/product/purse/step"
)

// Options are what the issuer is built from.
type Options struct {
	DB         *db.DB
	Clock      clock.Clock // business time: certificates, windows, blocklists
	IDs        *id.Minter
	Ledger     *ledger.Ledger
	Keys       *seal.Keyring
	Network    string // the installation, and whether it is a sandbox: "test/…" or "live/…"
	Currencies []money.Currency
}

// Issuer holds the verbs. It is safe for concurrent use.
type Issuer struct {
	o          Options
	currencies map[string]money.Currency
	root, desk proto.PrivateKey
	nonces     *seal.MacKey
}

// New makes the issuer. It reads its two keys from the database and makes them on the first start: the root certifies, the desks pay out
// loads and take unloads. The secret keys lie in the database sealed with the installation's key.
func New(ctx context.Context, o Options) (*Issuer, error) {
	s := Books(o)
	for name, key := range map[string]*proto.PrivateKey{"root": &s.root, "desk": &s.desk} {
		var err error
		if *key, err = s.key(ctx, name); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Books makes an issuer without its keys: to look at what is there, in a database that may be read-only. Totals, Verify,
// Transfers and Cases work; whatever signs does not.
func Books(o Options) *Issuer {
	s := &Issuer{o: o, currencies: map[string]money.Currency{}, nonces: o.Keys.MacKey("purse.nonce")}
	for _, c := range o.Currencies {
		s.currencies[c.Code] = c
	}
	return s
}

func (s *Issuer) key(ctx context.Context, name string) (proto.PrivateKey, error) {
	fresh, err := proto.NewPrivateKey()
	if err != nil {
		return fresh, err
	}
	secret, err := fresh.Secret()
	if err != nil {
		return fresh, err
	}
	row := "purse_key.secret/" + name
	sealed, err := s.o.Keys.Seal(seal.Installation, row, secret)
	if err != nil {
		return fresh, err
	}
	public := fresh.Public()
	kept, err := db.Write(ctx, s.o.DB, func(tx *db.Tx) ([]byte, error) {
		tx.RerunOnConflict("purse_key")
		var had, kept []byte
		err := tx.Row(selectKey, name).Scan(&had, &kept)
		if err == nil {
			return kept, nil
		}
		_, err = tx.Exec(insertKey, name, public[:], sealed)
		return sealed, err
	})
	if err != nil {
		return fresh, err
	}
	if secret, err = s.o.Keys.Open(seal.Installation, row, kept); err != nil {
		return fresh, err
	}
	return proto.ParsePrivateKey(secret)
}

// Roots are the keys by which this issuer certifies: what a device has to be told once, over a way it trusts.
func (s *Issuer) Roots() proto.Roots { return proto.Roots{{Key: s.root.Public()}} }

// Network is the network id that every signature of this issuer covers.
func (s *Issuer) Network() string { return s.o.Network }

// Enrolment asks for a certificate.
type Enrolment struct {
	Owner      string // whose it is: "usr_…" or "mch_…"
	Payout     string // ledger address without its currency; see Module
	Role       proto.Role
	Class      uint8
	Name       string // shown to payers; only tills and agents have one
	Key        proto.Key
	Currencies []string
	Float      int64 // of an agent: the most it may hold; of a collector: the most it may carry at once
}

// Enrol certifies a module and returns it with the parameters that make it work. Faults: purse_enrolment, unknown_currency.
func (s *Issuer) Enrol(ctx context.Context, e Enrolment) (Module, []byte, error) {
	if e.Role < proto.Holder || e.Role > proto.Collector || e.Class > 3 || len(e.Name) > proto.MaxName || e.Owner == "" || e.Payout == "" ||
		len(e.Currencies) == 0 || len(e.Currencies) > proto.MaxSlots || (e.Role == proto.Agent || e.Role == proto.Collector) && e.Float <= 0 {
		return Module{}, nil, ErrEnrolment
	}
	m := Module{ID: s.o.IDs.Mint(), Owner: e.Owner, Payout: e.Payout, Role: e.Role, Class: e.Class, Name: e.Name, Key: e.Key,
		State: Active, CreatedAt: s.o.Clock.Now()}
	c := proto.Certificate{ID: m.ID, Role: e.Role, Class: e.Class, Key: e.Key, Name: e.Name, Count: Classes[e.Class].Count,
		Hops: Classes[e.Class].Hops}
	if e.Role != proto.Holder {
		c.Count, c.Hops = 1<<32, true
	}
	list := slices.Clone(e.Currencies)
	slices.Sort(list)
	for _, code := range slices.Compact(list) {
		currency, ok := s.currencies[code]
		if !ok {
			return Module{}, nil, money.ErrUnknownCurrency.With("currencies")
		}
		c.Terms = append(c.Terms, terms(e.Role, e.Class, e.Float, currency))
	}
	deskID := proto.ID(s.o.IDs.Mint())
	desk, err := s.freshDesk(deskID)
	if err != nil {
		return Module{}, nil, err
	}
	if m.Certificate, err = s.certify(&m, c); err != nil {
		return Module{}, nil, err
	}
	params, err := db.Write(ctx, s.o.DB, func(tx *db.Tx) ([]byte, error) {
		m := m
		if _, err := tx.Exec(insertModule, m.ID.String(), m.Owner, m.Payout, int64(m.Role), int64(m.Class), m.Name, m.Key[:], string(m.State),
			int64(0), m.Certificate, clock.Micros(m.Until), int64(0), m.tail[:], int64(0), int64(0), clock.Micros(m.CreatedAt)); err != nil {
			if db.IsUnique(err) { // the key: an id was minted just now
				err = ErrEnrolment
			}
			return nil, err
		}
		if _, err := tx.Exec(insertDesk, deskID.String(), m.ID.String(), desk.Encode()); err != nil {
			return nil, err
		}
		for _, t := range c.Terms {
			if _, err := s.account(tx, shadowAddress(m.ID), t.Currency, ledger.Unlimited); err != nil {
				return nil, err
			}
		}
		return s.params(tx, &m, false)
	})
	return m, params, err
}

// life is how long a role's certificate lasts.
func life(role proto.Role, class uint8) time.Duration {
	if role == proto.Holder {
		return Classes[class].Life
	}
	return Classes[3].Life
}

// certify signs a certificate that begins now.
func (s *Issuer) certify(m *Module, c proto.Certificate) ([]byte, error) {
	now := s.o.Clock.Now()
	m.Until = now.Add(life(m.Role, m.Class)).Truncate(time.Second)
	c.Epoch, c.NotBefore, c.NotAfter = m.Epoch+1, now.Add(-time.Hour).Unix(), m.Until.Unix()
	c.Root = s.Roots()[0].Name()
	signed, err := proto.Sign(s.root, s.o.Network, c)
	return signed.Encode(), err
}

// params writes the next parameters of a module: what is archived, whom not to trust, and a certificate that has at least half its life.
func (s *Issuer) params(tx *db.Tx, m *Module, unlock bool) ([]byte, error) {
	now := s.o.Clock.Now()
	if m.State == Active && m.Until.Sub(now) < life(m.Role, m.Class)/2 {
		var c proto.Certificate
		if _, ok := proto.Open(m.Certificate, &c); !ok {
			return nil, errRow
		}
		renewed, err := s.certify(m, c)
		if err != nil {
			return nil, err
		}
		m.Certificate = renewed
	}
	m.Epoch++
	blocked, err := s.blocklist(tx)
	if err != nil {
		return nil, err
	}
	signed, err := proto.Sign(s.root, s.o.Network, proto.Params{Module: m.ID, Epoch: m.Epoch, At: now.Unix(), Certificate: m.Certificate,
		Archived: m.Records, Tail: m.tail, Block: m.State != Active, Unlock: unlock, Blocked: blocked})
	if err != nil {
		return nil, err
	}
	_, err = tx.Exec(updateCertified, m.ID.String(), int64(m.Epoch), m.Certificate, clock.Micros(m.Until))
	return signed.Encode(), err
}

// blocklist is who is blocked and could still show a certificate in force.
func (s *Issuer) blocklist(tx *db.Tx) ([]proto.ID, error) {
	list, err := db.All(tx, func(r db.Row) (i proto.ID, err error) {
		var text string
		err = r.Scan(&text)
		i, ok := proto.ParseID(text)
		if err == nil && !ok {
			err = errRow
		}
		return i, err
	}, selectBlocklist, clock.Micros(s.o.Clock.Now()), proto.MaxBlocked)
	slices.SortFunc(list, func(a, b proto.ID) int { return slices.Compare(a[:], b[:]) })
	return list, err
}

// Nonce is what a module has to sign in a statement for it to count as said now: it holds, under a MAC, the time and how many of the
// module's records are archived. purse_not_found where there is no such module.
func (s *Issuer) Nonce(ctx context.Context, module proto.ID) ([]byte, error) {
	m, err := s.Get(ctx, module)
	if err != nil {
		return nil, err
	}
	said := binary.BigEndian.AppendUint64(nil, uint64(s.o.Clock.Now().Unix()))
	said = binary.BigEndian.AppendUint64(said, m.Records)
	mac := s.nonces.Sum(module[:], said)
	return append(said, mac[:16]...), nil
}

// told returns how many records a module had told when it was given a nonce; ok where the nonce is ours and at most ten minutes old.
// A statement under it that knows of fewer was made by a module that was set back. One that merely comes late was made under
// an older nonce: a request that is sent twice accuses nobody.
func (s *Issuer) told(module proto.ID, nonce []byte) (records uint64, ok bool) {
	if len(nonce) != 32 {
		return 0, false
	}
	mac := s.nonces.Sum(module[:], nonce[:16])
	age := s.o.Clock.Now().Unix() - int64(binary.BigEndian.Uint64(nonce))
	return binary.BigEndian.Uint64(nonce[8:]), string(mac[:16]) == string(nonce[16:]) && age >= 0 && age <= 600
}

// Get returns a module. purse_not_found where there is none.
func (s *Issuer) Get(ctx context.Context, module proto.ID) (Module, error) {
	return db.Read(ctx, s.o.DB, func(tx *db.Tx) (Module, error) { return s.module(tx, module, false) })
}

func (s *Issuer) module(tx *db.Tx, module proto.ID, lock bool) (Module, error) {
	q := selectModule
	if lock {
		q += tx.ForUpdate()
	}
	m, found, err := one(tx, scanModule, q, module.String())
	if err == nil && !found {
		err = ErrNotFound
	}
	return m, err
}

// Of lists the modules of an owner, oldest first.
func (s *Issuer) Of(ctx context.Context, owner string) ([]Module, error) {
	return db.Read(ctx, s.o.DB, func(tx *db.Tx) ([]Module, error) { return db.All(tx, scanModule, selectModulesOf, owner) })
}

// ReportLost freezes a purse that its holder lost. When its certificate has ended and the window after that too, what it holds is paid
// to its holder's account by Sweep.
func (s *Issuer) ReportLost(ctx context.Context, module proto.ID) error {
	return s.o.DB.Write(ctx, func(tx *db.Tx) error {
		return s.change(tx, module, updateLost, clock.Micros(s.o.Clock.Now()), []ModuleState{Active, Blocked})
	})
}

// change moves a module from one of some states to another.
func (s *Issuer) change(tx *db.Tx, module proto.ID, q string, value any, from []ModuleState) error {
	m, err := s.module(tx, module, true)
	if err != nil {
		return err
	}
	if !slices.Contains(from, m.State) {
		return ErrBlocked
	}
	_, err = tx.Exec(q, module.String(), value)
	return err
}

// Unlock makes parameters that open a purse whose code was entered wrong three times: for its holder, who has been asked who they are.
func (s *Issuer) Unlock(ctx context.Context, module proto.ID) ([]byte, error) {
	return db.Write(ctx, s.o.DB, func(tx *db.Tx) ([]byte, error) {
		m, err := s.module(tx, module, true)
		if err != nil {
			return nil, err
		}
		return s.params(tx, &m, true)
	})
}

func (s *Issuer) env(signer proto.Signer) step.Env {
	return step.Env{Now: s.o.Clock.Now().Unix(), Network: s.o.Network, Roots: s.Roots(), Signer: signer}
}

// shadowAddress is where the ledger keeps what a module holds, as far as the issuer has heard.
func shadowAddress(module proto.ID) string { return "purse/" + module.String() }

// The issuer's own accounts, one of each in every currency.
const (
	poolAddress     = "purse/pool"     // debit-normal: what was issued and has not been redeemed
	issuedAddress   = "purse/issued"   // its counterpart
	transitAddress  = "purse/transit"  // loads that are paid for and not proved to have arrived
	suspenseAddress = "purse/suspense" // paid by the payer, payee not heard
	owedAddress     = "purse/owed"     // debit-normal: what was paid for forked purses and nobody has borne yet
	lossAddress     = "purse/loss"     // debit-normal: what the issuer has borne
)

func limitOf(address string) ledger.Limit {
	switch address {
	case poolAddress, owedAddress, lossAddress:
		return ledger.NonPositive
	case transitAddress, suspenseAddress:
		return ledger.NonNegative
	}
	return ledger.Unlimited
}

// account returns the number of an account, and opens it the first time. Payout accounts belong to others: they have to be there.
func (s *Issuer) account(tx *db.Tx, address, currency string, limit ledger.Limit) (ledger.AccountID, error) {
	full := address + "/" + currency
	number, err := s.o.Ledger.Number(tx, full)
	if err == nil || !strings.HasPrefix(address, "purse/") {
		return number, err
	}
	c, ok := s.currencies[currency]
	if !ok {
		return 0, money.ErrUnknownCurrency
	}
	a, err := s.o.Ledger.Open(tx, ledger.Spec{Address: full, Currency: c, Limit: limit})
	return a.ID, err
}
