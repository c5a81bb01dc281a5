package static

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// shelf is what the service worker keeps for an installed wallet: the clothes of the offline page. Pages are not kept.
var shelf = []string{"app.css", "app.js", "inter.woff2", "icon.svg"}

// Worker serves the service worker, with its list of files written in. It stands at the root, because a worker rules over what lies
// below its own address; the browser asks for it again by itself, and another release is another text.
func Worker() http.HandlerFunc {
	raw, err := files.ReadFile("sw.js")
	if err != nil {
		panic(err)
	}
	list := make([]string, len(shelf))
	for i, name := range shelf {
		list[i] = Path(name)
	}
	known, err := json.Marshal(list)
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(append(known, raw...))
	body := strings.NewReplacer("__SHELF__", string(known), "__NAME__", fmt.Sprintf("billfold-%x", sum[:5])).Replace(string(raw))
	return func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/javascript; charset=utf-8")
		h.Set("Cache-Control", "no-cache")
		_, _ = w.Write([]byte(body)) // the reader went away: nothing to mend
	}
}

type icon struct {
	Source  string `json:"src"`
	Sizes   string `json:"sizes"`
	Type    string `json:"type"`
	Purpose string `json:"purpose,omitempty"`
}

// Manifest says how the wallet looks when it is installed. The description is in the language of whoever asks.
func Manifest(language, description string) ([]byte, error) {
	return json.Marshal(map[string]any{"name": "Billfold", "short_name": "Billfold", "id": "/home", "start_url": "/home", "scope": "/",
		"display": "standalone", "lang": language, "description": description, "background_color": "#f5f6fa", "theme_color": "#f5f6fa",
		"icons": []icon{{Source: Path("icon-192.png"), Sizes: "192x192", Type: "image/png"},
			{Source: Path("icon-512.png"), Sizes: "512x512", Type: "image/png"},
			{Source: Path("icon-mask.png"), Sizes: "512x512", Type: "image/png", Purpose: "maskable"},
			{Source: Path("icon.svg"), Sizes: "any", Type: "image/svg+xml"}}})
}
