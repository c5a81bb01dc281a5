package qr

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxPayload is the length of a payload in characters (MPM 3.1).
const maxPayload = 512

// checksum is CRC-16 with polynomial 0x1021 and initial value 0xFFFF over the bytes (MPM 4.7.3; ISO/IEC 13239).
func checksum(s string) string {
	crc := uint16(0xFFFF)
	for i := range len(s) {
		crc ^= uint16(s[i]) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return fmt.Sprintf("%04X", crc)
}

// split cuts a value into its objects. path names the object it is the value of, for the refusal.
func split(s, path string) ([]Object, error) {
	var list []Object
	seen := [100]bool{}
	for s != "" {
		if len(s) < 4 {
			return nil, ErrForm.With(join(path, s))
		}
		id, ok1 := twoDigits(s[:2])
		length, ok2 := twoDigits(s[2:4])
		at := join(path, s[:2])
		if !ok1 || !ok2 || length == 0 || seen[id] {
			return nil, ErrForm.With(at)
		}
		value, rest, ok := cutRunes(s[4:], length)
		if !ok {
			return nil, ErrForm.With(at)
		}
		seen[id] = true
		list, s = append(list, Object{uint8(id), value}), rest
	}
	return list, nil
}

func twoDigits(s string) (int, bool) {
	if s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9' {
		return 0, false
	}
	return int(s[0]-'0')*10 + int(s[1]-'0'), true
}

// cutRunes cuts n characters off the front.
func cutRunes(s string, n int) (front, rest string, ok bool) {
	at := 0
	for range n {
		if at >= len(s) {
			return "", "", false
		}
		_, size := utf8.DecodeRuneInString(s[at:])
		at += size
	}
	return s[:at], s[at:], true
}

// join names an object inside another; what is no id is not repeated, because it came from outside.
func join(path, id string) string {
	if len(id) != 2 || strings.Trim(id, "0123456789") != "" {
		id = "??"
	}
	if path == "" {
		return id
	}
	return path + "." + id
}

func name(path string, id uint8) string { return join(path, pair(int(id))) }

// pair is a number of two digits.
func pair(n int) string {
	s := strconv.Itoa(n)
	if len(s) == 1 {
		s = "0" + s
	}
	return s
}

// builder appends objects and notes the first that does not fit.
type builder struct {
	strings.Builder
	path string
	err  error
}

func (b *builder) add(id uint8, value string) {
	if value == "" {
		return
	}
	n := utf8.RuneCountInString(value)
	if n > 99 && b.err == nil {
		b.err = ErrTooLong.With(name(b.path, id))
	}
	b.WriteString(pair(int(id)) + pair(min(n, 99)) + value)
}

func (b *builder) all(list []Object) {
	for _, o := range list {
		b.add(o.ID, o.Value)
	}
}

// template appends a template.
func (b *builder) template(t Template) {
	in := builder{path: name(b.path, t.ID)}
	in.add(0, t.GUID)
	in.all(t.Objects)
	b.add(t.ID, in.String())
	if b.err == nil {
		b.err = in.err
	}
}
