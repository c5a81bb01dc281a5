package tidy

import (
	"go/token"
	"strings"
)

// Dependencies checks that the named document has a line about every module that our packages import.
func Dependencies(t *Tree, modules []string, document string) []Finding {
	said := ""
	for _, x := range t.Texts {
		if x.Path == document {
			said = x.Body
		}
	}
	var out []Finding
	for _, f := range t.Files {
		for imp, pos := range f.imports() {
			first, _, _ := strings.Cut(imp, "/")
			if !strings.Contains(first, ".") {
				continue // the standard library, or ours
			}
			if finding, bad := t.dependency(f, pos, imp, modules, said, document); bad {
				out = append(out, finding)
			}
		}
	}
	return out
}

func (t *Tree) dependency(f *File, pos token.Pos, imp string, modules []string, said, document string) (Finding, bool) {
	const rule = "dependencies"
	for _, m := range modules {
		if under(imp, m) {
			if strings.Contains(said, "`"+m+"`") {
				return Finding{}, false
			}
			return t.at(f, pos, rule, "%s has no line in %s that says why", m, document), true
		}
	}
	return t.at(f, pos, rule, "%s is of no module in go.mod", imp), true
}
