// Package web is Billfold's pages: wallet, checkout, shop, operator and sandbox, in English and Simplified Chinese.
//
// Promise: whatever can be done here is done by plain forms and links; JavaScript only makes it smoother. A page that moves money
// shows what it will do first, carries the id of the object it acts on, and may be sent any number of times: it happens once.
// Every refusal is a page that says the cause, the way out, whether money moved, and the request's id.
//
// Invariants:
//   - GET changes nothing. Every change is a POST with a form token, from our own origin, answered by 303 (two exceptions are argued
//     where they stand: a form that came back, and a secret that is shown once).
//   - Private pages are never stored by a cache. Nothing inline: the Content-Security-Policy has no 'unsafe-…' in it.
//   - Nobody sees what is not theirs: other people's things answer 404, as if they did not exist.
//   - A redirect leads to a path of ours only; the one way out is the return link of a checkout, checked when the session was made.
//
// The package has no rule of its own about money: it translates services of core to views of package ui and forms back to verbs.
package web
