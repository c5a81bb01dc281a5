// Package merchant knows the shops: who owns them, what they are called, in which currencies they take money and where
// their receipts go.
//
// Invariants:
//
//   - A handle belongs to one shop for ever, and never to a shop and a person at once when it is given out.
//
//   - A shop has one receipts account per currency, "merchant/mch_x/EUR", opened when it is first needed: without a limit
//     and busy, so that thousands of payers do not queue behind one row.
//
//   - What a shop writes about its payments is sealed with a key of its own, made before the shop's first row.
//
//   - What is cached never changes money: names and origins for a few seconds, account numbers for ever because they never
//     change. A frozen shop's receipts accounts are frozen in the ledger by the same transaction.
//
//   - A shop that somebody applied for is paid only once the operator has approved it.
//
//   - No bill number is given out twice in a shop.
//
//   - A till belongs to one device at a time, and what is done at it to whoever signed in there with a PIN. Pairing codes, device
//     and shift secrets and PINs are kept as hashes under a key outside the database.
//
//   - What somebody at a till gives back in a day never passes their limit: it is counted under lock in the refund's transaction.
//
//     applied for ─► pending ─ approve ─► active ◄─ lift ── freeze ─► frozen
//     └─ refuse ─► refused ─ approve ─► active
//
// Tables: merchant_shop, merchant_member, merchant_store, merchant_till, merchant_staff, merchant_limit, merchant_given,
// merchant_shift, merchant_item, merchant_counter.
package merchant
