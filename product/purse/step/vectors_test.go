package step_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"billfold/product/purse/proto"
	"billfold/product/purse/step"
)

var update = flag.Bool("update", false, "write the golden vectors and docs/purse-rules.md instead of comparing them")

var vectorsFile = filepath.Join("..", "testdata", "vectors.json")

// vector is one exchange as anybody can replay it. Everything binary is in hexadecimal. Signatures are those of RFC 6979; who
// signs with random nonces compares payloads and verifies.
type vector struct {
	Name    string   `json:"name"`
	Network string   `json:"network"`
	Now     int64    `json:"now"`              // unix seconds
	Roots   []string `json:"roots"`            // public keys, x and y
	Key     string   `json:"key"`              // the module's private key: of this file only, worth nothing
	Agreed  *agreed  `json:"agreed,omitempty"` // what the holder agreed to
	State   string   `json:"state"`
	Command string   `json:"command"` // envelope
	Answer  string   `json:"answer"`  // envelope
	SW      string   `json:"sw"`
	After   string   `json:"after,omitempty"` // state; without it the state does not change
	Records []string `json:"records,omitempty"`
}

type agreed struct {
	Payee    string `json:"payee"`
	Value    int64  `json:"value"`
	Currency string `json:"currency"`
	Purpose  uint8  `json:"purpose"`
}

// made executes a scene in the table and writes down what happened.
func made(s *scene) vector {
	command := proto.Command{INS: s.ins, Data: s.data}
	next, records, r := step.Step(s.d.state, command, s.d.env)
	secret, err := s.d.env.Signer.(proto.PrivateKey).Secret()
	if err != nil {
		panic(err)
	}
	v := vector{Name: s.name, Network: s.d.env.Network, Now: s.d.env.Now, Key: hex.EncodeToString(secret), SW: r.SW().String(),
		State: hex.EncodeToString(s.d.state.Encode()), Command: hex.EncodeToString(command.Encode()), Answer: hex.EncodeToString(r.Encode())}
	for _, root := range s.d.env.Roots {
		v.Roots = append(v.Roots, hex.EncodeToString(root.Key[:]))
	}
	if c := s.d.env.Consent; c != nil {
		v.Agreed = &agreed{hex.EncodeToString(c.Payee[:]), c.Value, c.Currency, uint8(c.Purpose)}
	}
	if after := next.Encode(); !bytes.Equal(after, s.d.state.Encode()) {
		v.After = hex.EncodeToString(after)
	}
	for _, one := range records {
		v.Records = append(v.Records, hex.EncodeToString(one.Encode()))
	}
	return v
}

// The golden vectors are what the table makes of the scenes, byte for byte. With -update they are written.
func TestVectorsAreUpToDate(t *testing.T) {
	var list []vector
	names := map[string]bool{}
	for _, s := range scenes() {
		if names[s.name] {
			t.Errorf("two scenes are called %q", s.name)
		}
		names[s.name] = true
		list = append(list, made(s))
	}
	var want bytes.Buffer
	want.WriteString("[")
	for i, v := range list {
		if i > 0 {
			want.WriteString(",")
		}
		want.WriteString("\n")
		line, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		want.Write(line)
	}
	want.WriteString("\n]\n")
	if *update {
		if err := os.WriteFile(vectorsFile, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(vectorsFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want.Bytes()) {
		t.Error("the rules make other exchanges than the golden vectors: " +
			"go test ./product/purse/step -run 'Vectors|Rules' -update, and read the difference")
	}
}

// Replays the golden vectors as a stranger would: from the file alone.
func TestVectorsReplay(t *testing.T) {
	body, err := os.ReadFile(vectorsFile)
	if err != nil {
		t.Fatal(err)
	}
	var list []vector
	if err := json.Unmarshal(body, &list); err != nil {
		t.Fatal(err)
	}
	if len(list) < 200 {
		t.Errorf("%d vectors", len(list))
	}
	raw := func(text string) []byte {
		b, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, v := range list {
		state, ok := step.Decode(raw(v.State))
		command, ok2 := proto.ParseCommand(raw(v.Command))
		key, err := proto.ParsePrivateKey(raw(v.Key))
		if !ok || !ok2 || err != nil {
			t.Fatalf("%s cannot be read", v.Name)
		}
		env := step.Env{Now: v.Now, Network: v.Network, Signer: key}
		for _, text := range v.Roots {
			env.Roots = append(env.Roots, proto.Root{Key: proto.Key(raw(text))})
		}
		if a := v.Agreed; a != nil {
			env.Consent = &step.Consent{Payee: proto.ID(raw(a.Payee)), Value: a.Value, Currency: a.Currency, Purpose: proto.Purpose(a.Purpose)}
		}
		next, records, r := step.Step(state, command, env)
		after := v.After
		if after == "" {
			after = v.State
		}
		if hex.EncodeToString(r.Encode()) != v.Answer || r.SW().String() != v.SW || hex.EncodeToString(next.Encode()) != after ||
			len(records) != len(v.Records) {
			t.Errorf("%s: another answer, state or number of records", v.Name)
			continue
		}
		for i, one := range records {
			if hex.EncodeToString(one.Encode()) != v.Records[i] {
				t.Errorf("%s: another record", v.Name)
			}
		}
	}
}
