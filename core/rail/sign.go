package rail

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"billfold/base/seal"
)

// Tolerance is how far a callback's timestamp may be from our real time, either way.
const Tolerance = 5 * time.Minute

// Head is what the headers of a callback say. The edge refuses a header that comes twice.
type Head struct {
	ID        string // webhook-id
	Timestamp string // webhook-timestamp, seconds since 1970 in decimal
	Signature string // webhook-signature: "v1,<base64>", several separated by spaces while a secret is changed
}

// Secret is what we share with a rail that runs in this very installation: derived from the keyring's master key, so it is in
// no database and no file of its own.
func Secret(keys *seal.Keyring, rail string) []byte {
	mac := keys.Mac("rail/secret", []byte(rail))
	return mac[:]
}

// SecretText is the form in which Standard Webhooks writes a secret down.
func SecretText(secret []byte) string { return "whsec_" + base64.StdEncoding.EncodeToString(secret) }

// Sign makes the headers of a callback.
func Sign(secret []byte, id string, at time.Time, body []byte) Head {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	return Head{ID: id, Timestamp: timestamp,
		Signature: "v1," + base64.StdEncoding.EncodeToString(signature(secret, id, timestamp, body))}
}

// Verify checks the headers of a callback against its body. It compares in constant time, and looks at the time only after
// the signature: the timestamp is part of what was signed.
func Verify(secret []byte, h Head, body []byte, now time.Time) error {
	if h.ID == "" || len(h.ID) > 255 || len(h.Signature) > 4096 || strings.ContainsAny(h.ID, ". ") {
		return ErrSignature
	}
	seconds, err := strconv.ParseInt(h.Timestamp, 10, 64)
	if err != nil || strconv.FormatInt(seconds, 10) != h.Timestamp {
		return ErrSignature
	}
	want := signature(secret, h.ID, h.Timestamp, body)
	good := false
	for _, one := range strings.Fields(h.Signature) {
		text, ok := strings.CutPrefix(one, "v1,")
		if !ok {
			continue
		}
		given, err := base64.StdEncoding.Strict().DecodeString(text)
		if err == nil && hmac.Equal(given, want) {
			good = true
		}
	}
	if !good {
		return ErrSignature
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > Tolerance || age < -Tolerance {
		return ErrSignature
	}
	return nil
}

func signature(secret []byte, id, timestamp string, body []byte) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return mac.Sum(nil)
}
