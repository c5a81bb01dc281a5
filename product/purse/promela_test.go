package purse_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// The model that was written by hand from the specification, in another language, checked by another program: spin finds no
// state in which value is made or lost, or an invariant broken; finds the mistake in each of eight wrong models; and finds a
// way to each success. On demand, because it needs spin and a C compiler (Debian: apt-get install spin gcc): BILLFOLD_LONG=1.
func TestLongPromela(t *testing.T) {
	if os.Getenv("BILLFOLD_LONG") == "" {
		return
	}
	for _, program := range []string{"spin", "cc"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is not installed (Debian: apt-get install spin gcc)", program)
		}
	}
	states := spin(t, 0, []string{"-DSAFETY"})
	if states.errors != "0" || states.truncated {
		t.Errorf("the model: %s errors, truncated %v", states.errors, states.truncated)
	}
	t.Logf("%s states, complete", states.stored)
	for wrong := 1; wrong <= 8; wrong++ {
		if s := spin(t, wrong, []string{"-DSAFETY"}); s.errors != "1" {
			t.Errorf("wrong model %d: %s errors", wrong, s.errors)
		}
	}
	for _, claim := range []string{"neverPaid", "neverLost", "neverCleared"} {
		if s := spin(t, 0, nil, "-a", "-N", claim); s.errors != "1" {
			t.Errorf("%s holds: the success path was not reached", claim)
		}
	}
}

type verdict struct {
	stored, errors string
	truncated      bool
}

var (
	storedStates = regexp.MustCompile(`(\d+) states, stored`)
	errorCount   = regexp.MustCompile(`errors: (\d+)`)
	searchCut    = regexp.MustCompile(`max search depth too small|out of memory|Search not completed`)
)

// spin makes the checker of the model, with one mistake or none, and runs it.
func spin(t *testing.T, wrong int, compile []string, run ...string) verdict {
	t.Helper()
	dir := t.TempDir()
	model, err := filepath.Abs("testdata/purse.pml")
	if err != nil {
		t.Fatal(err)
	}
	command := func(name string, args ...string) string {
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil && name != "./pan" {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		return string(out)
	}
	generate := []string{"-a", fmt.Sprintf("-DWRONG=%d", wrong)}
	if len(run) > 0 {
		generate = append(generate, "-DREACHED")
	}
	command("spin", append(generate, model)...)
	command("cc", append(compile, "-O2", "-w", "-o", "pan", "pan.c")...)
	out := command("./pan", append(run, "-m1000000")...)
	v := verdict{truncated: searchCut.MatchString(out)}
	if m := storedStates.FindStringSubmatch(out); m != nil {
		v.stored = m[1]
	}
	if m := errorCount.FindStringSubmatch(out); m != nil {
		v.errors = m[1]
	}
	if v.errors == "0" && searchCut.MatchString(out) {
		t.Errorf("the search was cut: %s", out)
	}
	return v
}
