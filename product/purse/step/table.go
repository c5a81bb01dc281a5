package step

import "billfold/product/purse/proto"

// A Rule is one row of the table: in these states, and where its guard holds, these commands need these checks, in this order, and have
// these effects, in this order.
type Rule struct {
	Commands []proto.Instruction
	In       []Status
	When     Guard
	Checks   []Check
	Effects  []Effect
	Sends    Answer
	Wrong    bool   // answers 63Cx: the effects happen, the command fails
	Says     string // why the rule is as it is
}

// becomePayee is what it takes to be the payee of a transfer, but for the room in the log.
var becomePayee = []Check{NotBlocked, Unlocked, InForce, ListFresh, NotMyself, PeerCertified, PeerAllowed, RolesFit, CancelMine, HasSlot,
	WithinTransaction, WithinBalance, WithinTakings, SequenceLeft}

// becomePayer is what it takes to pay, but for the room in the log.
var becomePayer = []Check{NotBlocked, Unlocked, InForce, PeerCertified, SignedByPeer, PeerAllowed, RolesFit, ForMe, Agreed,
	CancelTheirs, HasSlot,
	WithinTransaction, WithinSync, Covered, Spendable, SequenceLeft}

func with(list []Check, last Check) []Check { return append(list[:len(list):len(list)], last) }

var (
	certified = []Status{Idle, EPV, EPA}
	everybody = []Status{New, Idle, EPV, EPA}
)

// Table is the rules of the purse. What is not in it is 6985 and changes nothing.
var Table = []Rule{
	{Commands: []proto.Instruction{proto.INSHello}, In: certified, Checks: []Check{NotBlocked}, Sends: SendHello,
		Says: "Anybody may ask, and anybody can forge the answer: it starts a transfer that then fails."},

	{Commands: []proto.Instruction{proto.INSStart}, In: []Status{Idle}, Checks: with(becomePayee, LogRoom),
		Effects: []Effect{TakeSequence, ExpectValue, RecordStarted}, Sends: SendRequest,
		Says: "The slot of the log is reserved here, so that giving up never fails."},
	{Commands: []proto.Instruction{proto.INSStart}, In: []Status{EPV, EPA}, Checks: with(becomePayee, LogRoomTwo),
		Effects: []Effect{GiveUp, TakeSequence, ExpectValue, RecordStarted}, Sends: SendRequest,
		Says: "A new start gives the open transfer up, as in Mondex; two purses that start at each other are so set free."},

	{Commands: []proto.Instruction{proto.INSDebit}, In: []Status{EPA}, When: IsOpen, Checks: []Check{PeerCertified, SignedByPeer},
		Sends: SendAgain, Says: "The same REQ again: the VAL may have been lost. Nothing is paid twice."},
	{Commands: []proto.Instruction{proto.INSDebit}, In: []Status{Idle}, Checks: with(becomePayer, LogRoom),
		Effects: []Effect{TakeSequence, Debit, ExpectAck, MarkCancelled, RememberPurchase, RecordPaid}, Sends: SendValue,
		Says: "Start and payment are one commit: Mondex's EPR does not occur."},
	{Commands: []proto.Instruction{proto.INSDebit}, In: []Status{EPV, EPA}, Checks: with(becomePayer, LogRoomTwo),
		Effects: []Effect{GiveUp, TakeSequence, Debit, ExpectAck, MarkCancelled, RememberPurchase, RecordPaid}, Sends: SendValue,
		Says: "A new start, here as payer."},

	{Commands: []proto.Instruction{proto.INSCredit, proto.INSTake}, In: []Status{EPV}, Checks: []Check{Instruction, SignedByPeer,
		SameTransfer},
		Effects: []Effect{Credit, RememberSale, RecordTaken, Finish}, Sends: SendAck,
		Says: "Neither block, lock nor expiry keeps it out: this value has left its payer already."},
	{Commands: []proto.Instruction{proto.INSComplete}, In: []Status{EPA}, Checks: []Check{SignedByPeer, SameTransfer},
		Effects: []Effect{RecordClosed, Finish}, Sends: Nothing,
		Says: "The payer's slot of the log is free again. Without the ACK the payment stands all the same."},
	{Commands: []proto.Instruction{proto.INSRepeat, proto.INSPrevious}, In: certified, Checks: []Check{AnswerThere}, Sends: SendAgain,
		Says: "What was lost on the way can be had again, by anybody: only its addressee can use it."},
	{Commands: []proto.Instruction{proto.INSAbort}, In: []Status{EPV, EPA}, Checks: []Check{LogRoom}, Effects: []Effect{GiveUp},
		Sends: Nothing,
		Says:  "After power-up an open transfer stays open, because a late VAL or ACK may come; only a person or a new start gives it up."},

	{Commands: []proto.Instruction{proto.INSException}, In: certified, Checks: []Check{EntryThere}, Sends: SendException,
		Says: "Reading changes nothing: what was given up stays until the issuer's CLEAR."},
	{Commands: []proto.Instruction{proto.INSClear}, In: []Status{Idle}, Checks: []Check{SignedByRoot, ForModule, ExactSet},
		Effects: []Effect{Forget, RecordCleared}, Sends: Nothing,
		Says: "The issuer signs it for exactly what it has archived: no transfer is forgotten that only a log remembers."},
	{Commands: []proto.Instruction{proto.INSState}, In: certified, Sends: SendStatement,
		Says: "With it a sync begins: a module that was copied or set back contradicts what it told before."},
	{Commands: []proto.Instruction{proto.INSParams}, In: everybody,
		Checks:  []Check{SignedByRoot, ForModule, Newer, CertificateMine, ArchivedKnown, SlotsFit},
		Effects: []Effect{TakeOver, RecordInformed}, Sends: Nothing,
		Says: "In every state, so that a block holds at once. The first one certifies the module."},
	{Commands: []proto.Instruction{proto.INSConvert}, In: []Status{Idle},
		Checks: []Check{NotBlocked, Unlocked, InForce, SignedByRoot, ForModule, OrderNext, OrderSlots, OrderCovered, OrderFits,
			SequenceLeft},
		Effects: []Effect{TakeSequence, Exchange, RecordConverted}, Sends: Nothing,
		Says: "An exchange at the issuer's terms. No other module takes part: it is one commit, and there is nothing to wait for."},
	{Commands: []proto.Instruction{proto.INSBatch}, In: []Status{Idle}, Checks: []Check{BatchOpen}, Effects: []Effect{CloseBatch,
		RecordBatched},
		Sends: Nothing,
		Says:  "What the till sold until here is its merchant's with the next collection. Blocked or expired, a till can still be collected."},

	{Commands: []proto.Instruction{proto.INSLock}, In: certified, Checks: []Check{Unlocked, CodeKnown}, Effects: []Effect{SetCode,
		RecordLocked},
		Sends: Nothing,
		Says:  "A locked module starts nothing and pays nothing; it still finishes what is open, and shows what it holds."},
	{Commands: []proto.Instruction{proto.INSUnlock}, In: certified, When: RightCode, Checks: []Check{IsLocked, TriesLeft},
		Effects: []Effect{Unlock, RecordUnlocked}, Sends: Nothing},
	{Commands: []proto.Instruction{proto.INSUnlock}, In: certified, When: WrongCode, Checks: []Check{IsLocked, TriesLeft},
		Effects: []Effect{LoseTry, RecordWrong}, Sends: Nothing, Wrong: true,
		Says: "The try is used up, durably, before the answer says so: a folder that is killed in between has no more tries for it."},
	{Commands: []proto.Instruction{proto.INSBalance}, In: everybody, Sends: SendHoldings,
		Says: "While a transfer is open the answer says so: what it shows is then balance and pending."},
	{Commands: []proto.Instruction{proto.INSHistory}, In: everybody, Sends: SendHistory,
		Says: "Readable offline, by whoever holds the device."},
}
