package purse

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"billfold/base/clock"
	"billfold/product/purse/proto"
	"billfold/product/purse/step"
)

// says runs a command that has to fail with one line that ends as it should.
func (v *town) says(in, want string, args ...string) {
	v.t.Helper()
	status, diag := v.call(strings.NewReader(in), io.Discard, args...)
	line := strings.TrimLeft(strings.TrimPrefix(diag, "Code, 4 to 12 digits: "), "\n")
	if status != 1 || !strings.Contains(line, want) || strings.Count(strings.TrimSuffix(line, "\n"), "\n") > 0 {
		v.t.Errorf("%v: status %d, %q, want %q", args, status, diag, want)
	}
}

// hello is what a purse says first, over text.
func (v *town) hello(name string) string {
	v.t.Helper()
	var out bytes.Buffer
	v.call(strings.NewReader(""), &out, "pay", v.at(name), "--text", "--yes", "--most", "5")
	return strings.TrimSpace(out.String())
}

// Whatever comes over a wire that is not what it should be is refused in one line, which says that no money moved, or where it is; nothing
// changes.
func TestHostileFrames(t *testing.T) {
	v := newTown(t)
	v.ok("", "load", v.at("ann"), "50.00", "--data", "x")
	elsewhere := newTown(t) // another issuer: another network, other roots
	elsewhere.ok("", "load", elsewhere.at("ann"), "50.00", "--data", "x")
	good := v.hello("ann")
	frames := map[string]string{
		"nothing": "", "empty lines": strings.Repeat("\n", 1000), "noise": "\xff\xfe\x00", "words": "hello", "a head": "BFP1:",
		"lower case":   strings.ToLower(good),
		"one too long": "BFP1:" + strings.Repeat("A", 1<<20), "long without end": strings.Repeat("A", 1<<20),
		"no status word": proto.Frame(nil), "only OK": proto.Frame([]byte{0x90, 0}), "noise and OK": proto.Frame([]byte("noise noise\x90\x00")),
		"a huge answer": proto.Frame(append(make([]byte, proto.MaxMessage+1), 0x90, 0)), "a refusal": proto.Frame([]byte{0x69, 0x85}),
		"a refusal with data": proto.Frame([]byte("data\x69\x85")), "a status word of nobody": proto.Frame([]byte{0x12, 0x34}),
		"one of another issuer": elsewhere.hello("ann"), "one with a space": good[:40] + " " + good[40:],
	}
	for i := 0; i < len(good); i += 41 {
		frames[fmt.Sprintf("cut at %d", i)] = good[:i]
		flipped := []byte(good)
		flipped[i] = 'A' + (flipped[i]-'A'+1)%26
		frames[fmt.Sprintf("changed at %d", i)] = string(flipped)
	}
	before := v.files("ann") + v.files("till")
	for name, text := range frames {
		status, diag := v.call(strings.NewReader(text+"\n"), io.Discard, "take", v.at("till"), "4.20", "--text")
		if status != 1 || strings.Count(diag, "\n") != 1 || !strings.Contains(diag, "; no money moved\n") {
			t.Errorf("to the till, %s: status %d, %q", name, status, diag)
		}
		status, diag = v.call(strings.NewReader(text+"\n"), io.Discard, "pay", v.at("ann"), "--text", "--yes", "--most", "5")
		if status != 1 || strings.Count(diag, "\n") != 1 || !strings.Contains(diag, "; no money moved\n") {
			t.Errorf("to the payer, %s: status %d, %q", name, status, diag)
		}
	}
	if v.files("ann")+v.files("till") != before {
		t.Error("what was refused has changed a purse")
	}
	v.stray(good)
	v.ok("", "cancel", v.at("ann"), "--give-up")
	l := v.listen("take", v.at("till"), "1.00")
	v.ok("", "pay", v.at("ann"), "--to", l.address, "--yes", "--most", "1.00")
	if err := <-l.done; err != nil {
		t.Error(err)
	}
	v.everyCent()
}

// stray gives good frames to the wrong side, twice, and late.
func (v *town) stray(hello string) {
	var out bytes.Buffer
	v.call(strings.NewReader(hello+"\n"), &out, "take", v.at("till"), "4.20", "--text")
	request := strings.TrimSpace(out.String())
	v.says(hello+"\n"+hello+"\n", "4.20 EUR has not come", "take", v.at("till"), "4.20", "--text")
	v.says(request+"\n"+request+"\n", "4.20 EUR has left this purse, and is not lost", "pay", v.at("ann"), "--text", "--yes", "--most", "5")
	v.says(request+"\n", "4.20 EUR has left this purse", "pay", v.at("ann"), "--text", "--yes", "--most", "5") // the same VAL again
	v.shows("ann", "45.80 EUR\n  pending, as payer: 4.20 EUR")
	out.Reset()
	v.call(strings.NewReader(""), &out, "pay", v.at("ann"), "--text", "--resume")
	value := strings.TrimSpace(out.String())
	// The till has begun another purchase since: the VAL of the first is refused, and stays good for neither.
	v.says(value+"\n", "not what was agreed", "take", v.at("till"), "4.20", "--text")
	v.says(value+"\n", "cannot be read", "pay", v.at("ann"), "--text", "--resume")
	v.shows("till", "0.00 EUR\n  pending, as payee: 4.20 EUR")
}

// files are the bytes of a purse's slots, of which one is written at each commit.
func (v *town) files(name string) (all string) {
	v.t.Helper()
	p, err := open(v.at(name), clock.System())
	if err != nil {
		v.t.Fatal(err)
	}
	defer p.close()
	return string(p.State().Encode())
}

// A connection that says nothing, or nothing more, is waited for with patience and not for ever; one that is closed at once moves nothing.
func TestSilentSide(t *testing.T) {
	v := newTown(t)
	v.patience = 30 * time.Millisecond
	v.ok("", "load", v.at("ann"), "50.00", "--data", "x")
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	v.says("", "has said nothing for 30ms; no money moved", "pay", v.at("ann"), "--to", ln.Addr().String(), "--yes", "--most", "5")
	l := v.listen("take", v.at("till"), "4.20")
	if conn, err := net.Dial("tcp", l.address); err == nil {
		conn.Close()
	}
	if err := <-l.done; err == nil || !strings.Contains(err.Error(), "the other side has gone; no money moved") {
		t.Errorf("a call that hangs up: %v", err)
	}
	v.says("", "nobody answers at 127.0.0.1:1: start the other side first", "pay", v.at("ann"), "--to", "127.0.0.1:1")
	v.says("", "cannot wait on "+ln.Addr().String(), "take", v.at("till"), "4.20", "--listen", ln.Addr().String())
	v.says("", "is no address", "pay", v.at("ann"), "--to", "nowhere")
}

// A file of a purse that is cut at any place, or gone, leaves the purse as it was, one commit behind, or refused in one line; never
// anything else, and never value that was not there.
func TestTornFiles(t *testing.T) {
	v := newTown(t)
	v.ok("", "load", v.at("ann"), "50.00", "--data", "x")
	l := v.listen("take", v.at("till"), "4.20")
	v.ok("", "pay", v.at("ann"), "--to", l.address, "--yes", "--most", "5")
	if err := <-l.done; err != nil {
		t.Fatal(err)
	}
	now, err := open(v.at("ann"), clock.System())
	if err != nil {
		t.Fatal(err)
	}
	last := now.State()
	now.close()
	names, err := filepath.Glob(filepath.Join(v.at("ann"), "*"))
	if err != nil || len(names) < 5 {
		t.Fatalf("%v, %v", names, err)
	}
	whole, behind, refusals := 0, 0, 0
	for _, path := range names {
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(path)
		for cut := -1; cut < len(body); cut += 1 + len(body)/60 {
			torn := filepath.Join(t.TempDir(), "torn")
			copyFolder(t, v.at("ann"), torn)
			if cut < 0 {
				os.Remove(filepath.Join(torn, name))
			} else if err := os.Truncate(filepath.Join(torn, name), int64(cut)); err != nil {
				t.Fatal(err)
			}
			p, err := open(torn, clock.System())
			if err != nil {
				refusals++
				v.says("", "", "show", torn)
				continue
			}
			switch s := p.State(); {
			case string(s.Encode()) == string(last.Encode()):
				whole++
			case s.Records == last.Records-1 && s.Status == step.EPA:
				behind++
			default:
				t.Errorf("%s cut at %d: %s, record %d of %d", name, cut, s.Status, s.Records, last.Records)
			}
			p.close()
		}
	}
	t.Logf("%d as they were, %d one commit behind, %d refused", whole, behind, refusals)
	if whole == 0 || behind == 0 || refusals == 0 {
		t.Error("not every end was seen")
	}
}

// What a person does wrong is said in one line that tells what to do.
func TestRefusalsSayWhatToDo(t *testing.T) {
	v := newTown(t)
	ann, till := v.at("ann"), v.at("till")
	v.ok("", "load", ann, "50.00", "--data", "x")
	v.says("", "only a till that has sold something", "batch", ann)
	v.says("", "only a till that has sold something", "batch", till)
	v.says("", "nothing is open that could be given up; no money moved", "cancel", ann, "--give-up")
	v.says("", "there is no open payment to resume; no money moved", "pay", ann, "--resume", "--text")
	v.says("", "a till is paid out when its batch is collected (6982); no money moved", "unload", till, "1.00", "--data", "x")
	v.says("", "only a holder's purse and a load agent are loaded (6982); no money moved", "load", till, "1.00", "--data", "x")
	v.says("", "not enough in the purse (9401); no money moved", "unload", ann, "50.01", "--data", "x")
	v.says("", `"0" is no amount of EUR: write it like 12.50; no money moved`, "load", ann, "0", "--data", "x")
	v.says("", "amount_too_large); no money moved", "load", ann, "99999999999999999999", "--data", "x")
	v.says("", "the purse holds no USD; no money moved", "take", ann, "1.00", "--currency", "USD", "--text")
	v.says("", "give --to HOST:PORT, --listen HOST:PORT or --text; no money moved", "pay", ann)
	v.says("", "is not, or not all of, what a till's `sync --out` wrote", "collect", filepath.Join(ann, "purse.json"), "--data", "x")
	v.says("", "give the purse's id", "lost", "ann", "--data", "x")
	v.says("12\n", "a code has 4 to 12 digits (6A80)", "lock", ann)
	v.says("4711\n", "the purse is not locked (6985)", "unlock", ann)
	v.says("", "no code was given", "lock", ann)
	if err := usable("here", &os.PathError{Op: "open", Err: syscall.EACCES}); err.Error() !=
		"the purse in here cannot be used: folder and files have to be yours to read and write" {
		t.Error(err)
	}
	v.refuse("not understood (words after it: 2, not 1); it is called: billfold purse pay FOLDER --to HOST:7070", "pay", ann, "too much")

	v.ok("4711\n", "lock", ann)
	for _, left := range []string{"2 more", "1 more", "0 more"} {
		v.says("0000\n", "wrong code; "+left+" and only the issuer opens it", "unlock", ann)
	}
	v.says("4711\n", "three wrong codes: `unlock --forgotten` has the issuer open it (6983)", "unlock", ann)
	v.says("", "the purse is locked: `unlock` opens it", "unload", ann, "1.00", "--data", "x")
	v.ok("", "unlock", ann, "--forgotten", "--data", "x")
	v.ok("", "unload", ann, "1.00", "--data", "x")
	v.ok("", "sync", ann, "--data", "x")
	v.ok("", "lost", v.id("bob"), "--data", "x")
	v.says("", "This purse is blocked", "load", v.at("bob"), "1.00", "--data", "x")
}

func (v *town) id(name string) string {
	id, _, _ := strings.Cut(v.ok("", "show", v.at(name)), ",")
	return id
}

// Two processes at one folder: the second is told, and waits for nobody.
func TestOneProcessAtATime(t *testing.T) {
	v := newTown(t)
	l := v.listen("take", v.at("till"), "4.20")
	for _, command := range [][]string{{"show"}, {"log"}, {"take", "1.00"}, {"batch"}, {"sync"}} {
		args := append([]string{command[0], v.at("till")}, command[1:]...)
		v.says("", "another process uses it", append(args, "--data", "x")...)
	}
	if conn, err := net.Dial("tcp", l.address); err == nil {
		conn.Close()
	}
	<-l.done
	v.shows("till", "0.00 EUR")
}
