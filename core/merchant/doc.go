// Package merchant knows the shops: who owns them, what they are called, in which currencies they take money and where
// their receipts go.
//
// Invariants:
//
//   - A handle belongs to one shop for ever, and never to a shop and a person at once when it is given out.
//   - A shop has one receipts account per currency, "merchant/mch_x/EUR", opened when it is first needed: without a limit
//     and busy, so that thousands of payers do not queue behind one row.
//   - What a shop writes about its payments is sealed with a key of its own, made before the shop's first row.
//   - What is cached never changes money: names and origins for a few seconds, account numbers for ever because they never
//     change. A frozen shop's receipts accounts are frozen in the ledger by the same transaction.
//
// Tables: merchant_shop, merchant_member.
package merchant
