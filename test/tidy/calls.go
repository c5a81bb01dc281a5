package tidy

import (
	"go/ast"
	"go/token"
	"slices"
)

// A Call is a set of names of one package that are not to be used outside of some folders.
type Call struct {
	Rule    string
	Package string   // import path
	Names   []string // "*" is every name
	Only    []string // folders and files where they may be used
	Tests   bool     // tests may not use them either
	Reason  string
}

// Calls checks who uses the given names, be it a call or a value.
func Calls(t *Tree, calls []Call) []Finding {
	var out []Finding
	for _, f := range t.Files {
		for _, call := range calls {
			name := f.named(call.Package)
			if name == "" || underAny(f.Path, call.Only) || f.Test && !call.Tests {
				continue
			}
			for _, sel := range uses(f.AST, name, call.Names) {
				out = append(out, t.at(f, sel.Pos(), call.Rule, "%s.%s: %s", name, sel.Sel.Name, call.Reason))
			}
		}
	}
	return out
}

// uses finds where some names of a package are mentioned; "*" is every name.
func uses(in ast.Node, pkg string, names []string) []*ast.SelectorExpr {
	var out []*ast.SelectorExpr
	ast.Inspect(in, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		x, ok := sel.X.(*ast.Ident)
		if ok && x.Name == pkg && (slices.Contains(names, sel.Sel.Name) || slices.Contains(names, "*")) {
			out = append(out, sel)
		}
		return true
	})
	return out
}

// Loggers checks that no package keeps a logger of its own: it gets one from whoever builds it.
func Loggers(t *Tree) []Finding {
	var out []Finding
	for _, f := range t.Files {
		slog := f.named("log/slog")
		if slog == "" {
			continue
		}
		for _, decl := range f.AST.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok || gen.Tok != token.VAR {
				continue
			}
			for _, sel := range uses(gen, slog, []string{"Logger", "New", "Default"}) {
				out = append(out, t.at(f, sel.Pos(), "loggers", "a package's own logger: take one in the constructor"))
			}
		}
	}
	return out
}

// Floats checks that no binary fraction comes near money: neither the types nor a literal.
func Floats(t *Tree, folders []string) []Finding {
	const rule = "floats"
	var out []Finding
	for _, f := range t.Files {
		if f.Test || f.Made || !underAny(f.Dir, folders) {
			continue
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Ident:
				if n.Name == "float32" || n.Name == "float64" {
					out = append(out, t.at(f, n.Pos(), rule, "%s: money is whole minor units, a rate is a ratio of two integers", n.Name))
				}
			case *ast.BasicLit:
				if n.Kind == token.FLOAT {
					out = append(out, t.at(f, n.Pos(), rule, "%s: money is whole minor units, a rate is a ratio of two integers", n.Value))
				}
			}
			return true
		})
	}
	return out
}

// Skips checks that every test runs: none is skipped, and `testing.Short` does not make one smaller.
func Skips(t *Tree) []Finding {
	const reason = "a test that cannot run fails and says what it needs"
	var out []Finding
	for _, f := range t.Files {
		if f.named("testing") == "" {
			continue
		}
		for _, tester := range []string{"t", "b", "f", "tb"} {
			for _, sel := range uses(f.AST, tester, []string{"Skip", "Skipf", "SkipNow"}) {
				out = append(out, t.at(f, sel.Pos(), "skips", "%s.%s: %s", tester, sel.Sel.Name, reason))
			}
		}
		for _, sel := range uses(f.AST, "testing", []string{"Short"}) {
			out = append(out, t.at(f, sel.Pos(), "skips", "testing.Short: every run is a whole run; what takes long belongs to make long"))
		}
	}
	return out
}
