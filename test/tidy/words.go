package tidy

import (
	"go/ast"
	"path"
	"regexp"
	"strings"
)

// Docs checks that every package says what it promises, in doc.go where it has more than one file, and that every exported
// thing says what it is.
func Docs(t *Tree) []Finding {
	const rule = "docs"
	var out []Finding
	first := map[string]*File{}
	files := map[string]int{}
	said := map[string]string{}
	for _, f := range t.Files {
		if f.Test || f.Dir == "." {
			continue
		}
		if first[f.Dir] == nil {
			first[f.Dir] = f
		}
		name := f.AST.Name.Name
		doc := f.AST.Doc.Text()
		if strings.HasPrefix(doc, "Package "+name+" ") || name == "main" && strings.HasPrefix(doc, "Command ") {
			said[f.Dir] = path.Base(f.Path)
		}
		files[f.Dir]++
		if !f.Made {
			out = append(out, t.exported(f)...)
		}
	}
	for dir, f := range first {
		if said[dir] == "" || said[dir] != "doc.go" && files[dir] > 1 && f.AST.Name.Name != "main" {
			const want = "%s has no doc.go that begins \"Package %s …\" and says what it promises"
			out = append(out, t.at(f, f.AST.Package, rule, want, dir, f.AST.Name.Name))
		}
	}
	return out
}

func (t *Tree) exported(f *File) []Finding {
	const rule = "docs"
	var out []Finding
	need := func(id *ast.Ident, docs ...*ast.CommentGroup) {
		if !id.IsExported() {
			return
		}
		for _, doc := range docs {
			if strings.TrimSpace(doc.Text()) != "" {
				return
			}
		}
		out = append(out, t.at(f, id.Pos(), rule, "%s is exported and says nothing: what it does, its units, when it refuses", id.Name))
	}
	for _, decl := range f.AST.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil || receiver(d).IsExported() && !expected(d) {
				need(d.Name, d.Doc)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					need(s.Name, d.Doc, s.Doc, s.Comment)
				case *ast.ValueSpec:
					for _, id := range s.Names {
						need(id, d.Doc, s.Doc, s.Comment)
					}
				}
			}
		}
	}
	return out
}

func receiver(d *ast.FuncDecl) *ast.Ident {
	e := d.Recv.List[0].Type
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.IndexListExpr:
			e = x.X
		case *ast.Ident:
			return x
		default:
			return ast.NewIdent("_")
		}
	}
}

// expected names the methods that the language's own interfaces explain.
func expected(d *ast.FuncDecl) bool {
	switch d.Name.Name {
	case "String", "Error", "Unwrap", "Is", "Len", "Less", "Swap", "Write", "Read", "Close", "MarshalJSON", "UnmarshalJSON",
		"MarshalText", "UnmarshalText", "LogValue", "ServeHTTP", "MarshalJSONTo", "UnmarshalJSONFrom":
		return true
	}
	return false
}

var unfinished = regexp.MustCompile(`\b(?:TODO|FIXME|HACK)\b`)

// Unfinished checks that nobody leaves a note instead of the work: such a note belongs in an issue.
func Unfinished(t *Tree) []Finding {
	const rule = "unfinished"
	var out []Finding
	for _, f := range t.Files {
		for _, group := range f.AST.Comments {
			if word := unfinished.FindString(group.Text()); word != "" {
				out = append(out, t.at(f, group.Pos(), rule, "%s: do it, or open an issue", word))
			}
		}
	}
	for _, x := range t.Texts {
		if word := unfinished.FindString(x.Body); word != "" && path.Ext(x.Path) != ".md" {
			out = append(out, Finding{rule, x.Path, lineOf(x.Body, word), word + ": do it, or open an issue"})
		}
	}
	return out
}

// inline are the things in a page that our Content-Security-Policy forbids, or that htmx would have to evaluate.
var inline = []Ban{
	{regexp.MustCompile(`(?i)\sstyle\s*=`), "an inline style: the policy allows style sheets of our own only"},
	{regexp.MustCompile(`(?i)\son(?:click|change|submit|load|input|error|key[a-z]+|focus|blur|mouse[a-z]+|pointer[a-z]+|toggle)\s*=`),
		"an inline handler: the policy allows scripts of our own only"},
	{regexp.MustCompile(`(?i)hx-on`), "hx-on is evaluated, which the policy forbids"},
	{regexp.MustCompile(`(?i)hx-trigger\s*=\s*"[^"]*\[`), "a trigger filter is evaluated, which the policy forbids"},
	{regexp.MustCompile(`(?i)=\s*"(?:js|javascript):`), "a js: value is evaluated, which the policy forbids"},
	{regexp.MustCompile(`(?i)<style\b`), "an inline style sheet"},
}

var script = regexp.MustCompile(`(?i)<script\b[^>]*>`)

// Pages checks templates for what the Content-Security-Policy forbids.
func Pages(t *Tree) []Finding {
	var out []Finding
	for _, x := range t.Texts {
		if path.Ext(x.Path) != ".templ" {
			continue
		}
		for _, tag := range script.FindAllString(x.Body, -1) {
			if !strings.Contains(tag, "src") {
				out = append(out, Finding{"pages", x.Path, lineOf(x.Body, tag), "an inline script: the policy allows files of ours only"})
			}
		}
		for i, row := range strings.Split(x.Body, "\n") {
			if strings.HasPrefix(strings.TrimSpace(row), "//") {
				continue
			}
			for _, ban := range inline {
				if form := ban.Form.FindString(row); form != "" {
					out = append(out, Finding{"pages", x.Path, i + 1, strings.TrimSpace(form) + ": " + ban.Reason})
				}
			}
		}
	}
	return out
}
