package step

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"

	"billfold/product/purse/proto"
)

// A Check is one condition of a rule.
type Check uint8

// The checks. What each says and the status word when it fails stands in the list below.
const (
	NotBlocked Check = iota
	Unlocked
	InForce
	ListFresh
	NotMyself
	PeerCertified
	PeerAllowed
	SignedByPeer
	SignedByRoot
	RolesFit
	ForMe
	Agreed
	HasSlot
	WithinTransaction
	WithinBalance
	WithinSync
	WithinTakings
	Covered
	Spendable
	CancelMine
	CancelTheirs
	SequenceLeft
	LogRoom
	LogRoomTwo
	SameTransfer
	Instruction
	EntryThere
	AnswerThere
	ForModule
	ExactSet
	Newer
	CertificateMine
	ArchivedKnown
	SlotsFit
	BatchOpen
	OrderNext
	OrderSlots
	OrderCovered
	OrderFits
	CodeKnown
	IsLocked
	TriesLeft
)

var checks = [...]struct {
	Name  string
	SW    proto.SW
	Says  string
	holds func(*turn) bool
}{
	NotBlocked: {"not blocked", proto.Blocked, "the issuer has not blocked this module",
		func(t *turn) bool { return !t.old.Blocked }},
	Unlocked: {"unlocked", proto.LockedOut, "its holder has not locked it",
		func(t *turn) bool { return !t.old.Locked }},
	InForce: {"in force", proto.SyncNeeded, "the module's own certificate is in force",
		func(t *turn) bool { return t.own.InForce(t.now) }},
	ListFresh: {"list fresh", proto.SyncNeeded, "a till's blocklist is at most 48 hours old",
		func(t *turn) bool { return t.own.Role != proto.Acceptor || t.now-t.old.ListedAt <= ListLife }},
	NotMyself: {"not myself", proto.WrongState, "the other side is another module",
		func(t *turn) bool { return t.peer.ID != t.old.ID }},
	PeerCertified: {"peer certified", proto.BadSignature, "the other side's certificate is signed by a root of this network and in force",
		(*turn).peerCertified},
	PeerAllowed: {"peer allowed", proto.Blocked, "the other side is not on the blocklist", (*turn).peerAllowed},
	SignedByPeer: {"signed by peer", proto.BadSignature, "the message is signed by the key in the other side's certificate, for this network",
		func(t *turn) bool { return t.message.Verify(t.env.Network, t.peer.Key, t.env.Verify) }},
	SignedByRoot: {"signed by root", proto.BadSignature, "the message is signed by a root, for this network", (*turn).signedByRoot},
	RolesFit:     {"roles fit", proto.BadSignature, "the roles in the two certificates may make a transfer of this purpose", (*turn).rolesFit},
	ForMe: {"for me", proto.WrongState, "it names this module as payer with its next sequence number, and the certified module as payee",
		func(t *turn) bool {
			return t.transfer.From == t.old.ID && t.transfer.FromSeq == t.old.Next && t.transfer.To == t.peer.ID
		}},
	Agreed: {"agreed", proto.WrongState, "the holder agreed to this payee, value, currency and purpose",
		func(t *turn) bool {
			c := t.env.Consent
			return c != nil && *c == Consent{t.transfer.To, t.transfer.Value, t.transfer.Currency, t.transfer.Purpose}
		}},
	HasSlot: {"has slot", proto.Unknown, "the module has a slot of this currency",
		func(t *turn) bool { return t.s.slot(t.transfer.Currency) != nil }},
	WithinTransaction: {"within transaction", proto.OverLimit,
		"the value is within the transaction limit of this module and of the payer; what is loaded or unloaded is bounded by the balance alone",
		(*turn).withinTransaction},
	WithinBalance: {"within balance", proto.OverLimit, "with the value the slot holds no more than the certificate allows",
		func(t *turn) bool {
			terms, _ := t.own.In(t.transfer.Currency)
			return t.s.slot(t.transfer.Currency).Total() <= terms.Balance-t.transfer.Value
		}},
	WithinSync: {"within sync", proto.SyncNeeded, "number and value of payments since the last sync stay within the certificate's limits",
		(*turn).withinSync},
	WithinTakings: {"within takings", proto.SyncNeeded,
		"a till takes from one payer between two syncs no more than that payer may spend, and from at most 1,000 payers", (*turn).withinTakings},
	Covered: {"covered", proto.Insufficient, "the slot holds the value",
		func(t *turn) bool { return t.s.slot(t.transfer.Currency).Total() >= t.transfer.Value }},
	Spendable: {"spendable", proto.SyncNeeded,
		"without hops in the certificate, value received since the last sync is only given back or unloaded",
		(*turn).spendable},
	CancelMine: {"cancels mine", proto.WrongState, "a cancellation names this purse's last purchase, with its value and its till",
		func(t *turn) bool { return t.cancels(t.old.Bought, false) }},
	CancelTheirs: {"cancels theirs", proto.WrongState,
		"a cancellation names the last purchase of this till, with its value and its payer, not cancelled before, its batch still open",
		func(t *turn) bool { return t.cancels(t.old.Sold, true) }},
	SequenceLeft: {"sequence left", proto.Exhausted, "sequence and record numbers are left; they never begin again",
		func(t *turn) bool { return t.old.Next < MaxSequence && t.old.Records < 1<<53 }},
	LogRoom: {"log room", proto.LogFull, "the exception log has a slot for this transfer",
		func(t *turn) bool { return len(t.old.Log) < MaxLog }},
	LogRoomTwo: {"log room for two", proto.LogFull, "the exception log has a slot for the open transfer and one for this",
		func(t *turn) bool { return len(t.old.Log) < MaxLog-1 }},
	SameTransfer: {"same transfer", proto.WrongState, "the transfer equals the open one in every field",
		func(t *turn) bool { return t.same() }},
	Instruction: {"instruction fits", proto.WrongState, "52 for a holder's purse, 72 for every other module",
		func(t *turn) bool { return (t.command.INS == proto.INSCredit) == (t.own.Role == proto.Holder) }},
	EntryThere: {"entry there", proto.Unknown, "the exception log has an entry of this number, from 0",
		func(t *turn) bool { return t.index < len(t.old.Log) }},
	AnswerThere: {"answer there", proto.Unknown, "there is an answer to repeat",
		func(t *turn) bool { return len(t.old.Answer) > 0 }},
	ForModule: {"for this module", proto.WrongState, "the message names this module",
		func(t *turn) bool { return t.target() == t.old.ID }},
	ExactSet: {"exact set", proto.WrongState, "the hash is that of exactly the exceptions in the log, which is not empty",
		func(t *turn) bool { return len(t.old.Log) > 0 && t.clear.Set == proto.HashSet(t.old.Exceptions()) }},
	Newer: {"newer", proto.WrongState, "the epoch is above the last one taken over",
		func(t *turn) bool { return t.params.Epoch > t.old.Epoch }},
	CertificateMine: {"certificate mine", proto.BadSignature,
		"the new certificate is signed by a root and names this module, its key and, once it has one, its role", (*turn).certificateMine},
	ArchivedKnown: {"archive known", proto.WrongState, "the issuer has archived records that this module wrote, and no fewer than before",
		func(t *turn) bool {
			p := t.params
			return p.Archived >= t.old.Archived && (p.Archived < t.old.Records || p.Archived == t.old.Records && p.Tail == t.old.Tail)
		}},
	SlotsFit: {"slots fit", proto.WrongState, "every currency that the module holds, or has a transfer open in, is in the new certificate",
		(*turn).slotsFit},
	BatchOpen: {"batch open", proto.WrongState, "the module is a till that has taken something since it closed its last batch",
		func(t *turn) bool { return t.own.Role == proto.Acceptor && t.old.Batch.Count > 0 }},
	OrderNext: {"order next", proto.WrongState, "the order takes the next sequence number",
		func(t *turn) bool { return t.order.Seq == t.old.Next }},
	OrderSlots: {"order slots", proto.Unknown, "the module has slots of both currencies",
		func(t *turn) bool { return t.s.slot(t.order.From) != nil && t.s.slot(t.order.To) != nil }},
	OrderCovered: {"order covered", proto.Insufficient, "the slot holds, loaded or from before the last sync, what is exchanged",
		func(t *turn) bool { return t.s.slot(t.order.From).Own >= t.order.Take }},
	OrderFits: {"order fits", proto.OverLimit, "after the exchange the other slot holds no more than the certificate allows",
		func(t *turn) bool {
			terms, _ := t.own.In(t.order.To)
			return t.s.slot(t.order.To).Total() <= terms.Balance-t.order.Give
		}},
	CodeKnown: {"code known", proto.WrongState, "a code comes with the command or was set before",
		func(t *turn) bool { return len(t.command.Data) > 0 || len(t.old.Code) > 0 }},
	IsLocked: {"locked", proto.WrongState, "the module is locked",
		func(t *turn) bool { return t.old.Locked }},
	TriesLeft: {"tries left", proto.LockedOut, "tries are left; after three wrong codes only the issuer opens it",
		func(t *turn) bool { return t.old.Tries > 0 }},
}

func (t *turn) certified(c proto.Certificate, sig proto.Signed) bool {
	root, ok := t.env.Roots.Find(c.Root)
	return ok && sig.Verify(t.env.Network, root.Key, t.env.Verify)
}

func (t *turn) peerCertified() bool { return t.peer.InForce(t.now) && t.certified(t.peer, t.peerSig) }

func (t *turn) peerAllowed() bool {
	for _, id := range t.old.Blocklist {
		if id == t.peer.ID {
			return false
		}
	}
	return true
}

func (t *turn) signedByRoot() bool {
	for _, root := range t.env.Roots {
		if t.message.Verify(t.env.Network, root.Key, t.env.Verify) {
			return true
		}
	}
	return false
}

func (t *turn) certificateMine() bool {
	return t.certified(t.mine, t.mineSig) && t.mine.ID == t.old.ID && t.mine.Key == t.env.Signer.Public() &&
		(t.old.Status == New || t.mine.Role == t.own.Role)
}

// Fits says which roles may make a transfer of which purpose. A load agent gives only what it was loaded with: its float is its balance.
func Fits(p proto.Purpose, from, to proto.Role) bool {
	switch p {
	case proto.Load:
		return from == proto.Issuer && (to == proto.Holder || to == proto.Agent) || from == proto.Agent && to == proto.Holder
	case proto.Purchase:
		return from == proto.Holder && to == proto.Acceptor
	case proto.Person:
		return from == proto.Holder && to == proto.Holder
	case proto.Unload:
		return (from == proto.Holder || from == proto.Agent) && to == proto.Issuer
	case proto.Cancel:
		return from == proto.Acceptor && to == proto.Holder
	}
	return false
}

func (t *turn) rolesFit() bool {
	if t.transfer.To == t.old.ID {
		return Fits(t.transfer.Purpose, t.peer.Role, t.own.Role)
	}
	return Fits(t.transfer.Purpose, t.own.Role, t.peer.Role)
}

// withinTransaction has the payee check the payer's limit too: a payer whose software was changed would not.
func (t *turn) withinTransaction() bool {
	mine, ok := t.own.In(t.transfer.Currency)
	if t.transfer.To == t.old.ID {
		theirs, known := t.peer.In(t.transfer.Currency)
		ok = ok && known && (unbounded(t.transfer.Purpose) || t.transfer.Value <= theirs.Transaction)
	}
	return ok && (unbounded(t.transfer.Purpose) || t.transfer.Value <= mine.Transaction)
}

// unbounded tells whether a transfer is bounded by what a slot may hold and not by the transaction limit.
func unbounded(p proto.Purpose) bool { return p == proto.Load || p == proto.Unload }

// counted tells whether a transfer counts against what may be spent between two syncs.
func counted(p proto.Purpose) bool { return p != proto.Unload && p != proto.Cancel }

func (t *turn) withinSync() bool {
	terms, _ := t.own.In(t.transfer.Currency)
	return !counted(t.transfer.Purpose) ||
		t.old.Count < t.own.Count && t.s.slot(t.transfer.Currency).Spent <= terms.Spent-t.transfer.Value
}

func (t *turn) withinTakings() bool {
	if t.own.Role != proto.Acceptor {
		return true
	}
	theirs, _ := t.peer.In(t.transfer.Currency)
	i, found := t.taking()
	if !found {
		return len(t.old.Takings) < MaxTakings && t.transfer.Value <= theirs.Spent
	}
	return t.old.Takings[i].Value <= theirs.Spent-t.transfer.Value
}

func (t *turn) spendable() bool {
	p := t.transfer.Purpose
	return t.own.Hops || p == proto.Unload || p == proto.Cancel || t.s.slot(t.transfer.Currency).Own >= t.transfer.Value
}

func (t *turn) cancels(sale *Sale, once bool) bool {
	if t.transfer.Purpose != proto.Cancel {
		return true
	}
	return sale != nil && string(sale.VAL[:]) == string(t.transfer.Ref) && sale.Transfer.From == t.transfer.To &&
		sale.Transfer.To == t.transfer.From && sale.Transfer.Value == t.transfer.Value &&
		sale.Transfer.Currency == t.transfer.Currency && !(once && sale.Cancelled)
}

func (t *turn) same() bool { return t.old.Open != nil && t.old.Open.Same(t.transfer) }

// target is the module that a message of the issuer names.
func (t *turn) target() proto.ID {
	switch t.command.INS {
	case proto.INSClear:
		return t.clear.Module
	case proto.INSConvert:
		return t.order.Module
	}
	return t.params.Module
}

func (t *turn) slotsFit() bool {
	for _, s := range t.old.Slots {
		if _, ok := t.mine.In(s.Currency); !ok && s.Total() > 0 {
			return false
		}
	}
	if t.old.Open == nil {
		return true
	}
	_, ok := t.mine.In(t.old.Open.Currency)
	return ok
}

// rounds of PBKDF2 between a code and what is stored. It slows somebody who copied the file; a code of digits does not stop them.
const rounds = 20_000

// digestCode derives what is stored for a code.
func digestCode(id proto.ID, code []byte) []byte {
	key, err := pbkdf2.Key(sha256.New, string(code), id[:], rounds, 32)
	if err != nil {
		panic("PBKDF2 with constant arguments: " + err.Error())
	}
	return key
}

// codeRight compares a code in constant time, once a turn.
func (t *turn) codeRight() bool {
	if t.right == nil {
		right := len(t.old.Code) > 0 && subtle.ConstantTimeCompare(digestCode(t.old.ID, t.command.Data), t.old.Code) == 1
		t.right = &right
	}
	return *t.right
}

// A Guard chooses between the rules that a command has in one state.
type Guard uint8

// The guards.
const (
	Always Guard = iota
	IsOpen
	RightCode
	WrongCode
)

var guards = [...]struct {
	Says  string
	holds func(*turn) bool
}{
	Always:    {"", func(*turn) bool { return true }},
	IsOpen:    {"it is the open transfer", func(t *turn) bool { return t.same() }},
	RightCode: {"the code is right", func(t *turn) bool { return t.codeRight() }},
	WrongCode: {"the code is wrong", func(t *turn) bool { return !t.codeRight() }},
}
