package tidy

import (
	"fmt"
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits bound what one reader has to take in at once.
type Limits struct {
	FileLines     int
	FunctionLines int
	Width         int // characters of a line
}

// fieldTag is a struct field with its tag, which the language wants on one line.
var fieldTag = regexp.MustCompile("^\t[A-Z]\\w*\\s.*`\\w+:\".*`$")

// Sizes checks the limits in Go and in templates, styles, scripts and schema files. In a function the inner lines of table
// literals do not count: rows are read one by one.
func Sizes(t *Tree, l Limits) []Finding {
	const rule = "sizes"
	var out []Finding
	for _, f := range t.Files {
		if f.Made {
			continue
		}
		out = append(out, fileSize(f.Path, f.Body, l)...)
		for _, decl := range f.AST.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			if n := t.lines(fn); n > l.FunctionLines {
				out = append(out, t.at(f, fn.Pos(), rule, "%s has %d lines, %d is the limit", fn.Name.Name, n, l.FunctionLines))
			}
		}
	}
	for _, x := range t.Texts {
		of := l
		if path.Ext(x.Path) == ".templ" {
			of.Width = 1 << 20 // templ fmt lays templates out, and keeps an element with all its attributes on one line
		}
		if path.Ext(x.Path) != ".md" {
			out = append(out, fileSize(x.Path, x.Body, of)...)
		}
	}
	return out
}

func fileSize(p, body string, l Limits) []Finding {
	const rule = "sizes"
	var out []Finding
	rows := strings.Split(strings.TrimSuffix(body, "\n"), "\n")
	if len(rows) > l.FileLines {
		what := fmt.Sprintf("%d lines, %d is the limit: which noun or verb wants a file of its own?", len(rows), l.FileLines)
		out = append(out, Finding{rule, p, 1, what})
	}
	for i, row := range rows {
		if w := utf8.RuneCountInString(row); w > l.Width && !fieldTag.MatchString(row) {
			out = append(out, Finding{rule, p, i + 1, fmt.Sprintf("%d characters, %d is the limit", w, l.Width)})
		}
	}
	return out
}

// lines counts a function's lines without the inner lines of its outermost composite literals.
func (t *Tree) lines(fn *ast.FuncDecl) int {
	row := func(n ast.Node) (first, last int) { return t.Set.Position(n.Pos()).Line, t.Set.Position(n.End()).Line }
	first, last := row(fn)
	n := last - first + 1
	ast.Inspect(fn.Body, func(node ast.Node) bool {
		lit, ok := node.(*ast.CompositeLit)
		if !ok || slices.ContainsFunc(lit.Elts, holdsFunction) {
			return true
		}
		if a, b := row(lit); b-a > 1 {
			n -= b - a - 1
		}
		return false
	})
	return n
}

// holdsFunction says whether an expression carries code, which counts wherever it stands.
func holdsFunction(e ast.Expr) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		_, is := n.(*ast.FuncLit)
		found = found || is
		return !found
	})
	return found
}
