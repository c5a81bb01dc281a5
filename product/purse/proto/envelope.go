package proto

import "fmt"

// Instruction is the INS byte of a command. Those of EN 1546 keep its numbers.
type Instruction byte

// The commands of a module.
const (
	INSHello     Instruction = 0x50 // INITIALIZE IEP
	INSStart     Instruction = 0x70 // INITIALIZE PSAM: be the payee
	INSDebit     Instruction = 0x54 // DEBIT IEP: REQ in, VAL out
	INSCredit    Instruction = 0x52 // CREDIT IEP: VAL in, ACK out, where the payee is a purse
	INSTake      Instruction = 0x72 // CREDIT PSAM: the same, where it is an acceptor or the issuer
	INSComplete  Instruction = 0x74 // PSAM COMPLETE: ACK in
	INSRepeat    Instruction = 0x5A // GET PREVIOUS IEP SIGNATURE: the last answer again
	INSPrevious  Instruction = 0x86 // GET PREVIOUS PSAM SIGNATURE: the same
	INSParams    Instruction = 0x58 // UPDATE IEP PARAMETER
	INSConvert   Instruction = 0x56 // CONVERT IEP CURRENCY
	INSState     Instruction = 0x76 // a signed statement, for the sync
	INSBatch     Instruction = 0x78 // close a till's batch
	INSAbort     Instruction = 0xD4 // give an open transfer up (ours)
	INSException Instruction = 0xCE // one entry of the exception log (ours)
	INSClear     Instruction = 0xD0 // empty the exception log (ours)
	INSLock      Instruction = 0xD2 // lock, and set a code (ours)
	INSUnlock    Instruction = 0x20 // VERIFY of ISO/IEC 7816-4
	INSBalance   Instruction = 0xB0 // READ BINARY: what is in it
	INSHistory   Instruction = 0xB2 // READ RECORD: the last ten payments
)

// SW is a status word, the two bytes at the end of every response.
type SW uint16

// The status words.
const (
	OK            SW = 0x9000
	WrongState    SW = 0x6985 // conditions of use are not satisfied
	BadSignature  SW = 0x6982 // signature or certificate
	LockedOut     SW = 0x6983 // locked by code
	WrongCodeLeft SW = 0x63C0 // wrong code; the last digit is how many tries are left
	Malformed     SW = 0x6A80
	LogFull       SW = 0x6A84
	Unknown       SW = 0x6A88 // no such command, currency or entry
	Insufficient  SW = 0x9401
	OverLimit     SW = 0x9402
	Exhausted     SW = 0x9403 // no sequence number is left
	SyncNeeded    SW = 0x9404
	Blocked       SW = 0x9405
	Forked        SW = 0x9406 // the issuer holds two histories of this module
	Fault         SW = 0x6F00 // it could not be stored, and did not happen
)

// String writes a status word as it stands in the specification.
func (s SW) String() string { return fmt.Sprintf("%04X", uint16(s)) }

const class = 0x80

// Command is one command to a module. P1 and P2 are zero.
type Command struct {
	INS  Instruction
	Data []byte
}

// Encode writes the command as an extended APDU: CLA INS P1 P2 00 Lc Lc data.
func (c Command) Encode() []byte {
	out := []byte{class, byte(c.INS), 0, 0, 0, byte(len(c.Data) >> 8), byte(len(c.Data))}
	return append(out, c.Data...)
}

// ParseCommand is the inverse of Encode, and refuses what Encode would not write.
func ParseCommand(b []byte) (c Command, ok bool) {
	if len(b) < 7 || len(b) > 7+MaxMessage || b[0] != class || b[2]|b[3]|b[4] != 0 || int(b[5])<<8|int(b[6]) != len(b)-7 {
		return c, false
	}
	return Command{Instruction(b[1]), append([]byte(nil), b[7:]...)}, true
}

// EncodeResponse writes data and status word.
func EncodeResponse(data []byte, sw SW) []byte {
	return append(append([]byte(nil), data...), byte(sw>>8), byte(sw))
}

// ParseResponse is the inverse of EncodeResponse. A refusal carries no data.
func ParseResponse(b []byte) (data []byte, sw SW, ok bool) {
	if len(b) < 2 || len(b) > 2+MaxMessage {
		return nil, 0, false
	}
	n := len(b) - 2
	sw = SW(b[n])<<8 | SW(b[n+1])
	if sw != OK && n > 0 {
		return nil, 0, false
	}
	return append([]byte(nil), b[:n]...), sw, true
}
