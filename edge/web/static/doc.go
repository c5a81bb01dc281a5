// Package static holds the files every page is dressed with: one style sheet, one module of our own, htmx, the typeface, the marks.
//
// Vendored as published: htmx.js is htmx.org 4.0.1 (0BSD); inter.woff2 is the Latin subset of Inter from @fontsource-variable/inter
// 5.3.0 (OFL 1.1, its text in inter.LICENSE.txt).
//
// barcode.js is barcode-detector 3.2.2's ponyfill (MIT) and zxing.wasm the reader of zxing-wasm 3.1.3 (MIT; zxing-cpp inside is
// Apache-2.0): their texts are in barcode.LICENSE.txt. Only the scanner's page loads them, the second one only when something is scanned.
//
// The style sheet lies in several files and is served as one: app.css holds the layers, the tokens and the layout; style/*.css hold
// the components, a file a room. A new page adds a file there (or a rule to one); nothing lists them.
//
// Each file is served under a name that carries a hash of its content, so it may be cached for ever and a new release is never
// shown in old clothes. What compresses is compressed once, at start. Nothing outside the table can be asked for: there is no
// directory behind the address, only a map.
package static
