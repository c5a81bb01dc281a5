// Package once makes a retried request harmless: (caller, operation, key) names what the caller asked for, once.
//
// A verb calls Find first and Record last, inside its own transaction. The same call again finds the object and the
// version its first answer showed, so the answer can be rendered again, byte for byte, however the object has moved on
// since. The same key with another body is refused. Nothing is kept of a refusal that moved nothing: top up, and try
// again with the same key. Rows live as long as their object.
//
// It follows the IETF draft "The Idempotency-Key HTTP Header Field" (draft-ietf-httpapi-idempotency-key-header); the
// fingerprint of the request (its section 2.4) is a SHA-256 of the body.
//
// Table: once_key.
package once
