// Package ui draws the pages: components and whole pages as templ templates over plain view structs.
//
// It knows no service and no request. A handler fills a view, puts a Scene (who looks, in which language, zone and theme) into the
// context and renders; the gallery does the same with canned views, so every state of every component can be looked at and tested
// without a payment having to be in that state.
//
// Invariants: no page holds a sentence of its own, all words come from package text; nothing is inline (no style, no script, no
// handler attribute), so the Content-Security-Policy can stay at 'self'; every figure of money is drawn by the Money component,
// with tabular figures, "+" for what comes in and U+2212 for what goes out; names are isolated from the direction of the text
// around them, so a bidi trick in a name stays inside the name.
package ui
