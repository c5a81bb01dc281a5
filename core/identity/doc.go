// Package identity knows who somebody is: people, how they prove it, and for how long the proof lasts.
//
// # Promise
//
// What a person types to prove who they are (password, six-digit code, session token, API key, one-time link) is
// never stored, logged or returned: only its hash is, and the hash is keyed or sealed, so a copy of the database
// alone gives nothing to guess against. Names, handles, e-mail addresses, user agents and network addresses are
// sealed with the person's own key, which lies in the keyring outside the database; handles and e-mails are found
// through keyed hashes (blind indexes). Destroying the person's key makes all of it unreadable.
//
// # Sign-up
//
//	SignUp ──(code by mail)──> pending ──Verify(code)──> Person + Session
//	                             │  5 wrong codes: locked    10 minutes: expired
//	                             └─ Resend: at most once a minute
//
// The person's id and key exist from SignUp on, so nothing personal is ever sealed with a shared key; what is never
// verified is swept with its key. An e-mail that is already known takes the same steps, costs the same password hash,
// leaves a row of the same shape (whose code nobody knows) and gets the same answer; only the mail differs, and it
// goes to the owner. A taken handle is told: handles are public.
//
// # Sign-in and throttles
//
// A try is counted before the password is hashed, so parallel tries cannot pass the check together. Each account and
// each network has a bucket; beyond its free tries the wait doubles up to a ceiling and is forgotten later: nobody is
// locked out for ever, and a network from which the person has signed in before has a bucket of its own, so strangers
// cannot keep the owner out. An unknown login costs a password hash as well and gets the same answer as a wrong
// password. Two hashes run at a time; a flood waits a bounded time and is then told to come back.
//
// Whom somebody wants to pay is found by name, so names could be tried out: an asker is told of 30 that are not there in
// ten minutes, and then waits. Only those are counted, so paying people who are there never waits and writes nothing.
//
// # Telephone numbers
//
// A person can be found by a number that they confirmed by a six-digit text. Asking answers the same for every number; whoever reads the
// code has the number, also when somebody else had it (numbers change hands), who is told by mail. It is sealed and found like an e-mail.
//
// # Addresses
//
// A person may save addresses for checkouts. Each is one text sealed with their key; nobody is found by it, and nobody but they read it:
// what a shop is given at a checkout is a copy that payment keeps.
//
// # Passwords
//
// argon2id with 19 MiB, two passes, one lane (OWASP's floor); 15 to 128 characters after RFC 8265 OpaqueString
// preparation, no composition rules, no forced change (NIST SP 800-63B-4, 3.1.1). A new password is compared with a
// list of common long passwords that is part of the binary (breached.txt: some four hundred curated words and
// phrases, not a breach corpus), and with rules that catch what such a list would hold: one unit repeated, runs of
// the alphabet or the keyboard, list words strung together with digits, the person's own handle, e-mail or name. An
// operator can name a file of SHA-1 hashes of breached passwords (sorted, one a line, as Have I Been Pwned publishes
// them), which is then asked as well, on the machine.
//
// # Sessions, keys and how fast they end
//
// Session tokens carry 256 random bits, API keys 160 and a checksum. What was found valid is remembered in the
// process, together with the number of the revocation epoch under which it was read. Whatever takes a right away
// (ending a session, revoking a key, freezing a person, changing a role) raises the epoch in its own transaction. The
// epoch is read again at most half a second after the last reading, and at once after a revocation in the same
// process; an entry of an older epoch is not used. So a revoked token is refused at once here and within half a
// second in every other process, while 3,000 requests a second with valid tokens cost two small reads a second.
//
// A session's token is new after every change of privilege (sign-in, proving the password again, changing it, gaining
// a role). A session ends after 30 idle minutes or 24 hours. After 5 idle minutes it is Locked: the person is known,
// but pages with money ask for the password again (PSD2 RTS, Delegated Regulation (EU) 2018/389, art. 4(3)(d)).
//
// Sandbox or live belongs to the installation: a live one refuses test keys before it looks at the database, and the
// other way round.
//
// # The place of passkeys
//
// A payment's approval stores a Proof: method, person, challenge and time. The challenge is the SHA-256 of what will
// be posted. Today the method is "session" (a session whose password proof is fresh); a passkey will be a second
// method whose assertion signs the very same challenge, and nothing around it changes.
//
// # Invariants
//
//   - One person per handle and per e-mail, kept by unique keyed hashes, also under parallel sign-ups.
//   - A code is bound to its purpose and subject, used once, lives 10 minutes of real time and dies with the fifth wrong try.
//   - A person's key is durable in the keyring before the first row sealed with it.
//   - Codes, sessions, links and throttles live by real time; only Person.CreatedAt and Key.CreatedAt follow the sandbox clock.
package identity
