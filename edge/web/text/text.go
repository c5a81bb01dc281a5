package text

import (
	"embed"
	"fmt"
	"sort"
	"strings"

	"billfold/base/lang"
)

//go:embed en.txt zh-Hans.txt
var files embed.FS

var books = map[lang.Tag]map[string]string{
	lang.EN: read("en.txt"),
	lang.ZH: read("zh-Hans.txt"),
}

// Say returns the words of a key in a language, with args in its holes. A key that does not exist comes back as itself, between
// brackets, so that a page with a mistake still renders and the mistake is seen.
func Say(tag lang.Tag, key string, args ...any) string {
	words, ok := books[tag][key]
	if !ok {
		if words, ok = books[lang.EN][key]; !ok {
			return "[" + key + "]"
		}
	}
	if len(args) == 0 {
		return words
	}
	return tag.Sprintf(words, args...)
}

// Has says whether a key exists. Pages use it for words that depend on a code from elsewhere (a step, a card's brand) and fall back
// to the code itself.
func Has(key string) bool {
	_, ok := books[lang.EN][key]
	return ok
}

// Keys lists the keys of one language, sorted.
func Keys(tag lang.Tag) []string {
	keys := make([]string, 0, len(books[tag]))
	for key := range books[tag] {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

func read(name string) map[string]string {
	raw, err := files.ReadFile(name)
	if err != nil {
		panic(err)
	}
	book := map[string]string{}
	for n, line := range strings.Split(string(raw), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		key, words, ok := strings.Cut(line, "=")
		key, words = strings.TrimSpace(key), strings.TrimSpace(words)
		if !ok || key == "" || words == "" {
			panic(fmt.Sprintf("%s:%d: want `key = words`", name, n+1))
		}
		if _, twice := book[key]; twice {
			panic(fmt.Sprintf("%s:%d: %s is given twice", name, n+1, key))
		}
		book[key] = words
	}
	return book
}
