package docs

import (
	"flag"
	"go/ast"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	_ "billfold/app" // links every package, and with it every fault that the program can answer with
	"billfold/base/fault"
	"billfold/test/tidy"
)

var update = flag.Bool("update", false, "write docs/errors.md instead of comparing it")

const root = "../.."

// TestErrors compares docs/errors.md with the faults of the program.
func TestErrors(t *testing.T) {
	file := filepath.Join(root, "docs", "errors.md")
	want := fault.Markdown()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) == want {
		return
	}
	listed := string(have)
	for _, f := range fault.All() {
		if !strings.Contains(listed, "\n## "+f.Code+"\n") {
			t.Errorf("docs/errors.md does not know %s", f.Code)
		}
	}
	t.Error("docs/errors.md says something else than the program: run make generate and read the difference")
}

var link = regexp.MustCompile(`(?:\]\(|<img src=")([^)#\s"]+)(?:#[^)]*)?[)"]`)

// TestLinks follows every relative link of the documents.
func TestLinks(t *testing.T) {
	followed := 0
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && p != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		if filepath.Ext(p) != ".md" {
			return nil
		}
		body, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		for _, m := range link.FindAllStringSubmatch(string(body), -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") ||
				strings.HasPrefix(m[1], "/") && strings.Contains(filepath.ToSlash(p), "edge/web/manual/") { // pages of the server
				continue
			}
			followed++
			if _, err := os.Stat(filepath.Join(filepath.Dir(p), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", p, m[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if followed == 0 {
		t.Error("no link was followed")
	}
}

// name is a backticked identifier of ours: `payment.Service.Confirm`, `db.Write`.
var name = regexp.MustCompile("`([a-z]+)\\.([A-Z][A-Za-z0-9]*)(?:\\.([A-Z][A-Za-z0-9]*))?`")

// TestNames looks up every function and type that ARCHITECTURE.md names, so that the map shows the country.
func TestNames(t *testing.T) {
	tree, err := tidy.Read(os.DirFS(root), "billfold", nil)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, f := range tree.Files {
		for _, decl := range f.AST.Decls {
			for _, n := range declared(decl) {
				known[f.AST.Name.Name+"."+n] = true
			}
		}
	}
	body, err := os.ReadFile(filepath.Join(root, "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := name.FindAllString(string(body), -1)
	if len(named) < 10 {
		t.Fatalf("ARCHITECTURE.md names only %d things", len(named))
	}
	for _, n := range named {
		if !known[strings.Trim(n, "`")] {
			t.Errorf("ARCHITECTURE.md names %s, which is not there", n)
		}
	}
}

// declared lists what a declaration declares, methods with their type.
func declared(decl ast.Decl) (names []string) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			return []string{d.Name.Name}
		}
		on := d.Recv.List[0].Type
		if star, ok := on.(*ast.StarExpr); ok {
			on = star.X
		}
		if id, ok := on.(*ast.Ident); ok {
			return []string{id.Name + "." + d.Name.Name}
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				names = append(names, s.Name.Name)
			case *ast.ValueSpec:
				for _, id := range s.Names {
					names = append(names, id.Name)
				}
			}
		}
	}
	return names
}

var testName = regexp.MustCompile(`\bTest[A-Z][A-Za-z0-9]+\b`)

// TestNamedTestsExist: a document that says which test shows something names one that is there.
func TestNamedTestsExist(t *testing.T) {
	there := map[string]bool{}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(p, "_test.go") {
			return err
		}
		src, err := os.ReadFile(p)
		for _, m := range regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9]+)\(`).FindAllStringSubmatch(string(src), -1) {
			there[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "docs", "testing.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := testName.FindAllString(string(text), -1)
	for _, name := range named {
		if !there[name] {
			t.Errorf("docs/testing.md names %s, which is no test", name)
		}
	}
	if len(named) < 20 {
		t.Errorf("docs/testing.md names %d tests", len(named))
	}
}
