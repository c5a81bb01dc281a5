// Package dial is the only way out: every connection to somebody else's server, for webhooks, rails and mail, is made here.
//
// Promise: an address that a person wrote down cannot be used to reach inside: not this machine, not its network, not
// a cloud's metadata service. An answer cannot take longer or be larger than the caller allows.
//
// Invariants:
//   - A name is resolved once, every address it gives is checked, and the connection goes to one of those very
//     addresses: a name that answers differently the next time (DNS rebinding) gains nothing. The address is checked
//     once more by the socket itself, right before it connects.
//   - One inside address among several refuses the whole name.
//   - Addresses have one spelling: dotted decimal, or IPv6 without a zone. Names that end in a number (2130706433,
//     0177.0.0.1, 0x7f.1) are refused before any resolver can interpret them.
//   - Redirects are not followed: the 3xx is the answer. Proxy settings of the environment are ignored.
//   - Ports are 80, 443 and from 1024 on, and those the caller adds.
package dial
