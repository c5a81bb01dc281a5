package step_test

import (
	"os"
	"path/filepath"
	"testing"

	"billfold/product/purse/proto"
	"billfold/product/purse/step"
)

// docs/purse-rules.md is what the executed table says. With -update it is written.
func TestRulesPage(t *testing.T) {
	page := filepath.Join("..", "..", "..", "docs", "purse-rules.md")
	want := step.Markdown()
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != want {
		t.Error("docs/purse-rules.md says something else than the table: " +
			"go test ./product/purse/step -run 'Vectors|Rules' -update, and read the difference")
	}
}

// FuzzStep: no command makes a module panic, in any state that its store could hold, and a refusal changes nothing.
func FuzzStep(f *testing.F) {
	for _, s := range scenes() {
		f.Add(s.d.state.Encode(), byte(s.ins), s.data)
	}
	env := newDevice(1, certificate(1, proto.Holder), 0).env
	f.Fuzz(func(t *testing.T, raw []byte, ins byte, data []byte) {
		state, ok := step.Decode(raw)
		if !ok {
			return
		}
		if string(state.Encode()) != string(raw) {
			t.Fatal("a state is read and written differently")
		}
		next, records, r := step.Step(state, proto.Command{INS: proto.Instruction(ins), Data: data}, env)
		changed := string(next.Encode()) != string(raw)
		if wrong := r.SW()&0xfff0 == proto.WrongCodeLeft; !wrong && r.SW() != proto.OK && (changed || len(records) > 0) {
			t.Fatalf("%s, and the state changed", r.SW())
		}
		if changed && len(records) == 0 {
			t.Fatal("the state changed without a record")
		}
	})
}
