// Package browser lets tests use Billfold the way people do: in a real browser, in their language, on their screen.
//
// The promise: what a walk did, a person can do. A visitor finds things by the words on them and by the names of form
// fields, clicks with the mouse where the thing is on the screen, types on the keyboard, and waits for what they would see
// next. While a visitor walks, every uncaught exception of the page, every error in its console and every breach of its
// Content-Security-Policy fails the test; so does any finding of axe, with which every page of a walk is checked.
//
// The words come from the catalogue that the pages are drawn with, so a walk is written once and walked in each language.
package browser
