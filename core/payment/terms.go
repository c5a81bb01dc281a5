package payment

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits of what a payment carries, in bytes.
const (
	maxDescription = 500
	maxReference   = 100
	maxMetadata    = 50
	maxMetaKey     = 40
	maxMetaValue   = 500
)

// check refuses terms that could never become a payment, and fills in what was left open. It looks nothing up.
func (t Terms) check(now time.Time) (Terms, error) {
	if t.Capture == "" {
		t.Capture = Automatic
	}
	if t.Capture != Automatic && t.Capture != Manual && t.Capture != ByLink {
		return t, ErrCapture.With("capture")
	}
	if t.Amount.Currency.Code == "" {
		return t, ErrCurrency.Fill("?").With("currency")
	}
	if err := t.Amount.Positive(); err != nil {
		return t, err
	}
	if err := plain("description", t.Description, maxDescription, true); err != nil {
		return t, err
	}
	if err := plain("reference", t.Reference, maxReference, false); err != nil {
		return t, err
	}
	if err := checkMetadata(t.Metadata); err != nil {
		return t, err
	}
	if t.ExpiresAt.IsZero() {
		t.ExpiresAt = now.Add(DefaultExpiry)
	}
	if t.ExpiresAt.Before(now.Add(ShortestExpiry)) || t.ExpiresAt.After(now.Add(LongestExpiry)) {
		return t, ErrExpiry.With("expires_at")
	}
	t.ExpiresAt = t.ExpiresAt.UTC().Truncate(time.Microsecond)
	if t.HoldFor == 0 {
		t.HoldFor = DefaultHold
	}
	if t.HoldFor < ShortestExpiry || t.HoldFor > LongestHold {
		return t, ErrExpiry.With("hold_for")
	}
	t.HoldFor = t.HoldFor.Truncate(time.Microsecond)
	return t, nil
}

func checkMetadata(meta map[string]string) error {
	if len(meta) > maxMetadata {
		return ErrMetadata.With("metadata")
	}
	for key, value := range meta {
		if key == "" || len(key) > maxMetaKey || len(value) > maxMetaValue || !printable(key, false) || !printable(value, true) {
			return ErrMetadata.With("metadata")
		}
	}
	return nil
}

// plain refuses text that is not valid UTF-8, is too long or holds control characters; lines allows line breaks and tabs.
func plain(param, s string, limit int, lines bool) error {
	if len(s) > limit || !printable(s, lines) {
		return ErrText.Fill(strconv.Itoa(limit)).With(param)
	}
	return nil
}

// printable also refuses the bidirectional overrides: they let a text read other than it is (Trojan Source, CVE-2021-42574).
func printable(s string, lines bool) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		switch {
		case lines && (r == '\n' || r == '\t' || r == '\r'):
		case unicode.IsControl(r), r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069, r == utf8.RuneError:
			return false
		}
	}
	return true
}

// approvalTerms are the facts a payer approves, as they stand in the row that is posted.
type approvalTerms struct {
	installation  string
	payment       ID
	payer, payee  string
	payeeName     string
	amount        int64
	currency      string
	fee           int64
	totalDebit    int64
	debitCurrency string
	quote         string
	expiresAt     int64 // microseconds UTC
	nonce         []byte
	version       int
}

// Digest is the SHA-256 of the canonical list of terms: every field as a netstring (decimal length, colon, bytes, comma), in
// the fixed order format version, installation, payment, payer, payee, payee name shown, amount, currency, fee, total debit,
// its currency, quote, expiry, nonce. No two lists of terms have the same bytes, because every field says its own length.
func (t approvalTerms) digest() [32]byte {
	b := make([]byte, 0, 400)
	field := func(s string) {
		b = strconv.AppendInt(b, int64(len(s)), 10)
		b = append(b, ':')
		b = append(b, s...)
		b = append(b, ',')
	}
	number := func(n int64) { field(strconv.FormatInt(n, 10)) }
	number(int64(t.version))
	field(t.installation)
	field(string(t.payment))
	field(t.payer)
	field(t.payee)
	field(t.payeeName)
	number(t.amount)
	field(t.currency)
	number(t.fee)
	number(t.totalDebit)
	field(t.debitCurrency)
	field(t.quote)
	number(t.expiresAt)
	field(string(t.nonce))
	return sha256.Sum256(b)
}

// sameDigest compares what a person saw with what would be posted. An empty one came from a token, whose owner's program
// approved by calling.
func sameDigest(shown string, now [32]byte) error {
	if shown == "" {
		return nil
	}
	raw, err := hex.DecodeString(strings.ToLower(shown))
	if err != nil || len(raw) != len(now) || [32]byte(raw) != now {
		return ErrMismatch.With("digest")
	}
	return nil
}
