package purse_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// mutants are the eleven mistakes that purses of this kind have been built with, and some that this one could have: each is a change of
// one place of our sources, with the tests that have to notice. The sources have no switch for them: the changed file lies over the real
// one only while a mutant's tests are built.
var mutants = []struct {
	name, file, from, to string
	pkg, run             string
}{
	{"sends before it persists", "store/file.go",
		"if err := f.disk.Sync(append(log, name)...); err != nil {\n\t\treturn err\n\t}\n\tf.version, f.slot",
		"f.version, f.slot", "./store", "PowerLossAtEveryCall"},
	{"no sequence increment", "step/effect.go", "func(t *turn) { t.s.Next++ }", "func(t *turn) {}", "./step", explorer},
	{"no log in EPV", "step/effect.go", "\tt.s.Log = append(t.s.Log, Exception{side, gone})\n",
		"\tif side == proto.Payer {\n\t\tt.s.Log = append(t.s.Log, Exception{side, gone})\n\t}\n", "./step", explorer},
	{"no log in EPA", "step/effect.go", "\tt.s.Log = append(t.s.Log, Exception{side, gone})\n",
		"\tif side == proto.Payee {\n\t\tt.s.Log = append(t.s.Log, Exception{side, gone})\n\t}\n", "./step", explorer},
	{"a VAL is taken twice", "step/table.go", "Credit, RememberSale, RecordTaken, Finish}", "Credit, RememberSale, RecordTaken}",
		"./step", explorer},
	{"a VAL of another sequence number", "step/check.go", "t.old.Open.Same(t.transfer) }",
		"t.old.Open.From == t.transfer.From && t.old.Open.To == t.transfer.To && t.old.Open.Value == t.transfer.Value }", "./step", explorer},
	{"a REQ is not compared", "step/check.go",
		"return t.transfer.From == t.old.ID && t.transfer.FromSeq == t.old.Next && t.transfer.To == t.peer.ID",
		"return t.transfer.To == t.peer.ID", "./step", explorer},
	{"an ACK is not compared", "step/table.go", "In: []Status{EPA}, Checks: []Check{SignedByPeer, SameTransfer}",
		"In: []Status{EPA}, Checks: []Check{SignedByPeer}", "./step", explorer},
	{"cleared with another set", "step/check.go", "return len(t.old.Log) > 0 && t.clear.Set == proto.HashSet(t.old.Exceptions())",
		"return len(t.old.Log) > 0", "./step", explorer},
	{"cleared and not archived", "step/clear.go", "e.Module != module || !archived(e)", "e.Module != module", "./step", explorer},
	{"a batch pays what was sold after it", "evidence.go", "&proto.Statement{Next: r.Next}", "&proto.Statement{Next: step.MaxSequence}", ".",
		"BatchPays.*/sqlite"},
	{"set back", "sync.go", "ok && said.Records < told {", "ok && false && said.Records < told {", ".", "Rollback/sqlite"},
	{"a second transfer of one number", "evidence.go", "err == nil && t.Hash != hash", "false", ".", "Rollback/sqlite|ForkDrill/sqlite"},
}

const explorer = "ExploreTwoPurses|ExploreThreePurses|ExploreTwoStarts|ExploreLogs"

// Every mutant is caught. A mutant that does not compile, or whose place in the sources has moved, fails too.
func TestMutantsAreCaught(t *testing.T) {
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			source, err := os.ReadFile(m.file)
			if err != nil {
				t.Fatal(err)
			}
			from := m.from
			if strings.Count(string(source), from) != 1 {
				t.Fatalf("%s is %d times in %s", from, strings.Count(string(source), from), m.file)
			}
			dir := t.TempDir()
			changed := filepath.Join(dir, filepath.Base(m.file))
			if err := os.WriteFile(changed, []byte(strings.Replace(string(source), from, m.to, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			original, err := filepath.Abs(m.file)
			if err != nil {
				t.Fatal(err)
			}
			overlay, err := json.Marshal(map[string]map[string]string{"Replace": {original: changed}})
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, "overlay.json")
			if err := os.WriteFile(file, overlay, 0o600); err != nil {
				t.Fatal(err)
			}
			binary := filepath.Join(dir, "mutant.test")
			// Linking is most of what a mutant costs: without symbols it is half.
			build := exec.Command("go", "test", "-vet=off", "-ldflags=-s -w", "-overlay", file, "-c", "-o", binary, m.pkg)
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("the mutant does not compile: %s", out)
			}
			run := exec.Command(binary, "-test.run", m.run, "-test.failfast", "-test.timeout", "2m")
			run.Dir = filepath.Dir(original)
			out, err := run.CombinedOutput()
			if err == nil {
				t.Fatalf("survived:\n%s", out)
			}
			if !strings.Contains(string(out), "--- FAIL") {
				t.Fatalf("caught by accident:\n%s", out)
			}
			for _, line := range strings.Split(string(out), "\n") {
				if strings.Contains(line, "_test.go:") {
					t.Log(strings.TrimSpace(line))
					break
				}
			}
		})
	}
}
