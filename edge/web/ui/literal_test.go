package ui

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// proper are words that are the same in every language, or stand in the gallery's own headings.
var proper = regexp.MustCompile(`^(Billfold|SANDBOX)$`)

var spoken = regexp.MustCompile(`(?:aria-label|title|alt|placeholder|aria-description)="[^"]*[A-Za-z\p{Han}]`)

// No page holds a sentence of its own: between the tags of a template stand only expressions, which come from the catalogues. The
// generated code is read, because there each literal is exactly what would be sent.
func TestNoWordsInTemplates(t *testing.T) {
	files, err := filepath.Glob("*_templ.go")
	if err != nil || len(files) < 10 {
		t.Fatal("no generated templates found", err)
	}
	letters := regexp.MustCompile(`[A-Za-z\p{Han}]`)
	for _, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := parser.ParseFile(token.NewFileSet(), name, src, 0)
		if err != nil {
			t.Fatal(err)
		}
		inside := false // a tag that is cut by an expression goes on in the next literal
		ast.Inspect(tree, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 3 {
				return true
			}
			fun, ok := call.Fun.(*ast.SelectorExpr)
			lit, isLit := call.Args[2].(*ast.BasicLit)
			if !ok || fun.Sel.Name != "WriteString" || !isLit {
				return true
			}
			html, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			if m := spoken.FindString(html); m != "" {
				t.Errorf("%s: an attribute speaks without the catalogue: %s", name, m)
			}
			var words string
			words, inside = between(html, inside)
			for _, word := range strings.Fields(words) {
				if letters.MatchString(word) && !proper.MatchString(word) {
					t.Errorf("%s: %q stands in the template; give it a key", name, strings.TrimSpace(words))
					break
				}
			}
			return true
		})
	}
}

// between is the text outside of tags, and whether the piece ends inside one.
func between(html string, inside bool) (string, bool) {
	var b strings.Builder
	quoted := false
	for _, r := range html {
		switch {
		case inside && r == '"':
			quoted = !quoted
		case inside && r == '>' && !quoted:
			inside = false
			b.WriteByte(' ')
		case !inside && r == '<':
			inside, quoted = true, false
		case !inside:
			b.WriteRune(r)
		}
	}
	return b.String(), inside
}
