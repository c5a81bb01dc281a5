// Package outside lets others judge what we say: programs that are not ours read our documents and our codes.
//
// The promise: what they are is fixed. Their packages are named with their versions and hashes in testdata/npm, are installed by
// `npm ci` without running any script of theirs, and lie in a folder that outlives the test run, so that only the first run
// fetches them. They need Node.js, which nothing but the tests does.
//
//   - redocly reads /openapi.json and finds nothing to complain of;
//   - a client that openapi-typescript makes from it compiles strictly and goes through a sale;
//   - promptparse reads our EMVCo codes, and we read those that it writes;
//   - jsQR and zbarimg read the pictures of our codes, off the pages (test/browser).
package outside
