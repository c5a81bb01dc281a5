package api

import (
	"net/http"
	"reflect"
	"slices"
	"strings"

	"billfold/base/fault"
	"billfold/core/identity"
)

// route is one row of the table.
type route struct {
	method, path string
	id           string // operationId
	tag          string
	summary      string
	about        string
	kinds        kinds // who may call; 0 is anybody, without a key
	status       int   // of success
	moves        bool  // moves or binds money: needs an Idempotency-Key
	optional     bool  // the body may be left out
	limit        int64 // bytes of body; 0 is 64 KiB
	query        []param
	faults       []*fault.Fault // besides those that every operation has
	example      any            // of the body
	answer       any            // of the answer

	request, response reflect.Type // nil: no body; a stream
	run               func(c *call) error
}

// scope is what a restricted key needs for the operation. Giving money back has a scope of its own, because whoever may take
// payments need not be trusted with that.
func (r *route) scope() string {
	what, how := strings.ToLower(r.tag), "write"
	if r.id == "refundPayment" {
		what = "refunds"
	}
	if r.method == http.MethodGet {
		how = "read"
	}
	return what + ":" + how
}

// roles names the kinds of keys that may call the operation, and the scope that a restricted one needs.
func (r *route) roles() []string {
	list := r.kinds.names()
	if r.kinds&shops != 0 {
		list = append(list, string(identity.RestrictedKey)+":"+r.scope())
	}
	return list
}

// Scopes lists what a shop's restricted key can be given, in alphabetical order.
func Scopes() []string {
	var list []string
	for _, r := range new(API).routes() {
		if r.kinds&shops != 0 {
			list = append(list, r.scope())
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// none is the request of an operation that takes no body.
type none struct{}

// op ties a row to the function that carries it out. The types in its signature are those of the document.
func op[In, Out any](r route, do func(c *call, in *In) (Out, error)) route {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	r.response = reflect.TypeFor[Out]()
	if in := reflect.TypeFor[In](); in != reflect.TypeFor[none]() {
		r.request = in
	}
	reads := r.method == http.MethodPost
	r.run = func(c *call) error {
		in := new(In)
		if reads {
			if err := c.read(in); err != nil {
				return err
			}
		}
		out, err := carry(c, in, do)
		if err != nil {
			return err
		}
		c.answer(c.route.status, jsonType, &out)
		return nil
	}
	return r
}

// carry carries the operation out, beside no other try of the same request.
func carry[In, Out any](c *call, in *In, do func(c *call, in *In) (Out, error)) (out Out, err error) {
	leave, err := c.alone()
	if err != nil {
		return out, err
	}
	defer leave()
	return do(c, in)
}

// The parameters that many lists have.
var (
	paramLimit  = param{name: "limit", form: "limit", about: "How many, 1 to 100. Default 25."}
	paramCursor = param{name: "cursor", about: "next_cursor of the page before."}
	paramOwner  = param{name: "owner", form: "owner", about: "Operators: whose. One's own when left out."}
	paramExpand = param{name: "expand[]", enum: []string{"payer", "payee"}, many: true,
		about: "Show a side of the payment as an object, with its name."}
)
