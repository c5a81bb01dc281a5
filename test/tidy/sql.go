package tidy

import (
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	written = regexp.MustCompile(`(?i)\b(?:insert\s+into|update|delete\s+from|create\s+table(?:\s+if\s+not\s+exists)?|` +
		`alter\s+table|drop\s+table|truncate|references)\s+([a-z]+_[a-z0-9_]+)\b`)
	read    = regexp.MustCompile(`(?i)\b(?:from|join)\s+([a-z]+_[a-z0-9_]+)\b`)
	common  = regexp.MustCompile(`(?i)(?:\bwith|,)\s+([a-z0-9_]+)\s+as\s*\(`)
	hidden  = regexp.MustCompile(`(?i)\b(?:insert\s+into|delete\s+from)\s*(?:$|%|\x00)`)
	sqlText = regexp.MustCompile(`(?is)^\s*(?:select\s.+\sfrom\s|insert\s+into\s|update\s+[a-z]+_[a-z_]+(?:\s+[a-z]+)?\s+set\s|` +
		`delete\s+from\s|with\s+[a-z_]+\s+as\s*\(|create\s+(?:table|index|unique)|alter\s+table|drop\s+table)`)
	systems = regexp.MustCompile(`^(?:pg_|sqlite_|information_schema$)`) // the engines' own: no package's, but see the bans
	line    = regexp.MustCompile(`(?m)^\s*--.*$|\s--\s.*$`)
)

// A constant is one string of a Go file, its concatenations joined; what is no literal stands in it as a NUL.
type constant struct {
	text string
	pos  token.Pos
}

// strings lists the string constants of a file.
func (f *File) strings() []constant {
	var out []constant
	ast.Inspect(f.AST, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.BinaryExpr:
			if text, some := join(n); some {
				out = append(out, constant{text, n.Pos()})
				return false
			}
		case *ast.BasicLit:
			if text, some := join(n); some {
				out = append(out, constant{text, n.Pos()})
			}
		}
		return true
	})
	return out
}

func join(e ast.Expr) (text string, some bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			text, err := strconv.Unquote(e.Value)
			return text, err == nil
		}
	case *ast.ParenExpr:
		return join(e.X)
	case *ast.BinaryExpr:
		if e.Op == token.ADD {
			x, a := join(e.X)
			y, b := join(e.Y)
			return x + y, a || b
		}
	}
	return "\x00", false
}

// domain is the package that a folder's tables are named after: base/db → db, core/payment/qr → payment.
func domain(dir string) string {
	parts := strings.Split(dir, "/")
	if len(parts) > 1 && slices.Contains([]string{"base", "core", "product", "edge"}, parts[0]) {
		return parts[1]
	}
	return path.Base(dir)
}

// Owners checks that a package writes and reads only the tables that bear its name, in Go strings and in schema files.
// Tests are left out: to show that a hand-made change is found, they make one.
func Owners(t *Tree) []Finding {
	const rule = "owners"
	var out []Finding
	for _, f := range t.Files {
		if f.Test || f.Dir == "." || under(f.Dir, "test") {
			continue
		}
		owner := domain(f.Dir)
		for _, c := range f.strings() {
			for _, table := range foreignTables(owner, c.text) {
				out = append(out, t.at(f, c.pos, rule, "package %s touches table %s: call the functions of its package", owner, table))
			}
			if hidden.MatchString(c.text) {
				out = append(out, t.at(f, c.pos, rule, "the table's name is put together at run time: write the statement out"))
			}
		}
	}
	for _, x := range t.Texts {
		if path.Ext(x.Path) != ".sql" {
			continue
		}
		owner := domain(path.Dir(x.Path))
		for _, table := range foreignTables(owner, line.ReplaceAllString(x.Body, "")) {
			out = append(out, Finding{rule, x.Path, lineOf(x.Body, table), "schema of " + owner + " touches table " + table})
		}
	}
	return out
}

func foreignTables(owner, text string) []string {
	var out []string
	for _, m := range written.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	if sqlText.MatchString(text) {
		var local []string
		for _, m := range common.FindAllStringSubmatch(text, -1) {
			local = append(local, m[1])
		}
		for _, m := range read.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(local, m[1]) && !systems.MatchString(m[1]) {
				out = append(out, m[1])
			}
		}
	}
	return slices.DeleteFunc(out, func(table string) bool { return strings.HasPrefix(table, owner+"_") })
}

// A Ban is a form that one of the engines does not have, or that we do not want where it is found.
type Ban struct {
	Form   *regexp.Regexp
	Reason string
}

// Subset checks every SQL text against the bans: in Go strings that are statements, and in schema files, whose columns may
// have only the given types.
func Subset(t *Tree, bans []Ban, types []string, engineFiles []string) []Finding {
	const rule = "sql"
	var out []Finding
	for _, f := range t.Files {
		if f.Test || f.Dir == "." || under(f.Dir, "test") || slices.Contains(engineFiles, f.Path) {
			continue
		}
		for _, c := range f.strings() {
			if !sqlText.MatchString(c.text) {
				continue
			}
			for _, ban := range bans {
				if form := ban.Form.FindString(c.text); form != "" {
					out = append(out, t.at(f, c.pos, rule, "%q: %s", strings.TrimSpace(form), ban.Reason))
				}
			}
			if name := path.Base(f.Path); !strings.HasPrefix(name, "store") {
				out = append(out, t.at(f, c.pos, rule, "a statement outside of store.go: SQL stands in one place per package"))
			}
		}
	}
	for _, x := range t.Texts {
		if path.Ext(x.Path) == ".sql" {
			out = append(out, schemaFile(x, bans, types)...)
		}
	}
	return out
}

var column = regexp.MustCompile(`^\t([a-z_0-9]+) ([a-z]+)`)

func schemaFile(x *Text, bans []Ban, types []string) []Finding {
	const rule = "sql"
	var out []Finding
	body := line.ReplaceAllString(x.Body, "")
	for _, ban := range bans {
		if form := ban.Form.FindString(body); form != "" {
			out = append(out, Finding{rule, x.Path, lineOf(x.Body, form), strconv.Quote(strings.TrimSpace(form)) + ": " + ban.Reason})
		}
	}
	for i, l := range strings.Split(body, "\n") {
		m := column.FindStringSubmatch(l)
		if m == nil || slices.Contains([]string{"primary", "unique", "check", "foreign", "constraint"}, m[1]) {
			continue
		}
		if !slices.Contains(types, m[2]) {
			out = append(out, Finding{rule, x.Path, i + 1, "column " + m[1] + " is " + m[2] + ": the types are " + strings.Join(types, ", ")})
		}
	}
	return out
}

func lineOf(body, part string) int {
	i := strings.Index(body, part)
	if i < 0 {
		return 1
	}
	return 1 + strings.Count(body[:i], "\n")
}
