package api

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"billfold/base/db"
	"billfold/base/fault"
	"billfold/base/id"
)

// param is a query parameter as the table has it. Its form is checked before the operation begins.
type param struct {
	name  string
	form  string // "text", "time", "date", "limit", "cursor", an id's prefix, "owner", "account", "code"
	enum  []string
	about string
	many  bool // may be given several times
}

const (
	limitUsual = 25
	limitMost  = 100
	textMost   = 255
)

// query is what a request asked for, checked.
type query []pair

type pair struct{ name, value string }

// parseQuery reads a query string, strictly: an unknown name is more likely a misspelt filter than meant to be ignored.
func parseQuery(raw string, known []param) (query, error) {
	if raw == "" {
		return nil, nil
	}
	if len(raw) > 8<<10 {
		return nil, ErrQuery.With("query")
	}
	var q query
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, err1 := url.QueryUnescape(name)
		value, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil {
			return nil, ErrQuery.With("query")
		}
		i := slices.IndexFunc(known, func(p param) bool { return p.name == name })
		if i < 0 || !known[i].many && q.has(name) || len(q) > 50 {
			return nil, ErrQuery.With(strings.ToValidUTF8(name[:min(len(name), 100)], ""))
		}
		if !known[i].fits(value) || !db.Keeps(value) {
			return nil, fault.ErrInvalid.With(name)
		}
		q = append(q, pair{name, value})
	}
	return q, nil
}

func (p *param) fits(value string) bool {
	if len(p.enum) > 0 {
		return slices.Contains(p.enum, value)
	}
	switch p.form {
	case "time":
		_, err := time.Parse(time.RFC3339, value)
		return err == nil
	case "date":
		_, err := time.Parse(time.DateOnly, value)
		return err == nil
	case "limit":
		n, err := strconv.Atoi(value)
		return err == nil && strconv.Itoa(n) == value && n >= 1 && n <= limitMost
	case "owner":
		return id.Valid(value, "usr") || id.Valid(value, "mch")
	case "position":
		_, err := strconv.ParseUint(value, 10, 63)
		return err == nil
	}
	return len(value) <= textMost && value != ""
}

func (q query) has(name string) bool {
	return slices.ContainsFunc(q, func(p pair) bool { return p.name == name })
}

func (q query) text(name string) string {
	for _, p := range q {
		if p.name == name {
			return p.value
		}
	}
	return ""
}

func (q query) all(name string) []string {
	var list []string
	for _, p := range q {
		if p.name == name {
			list = append(list, p.value)
		}
	}
	return list
}

func (q query) time(name string) time.Time {
	at, err := time.Parse(time.RFC3339, q.text(name))
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

func (q query) limit() int {
	if n, err := strconv.Atoi(q.text("limit")); err == nil {
		return n
	}
	return limitUsual
}

func (q query) position(name string) int64 {
	n, err := strconv.ParseInt(q.text(name), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
