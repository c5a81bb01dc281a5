package step

import (
	"billfold/product/purse/proto"
)

// Env is everything that a step may know besides state and command.
type Env struct {
	Now     int64          // unix seconds, by the device's clock
	Network string         // the installation, and whether it is a sandbox
	Roots   proto.Roots    // whose certificates count
	Signer  proto.Signer   // the module's own key
	Verify  proto.Verifier // nil is ES256
	Consent *Consent       // what the holder agreed to pay; nil is nothing
}

// Consent is what the person in front of the device agreed to: this payee, this much, for this. It is compared with what is asked for.
type Consent struct {
	Payee    proto.ID
	Value    int64
	Currency string
	Purpose  proto.Purpose
}

// Records are the signed records of one step, in the order of the chain.
type Records []proto.Signed

// Response is what a module answers. Only Step makes one with content, and only a store can turn it into something to be sent.
type Response struct {
	data []byte
	sw   proto.SW
}

// SW is the status word.
func (r Response) SW() proto.SW { return r.sw }

// Data is what stands before the status word; empty unless the status word is OK.
func (r Response) Data() []byte { return r.data }

// Encode writes the response's envelope.
func (r Response) Encode() []byte { return proto.EncodeResponse(r.data, r.sw) }

// Refusal is a response that says no. Stores use it for Fault.
func Refusal(sw proto.SW) Response { return Response{sw: sw} }

// Step executes one command. It returns the next state, the records that prove it, and the answer; after a refusal the state is the
// one it was given, and there are no records.
//
// In this order: an unknown command is 6A88, data that cannot be read 6A80, a command that the table does not have in this state 6985; then
// the rule's checks in the order of the table, each with its own status word.
func Step(s State, c proto.Command, env Env) (State, Records, Response) {
	read, known := readers[c.INS]
	if !known {
		return s, nil, Refusal(proto.Unknown)
	}
	t := &turn{env: env, old: s, s: s.copy(), command: c, now: max(env.Now, s.Seen)}
	if s.Status != New && !t.readOwn() {
		return s, nil, Refusal(proto.Fault) // a state that no Step of ours made
	}
	if len(c.Data) > proto.MaxMessage || !read(t) {
		return s, nil, Refusal(proto.Malformed)
	}
	rule := find(c.INS, s.Status, t)
	if rule == nil {
		return s, nil, Refusal(proto.WrongState)
	}
	for _, check := range rule.Checks {
		if !checks[check].holds(t) {
			return s, nil, Refusal(checks[check].SW)
		}
	}
	for _, effect := range rule.Effects {
		effects[effect].apply(t)
	}
	data := answers[rule.Sends].make(t)
	if t.failed {
		return s, nil, Refusal(proto.Fault)
	}
	if rule.Sends.kept() {
		t.s.Answer = data
	}
	if rule.Wrong {
		return t.s, t.records, Refusal(proto.WrongCodeLeft | proto.SW(t.s.Tries))
	}
	return t.s, t.records, Response{data, proto.OK}
}

// find returns the first rule that fits.
func find(ins proto.Instruction, in Status, t *turn) *Rule {
	for i := range Table {
		r := &Table[i]
		for _, command := range r.Commands {
			for _, status := range r.In {
				if command == ins && status == in && guards[r.When].holds(t) {
					return r
				}
			}
		}
	}
	return nil
}

// turn is one step under way.
type turn struct {
	env     Env
	now     int64
	old     State
	s       State // becomes the next state
	command proto.Command
	own     proto.Certificate
	records Records
	failed  bool // the signer did not sign

	// What the command's data says.
	start    proto.Start
	hello    proto.Hello
	transfer proto.Transfer // of START and of the message
	message  proto.Signed
	peer     proto.Certificate // of the other side: as it was presented, or as it was kept since the start
	peerRaw  []byte
	peerSig  proto.Signed
	clear    proto.Clear
	params   proto.Params
	mine     proto.Certificate // in params
	mineSig  proto.Signed
	order    proto.Order
	index    int
	right    *bool // whether the code is right, once it was asked
}

// readOwn reads the module's own certificate and, while a transfer is open, the other side's.
func (t *turn) readOwn() bool {
	if _, ok := proto.Open(t.old.Certificate, &t.own); !ok {
		return false
	}
	if t.old.Open == nil {
		return true
	}
	_, ok := proto.Open(t.old.Peer, &t.peer)
	t.peerRaw = t.old.Peer
	return ok
}

// readers take the data of each command apart, without an opinion about it.
var readers = map[proto.Instruction]func(*turn) bool{
	proto.INSHello:     (*turn).readNothing,
	proto.INSStart:     (*turn).readStart,
	proto.INSDebit:     (*turn).readRequest,
	proto.INSCredit:    (*turn).readValue,
	proto.INSTake:      (*turn).readValue,
	proto.INSComplete:  (*turn).readAck,
	proto.INSRepeat:    (*turn).readNothing,
	proto.INSPrevious:  (*turn).readNothing,
	proto.INSAbort:     (*turn).readNothing,
	proto.INSException: func(t *turn) bool { t.index = int(byteOf(t)); return len(t.command.Data) == 1 },
	proto.INSClear: func(t *turn) (ok bool) {
		t.message, ok = proto.Open(t.command.Data, &t.clear)
		return ok
	},
	proto.INSParams: (*turn).readParams,
	proto.INSConvert: func(t *turn) (ok bool) {
		t.message, ok = proto.Open(t.command.Data, &t.order)
		return ok
	},
	proto.INSState:   func(t *turn) bool { return len(t.command.Data) <= proto.MaxNonce },
	proto.INSBatch:   (*turn).readNothing,
	proto.INSLock:    func(t *turn) bool { return len(t.command.Data) == 0 || isCode(t.command.Data) },
	proto.INSUnlock:  func(t *turn) bool { return isCode(t.command.Data) },
	proto.INSBalance: (*turn).readNothing,
	proto.INSHistory: (*turn).readNothing,
}

func (t *turn) readNothing() bool { return len(t.command.Data) == 0 }

func byteOf(t *turn) byte {
	if len(t.command.Data) == 0 {
		return 0
	}
	return t.command.Data[0]
}

// isCode tells whether data is a code: 4 to 12 digits.
func isCode(data []byte) bool {
	for _, c := range data {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(data) >= 4 && len(data) <= 12
}

func (t *turn) readStart() (ok bool) {
	if t.start, ok = proto.ParseStart(t.command.Data); !ok || !proto.Decode(t.start.Hello, &t.hello) {
		return false
	}
	if !t.readPeer(t.hello.Certificate) {
		return false
	}
	t.transfer = proto.Transfer{From: t.peer.ID, FromSeq: t.hello.Next, To: t.old.ID, ToSeq: t.old.Next, Value: t.start.Value,
		Currency: t.start.Currency, Purpose: t.start.Purpose, Ref: t.start.Ref}
	return true
}

func (t *turn) readPeer(raw []byte) (ok bool) {
	t.peer, t.peerRaw = proto.Certificate{}, raw
	t.peerSig, ok = proto.Open(raw, &t.peer)
	return ok
}

func (t *turn) readRequest() bool {
	both, ok := proto.ParseIntroduced(t.command.Data)
	if !ok || !t.readPeer(both.Certificate) {
		return false
	}
	var request proto.Request
	t.message, ok = proto.Open(both.Message, &request)
	t.transfer = request.Transfer
	return ok
}

func (t *turn) readValue() (ok bool) {
	var value proto.Value
	t.message, ok = proto.Open(t.command.Data, &value)
	t.transfer = value.Transfer
	return ok
}

func (t *turn) readAck() (ok bool) {
	var ack proto.Ack
	t.message, ok = proto.Open(t.command.Data, &ack)
	t.transfer = ack.Transfer
	return ok
}

func (t *turn) readParams() (ok bool) {
	if t.message, ok = proto.Open(t.command.Data, &t.params); !ok {
		return false
	}
	t.mineSig, ok = proto.Open(t.params.Certificate, &t.mine)
	return ok
}
