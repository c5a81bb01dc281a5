package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strings"
)

//go:embed app.css style app.js sw.js htmx.js scan.js barcode.js zxing.wasm inter.woff2 *.svg *.png
var files embed.FS

type file struct {
	kind        string
	plain, thin []byte // thin is nil where gzip gains nothing
}

var (
	byName = map[string]string{} // "app.css" -> "/static/app.3fa91c02.css"
	byPath = map[string]file{}
	inURL  = regexp.MustCompile(`url\("([a-z0-9.]+)"\)`)
)

var kinds = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".woff2": "font/woff2",
	".png": "image/png", ".wasm": "application/wasm",
}

func init() {
	for _, name := range []string{"inter.woff2", "icon.svg", "icon-180.png", "icon-192.png", "icon-512.png", "icon-mask.png", "rosette.svg",
		"htmx.js", "app.js", "zxing.wasm", "barcode.js", "scan.js", "app.css"} { // the sheet names others
		raw, err := read(name)
		if err != nil {
			panic(err)
		}
		if path.Ext(name) == ".css" {
			raw = inURL.ReplaceAllFunc(raw, func(m []byte) []byte {
				target := string(inURL.FindSubmatch(m)[1])
				if byName[target] == "" {
					panic("style sheet names an unknown file " + target)
				}
				return []byte(`url("` + byName[target] + `")`)
			})
		}
		add(name, raw)
	}
}

func read(name string) ([]byte, error) {
	if name == "app.css" {
		return sheet(files)
	}
	return files.ReadFile(name)
}

// sheet joins the style sheet: app.css, which names the layers, then what each room adds, in the order of the files' names. It is one
// file on the wire, so a page asks once and a new room needs no link.
func sheet(from fs.FS) ([]byte, error) {
	rooms, err := fs.Glob(from, "style/*.css")
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for _, name := range append([]string{"app.css"}, rooms...) {
		raw, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, err
		}
		out.Write(raw)
	}
	return out.Bytes(), nil
}

func add(name string, raw []byte) {
	sum := sha256.Sum256(raw)
	ext := path.Ext(name)
	address := fmt.Sprintf("/static/%s.%x%s", strings.TrimSuffix(name, ext), sum[:5], ext)
	f := file{kind: kinds[ext], plain: raw}
	if ext != ".woff2" && ext != ".png" {
		var b bytes.Buffer
		z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
		_, _ = z.Write(raw) // into memory: cannot fail
		_ = z.Close()
		if b.Len() < len(raw) {
			f.thin = b.Bytes()
		}
	}
	byName[name], byPath[address] = address, f
}

// Path is the address of a file by its plain name. It panics on a name that does not exist: a page that names one is a mistake
// of ours and the gallery's test meets it.
func Path(name string) string {
	p, ok := byName[name]
	if !ok {
		panic("no static file " + name)
	}
	return p
}

// Integrity is the subresource-integrity value of a file.
func Integrity(name string) string {
	sum := sha256.Sum256(byPath[Path(name)].plain)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// Serve answers for the files; anything else is handed to missing.
func Serve(missing http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := byPath[r.URL.Path]
		if !ok {
			missing.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", f.kind)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		body := f.plain
		if f.thin != nil {
			h.Set("Vary", "Accept-Encoding")
			if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
				h.Set("Content-Encoding", "gzip")
				body = f.thin
			}
		}
		h.Set("Content-Length", fmt.Sprint(len(body)))
		if r.Method != http.MethodHead {
			_, _ = w.Write(body) // the reader went away: nothing to mend
		}
	})
}
