package api

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"billfold/client"
)

// schema is the part of JSON Schema 2020-12 that our types need.
type schema struct {
	Ref                  string             `json:"$ref,omitzero"`
	Type                 string             `json:"type,omitzero"`
	Description          string             `json:"description,omitzero"`
	Format               string             `json:"format,omitzero"`
	Pattern              string             `json:"pattern,omitzero"`
	Const                any                `json:"const,omitzero"`
	Enum                 []string           `json:"enum,omitzero"`
	MinLength            int                `json:"minLength,omitzero"`
	MaxLength            int                `json:"maxLength,omitzero"`
	Minimum              *int64             `json:"minimum,omitzero"`
	Maximum              *int64             `json:"maximum,omitzero"`
	MaxItems             int                `json:"maxItems,omitzero"`
	MaxProperties        int                `json:"maxProperties,omitzero"`
	Items                *schema            `json:"items,omitzero"`
	Properties           map[string]*schema `json:"properties,omitzero"`
	Required             []string           `json:"required,omitzero"`
	AdditionalProperties any                `json:"additionalProperties,omitzero"`
	AllOf                []*schema          `json:"allOf,omitzero"`
	OneOf                []*schema          `json:"oneOf,omitzero"`
}

// schemas gathers the components of the document from Go types and their tags.
type schemas struct {
	list     map[string]*schema
	refusals map[string]*response
	closed   bool // whether objects met now are parts of requests, in which unknown members are refused
}

// aboutTypes says what the components are that have more to say than their members.
var aboutTypes = map[string]string{
	"Money":   "An amount of one currency. Never a JSON number: those lose digits beyond 2^53.",
	"Problem": "A refusal (RFC 9457). Switch on code; it never changes. Title and detail follow Accept-Language.",
	"Payment": "One movement that somebody asked for, from its creation to its last refund. Its terms never change.",
}

// of is the schema of a type where it is used: a reference for objects, the thing itself for the rest.
func (s *schemas) of(t reflect.Type) *schema {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return &schema{Type: "string", Format: "date-time"}
	case t == reflect.TypeFor[client.Party]():
		return &schema{OneOf: []*schema{form("party"), s.of(reflect.TypeFor[client.ExpandedParty]())}}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.of(t.Elem())
	case reflect.String:
		return &schema{Type: "string"}
	case reflect.Bool:
		return &schema{Type: "boolean"}
	case reflect.Int, reflect.Int64:
		low, high := int64(math.MinInt64), int64(math.MaxInt64) // JSON calls 1e400 a whole number
		return &schema{Type: "integer", Format: "int64", Minimum: &low, Maximum: &high}
	case reflect.Slice:
		return &schema{Type: "array", Items: s.of(t.Elem())}
	case reflect.Map:
		return &schema{Type: "object", MaxProperties: 50, AdditionalProperties: s.of(t.Elem())}
	case reflect.Struct:
		return s.object(t)
	}
	panic("api: no schema for " + t.String())
}

// nameOf is a component's name: Payment, PaymentList.
func nameOf(t reflect.Type) string {
	name, item, generic := strings.Cut(t.Name(), "[")
	if !generic {
		return name
	}
	item = strings.TrimSuffix(item, "]")
	return item[strings.LastIndexByte(item, '.')+1:] + name
}

// eitherOf are the objects of which exactly one of several members is needed.
var eitherOf = map[string][]string{"AdvanceClock": {"by", "to"}}

func (s *schemas) object(t reflect.Type) *schema {
	name := nameOf(t)
	ref := &schema{Ref: "#/components/schemas/" + name}
	known := s.list[name]
	if known != nil && (known.AdditionalProperties != nil || !s.closed) {
		return ref
	}
	o := &schema{Type: "object", Description: aboutTypes[name], Properties: map[string]*schema{}}
	if s.closed {
		o.AdditionalProperties = false
	}
	s.list[name] = o
	for _, needed := range eitherOf[name] {
		o.OneOf = append(o.OneOf, &schema{Required: []string{needed}})
	}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || name == "-" {
			continue
		}
		o.Properties[name] = s.member(f)
		if options == "" {
			o.Required = append(o.Required, name)
			if m := o.Properties[name]; s.closed && m.Type == "string" && m.Enum == nil {
				m.MinLength = 1 // an empty text is none
			}
		}
	}
	return ref
}

// member is the schema of a field, with what its tags say.
func (s *schemas) member(f reflect.StructField) *schema {
	m := s.of(f.Type)
	if kind := f.Tag.Get("form"); kind != "" {
		shape := form(kind)
		if m.Items != nil {
			m.Items = shape
		} else {
			m = shape
		}
	}
	switch list := f.Tag.Get("enum"); list {
	case "":
	case "@state":
		m.Enum = paymentStates()
	case "@step":
		m.Enum = slices.Clone(paymentSteps)
	case "@contact":
		m.Enum = contactNames()
	default:
		m.Enum = strings.Split(list, "|")
	}
	m.MaxLength = max(m.MaxLength, int(whole(f.Tag.Get("max"))))
	m.MaxItems = int(whole(f.Tag.Get("most")))
	m.Description = f.Tag.Get("doc")
	return m
}

func whole(digits string) (n int64) {
	for _, d := range []byte(digits) {
		n = n*10 + int64(d-'0')
	}
	return n
}

const idForm = `_[0-7][0-9a-hjkmnp-tv-z]{25}$`

// form is the schema of a string or number with a shape of its own.
func form(kind string) *schema {
	between := func(low, high int64) *schema {
		return &schema{Type: "integer", Format: "int64", Minimum: &low, Maximum: &high}
	}
	switch kind {
	case "minor":
		return &schema{Type: "string", Pattern: `^(0|-?[1-9][0-9]*)$`, MaxLength: 20}
	case "currency":
		return &schema{Type: "string", Pattern: `^[A-Z0-9]{3,12}$`}
	case "owner":
		return &schema{Type: "string", Pattern: `^(usr|mch)` + idForm}
	case "party":
		return &schema{Type: "string", Pattern: `^(usr|mch|ins)` + idForm}
	case "base64":
		return &schema{Type: "string", Pattern: `^[A-Za-z0-9+/]*={0,2}$`}
	case "hex64":
		return &schema{Type: "string", Pattern: `^[0-9a-f]{64}$`}
	case "span":
		return &schema{Type: "string", Pattern: `^[1-9][0-9]{0,6}[smhd]$`}
	case "uri":
		return &schema{Type: "string", Format: "uri"}
	case "date":
		return &schema{Type: "string", Format: "date"}
	case "scale":
		return between(0, 8)
	case "seconds":
		return between(60, 30*24*60*60)
	case "count":
		return between(1, 1<<53)
	case "status":
		return between(400, 599)
	}
	return &schema{Type: "string", Pattern: `^` + kind + idForm}
}
