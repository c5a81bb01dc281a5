// Package tidy reads the source of a Go program and finds where it breaks the rules of its house.
//
// A rule is a function over a Tree, which is parsed source and nothing else: no build, no `go list`, so the whole house
// takes under a second, a file that does not compile is still read, and `go test` sees every file that was looked at and
// runs the rules again when one of them changes. A Tree can be given planted files, which is how the rules are tested.
//
// What the rules are told (the floors, the owners, the exceptions and their reasons) stands in tidy_test.go at the root of
// the repository, because it is about the house and not about how to read it.
package tidy
