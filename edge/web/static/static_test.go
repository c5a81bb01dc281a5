package static

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

// loose returns what stands at the outermost level of a style sheet without a layer around it. Such a rule would beat every rule
// that has one, wherever it stands, and nobody would see why.
func loose(css string) (out []string) {
	for i := strings.Index(css, "/*"); i >= 0; i = strings.Index(css, "/*") {
		css = css[:i] + css[i+strings.Index(css[i:], "*/")+2:]
	}
	depth, from := 0, 0
	for i, c := range css {
		switch {
		case c == '{':
			depth++
			if head := strings.TrimSpace(css[from:i]); depth == 1 && head != "@layer components" && head != "@layer utilities" {
				out = append(out, head)
			}
		case c == '}':
			depth--
			from = i + 1
		case c == ';' && depth == 0:
			out, from = append(out, strings.TrimSpace(css[from:i])), i+1
		}
	}
	if depth != 0 {
		out = append(out, "unbalanced braces")
	}
	return out
}

// TestRoomsStayInLayers: what the rooms add to the style sheet is in a layer, and all of it is served.
func TestRoomsStayInLayers(t *testing.T) {
	served := string(byPath[Path("app.css")].plain)
	rooms, err := fs.Glob(files, "style/*.css")
	if err != nil || len(rooms) < 5 {
		t.Fatalf("%d files of style: %v", len(rooms), err)
	}
	for _, name := range rooms {
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		if found := loose(string(raw)); found != nil {
			t.Errorf("%s: outside the layers of components and utilities: %q; other layers, tokens and layout are app.css's", name, found)
		}
		if body := strings.TrimSpace(string(raw)); !strings.Contains(body, `url("`) && !strings.Contains(served, body) {
			t.Errorf("%s is not in the sheet that is served", name)
		}
	}
	planted := "/* a { */ @layer components { .a { color: red; } }\n.b { color: blue; } @import x;"
	if found := strings.Join(loose(planted), "|"); found != ".b|@import x" {
		t.Errorf("of a planted breach %q is found", found)
	}
	joined, err := sheet(fstest.MapFS{"app.css": {Data: []byte("1")}, "style/b.css": {Data: []byte("3")}, "style/a.css": {Data: []byte("2")}})
	if err != nil || string(joined) != "123" {
		t.Errorf("joined as %q, %v", joined, err)
	}
}
