package fault

import (
	"fmt"
	"regexp"
	"strings"

	"billfold/base/lang"
)

var verb = regexp.MustCompile(`%(\[\d+\])?[a-z]`)

// Markdown returns docs/errors.md: every fault that the running program defines, by code, with its kind, whether
// money may have moved, whether the same request may be sent again, and its title and detail in both languages.
// A verb that is filled at run time is written as an ellipsis.
func Markdown() string {
	var b strings.Builder
	b.WriteString(markdownHead)
	for _, f := range All() {
		fmt.Fprintf(&b, "\n## %s\n\n", f.Code)
		fmt.Fprintf(&b, "Kind: %s. Money moved: %s. Same request again may help: %s.\n\n", f.Kind, f.Moved, yesNo(f.Retryable))
		fmt.Fprintf(&b, "- en: **%s.** %s\n", shown(f.Title.In(lang.EN)), shown(f.Detail.In(lang.EN)))
		fmt.Fprintf(&b, "- zh-Hans: **%s。** %s\n", shown(f.Title.In(lang.ZH)), shown(f.Detail.In(lang.ZH)))
	}
	return b.String()
}

const markdownHead = `# Errors

Every refusal has a code that never changes, a title, and a detail that says what to do. The API answers them as
` + "`application/problem+json`" + ` (RFC 9457); pages and mails use the same words. ` + "`code`" + ` is for programs, the
texts follow Accept-Language. ` + "`money_moved`" + ` says whether money moved although the request was refused: it is
"no" unless stated here, and "unknown" never comes without a link that answers it.

| kind | status |
|---|---|
| Malformed | 400 |
| Unauthenticated | 401 |
| Refused | 402 |
| Denied | 403 |
| NotFound | 404 |
| Conflict | 409 |
| Invalid | 422 |
| Held | 423 |
| Exhausted | 429 |
| Internal | 500 |
| Unavailable | 503 |

This list is written by the program itself (` + "`fault.Markdown`" + `), and a test compares the two.
`

func shown(s string) string { return verb.ReplaceAllString(s, "…") }

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
