package step

import (
	"fmt"
	"slices"
	"strings"

	"billfold/product/purse/proto"
)

// commands are how the documents call the commands: here, in the literature, and what comes with them.
var commands = map[proto.Instruction]struct{ name, literature, data string }{
	proto.INSHello: {"HELLO", "INITIALIZE IEP, its answer S1", "nothing"},
	proto.INSStart: {"START", "INITIALIZE PSAM, its answer S2; Mondex: startTo",
		"the other side's HELLO, value, currency, purpose, what it cancels"},
	proto.INSDebit:     {"DEBIT", "DEBIT IEP, its answer S3; Mondex: startFrom and req", "the payee's certificate and REQ"},
	proto.INSCredit:    {"CREDIT", "CREDIT IEP; Mondex: val", "VAL"},
	proto.INSTake:      {"CREDIT PSAM", "CREDIT PSAM; Mondex: val", "VAL"},
	proto.INSComplete:  {"COMPLETE", "PSAM COMPLETE; Mondex: ack", "ACK"},
	proto.INSRepeat:    {"REPEAT", "GET PREVIOUS IEP SIGNATURE", "nothing"},
	proto.INSPrevious:  {"REPEAT PSAM", "GET PREVIOUS PSAM SIGNATURE", "nothing"},
	proto.INSParams:    {"PARAMS", "UPDATE IEP PARAMETER", "certificate, epoch, blocklist, how much is archived: signed by a root"},
	proto.INSConvert:   {"CONVERT", "CONVERT IEP CURRENCY", "the order: from, to, take, give, signed by a root"},
	proto.INSState:     {"STATE", "of the collection, as 76 to 7A", "a nonce of up to 32 bytes"},
	proto.INSBatch:     {"BATCH", "of the collection, as 76 to 7A", "nothing"},
	proto.INSAbort:     {"ABORT", "Mondex: abort", "nothing"},
	proto.INSException: {"EXCEPTION", "Mondex: readExceptionLog", "the entry's number, one byte"},
	proto.INSClear:     {"CLEAR", "Mondex: clearExceptionLog", "module and hash of the set: signed by a root"},
	proto.INSLock:      {"LOCK", "ours", "a code of 4 to 12 digits, or nothing"},
	proto.INSUnlock:    {"UNLOCK", "VERIFY of ISO/IEC 7816-4", "a code of 4 to 12 digits"},
	proto.INSBalance:   {"BALANCE", "READ BINARY of ISO/IEC 7816-4", "nothing"},
	proto.INSHistory:   {"HISTORY", "READ RECORD of ISO/IEC 7816-4", "nothing"},
}

func commandName(ins proto.Instruction) string {
	return fmt.Sprintf("%s (%02X)", commands[ins].name, byte(ins))
}

// everyCommand lists the commands in the order of the table.
func everyCommand() (list []proto.Instruction) {
	for _, r := range Table {
		for _, ins := range r.Commands {
			if !slices.Contains(list, ins) {
				list = append(list, ins)
			}
		}
	}
	return list
}

// Markdown renders the table as docs/purse-rules.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString(`# The rules of the purse

This page is printed from the table that the program executes (product/purse/step/table.go), by its test; change the
table, not the page: ` + "`go test ./product/purse/step -run 'Vectors|Rules' -update`" + `. What the words
mean, and why one may believe the rules, is in [purse.md](purse.md).

A command that nobody knows is ` + proto.Unknown.String() + `. Data that cannot be read is ` + proto.Malformed.String() +
		`, in every state. A command that is not in the table for the module's state is ` + proto.WrongState.String() + `.
Then the checks are made in the order given here; the first that fails says which status word is answered, and the state is
what it was. When all hold, the effects happen in the order given, are made durable as one, and only then is something sent.

States: **new** (nobody has certified it), **idle**, **EPV** (payee, expecting the value), **EPA** (payer, expecting the acknowledgement).
A transfer is payer, payer's sequence number, payee, payee's sequence number, value, currency, purpose, and for a cancellation the hash of
the VAL that it takes back.

## The commands

Numbers and words are those of EN 1546 where it has the command; what else the literature calls it stands beside it.

| command | in the literature | comes with |
|---|---|---|
`)
	for _, ins := range everyCommand() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", commandName(ins), commands[ins].literature, commands[ins].data)
	}
	b.WriteString("\n")
	for i, r := range Table {
		fmt.Fprintf(&b, "## %d. %s in %s\n\n", i+1, joined(r.Commands, commandName), joined(r.In, Status.String))
		if r.When != Always {
			fmt.Fprintf(&b, "Where %s.\n\n", guards[r.When].Says)
		}
		if r.Says != "" {
			b.WriteString(r.Says + "\n\n")
		}
		for _, c := range r.Checks {
			fmt.Fprintf(&b, "- %s, else **%s**\n", checks[c].Says, checks[c].SW)
		}
		if len(r.Checks) > 0 {
			b.WriteString("\n")
		}
		for n, e := range r.Effects {
			fmt.Fprintf(&b, "%d. *%s*: %s\n", n+1, effects[e].Name, effects[e].Says)
		}
		if len(r.Effects) > 0 {
			b.WriteString("\n")
		}
		if r.Wrong {
			b.WriteString("Answers **63C**x, where x is how many tries are left. It is the only answer but 9000 with which something changes.\n\n")
			continue
		}
		fmt.Fprintf(&b, "Sends %s, **%s**.\n\n", answers[r.Sends].Says, proto.OK)
	}
	b.WriteString(matrix())
	return b.String()
}

func joined[T any](list []T, name func(T) string) string {
	words := make([]string, len(list))
	for i, one := range list {
		words[i] = name(one)
	}
	return strings.Join(words, ", ")
}

// matrix is every command in every state: the numbers of its rules, or a refusal.
func matrix() string {
	var b strings.Builder
	b.WriteString("## Every command in every state\n\nThe numbers are those of the rules above.\n\n| command |")
	for s := New; s <= EPA; s++ {
		fmt.Fprintf(&b, " %s |", s)
	}
	b.WriteString("\n|---|---|---|---|---|\n")
	for _, ins := range everyCommand() {
		fmt.Fprintf(&b, "| %s |", commandName(ins))
		for s := New; s <= EPA; s++ {
			fmt.Fprintf(&b, " %s |", rulesOf(ins, s))
		}
		b.WriteString("\n")
	}
	b.WriteString("\n## Who may pay whom for what\n\n| purpose | from | to |\n|---|---|---|\n")
	for p := proto.Load; p <= proto.Cancel; p++ {
		for from := proto.Holder; from <= proto.Issuer; from++ {
			for to := proto.Holder; to <= proto.Issuer; to++ {
				if Fits(p, from, to) {
					fmt.Fprintf(&b, "| %s | %s | %s |\n", p, from, to)
				}
			}
		}
	}
	return b.String()
}

func rulesOf(ins proto.Instruction, in Status) string {
	var numbers []string
	for i, r := range Table {
		for _, c := range r.Commands {
			for _, s := range r.In {
				if c == ins && s == in {
					numbers = append(numbers, fmt.Sprint(i+1))
				}
			}
		}
	}
	if len(numbers) == 0 {
		return proto.WrongState.String()
	}
	return strings.Join(numbers, ", ")
}
