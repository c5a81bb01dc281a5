// Package notice tells people things: in the app, where they read them later, and by mail.
//
// # Promise
//
// A notice or a mail is added in the transaction of what it tells of: neither exists without the other. A mail leaves
// at least once after that transaction is on disk, and under the same Message-ID however often it has to be tried. What
// is told twice (MailOnce) is mailed once.
// What it says is sealed with its owner's key until then, and emptied when it has left; only a sandbox, which sends
// nothing, keeps mails for its inbox page.
//
// # How
//
// A notice (notice_item) is a template's name and sealed data, and becomes words when it is read, in the reader's
// language at that moment. Its key is owner and id, so telling the same event again changes nothing. How far somebody
// has read is one row (notice_reader): a shop with a million notices marks them read as fast as a person with one.
//
// A mail (notice_mail) becomes words when it is sent, in the language its recipient had when it was added:
//
//	queued ──sent──> sent        the relay has taken it
//	  │ ├──dropped─> dropped     too old to be useful (a code), or its owner was erased
//	  │ └──failed──> failed      the relay refuses it for good, or has for two days
//	  └─ tried again with growing pauses by base/job
//
// # Invariants
//
//   - Nothing a person typed can become a header or markup: addresses are parsed, control and format characters are taken out of all
//     data, subjects are encoded by the mail library, html is escaped by html/template, and links lead to this installation only.
//   - Passwords and mails cross the network encrypted: STARTTLS is demanded or TLS used from the start; plain SMTP goes to loopback only.
//   - What is kept about a mail that failed is a class ("refused 550"), never a relay's own words, which repeat the address.
//   - Templates exist in every language we speak, as plain text and as html with the same words.
package notice
