package manual

import (
	"bytes"
	"embed"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"

	"billfold/base/lang"
)

//go:embed en zh-Hans sample
var files embed.FS

// Names are the written pages in the order of reading; the first is at /docs itself.
var Names = []string{"index", "concepts", "checkout", "links", "holds", "refunds", "day", "retries", "testing", "run"}

// Sample is one piece of code in one language: "curl", "Go" or "TypeScript".
type Sample struct{ Name, Language, Text string }

// Part is a piece of a page: HTML of ours, or else samples of the same thing in several languages.
type Part struct {
	HTML    string
	Samples []Sample
}

// Page is one written page. Title is its first heading, which is not among the parts.
type Page struct {
	Name, Title string
	Parts       []Part
}

var (
	pages   = map[lang.Tag]map[string]Page{}
	samples = map[string][]Sample{}
)

var writer = goldmark.New(goldmark.WithExtensions(extension.Table), goldmark.WithParserOptions(parser.WithAutoHeadingID()))

func init() {
	list, err := files.ReadDir("sample")
	if err != nil {
		panic(err)
	}
	for _, end := range []struct{ suffix, language string }{{".sh", "curl"}, {".go.txt", "Go"}, {".ts", "TypeScript"}} {
		for _, one := range list {
			if name, ok := strings.CutSuffix(one.Name(), end.suffix); ok {
				text, _ := files.ReadFile("sample/" + one.Name())
				samples[name] = append(samples[name], Sample{name, end.language, string(text)})
			}
		}
	}
	for _, tag := range lang.All() {
		pages[tag] = map[string]Page{}
		for _, name := range Names {
			p, err := read(tag, name)
			if err != nil {
				panic(err) // the files are ours and are there when this is built
			}
			pages[tag][name] = p
		}
	}
}

// Find is a page in a language.
func Find(tag lang.Tag, name string) (Page, bool) {
	p, ok := pages[tag][name]
	return p, ok
}

// include is a line that stands for samples.
var include = regexp.MustCompile(`(?m)^::: ([a-z]+)\n`)

func read(tag lang.Tag, name string) (Page, error) {
	raw, err := files.ReadFile(string(tag) + "/" + name + ".md")
	if err != nil {
		return Page{}, err
	}
	first, rest, _ := strings.Cut(string(raw), "\n")
	title, ok := strings.CutPrefix(first, "# ")
	if !ok {
		return Page{}, fmt.Errorf("%s/%s.md has no title", tag, name)
	}
	p := Page{Name: name, Title: title}
	at := 0
	for _, place := range include.FindAllStringSubmatchIndex(rest, -1) {
		if err := p.write(rest[at:place[0]]); err != nil {
			return p, err
		}
		named := rest[place[2]:place[3]]
		if samples[named] == nil {
			return p, fmt.Errorf("%s/%s.md shows the sample %s, which there is not", tag, name, named)
		}
		p.Parts = append(p.Parts, Part{Samples: slices.Clone(samples[named])})
		at = place[1]
	}
	return p, p.write(rest[at:])
}

// write adds what Markdown says. What scrolls can be reached by keyboard.
func (p *Page) write(markdown string) error {
	if strings.TrimSpace(markdown) == "" {
		return nil
	}
	var b bytes.Buffer
	if err := writer.Convert([]byte(markdown), &b); err != nil {
		return err
	}
	text := strings.NewReplacer("<pre>", `<pre tabindex="0">`,
		"<table>", `<div class="wide-table" tabindex="0"><table>`, "</table>", "</table></div>").
		Replace(b.String())
	p.Parts = append(p.Parts, Part{HTML: text})
	return nil
}

// Summary is the first paragraph of a page as plain text, for those who search.
func (p Page) Summary() string {
	if len(p.Parts) == 0 {
		return ""
	}
	start, end := strings.Index(p.Parts[0].HTML, "<p>"), strings.Index(p.Parts[0].HTML, "</p>")
	if start < 0 || end < start {
		return ""
	}
	plain := tags.ReplaceAllString(p.Parts[0].HTML[start:end], "")
	return strings.Join(strings.Fields(html.UnescapeString(plain)), " ")
}

var tags = regexp.MustCompile(`<[^>]*>`)
