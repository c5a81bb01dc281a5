package manual

import (
	"encoding/json"
	"fmt"

	"slices"
	"strings"
)

// Group is the operations of one tag.
type Group struct {
	Name, About string
	Operations  []Operation
}

// Operation is one operation as the reference shows it.
type Operation struct {
	ID, Method, Path, Summary, About string
	Keys                             []string // kinds that may call it
	Scope                            string   // that a restricted key needs
	Parameters                       []Parameter
	Body                             []Parameter // members of the request
	Success                          string      // status
	Answer                           string      // an example
	Refusals                         []Refusal
	Sample                           Sample
}

// Parameter is a parameter, or a member of a body.
type Parameter struct {
	Name, Type, About string
	Required          bool
}

// Refusal is a status and the codes under it.
type Refusal struct {
	Status string
	Codes  []string
}

// The parts of the document that the reference reads.
type (
	document struct {
		Tags       []struct{ Name, Description string }
		Paths      map[string]map[string]operation
		Components struct {
			Schemas   map[string]schema
			Responses map[string]response
		}
	}
	operation struct {
		OperationID, Summary, Description string
		Tags                              []string
		Security                          []map[string][]string
		Parameters                        []struct {
			Name, In, Description string
			Required              bool
			Schema                schema
		}
		RequestBody struct{ Content map[string]media }
		Responses   map[string]response
	}
	response struct {
		Ref     string `json:"$ref"`
		Content map[string]media
	}
	media struct {
		Schema  schema
		Example json.RawMessage
	}
	schema struct {
		Ref, Type, Format, Description string
		Enum                           []string
		Items                          *schema
		Properties                     map[string]schema
		Required                       []string
		AllOf                          []schema
	}
)

// UnmarshalJSON reads a schema, whose reference has a name that Go has not.
func (s *schema) UnmarshalJSON(text []byte) error {
	type plain schema
	var ref struct {
		Ref string `json:"$ref"`
	}
	if err := json.Unmarshal(text, &ref); err != nil {
		return err
	}
	err := json.Unmarshal(text, (*plain)(s))
	s.Ref = ref.Ref
	return err
}

var order = []string{"post", "get"}

// Reference makes the reference from the OpenAPI document, in the order of its tags.
func Reference(text []byte) ([]Group, error) {
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, err
	}
	var list []Group
	for _, tag := range d.Tags {
		list = append(list, Group{Name: tag.Name, About: tag.Description})
	}
	var paths []string
	for path := range d.Paths {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		for _, method := range order {
			o, ok := d.Paths[path][method]
			if !ok {
				continue
			}
			shown, err := d.show(path, strings.ToUpper(method), o)
			if err != nil {
				return nil, err
			}
			at := slices.IndexFunc(list, func(g Group) bool { return g.Name == o.Tags[0] })
			if at < 0 {
				at, list = len(list), append(list, Group{Name: o.Tags[0]})
			}
			list[at].Operations = append(list[at].Operations, shown)
		}
	}
	return slices.DeleteFunc(list, func(g Group) bool { return len(g.Operations) == 0 }), nil
}

func (d *document) show(path, method string, o operation) (Operation, error) {
	out := Operation{ID: o.OperationID, Method: method, Path: path, Summary: o.Summary, About: o.Description}
	if len(o.Security) > 0 {
		for _, role := range o.Security[0]["bearer"] {
			if scope, ok := strings.CutPrefix(role, "restricted:"); ok {
				out.Scope = scope
			} else {
				out.Keys = append(out.Keys, role)
			}
		}
	}
	for _, p := range o.Parameters {
		if p.Name != "Accept-Language" {
			out.Parameters = append(out.Parameters, Parameter{Name: p.Name, Type: d.kind(p.Schema), About: p.Description, Required: p.Required})
		}
	}
	body := o.RequestBody.Content["application/json"]
	out.Body = d.members(body.Schema)
	for status, r := range o.Responses {
		if status < "300" {
			out.Success, out.Answer = status, indented(r.Content["application/json"].Example)
			continue
		}
		codes := d.codes(r)
		out.Refusals = append(out.Refusals, Refusal{status, codes})
	}
	slices.SortFunc(out.Refusals, func(a, b Refusal) int { return strings.Compare(a.Status, b.Status) })
	out.Sample = Sample{Name: o.OperationID, Language: "curl", Text: d.curl(&out, body.Example)}
	return out, nil
}

func (d *document) codes(r response) (codes []string) {
	if name, ok := strings.CutPrefix(r.Ref, "#/components/responses/"); ok {
		r = d.Components.Responses[name]
	}
	for _, part := range r.Content["application/problem+json"].Schema.AllOf {
		codes = append(codes, part.Properties["code"].Enum...)
	}
	return codes
}

func (d *document) find(s schema) (schema, string) {
	name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/")
	if !ok {
		return s, ""
	}
	return d.Components.Schemas[name], name
}

// kind is a schema in a word or two.
func (d *document) kind(s schema) string {
	if _, name := d.find(s); name != "" {
		return name
	}
	switch {
	case len(s.Enum) > 0:
		return strings.Join(s.Enum, " | ")
	case s.Items != nil:
		return d.kind(*s.Items) + "[]"
	case s.Format != "" && s.Format != "int64":
		return s.Format
	case s.Type == "object":
		return "map"
	}
	return s.Type
}

func (d *document) members(s schema) (list []Parameter) {
	s, _ = d.find(s)
	for name, m := range s.Properties {
		list = append(list, Parameter{Name: name, Type: d.kind(m), About: m.Description, Required: slices.Contains(s.Required, name)})
	}
	slices.SortFunc(list, func(a, b Parameter) int {
		if a.Required != b.Required {
			if a.Required {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	return list
}

func indented(text json.RawMessage) string {
	if len(text) == 0 {
		return ""
	}
	var v any
	if json.Unmarshal(text, &v) != nil {
		return ""
	}
	out, _ := json.MarshalIndent(v, "", "  ")
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(out))
}

// variables are the keys of dev.env, by the kind that may call.
var variables = []struct{ kind, name string }{{"secret", "BILLFOLD_KEY"}, {"payer", "BILLFOLD_PAYER_KEY"},
	{"operator", "BILLFOLD_OPERATOR_KEY"}}

// curl is the operation as a command.
func (d *document) curl(o *Operation, example json.RawMessage) string {
	var b strings.Builder
	path := strings.ReplaceAll(o.Path, "{id}", d.example(o))
	fmt.Fprintf(&b, `curl -s "$BILLFOLD_URL%s"`, path)
	for _, v := range variables {
		if v.kind == "secret" && strings.Contains(string(example), `"confirm":true`) {
			continue // only a person can confirm
		}
		if slices.Contains(o.Keys, v.kind) {
			fmt.Fprintf(&b, ` -u "$%s:"`, v.name)
			break
		}
	}
	if o.Method == "POST" {
		if slices.ContainsFunc(o.Parameters, func(p Parameter) bool { return p.Name == "Idempotency-Key" }) {
			fmt.Fprintf(&b, " \\\n  -H \"Idempotency-Key: %s-1\"", o.ID)
		}
		if len(example) > 0 {
			fmt.Fprintf(&b, " \\\n  -H \"Content-Type: application/json\" \\\n  -d '%s'", strings.ReplaceAll(string(example), "'", `'\''`))
		} else {
			b.WriteString(" \\\n  -X POST")
		}
	}
	if o.Answer == "" { // a stream
		b.WriteString(" -N --max-time 3")
	}
	return b.String() + "\n"
}

// example is an id for the path: the one that the answer's example has, where it has one of its own.
func (d *document) example(o *Operation) string {
	var answer struct{ ID, Payment string }
	_ = json.Unmarshal([]byte(o.Answer), &answer)
	switch {
	case o.ID == "refundPayment" || strings.HasSuffix(o.Path, "/link"):
		return "pay_01kjkz4n8dj4dfwkkh5k6r7a00"
	case answer.ID == "" && strings.Contains(o.Path, "/contacts/"):
		return "usr_01kjkyx6b5sgh4pzr9p2n3c800"
	case answer.ID == "":
		return "prs_01kjkz4n8dj4dfwkkh5k6r7a00"
	}
	return answer.ID
}
