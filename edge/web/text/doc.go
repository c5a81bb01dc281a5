// Package text holds every sentence the pages say, once per language.
//
// A sentence has a key ("home.available"); en.txt and zh-Hans.txt map the key to the words. The files are embedded and parsed at
// start: a malformed line or a key given twice is a panic then, never a blank on a page. The tests hold three promises: both
// languages have the same keys, with the same holes (%s, %d) in them; no page asks for a key that is not there; no key lies unused.
//
// A line is `key = words`. Lines that start with # and empty lines are ignored. There is no plural machinery: a sentence that
// counts is phrased so that it reads right with any number.
package text
