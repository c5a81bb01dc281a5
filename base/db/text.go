package db

import (
	"strings"
	"unicode/utf8"
)

// Keeps says whether a text can be kept and looked for on both engines: PostgreSQL refuses the character nought and what is no
// UTF-8 with an error, in a condition too. Where texts come in by one door, as in addresses and forms, it is asked there;
// whatever gets further is invalid_parameter when the engine refuses it.
func Keeps(text string) bool { return strings.IndexByte(text, 0) < 0 && utf8.ValidString(text) }
