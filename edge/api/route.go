package api

import (
	"net/http"
	"reflect"

	"billfold/base/fault"
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
		out, err := do(c, in)
		if err != nil {
			return err
		}
		c.answer(c.route.status, jsonType, &out)
		return nil
	}
	return r
}

// The parameters that many lists have.
var (
	paramLimit  = param{name: "limit", form: "limit", about: "How many, 1 to 100. Default 25."}
	paramCursor = param{name: "cursor", about: "next_cursor of the page before."}
	paramOwner  = param{name: "owner", form: "owner", about: "Operators: whose. One's own when left out."}
	paramExpand = param{name: "expand[]", enum: []string{"payer", "payee"}, many: true,
		about: "Show a side of the payment as an object, with its name."}
)
