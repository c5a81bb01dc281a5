package outside

import (
	"encoding/json"
	"html"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"billfold/base/db"
	"billfold/core/identity"
	"billfold/edge/web"
	"billfold/edge/web/manual"
)

// shown is one sample as a page shows it.
type shown struct{ name, language, text string }

var sampleForm = regexp.MustCompile(`(?s)data-sample="([^"]+)" data-language="([^"]+)">(.*?)</code>`)

// page reads the samples off a page as Lena sees it, whose reader is signed in.
func (at site) page(t *testing.T, session, path string) (list []shown) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range web.SessionCookies() {
		r.AddCookie(&http.Cookie{Name: name, Value: session})
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %v", path, answer.StatusCode, err)
	}
	for _, found := range sampleForm.FindAllStringSubmatch(string(text), -1) {
		list = append(list, shown{found[1], found[2], html.UnescapeString(found[3])})
	}
	return list
}

// samples runs every sample of the documentation as it is shown to somebody who is signed in: with their keys in it, and nothing else
// from us.
func samples(t *testing.T, dir string, at site) {
	who, err := db.Read(t.Context(), at.DB, func(tx *db.Tx) (identity.Person, error) { return at.People.ByHandle(tx, "lena") })
	if err != nil {
		t.Fatal(err)
	}
	session, err := at.People.Enter(t.Context(), who.ID, identity.Visit{Agent: "test", IP: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[shown]bool{}
	typed := []string{}
	for _, name := range manual.Names {
		path := "/docs/" + name
		if name == "index" {
			path = "/docs"
		}
		for _, s := range at.page(t, session, path) {
			if seen[s] {
				continue
			}
			seen[s] = true
			if strings.Contains(s.text, "BILLFOLD_") {
				t.Errorf("%s in %s is not filled in: %s", s.name, s.language, s.text)
			}
			switch s.language {
			case "curl":
				judge(t, s, Run(t, dir, nil, "sh", "-c", s.text))
			case "Go":
				place := filepath.Join(t.TempDir(), "main.go")
				write(t, place, s.text)
				sold(t, s, Run(t, filepath.Dir(place), []string{"GOFLAGS="}, "go", "run", place))
			case "TypeScript":
				typed = append(typed, s.name)
				write(t, filepath.Join(dir, s.name+".ts"), s.text+"\nexport {};\n")
			}
		}
	}
	if len(seen) < 10 || len(typed) == 0 {
		t.Fatalf("%d samples, %d of them typed", len(seen), len(typed))
	}
	arguments := []string{"node_modules/typescript/bin/tsc", "--strict", "--module", "nodenext", "--target", "es2022", "--types", "node",
		"--skipLibCheck"}
	for _, name := range typed {
		arguments = append(arguments, name+".ts")
	}
	Run(t, dir, nil, "node", arguments...)
	for _, name := range typed {
		sold(t, shown{name: name, language: "TypeScript"}, Run(t, dir, nil, "node", name+".js"))
	}
	at.operations(t, dir, session)
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// judge fails a sample that was refused.
func judge(t *testing.T, s shown, out string) {
	t.Helper()
	var answer struct{ Object, Code, Detail string }
	if err := json.Unmarshal([]byte(out), &answer); err != nil || answer.Object == "" {
		t.Errorf("%s answers %s (%v)\n%s", s.name, out, err, s.text)
	}
}

func sold(t *testing.T, s shown, out string) {
	t.Helper()
	if !strings.Contains(out, "send the payer to http://localhost:") {
		t.Errorf("%s in %s prints %q", s.name, s.language, out)
	}
}

// operations runs the sample of every operation of the reference. Objects that only the document's examples have are refused by name;
// that a request was malformed, or by whom it may not be sent, is a mistake in the sample.
func (at site) operations(t *testing.T, dir, session string) {
	list := at.page(t, session, "/docs/api")
	if len(list) < 60 {
		t.Errorf("%d operations in the reference", len(list))
	}
	done := 0
	for _, s := range list {
		command := exec.CommandContext(t.Context(), "sh", "-c", strings.TrimSpace(s.text)+` -o answer.json -w '%{http_code}'`)
		command.Dir = dir
		command.Env = append(os.Environ(), "BILLFOLD_OPERATOR_KEY="+at.keys.Operator)
		out, _ := command.Output() // a stream ends by its time
		status := strings.TrimSpace(string(out))
		if strings.HasPrefix(status, "2") {
			done++
			continue
		}
		said, _ := os.ReadFile(filepath.Join(dir, "answer.json"))
		if s.name == "collectPurse" && strings.Contains(string(said), `"purse_message"`) {
			continue // what a till writes and signs has no example of two lines
		}
		if !slices.Contains([]string{"402", "404", "409", "422", "423"}, status) {
			t.Errorf("%s answers %s: %s\n%s", s.name, status, said, s.text)
		}
	}
	t.Logf("%d of %d operations were carried out as shown", done, len(list))
	if done < 30 {
		t.Errorf("only %d of %d samples are carried out as shown", done, len(list))
	}
}
