package tidy

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// A Tree is the source of one module.
type Tree struct {
	Module string  // as in go.mod
	Files  []*File // Go source, by path
	Texts  []*Text // everything else that people write, by path
	Set    *token.FileSet
}

// A File is one parsed Go file.
type File struct {
	Path string // from the root, with slashes
	Dir  string // its package's folder; "." is the root
	Test bool   // *_test.go
	Made bool   // generated
	AST  *ast.File
	Body string
}

// A Text is a file that is not Go: SQL, templates, styles, scripts, prose.
type Text struct {
	Path string
	Body string
}

// A Finding is one breach of one rule.
type Finding struct {
	Rule string
	Path string
	Line int
	What string // what is wrong and what to do instead
}

func (f Finding) String() string { return fmt.Sprintf("%s:%d: %s: %s", f.Path, f.Line, f.Rule, f.What) }

var textKinds = []string{".sql", ".templ", ".css", ".js", ".mjs", ".md", ".sh"}

// Read parses every file under root, with the planted ones laid over it. It leaves out what is not ours or not source:
// hidden folders, testdata, vendored code, data of a running program.
func Read(root fs.FS, module string, planted map[string]string) (*Tree, error) {
	bodies := maps.Clone(planted)
	if bodies == nil {
		bodies = map[string]string{}
	}
	err := fs.WalkDir(root, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if p != "." && foreign(d.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(p) != ".go" && !slices.Contains(textKinds, path.Ext(p)) || strings.HasSuffix(p, ".min.js") {
			return nil
		}
		if _, over := bodies[p]; over {
			return nil
		}
		body, err := fs.ReadFile(root, p)
		bodies[p] = string(body)
		return err
	})
	if err != nil {
		return nil, err
	}
	return parse(module, bodies)
}

func foreign(dir string) bool {
	return strings.HasPrefix(dir, ".") || strings.HasPrefix(dir, "_") ||
		slices.Contains([]string{"testdata", "vendored", "node_modules", "billfold-data", "bin"}, dir)
}

func parse(module string, bodies map[string]string) (*Tree, error) {
	t := &Tree{Module: module, Set: token.NewFileSet()}
	for _, p := range slices.Sorted(maps.Keys(bodies)) {
		if path.Ext(p) != ".go" {
			t.Texts = append(t.Texts, &Text{Path: p, Body: bodies[p]})
			continue
		}
		f, err := parser.ParseFile(t.Set, p, bodies[p], parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		t.Files = append(t.Files, &File{
			Path: p, Dir: path.Dir(p), Test: strings.HasSuffix(p, "_test.go"), Made: ast.IsGenerated(f), AST: f, Body: bodies[p],
		})
	}
	return t, nil
}

// imports lists what a file imports, with the place of each.
func (f *File) imports() map[string]token.Pos {
	out := map[string]token.Pos{}
	for _, spec := range f.AST.Imports {
		out[strings.Trim(spec.Path.Value, `"`)] = spec.Pos()
	}
	return out
}

// named tells under which name a file knows an imported package, or "" where it does not import it.
func (f *File) named(importPath string) string {
	for _, spec := range f.AST.Imports {
		if strings.Trim(spec.Path.Value, `"`) != importPath {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return path.Base(importPath)
	}
	return ""
}

// under says whether a path is the folder or file, or lies in it.
func under(p, dir string) bool { return p == dir || strings.HasPrefix(p, dir+"/") }

// underAny says whether a path lies in one of the folders.
func underAny(p string, dirs []string) bool {
	return slices.ContainsFunc(dirs, func(dir string) bool { return under(p, dir) })
}

func (t *Tree) at(f *File, pos token.Pos, rule, format string, args ...any) Finding {
	return Finding{Rule: rule, Path: f.Path, Line: t.Set.Position(pos).Line, What: fmt.Sprintf(format, args...)}
}
