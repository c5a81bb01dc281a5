package api

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"

	"billfold/base/fault"
	"billfold/base/lang"
)

//go:embed docs.html
var docsText string

//go:embed docs.css
var docsStyle string

var docsPages = template.Must(template.New("docs").Parse(docsText))

// docsPolicy lets a page have its own style and nothing else: no script, no picture, no frame.
var docsPolicy = func() string {
	sum := sha256.Sum256([]byte(docsStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; " +
		"frame-ancestors 'none'"
}()

// docsWords are what the pages say themselves. What operations say is English, as their names are.
type docsWords struct {
	Title, Errors, ErrorsLead, Operations, Document, First, Key, Moved, Again, Yes, No string
}

var docsIn = map[lang.Tag]docsWords{
	lang.EN: {Title: "Billfold for developers", Errors: "Errors", Operations: "Operations", Document: "The whole description, for tools",
		ErrorsLead: "Every refusal has a code that never changes, and says what to do and whether money moved.",
		First:      "A first request", Key: "Keys", Moved: "Money moved", Again: "The same request may help later", Yes: "yes", No: "no"},
	lang.ZH: {Title: "Billfold 开发者文档", Errors: "错误", Operations: "接口", Document: "供工具使用的完整描述",
		ErrorsLead: "每个拒绝都有永不改变的代码，并说明该怎么做以及资金是否移动。",
		First:      "第一个请求", Key: "密钥", Moved: "资金是否移动", Again: "稍后重试同一请求可能成功", Yes: "是", No: "否"},
}

// docsError is one refusal in the reader's language.
type docsError struct {
	Code, Title, Detail, Moved string
	Status                     int
	Retryable                  bool
}

type docsPage struct {
	Lang   lang.Tag
	Words  docsWords
	Style  template.CSS
	URL    string
	Errors []docsError
	Routes []docsRoute
}

type docsRoute struct {
	Method, Path, Summary, About, Kinds string
	Body                                string // an example
	Moves                               bool
}

// serveDocs answers /docs, a table of contents with a request to copy, and /docs/errors, where every problem's type leads.
func (a *API) serveDocs(w http.ResponseWriter, r *http.Request) {
	c := a.call(w, r, nil)
	tag := lang.Pick(r.Header.Get("Accept-Language"))
	page := docsPage{Lang: tag, Words: docsIn[tag], Style: template.CSS(docsStyle), URL: a.PublicURL}
	name := "contents"
	if r.URL.Path == "/docs/errors" {
		name, page.Errors = "errors", docsErrors(tag)
	} else {
		page.Routes = a.docsRoutes()
	}
	var b bytes.Buffer
	if err := docsPages.ExecuteTemplate(&b, name, page); err != nil {
		c.refuse(err)
		return
	}
	h := w.Header()
	h["Content-Type"] = []string{"text/html; charset=utf-8"}
	h["Content-Language"] = []string{string(tag)}
	h["Vary"] = []string{"Accept-Language"}
	h["Cache-Control"] = []string{"no-cache"}
	h["Content-Security-Policy"] = []string{docsPolicy}
	h["Referrer-Policy"] = []string{"same-origin"}
	w.Write(b.Bytes())
}

func docsErrors(tag lang.Tag) []docsError {
	var list []docsError
	for _, f := range fault.All() {
		detail := strings.NewReplacer("%s", "…", "%d", "…").Replace(f.Detail.In(tag))
		list = append(list, docsError{Code: f.Code, Title: f.Title.In(tag), Detail: detail, Moved: f.Moved.String(), Status: statusOf(f),
			Retryable: f.Retryable})
	}
	return list
}

func (a *API) docsRoutes() []docsRoute {
	list := make([]docsRoute, len(a.table))
	for i := range a.table {
		r := &a.table[i]
		list[i] = docsRoute{Method: r.method, Path: r.path, Summary: r.summary, About: r.about, Kinds: strings.Join(r.kinds.names(), ", "),
			Body: string(encoded(r.example)), Moves: r.moves}
	}
	return list
}
