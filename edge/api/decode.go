package api

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"billfold/base/fault"
	"billfold/base/lang"
	"billfold/client"
)

// maxDepth is twice what our deepest request needs (entries[].legs[] is five deep).
const maxDepth = 10

var strictly = json.JoinOptions(json.RejectUnknownMembers(true), jsontext.AllowDuplicateNames(false), jsontext.AllowInvalidUTF8(false))

var byteOrderMark = []byte("\xef\xbb\xbf")

// decode reads a body into a request, strictly. What it refuses, it refuses by name and place. The decoder is only entered
// with a body whose depth is known, so that a hundred thousand brackets cost one look at each.
func decode(body []byte, into any) error {
	if bytes.HasPrefix(body, byteOrderMark) {
		return ErrMark.With("body")
	}
	if bytes.Count(body, []byte("["))+bytes.Count(body, []byte("{")) > maxDepth && tooDeep(body) {
		return ErrDepth.Fill(strconv.Itoa(maxDepth)).With("body")
	}
	err := json.Unmarshal(body, into, strictly)
	if err != nil {
		return unreadable(body, err)
	}
	if bytes.Contains(body, []byte("null")) || bytes.Contains(body, []byte(`""`)) {
		leaveOut(reflect.ValueOf(into))
	}
	return nil
}

// leaveOut takes the empty members out of maps of texts: like any member that need not be there, they count as left out. In a struct the
// decoder has done that by itself.
func leaveOut(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			leaveOut(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			leaveOut(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				leaveOut(v.Field(i))
			}
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			if v.MapIndex(key).IsZero() {
				v.SetMapIndex(key, reflect.Value{})
			}
		}
	}
}

// tooDeep counts brackets outside of strings; it need not know whether they match.
func tooDeep(body []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			if depth++; depth > maxDepth {
				return true
			}
		case c == ']' || c == '}':
			depth--
		}
	}
	return false
}

// unreadable finds the name for what the decoder did not like.
func unreadable(body []byte, err error) error {
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		return misfit(semantic)
	}
	var syntactic *jsontext.SyntacticError
	if !errors.As(err, &syntactic) {
		return ErrJSON.Fill(strconv.Itoa(len(body))).With("body").Because(err)
	}
	place := paramOf(string(syntactic.JSONPointer))
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return ErrTwice.With(place)
	case !utf8.Valid(body):
		return ErrUTF8.With(place)
	case len(bytes.TrimSpace(body)) == 0:
		return ErrBodyMissing.With("body")
	case secondValue(body):
		return ErrTrailing.With("body")
	}
	return ErrJSON.Fill(strconv.FormatInt(syntactic.ByteOffset, 10)).With(place).Because(err)
}

func secondValue(body []byte) bool {
	d := jsontext.NewDecoder(bytes.NewReader(body))
	if _, err := d.ReadValue(); err != nil {
		return false
	}
	_, err := d.ReadToken()
	return err != io.EOF
}

// misfit names a value that is JSON but not what the operation takes.
func misfit(e *json.SemanticError) error {
	place := paramOf(string(e.JSONPointer))
	switch {
	case errors.Is(e.Err, json.ErrUnknownName):
		return ErrUnknownMember.With(place)
	case e.JSONKind == '0' && isAmount(place):
		return ErrAmountNumber.With(place)
	case e.JSONKind == '"' && e.GoType == reflect.TypeFor[time.Time]():
		return fault.ErrInvalid.Say(text("Send a moment as RFC 3339 has it: \"2026-03-01T09:00:00Z\".",
			"请使用 RFC 3339 格式的时间：\"2026-03-01T09:00:00Z\"。")).With(place).Because(e)
	}
	what, detail := wanted(e.GoType), ErrType.Detail
	detail = lang.Text{EN: strings.ReplaceAll(detail.EN, "%s", what.EN), ZH: strings.ReplaceAll(detail.ZH, "%s", what.ZH)}
	return ErrType.Say(detail).With(place).Because(e)
}

func isAmount(place string) bool {
	last := place[strings.LastIndexByte(place, '.')+1:]
	last, _, _ = strings.Cut(last, "[")
	return last == "amount" || last == "amounts"
}

func wanted(t reflect.Type) lang.Text {
	if t == nil {
		return text("another type", "其他类型")
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == reflect.TypeFor[client.Money]():
		return text(`an object such as {"amount":"4850","currency":"EUR"}`, `形如 {"amount":"4850","currency":"EUR"} 的对象`)
	case t == reflect.TypeFor[time.Time]():
		return text("a string with a moment (RFC 3339)", "表示时间的字符串（RFC 3339）")
	}
	switch t.Kind() {
	case reflect.String:
		return text("a string", "字符串")
	case reflect.Bool:
		return text("true or false", " true 或 false")
	case reflect.Int, reflect.Int64:
		return text("a whole number", "整数")
	case reflect.Slice:
		return text("a list", "数组")
	}
	return text("an object", "对象")
}

// paramOf writes a JSON pointer (RFC 6901) the way people write paths: /entries/3/legs/0/debit is entries[3].legs[0].debit.
// Names from outside are cut: they are echoed.
func paramOf(pointer string) string {
	if pointer == "" {
		return "body"
	}
	var b strings.Builder
	for _, token := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
		token = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
		if b.Len() > 0 && isIndex(token) {
			b.WriteString("[" + token + "]")
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(token)
	}
	const most = 200
	s := b.String()
	switch {
	case s == "": // the member without a name
		return "body"
	case len(s) > most:
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

func isIndex(s string) bool {
	if s == "" {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
