package tidy

import (
	"path"
	"slices"
	"strings"
)

// Floors checks that imports go down only. The floors are given from the ground up; packages of one floor do not know
// each other. A package that is not named but lies in a named one is a leaf of it: it stands just below its parent, beside
// the parent's other leaves, and may not reach storage, the network or the file system unless it lies in one of the folders
// of worldly leaves. A package outside of all floors is a finding too, so that a new one
// is given its place on purpose.
//
// Packages under test/ help tests: they may import anything, and only tests may import them.
func Floors(t *Tree, floors [][]string, worldlyLeaves []string) []Finding {
	const rule = "floors"
	var out []Finding
	for _, f := range t.Files {
		if f.Dir == "." || under(f.Dir, "test") {
			continue
		}
		from, leaf, known := level(floors, f.Dir)
		if !known {
			out = append(out, t.at(f, f.AST.Package, rule, "%s stands on no floor: give it one in tidy_test.go", f.Dir))
			continue
		}
		for imp, pos := range f.imports() {
			if leaf && !f.Test && !underAny(f.Dir, worldlyLeaves) && slices.Contains(worldly, strings.TrimPrefix(imp, t.Module+"/")) {
				out = append(out, t.at(f, pos, rule, "%s is a leaf of %s and imports %s: a leaf is pure", f.Dir, path.Dir(f.Dir), imp))
			}
			to, ours := strings.CutPrefix(imp, t.Module+"/")
			if !ours || to == f.Dir {
				continue
			}
			if under(to, "test") {
				if !f.Test {
					out = append(out, t.at(f, pos, rule, "%s imports %s, which only tests may", f.Dir, to))
				}
				continue
			}
			if leaf && path.Dir(to) == path.Dir(f.Dir) {
				continue
			}
			if target, _, ok := level(floors, to); ok && target >= from {
				out = append(out, t.at(f, pos, rule, "%s (floor %d) imports %s (floor %d): imports go down only", f.Dir, from, to, target))
			}
		}
	}
	return out
}

// worldly are the packages through which a leaf would reach the world.
var worldly = []string{"base/db", "base/dial", "database/sql", "net", "net/http", "os", "os/exec"}

// level finds a package's floor in half steps: a leaf stands one half below its parent.
func level(floors [][]string, dir string) (level int, leaf, known bool) {
	for i, floor := range floors {
		for _, p := range floor {
			if p == dir {
				return 2 * i, false, true
			}
		}
	}
	for i, floor := range floors {
		for _, p := range floor {
			if under(dir, p) {
				return 2*i - 1, true, true
			}
		}
	}
	return 0, false, false
}

// Apart checks that a folder imports, of all that is ours, only what is listed.
func Apart(t *Tree, folder, reason string, may []string) []Finding {
	var out []Finding
	for _, f := range t.Files {
		if f.Test || !under(f.Dir, folder) {
			continue
		}
		for imp, pos := range f.imports() {
			if to, ours := strings.CutPrefix(imp, t.Module+"/"); ours && !under(to, folder) && !slices.Contains(may, to) {
				out = append(out, t.at(f, pos, "apart", "%s imports %s: %s", f.Dir, to, reason))
			}
		}
	}
	return out
}

// OnlyIn checks that packages with a prefix are imported only in the given folders. Tests are left out: they look at things
// from outside.
func OnlyIn(t *Tree, rule, reason string, prefixes, folders []string) []Finding {
	var out []Finding
	for _, f := range t.Files {
		if f.Test || f.Dir == "." || underAny(f.Dir, folders) {
			continue
		}
		for imp, pos := range f.imports() {
			if underAny(imp, prefixes) {
				out = append(out, t.at(f, pos, rule, "%s imports %s: %s", f.Dir, imp, reason))
			}
		}
	}
	return out
}
