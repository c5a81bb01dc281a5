// Package client is Billfold's Go SDK: the types that go over the wire, and a [Client] with one method per operation.
//
// The server encodes these very types, so that server and SDK cannot differ. Struct tags carry what the OpenAPI document at
// /openapi.json says about a field: doc (what it means, in which unit), form (its shape), enum and max.
//
// Promises:
//
//   - Money is a string of whole minor units and a currency. No binary fraction comes near it.
//   - Every call that moves money carries an Idempotency-Key, the caller's or a random one, and keeps it over all tries: after a lost
//     answer, a 503 or a 429 the same request is sent again and finds what the first one did. A call that is never answered ends
//     in an [UnknownError], which carries the key: the same call with that key says what happened.
//   - A refusal is a [Problem], which is an error: switch on its Code, and look at MoneyMoved.
//   - Members that a newer server adds are ignored.
package client
