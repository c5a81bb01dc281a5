package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
)

// A maker makes values that a schema of the document describes, from a seed. It knows only what the document says, and the ids and
// names that answers have told so far: what a stranger with the document and a key would know.
type maker struct {
	*rand.Rand
	document any
	known    map[string][]string // by prefix of the id: what answers have named
	words    []string            // handles and such, which answers have named too
}

// one picks.
func one[T any](m *maker, list ...T) T { return list[m.IntN(len(list))] }

// odds is true once in n.
func (m *maker) odds(n int) bool { return m.IntN(n) == 0 }

var anyID = regexp.MustCompile(`\b([a-z]{2,4})_[0-7][0-9a-hjkmnp-tv-z]{25}\b`)

// learn remembers the ids of an answer. The latest are the most useful: they are in states from which something can happen.
func (m *maker) learn(body string) {
	const most = 40
	for _, found := range anyID.FindAllStringSubmatch(body, 200) {
		list := m.known[found[1]]
		if slices.Contains(list, found[0]) {
			continue
		}
		if len(list) == most {
			list = slices.Delete(list, 0, 1)
		}
		m.known[found[1]] = append(list, found[0])
	}
}

// id is a known one of a prefix, mostly a late one, or one that nobody has.
func (m *maker) id(prefix string) string {
	list := m.known[prefix]
	if len(list) == 0 || m.odds(15) {
		return prefix + "_01kjkz4n8dj4dfwkkh5k6r7a00"
	}
	return list[max(m.IntN(len(list)), m.IntN(len(list)))]
}

// follow finds what a reference names.
func (m *maker) follow(schema map[string]any) map[string]any {
	for {
		ref, ok := schema["$ref"].(string)
		if !ok {
			return schema
		}
		schema, _ = member(m.document, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...).(map[string]any)
	}
}

var texts = []string{"x", "Two coffees", "小王的账单", "O'Brien; drop table payment_payment; --", "<b>bold</b>", "a\nb", "a\u202eb", "\u0000",
	"e\u0301",
	"👩‍👩‍👧‍👦", "%s%n", "=1+1", "../../etc/passwd", "{{.}}", " ", "null", "\u2028", "%00", "-"}

// fitting is a value as the schema wants it. name is the member's, by which a reader of the document would know what is meant.
func (m *maker) fitting(schema map[string]any, name string) any {
	schema = m.follow(schema)
	if choice, ok := schema["oneOf"].([]any); ok && schema["properties"] == nil {
		return m.fitting(one(m, choice...).(map[string]any), name)
	}
	if list, ok := schema["enum"].([]any); ok {
		return one(m, list...)
	}
	switch schema["type"] {
	case "object":
		return m.object(schema)
	case "array":
		list := []any{}
		items, _ := schema["items"].(map[string]any)
		for range one(m, 0, 1, 1, 1, 2, 3) {
			list = append(list, m.fitting(items, name))
		}
		return list
	case "boolean":
		return m.odds(2)
	case "integer":
		return m.integer(schema)
	}
	return m.text(schema, name)
}

func (m *maker) object(schema map[string]any) any {
	out := map[string]any{}
	properties, named := schema["properties"].(map[string]any)
	if !named {
		value, _ := schema["additionalProperties"].(map[string]any)
		for range m.IntN(3) {
			out[one(m, "table", "桌", "a-b", one(m, texts...))] = m.fitting(value, "")
		}
		return out
	}
	required, _ := schema["required"].([]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if slices.Contains(required, any(name)) || m.odds(4) {
			out[name] = m.fitting(properties[name].(map[string]any), name)
		}
	}
	return out
}

func (m *maker) integer(schema map[string]any) any {
	low, high := int64(-3), int64(1<<62)
	if n, ok := schema["minimum"].(json.Number); ok {
		low, _ = n.Int64()
	}
	if n, ok := schema["maximum"].(json.Number); ok {
		high, _ = n.Int64()
	}
	if high-low < 0 { // all that 64 bits hold
		return json.Number(fmt.Sprint(one(m, low, -1, 0, 1, m.Int64(), high)))
	}
	return json.Number(fmt.Sprint(one(m, low, high, low+m.Int64N(min(high-low, 9)+1), low+m.Int64N(high-low+1))))
}

var idPattern = regexp.MustCompile(`^\^\(?([a-z|]+)\)?_\[0-7\]`)

// text is a string of the schema's form.
func (m *maker) text(schema map[string]any, name string) string {
	pattern, _ := schema["pattern"].(string)
	if found := idPattern.FindStringSubmatch(pattern); found != nil {
		return m.id(one(m, strings.Split(found[1], "|")...))
	}
	switch {
	case strings.HasPrefix(pattern, "^(0|-?"):
		return one(m, "1", "100", "1", "250", "4850", fmt.Sprint(m.Uint32()), "0", "-5", "9223372036854775807", "9223372036854775808",
			"-9223372036854775808", "99999999999999999999")
	case strings.HasPrefix(pattern, "^[A-Z0-9]{3"):
		return one(m, "EUR", "EUR", "EUR", "EUR", "EUR", "JPY", "KWD", "USD", "POINTS", "XTS", "000", "ABCDEFGHIJKL")
	case strings.HasPrefix(pattern, "^[0-9a-f]{64}"):
		return one(m, strings.Repeat("0", 64), fmt.Sprintf("%064x", m.Uint64()))
	case strings.HasPrefix(pattern, "^[1-9][0-9]{0,6}[smhd]"):
		return one(m, "1s", "5m", "1h", "1h", "3d", "9999999d")
	case strings.HasPrefix(pattern, "^[0-9]+"):
		return one(m, "0", "1", "7", "9223372036854775807", "99999999999999999999")
	case strings.HasPrefix(pattern, "^[A-Za-z0-9+/]"):
		return one(m, "", "AAAA", "_", "YWJj", "YQ==")
	}
	switch schema["format"] {
	case "uri":
		return one(m, "https://shop.example/thanks", "https://shop.example/a?b=c#d", "https://[::1]:8443/x", "https://läden.example/", "urn:x:y",
			"http://localhost:3000/done", "javascript:alert(1)", "https://user:pw@shop.example/", "https://shop.example:0/")
	case "date":
		return one(m, "2026-03-01", "2026-02-28", "2024-02-29", "0001-01-01", "9999-12-31")
	case "date-time":
		return one(m, "2026-03-02T09:00:00Z", "2026-03-01T09:05:00+02:00", "2026-03-29T02:30:00.123456789Z", "0001-01-02T00:00:00Z",
			"9999-12-31T23:59:59Z", "2026-12-31T23:59:59-12:00")
	}
	text := one(m, texts...)
	switch name {
	case "payee", "person", "send_to", "owner", "account", "debit", "credit", "address", "prefix":
		text = one(m, m.words...)
		if m.odds(2) {
			text = m.id(one(m, "usr", "mch", "acc"))
		}
	case "link":
		text = one(m, m.words...)
	case "method":
		text = one(m, "tok_4242", "tok_4242", "tok_0002", "bank", "tok_9999")
	case "iban":
		text = one(m, "DE89 3704 0044 0532 0130 00", "GB82 WEST 1234 5698 7654 32", "DE00 3704 0044 0532 0130 00")
	case "id", "reference", "entry":
		if m.odds(2) {
			text = m.id(one(m, "pay", "ent"))
		}
	case "cursor":
		text = one(m, "MQ.pay_01kjkz4n8dj4dfwkkh5k6r7a00", "bTEucGF5", "1", m.id("acc"))
	}
	if most, ok := schema["maxLength"].(json.Number); ok {
		if n, _ := most.Int64(); m.odds(8) || int64(len([]rune(text))) > n {
			text = strings.Repeat(one(m, "x", "字"), int(n))
		}
	}
	return text
}

// near is a fitting value that starts from the document's own example, so that more of it means something.
func (m *maker) near(schema map[string]any, example any) any {
	schema = m.follow(schema)
	object, isObject := example.(map[string]any)
	properties, named := schema["properties"].(map[string]any)
	if list, isList := example.([]any); isList {
		items, _ := schema["items"].(map[string]any)
		out := []any{}
		for _, item := range list {
			out = append(out, m.near(items, item))
		}
		return out
	}
	if !isObject || !named {
		if id, ok := example.(string); ok && anyID.MatchString(id) {
			return m.id(id[:strings.IndexByte(id, '_')])
		}
		return example
	}
	out := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		old, there := object[name]
		property := properties[name].(map[string]any)
		switch {
		case there && (m.odds(12) || name == "payee" || name == "link" || name == "person"):
			out[name] = m.fitting(property, name)
		case there:
			out[name] = m.near(property, old)
		case m.odds(20):
			out[name] = m.fitting(property, name)
		}
	}
	return out
}

// spoil changes one place of a value into something else: another type, a member too many or too few, a text of another form.
func (m *maker) spoil(value any) any {
	switch v := value.(type) {
	case map[string]any:
		names := slices.Sorted(maps.Keys(v))
		switch {
		case len(names) == 0 || m.odds(6):
			v[one(m, "payer", "Amount", "", "__proto__", "x")] = m.strange()
		case m.odds(5):
			delete(v, one(m, names...))
		default:
			name := one(m, names...)
			v[name] = m.spoil(v[name])
		}
		return v
	case []any:
		switch {
		case len(v) == 0 || m.odds(4):
			return append(v, m.strange())
		case m.odds(8):
			return slices.Repeat(v, 130/len(v)+1)
		}
		i := m.IntN(len(v))
		v[i] = m.spoil(v[i])
		return v
	}
	return m.strange()
}

func (m *maker) strange() any {
	return one[any](m, nil, true, json.Number("1"), json.Number("-1"), json.Number("1e400"), json.Number("0.1"), "", "EURO", "eur", "+1",
		"1.00", "١", "１", strings.Repeat("x", 5000), []any{}, map[string]any{}, []any{nil}, map[string]any{"amount": "1"}, one(m, texts...),
		"2026-02-30T00:00:00Z", "not a uri", "pay_zzz")
}
