package id

import (
	"crypto/rand"
	"fmt"
	"hash/crc32"
	"strings"
)

// Secret returns n random bytes from the system's generator as lower-case base32 (8 characters for 5 bytes, rounded
// up): session tokens and one-time links take 20 or more. It panics when n is not positive.
func Secret(n int) string {
	if n < 1 {
		panic(fmt.Sprintf("a secret of %d bytes", n))
	}
	// Base32 characters drawn one by one: 256 is a multiple of 32, so the low five bits of a random byte are uniform.
	text := make([]byte, (n*8+4)/5)
	rand.Read(text)
	for i, b := range text {
		text[i] = Letters[b&31]
	}
	return string(text)
}

// Digits returns n random decimal digits, each equally likely, for one-time codes that people type.
func Digits(n int) string {
	if n < 1 {
		panic(fmt.Sprintf("a code of %d digits", n))
	}
	text := make([]byte, 0, n)
	var b [1]byte
	for len(text) < n {
		rand.Read(b[:])
		// 250 is the largest multiple of ten in a byte; taking the rest too would make 0 to 5 likelier.
		if b[0] < 250 {
			text = append(text, '0'+b[0]%10)
		}
	}
	return string(text)
}

// An API key is its prefix, 32 random characters (160 bits) and 7 characters of CRC-32 over all before them, so that
// a typo is told from a revoked key without asking the database, and secret scanners have next to no false alarms.
const (
	keyRandom   = 32
	keyChecksum = 7
)

// NewKey returns a fresh API key, such as "bf_test_sk_…" for the prefix "bf_test_sk_". It panics on a prefix that
// is empty or does not end in an underscore.
func NewKey(prefix string) string {
	if len(prefix) < 2 || !strings.HasSuffix(prefix, "_") {
		panic(fmt.Sprintf("key prefix %q does not end in an underscore", prefix))
	}
	key := prefix + Secret(keyRandom*5/8)
	return key + checksum(key)
}

// ValidKey returns the prefix of a well-formed API key, underscore included, and whether the checksum is right. It
// says nothing about whether the key was ever issued.
func ValidKey(s string) (prefix string, ok bool) {
	if len(s) > 128 {
		return "", false
	}
	cut := strings.LastIndexByte(s, '_') + 1
	if cut < 2 || len(s)-cut != keyRandom+keyChecksum {
		return "", false
	}
	for i := cut; i < len(s); i++ {
		if values[s[i]] == 0xff {
			return "", false
		}
	}
	body := s[:len(s)-keyChecksum]
	if s[len(body):] != checksum(body) {
		return "", false
	}
	return s[:cut], true
}

func checksum(body string) string {
	sum := crc32.ChecksumIEEE([]byte(body))
	var text [keyChecksum]byte
	for i := keyChecksum - 1; i >= 0; i-- {
		text[i] = Letters[sum&31]
		sum >>= 5
	}
	return string(text[:])
}
