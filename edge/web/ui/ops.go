package ui

import (
	"net/url"
	"strings"

	"github.com/a-h/templ"
)

// short makes an address or id fit a table: "user/usr_…2g0k/EUR". The middle of an id is only time; its end tells it apart. The whole
// of it stands in the link's title and on its own page.
func short(address string) string {
	parts := strings.Split(address, "/")
	for i, part := range parts {
		prefix, rest, ok := strings.Cut(part, "_")
		if ok && len(rest) >= 20 {
			parts[i] = prefix + "_…" + rest[len(rest)-7:]
		}
	}
	return strings.Join(parts, "/")
}

// inFull is the title of something that is written short. What is written whole has none: it would be said twice.
func inFull(address string) templ.Attributes {
	if short(address) == address {
		return nil
	}
	return templ.Attributes{"title": address}
}

// accountHref keeps the slashes of an address out of the path's segments.
func accountHref(address string) string { return "/ops/account?address=" + url.QueryEscape(address) }
