// Package api is Billfold for programs: JSON over HTTP under /v1, the document that describes it at /openapi.json, and the same
// for people at /docs.
//
// routes.go is the table of contents. Every operation stands in it once, with the Go types of its body and answer, who may
// call it and what it may be refused with; the mux and the OpenAPI 3.1 document are both made from that table, and the tests
// check every answer against the document. The types are those of package client, so that server and SDK cannot differ.
//
// Promises:
//
//   - A key acts for its owner and nobody else: a shop's secret key for the shop, a payer's token for that person, an operator's
//     key for the ledger and for reading. What belongs to somebody else answers 404, as if it did not exist. Session cookies
//     are not looked at, so no page of another origin can make a browser call the API; there is no CORS.
//   - A POST that moves money needs an Idempotency-Key. The same key and body again gives the first answer, byte for byte, with
//     Idempotent-Replayed: true; the same key with another body or path is refused.
//   - Input is read strictly: one JSON value, UTF-8, no byte order mark, no member twice, none that is unknown, bounded in size and
//     depth; amounts are strings. Every refusal names its place, and costs little: who asks is known before a body is read, a body that
//     is too long is refused before it is read.
//   - A refusal is application/problem+json (RFC 9457) with a code that never changes, texts in the language of Accept-Language, and
//     whether money moved. Package reply knows which kind of fault has which status. The cause of an internal error
//     is in the log under the request's id, and never in the answer.
//   - Every answer has a Request-Id.
package api
