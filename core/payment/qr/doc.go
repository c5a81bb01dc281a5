// Package qr reads and writes the payment codes that a merchant presents: "EMV QR Code Specification for Payment Systems,
// Merchant-Presented Mode", version 1.1 (below: MPM), section and table numbers of which stand beside what follows them.
//
// Promise: what Encode writes, any decoder of the standard reads; what Parse accepts obeys the standard, whoever wrote it, and
// is read without loss: Encode(Parse(s)) is s for every s that has its objects in our order.
//
// Invariants:
//   - A payload is at most 512 characters, begins with the format indicator and ends with its checksum over every byte
//     before (3.2, 4.7.3). A wrong checksum is told apart from a wrong form: the first is a damaged print, the second no
//     payment code.
//   - No object stands twice, none is empty, and lengths count characters, not bytes (3.2; only the language template and
//     templates of other schemes may hold more than ASCII).
//   - An amount is what stands in the code, in the code's currency, exactly; a code without one leaves it to the payer.
//
// Whom a code pays is not decided here: a code is paper, and anybody can print it. The payment service looks the payee up in
// its own registry and checks its own signature.
package qr
