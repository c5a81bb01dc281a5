package ui

import "net/url"

// accountHref keeps the slashes of an address out of the path's segments.
func accountHref(address string) string { return "/ops/account?address=" + url.QueryEscape(address) }
