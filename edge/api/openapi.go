package api

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"billfold/base/fault"
	"billfold/client"
	"billfold/core/identity"
)

// The parts of an OpenAPI 3.1 document that we use.
type (
	openapi struct {
		OpenAPI    string                           `json:"openapi"`
		Info       info                             `json:"info"`
		Servers    []server                         `json:"servers"`
		Tags       []tag                            `json:"tags"`
		Paths      map[string]map[string]*operation `json:"paths"`
		Components components                       `json:"components"`
	}
	info struct {
		Title       string `json:"title"`
		Version     string `json:"version"`
		Summary     string `json:"summary"`
		Description string `json:"description"`
	}
	server struct {
		URL         string `json:"url"`
		Description string `json:"description"`
	}
	tag struct {
		Name        string `json:"name"`
		Description string `json:"description"`
	}
	operation struct {
		OperationID string                `json:"operationId"`
		Tags        []string              `json:"tags"`
		Summary     string                `json:"summary"`
		Description string                `json:"description,omitzero"`
		Security    []map[string][]string `json:"security"`
		Parameters  []parameter           `json:"parameters,omitzero"`
		RequestBody *body                 `json:"requestBody,omitzero"`
		Responses   map[string]*response  `json:"responses"`
	}
	parameter struct {
		Name        string  `json:"name"`
		In          string  `json:"in"`
		Description string  `json:"description"`
		Required    bool    `json:"required,omitzero"`
		Schema      *schema `json:"schema"`
		Example     string  `json:"example,omitzero"`
	}
	body struct {
		Required    bool             `json:"required,omitzero"`
		Description string           `json:"description"`
		Content     map[string]media `json:"content"`
	}
	media struct {
		Schema  *schema        `json:"schema"`
		Example jsontext.Value `json:"example,omitzero"`
	}
	response struct {
		Ref         string            `json:"$ref,omitzero"`
		Description string            `json:"description,omitzero"`
		Headers     map[string]header `json:"headers,omitzero"`
		Content     map[string]media  `json:"content,omitzero"`
	}
	header struct {
		Description string  `json:"description"`
		Schema      *schema `json:"schema"`
	}
	components struct {
		Schemas         map[string]*schema        `json:"schemas"`
		Responses       map[string]*response      `json:"responses"`
		SecuritySchemes map[string]securityScheme `json:"securitySchemes"`
	}
	securityScheme struct {
		Type        string `json:"type"`
		Scheme      string `json:"scheme"`
		Description string `json:"description"`
	}
)

const about = `Wallets for people, payments for shops, a ledger for the operator.

**Keys.** Send ` + "`Authorization: Bearer KEY`, or `curl -u KEY:`" + `. A *secret* key acts for a shop, a *payer* token for the person
who pays with
it, an *operator* key for the ledger and for reading. Session cookies of the pages are not accepted here. What belongs to somebody else
answers 404. Test keys work in a sandbox only, live keys in a live installation only.

**Money** is a string of whole minor units and a currency: ` + "`{\"amount\":\"4850\",\"currency\":\"EUR\"}`" + ` is 48.50 EUR.

**Exactly once.** Every POST that moves money needs an ` + "`Idempotency-Key`" + `. The same key with the same body gives the first
answer again, byte
for byte, with ` + "`Idempotent-Replayed: true`" + `; with another body 409. A refusal that moved nothing is not kept: correct the cause
and use the same
key. After an answer that never came, or outcome_unknown, send the same request again.

**Problems** are ` + "`application/problem+json`" + ` (RFC 9457) in the language of Accept-Language (en, zh-Hans); money_moved says
whether money moved.

**Bodies** are one JSON value in UTF-8, up to 64 KiB (4 MiB for ledger entries), without duplicate or unknown members; a
member that need not be there counts as left out when it is null or an empty text. Times are RFC 3339 in
UTC. Lists have up to 100 items a page and a cursor. Every answer has a Request-Id.`

// describe makes the document from the table.
func (a *API) describe() []byte {
	s := &schemas{list: map[string]*schema{}, refusals: map[string]*response{}}
	doc := openapi{OpenAPI: "3.1.1",
		Info:    info{Title: "Billfold", Version: "1.0.0", Summary: "Digital wallets and payments.", Description: about},
		Servers: []server{{URL: a.PublicURL, Description: "This installation."}},
		Tags: []tag{{"Payments", "From the request to the last refund."}, {"Checkout", "Hosted pages for payments."},
			{"Wallet", "Balances, accounts, activity, top-ups."}, {"Events", "What happened, to pull or to stream."},
			{"Reports", "What a shop took, to be counted when it closes."},
			{"Ledger", "For the operator: accounts, entries, holds."}},
		Paths: map[string]map[string]*operation{},
		Components: components{SecuritySchemes: map[string]securityScheme{
			"bearer": {Type: "http", Scheme: "bearer", Description: "An API key as bearer token. The roles of an operation are kinds of keys; " +
				"restricted:… is the scope that a shop's restricted key needs for it."},
			"basic": {Type: "http", Scheme: "basic", Description: "An API key as user name, without a password: curl -u KEY:"}}}}
	if doc.Servers[0].URL == "" {
		doc.Servers[0].URL = "/"
	}
	if a.Sandbox {
		doc.Tags = append(doc.Tags, tag{"Sandbox", "For trying things out."})
	}
	s.of(reflect.TypeFor[client.Problem]())
	s.of(reflect.TypeFor[client.Event]()) // the data of the stream
	for i := range a.table {
		r := &a.table[i]
		if doc.Paths[r.path] == nil {
			doc.Paths[r.path] = map[string]*operation{}
		}
		doc.Paths[r.path][strings.ToLower(r.method)] = s.operation(r)
	}
	doc.Components.Schemas, doc.Components.Responses = s.list, s.refusals
	text, err := json.Marshal(doc, json.Deterministic(true))
	if err != nil {
		panic(err) // the document does not depend on anything from outside
	}
	return text
}

func (s *schemas) operation(r *route) *operation {
	o := &operation{OperationID: r.id, Tags: []string{r.tag}, Summary: r.summary, Description: r.about, Security: []map[string][]string{},
		Parameters: s.parameters(r), Responses: map[string]*response{}}
	if r.kinds != 0 {
		o.Security = []map[string][]string{{"bearer": r.roles()}, {"basic": r.roles()}}
	}
	if r.request != nil {
		s.closed = true
		o.RequestBody = &body{Required: !r.optional, Description: s.limit(r), Content: map[string]media{
			"application/json": {Schema: s.of(r.request), Example: encoded(r.example)}}}
		s.closed = false
	}
	success := &response{Description: r.summary + ": done.", Headers: map[string]header{"Request-Id": requestHeader}}
	if r.response != nil {
		success.Content = map[string]media{"application/json": {Schema: s.of(r.response), Example: encoded(r.answer)}}
	} else {
		success.Content = map[string]media{"text/event-stream": {Schema: &schema{Type: "string", Description: "Each data line is an Event."}}}
	}
	if r.moves {
		success.Headers["Idempotent-Replayed"] = replayedHeader
	}
	if r.status == http.StatusCreated {
		success.Headers["Location"] = locationHeader
	}
	o.Responses[strconv.Itoa(r.status)] = success
	for status, list := range r.refusals() {
		o.Responses[strconv.Itoa(status)] = s.refusal(status, list)
	}
	return o
}

func (s *schemas) limit(r *route) string {
	if r.limit == 0 {
		return "Up to 64 KiB."
	}
	return "Up to " + strconv.FormatInt(r.limit>>20, 10) + " MiB."
}

var (
	requestHeader  = header{"Names this request, for whoever runs the service.", form("req")}
	replayedHeader = header{"true when this is the answer to an earlier request with the same key.", &schema{Type: "string",
		Enum: []string{"true"}}}
	locationHeader = header{"Where to read what was made.", &schema{Type: "string"}}
	retryHeader    = header{"Seconds to wait before trying again.", &schema{Type: "string", Pattern: `^[1-9][0-9]*$`}}
)

func (s *schemas) parameters(r *route) []parameter {
	var list []parameter
	if strings.Contains(r.path, "{id}") {
		list = append(list, parameter{Name: "id", In: "path", Required: true, Description: "The id, as it was received.",
			Schema: &schema{Type: "string"}})
	}
	if r.moves {
		list = append(list, parameter{Name: "Idempotency-Key", In: "header", Required: true, Schema: &schema{Type: "string",
			Pattern: `^[ -~]{1,255}$`}, Example: "0198f3c2-7d1e-7c3a-9b0a-5f6e7d8c9b0a",
			Description: "New for each thing that is wanted, the same for each retry of it. A UUID is a good choice."})
	}
	if r.response == nil {
		list = append(list, parameter{Name: "Last-Event-ID", In: "header", Description: "Resume after this event.",
			Schema: &schema{Type: "string"}})
	}
	list = append(list, parameter{Name: "Accept-Language", In: "header", Schema: &schema{Type: "string"}, Example: "zh-Hans",
		Description: "The language of titles and details: en, zh-Hans."})
	for _, p := range r.query {
		list = append(list, parameter{Name: p.name, In: "query", Description: p.about, Schema: p.schema()})
	}
	return list
}

func (p *param) schema() *schema {
	one := &schema{Type: "string", Enum: p.enum}
	switch {
	case p.form == "limit":
		low, high := int64(1), int64(limitMost)
		one = &schema{Type: "integer", Minimum: &low, Maximum: &high}
	case p.form == "time":
		one.Format = "date-time"
	case p.form == "owner", p.form == "date":
		one = form(p.form)
	case p.form == "position":
		one.Pattern = `^[0-9]+$`
	}
	if p.many {
		return &schema{Type: "array", Items: one}
	}
	return one
}

// refusals groups what an operation may be refused with by status.
func (r *route) refusals() map[int][]string {
	list := slices.Concat(r.faults, []*fault.Fault{fault.ErrInternal, fault.ErrUnavailable, fault.ErrDamaged, fault.ErrBusy,
		fault.ErrRate, fault.ErrNotFound})
	if r.kinds != 0 {
		list = append(list, fault.ErrUnauthenticated, identity.ErrKey, identity.ErrKeyMode, ErrKeyKind, ErrKeyScope)
	}
	if len(r.query) > 0 {
		list = append(list, fault.ErrInvalid)
	}
	list = append(list, ErrQuery)
	if r.method == http.MethodPost {
		list = append(list, bodyFaults...)
		list = append(list, fault.ErrStorageFull, fault.ErrReadOnly, fault.ErrOutcomeUnknown)
	}
	byStatus := map[int][]string{}
	for _, f := range list {
		status := statusOf(f)
		if !slices.Contains(byStatus[status], f.Code) {
			byStatus[status] = append(byStatus[status], f.Code)
		}
	}
	for _, codes := range byStatus {
		slices.Sort(codes)
	}
	return byStatus
}

// refusal says which codes an operation may answer with under a status. Operations that have the same ones share a component.
func (s *schemas) refusal(status int, codes []string) *response {
	same := http.StatusText(status) + ": " + strings.Join(codes, ", ") + "."
	for n := 1; ; n++ {
		name := "Refusal" + strconv.Itoa(status) + "." + strconv.Itoa(n)
		known := s.refusals[name]
		if known == nil {
			s.refusals[name] = problemResponse(status, codes)
		} else if known.Description != same {
			continue
		}
		return &response{Ref: "#/components/responses/" + name}
	}
}

func problemResponse(status int, codes []string) *response {
	r := &response{Description: http.StatusText(status) + ": " + strings.Join(codes, ", ") + ".",
		Headers: map[string]header{"Request-Id": requestHeader},
		Content: map[string]media{"application/problem+json": {Schema: &schema{AllOf: []*schema{
			{Ref: "#/components/schemas/Problem"}, {Properties: map[string]*schema{"code": {Enum: codes}}}}}}}}
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		r.Headers["Retry-After"] = retryHeader
	}
	return r
}

func encoded(example any) jsontext.Value {
	if example == nil {
		return nil
	}
	text, err := json.Marshal(example, json.Deterministic(true))
	if err != nil {
		panic(err)
	}
	return text
}
