// Package paper writes receipts and statements as PDF: the same words and figures as on the page, in both languages, with the fonts
// inside, so that they look the same on every printer and in twenty years.
//
// Promise: a document says exactly the texts it is given. Nothing in them is an instruction: no script, no form, no link, no file is
// ever in one of our documents, and marks that turn the direction of a text around are left out.
//
// The fonts: sans.ttf and bold.ttf are DejaVu Sans 2.37 (licence of Bitstream Vera), han.ttf is Droid Sans Fallback (Apache 2.0).
// A document carries only the signs it uses.
package paper
