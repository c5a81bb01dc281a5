// Package manual is the documentation for developers that the program carries: pages in both languages, samples, and the reference made
// from the OpenAPI document.
//
// The promise: each sample that is shown is run by a test, as it is shown. Pages and samples are files beside this package; both
// languages show the same samples and have the same sections. Nothing in a page runs: no script, no style, no frame.
package manual
