// Package reply is what every edge answers the same way: which status of HTTP a kind of fault has, and which fault an error is.
//
// Promise: one refusal has one status, whether a program or a person reads it; an error that names no fault says nothing of its cause.
package reply
