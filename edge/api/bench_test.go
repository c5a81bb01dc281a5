package api

import (
	"crypto/sha256"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"billfold/base/db"
	"billfold/base/once"
	"billfold/base/telemetry"
	"billfold/core/payment"
	"billfold/test/harness"
)

// The difference between the first two is what this layer costs a payment; the third is its part without a body or a write.

const benchBody = `{"amount":{"amount":"1","currency":"EUR"},"payee":"%s","confirm":true,"description":"coffee","reference":"order-1"}`

func benchWorld(b *testing.B) *world {
	w := open(b, harness.Open(b, db.SQLite, schemaList...), telemetry.Discard())
	w.fund(w.lenaKey, "1000000000")
	return w
}

// paper is a ResponseWriter that keeps nothing.
type paper struct {
	header http.Header
	status int
}

func (p *paper) Header() http.Header         { return p.header }
func (p *paper) WriteHeader(status int)      { p.status = status }
func (p *paper) Write(b []byte) (int, error) { return len(b), nil }

func BenchmarkCreateOverHTTP(b *testing.B) {
	w := benchWorld(b)
	body := strings.Replace(benchBody, "%s", string(w.cafe.ID), 1)
	handler := w.api.Handler()
	r := httptest.NewRequest(http.MethodPost, "/v1/payments", nil)
	r.Header = http.Header{"Authorization": {"Bearer " + w.lenaKey}, "Content-Type": {"application/json"}}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r.Header["Idempotency-Key"] = []string{"key-" + strconv.Itoa(i)}
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		p := &paper{header: make(http.Header, 12)}
		if handler.ServeHTTP(p, r); p.status != http.StatusCreated {
			b.Fatal(p.status)
		}
	}
}

func BenchmarkCreateByVerb(b *testing.B) {
	w := benchWorld(b)
	caller := payment.Caller{Person: w.lena}
	terms := payment.Terms{Payee: string(w.cafe.ID), Amount: w.currency("EUR").Of(1), Description: "coffee", Reference: "order-1"}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := w.api.Payments.Create(w.ctx, caller, terms, true, once.Call{Key: "key-" + strconv.Itoa(i),
			Hash: sha256.Sum256(nil)}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadClock(b *testing.B) {
	w := benchWorld(b)
	handler := w.api.Handler()
	r := httptest.NewRequest(http.MethodGet, "/v1/test/clock", nil)
	r.Header = http.Header{"Authorization": {"Bearer " + w.lenaKey}}
	b.ReportAllocs()
	for b.Loop() {
		p := &paper{header: make(http.Header, 12)}
		if handler.ServeHTTP(p, r); p.status != http.StatusOK {
			b.Fatal(p.status)
		}
	}
}

// BenchmarkRefuseDepth is what a hundred thousand brackets cost.
func BenchmarkRefuseDepth(b *testing.B) {
	body := []byte(deep(100_000))
	for b.Loop() {
		if decode(body, &none{}) == nil {
			b.Fatal("taken")
		}
	}
}

// BenchmarkEncode is the answer of a payment alone; BenchmarkDecode the request.
func BenchmarkEncode(b *testing.B) {
	b.ReportAllocs()
	c := &call{api: &API{}, w: &paper{header: http.Header{}}}
	for b.Loop() {
		p := examplePayment
		c.answer(http.StatusCreated, jsonType, &p)
	}
}
