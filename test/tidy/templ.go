package tidy

import (
	"bytes"
	"fmt"
	"go/format"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/a-h/templ/generator"
	"github.com/a-h/templ/parser/v2"
	"github.com/a-h/templ/parser/v2/visitor"
)

var (
	word = regexp.MustCompile(`\p{L}{2}`)
	// fileName differs with the folder in which the generator was started.
	fileName = regexp.MustCompile("FileName: `[^`]*`")
)

// spoken are the attributes that people read or hear.
var spoken = []string{"alt", "title", "placeholder", "aria-label", "aria-description", "aria-roledescription", "label"}

// Words checks that no template says something by itself: what people read comes from the catalogue, in every language. The
// given names are the same in all of them.
func Words(t *Tree, names ...string) []Finding {
	const rule = "words"
	var out []Finding
	for _, x := range t.Texts {
		if path.Ext(x.Path) != ".templ" {
			continue
		}
		file, err := parser.ParseString(x.Body)
		if err != nil {
			out = append(out, Finding{rule, x.Path, 1, err.Error()})
			continue
		}
		say := func(from parser.Range, words string) {
			bare := words
			for _, name := range names {
				bare = strings.ReplaceAll(bare, name, "")
			}
			if word.MatchString(bare) {
				what := strconv.Quote(strings.TrimSpace(words)) + ": words come from the catalogue, in every language"
				out = append(out, Finding{rule, x.Path, int(from.From.Line) + 1, what})
			}
		}
		v := visitor.New()
		v.Text = func(n *parser.Text) error {
			say(n.Range, n.Value)
			return nil
		}
		v.ConstantAttribute = func(n *parser.ConstantAttribute) error {
			if key, ok := n.Key.(parser.ConstantAttributeKey); ok && slices.Contains(spoken, key.Name) {
				say(key.NameRange, n.Value)
			}
			return nil
		}
		v.StringExpression = func(n *parser.StringExpression) error {
			// A constant in a template is a sample or a mark, such as a currency's code; a sentence has a space.
			if words, err := strconv.Unquote(n.Expression.Value); err == nil && strings.Contains(words, " ") {
				say(n.Expression.Range, words)
			}
			return nil
		}
		if err := file.Visit(v); err != nil {
			out = append(out, Finding{rule, x.Path, 1, err.Error()})
		}
	}
	return out
}

// Generated checks that the Go code beside each template is what the generator makes of it.
func Generated(t *Tree) []Finding {
	const rule = "generated"
	made := map[string]string{}
	for _, f := range t.Files {
		if strings.HasSuffix(f.Path, "_templ.go") {
			made[strings.TrimSuffix(f.Path, "_templ.go")] = f.Body
		}
	}
	var out []Finding
	for _, x := range t.Texts {
		stem, is := strings.CutSuffix(x.Path, ".templ")
		if !is {
			continue
		}
		want, err := generate(x.Body)
		if err != nil {
			out = append(out, Finding{rule, x.Path, 1, err.Error()})
		} else if fileName.ReplaceAllString(made[stem], "") != fileName.ReplaceAllString(want, "") {
			out = append(out, Finding{rule, x.Path, 1, "the Go code beside it is of another template: run make generate"})
		}
		delete(made, stem)
	}
	for stem := range made {
		out = append(out, Finding{rule, stem + "_templ.go", 1, "its template is gone: delete it"})
	}
	return out
}

func generate(body string) (string, error) {
	file, err := parser.ParseString(body)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	if _, err := generator.Generate(file, &b, generator.WithVersion(templ.Version())); err != nil {
		return "", fmt.Errorf("generate: %w", err)
	}
	code, err := format.Source(b.Bytes())
	return string(code), err
}
