package step

import (
	"fmt"
	"strings"

	"billfold/product/purse/proto"
)

// commandNames are how the documents call the commands.
var commandNames = map[proto.Instruction]string{
	proto.INSHello: "HELLO", proto.INSStart: "START", proto.INSDebit: "DEBIT", proto.INSCredit: "CREDIT", proto.INSTake: "CREDIT PSAM",
	proto.INSComplete: "COMPLETE", proto.INSRepeat: "REPEAT", proto.INSPrevious: "REPEAT PSAM", proto.INSParams: "PARAMS",
	proto.INSConvert: "CONVERT", proto.INSState: "STATE", proto.INSBatch: "BATCH", proto.INSAbort: "ABORT", proto.INSException: "EXCEPTION",
	proto.INSClear: "CLEAR", proto.INSLock: "LOCK", proto.INSUnlock: "UNLOCK", proto.INSBalance: "BALANCE", proto.INSHistory: "HISTORY",
}

func commandName(ins proto.Instruction) string {
	return fmt.Sprintf("%s (%02X)", commandNames[ins], byte(ins))
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

`)
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
			b.WriteString("Answers **63C**x, where x is how many tries are left.\n\n")
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
	listed := map[proto.Instruction]bool{}
	for _, r := range Table {
		for _, ins := range r.Commands {
			if listed[ins] {
				continue
			}
			listed[ins] = true
			fmt.Fprintf(&b, "| %s |", commandName(ins))
			for s := New; s <= EPA; s++ {
				fmt.Fprintf(&b, " %s |", rulesOf(ins, s))
			}
			b.WriteString("\n")
		}
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
