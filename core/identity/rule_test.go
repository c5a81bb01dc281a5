package identity

import (
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestCleanName(t *testing.T) {
	good := map[string]string{
		"  Lena   Hoffmann ":    "Lena Hoffmann",
		"王小明":                   "王小明",
		"Zoe\u0308 O'Neill":     "Zoë O'Neill",
		"Nguyễn Thị Minh":       "Nguyễn Thị Minh",
		"Ng":                    "Ng",
		strings.Repeat("ä", 80): strings.Repeat("ä", 80),
	}
	for in, want := range good {
		if got, err := CleanName(in); err != nil || got != want {
			t.Errorf("CleanName(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	bad := []string{"", "   ", "123", "-", "Le\u202ena", "Le\u200bna", "Le\u200dna", "\u2066Lena", "Lena\x00", "Lena\u00ad", "Le\ufeffna",
		"Lena\ufe0f", "\u3164", "Lena\u2800", strings.Repeat("a", 81), "L\u0301\u0301\u0301\u0301\u0301ena", "Lena\xff", "Lena\U000e0041",
		strings.Repeat(" ", 2000) + "Lena"}
	for _, in := range bad {
		if got, err := CleanName(in); !errors.Is(err, ErrName) {
			t.Errorf("CleanName(%q) = %q, %v; want a refusal", in, got, err)
		}
	}
	if got, err := CleanName("Lena\r\nBcc: x@y.z"); err != nil || got != "Lena Bcc: x@y.z" {
		t.Errorf("a line break became %q, %v; want a space", got, err)
	}
}

func TestCleanHandle(t *testing.T) {
	for in, want := range map[string]string{"Lena": "lena", " @xiao_wang ": "xiao_wang", "cafe.linden": "cafe.linden", "a1_": "a1_"} {
		if got, err := CleanHandle(in); err != nil || got != want {
			t.Errorf("CleanHandle(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", "ab", "123", "le na", "lena!", "léna", "lenа", "@@lena", ".lena", "lena.", "le..na",
		strings.Repeat("a", 31), "İlena"} {
		if _, err := CleanHandle(in); !errors.Is(err, ErrHandle) {
			t.Errorf("CleanHandle(%q): %v; want handle_invalid", in, err)
		}
	}
	for _, in := range []string{"admin", "Billfold", "bill.fold", "_admin_", "billfold_support", "decline"} {
		if _, err := CleanHandle(in); !errors.Is(err, ErrHandleReserved) {
			t.Errorf("CleanHandle(%q): %v; want handle_reserved", in, err)
		}
	}
}

func TestCleanEmail(t *testing.T) {
	for in, want := range map[string]string{" Lena@Example.ORG ": "lena@example.org", "a.b+c@x-y.co": "a.b+c@x-y.co",
		"a@xn--fsq.com": "a@xn--fsq.com"} {
		if got, err := CleanEmail(in); err != nil || got != want {
			t.Errorf("CleanEmail(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", "lena", "@x.org", "lena@", "lena@localhost", "a@b@c.org", "a b@c.org",
		"a@c.org\r\nBcc: d@e.org", "a..b@c.org",
		".a@c.org", "a@-c.org", "a@c..org", "a@[127.0.0.1]", "a@127.0.0.1", `"a b"@c.org`, "<a@c.org>", "ä@c.org", "a@ä.org",
		strings.Repeat("a", 65) + "@c.org", "a@" + strings.Repeat("c", 64) + ".org", "a@" + strings.Repeat("c.", 130) + "org"} {
		if got, err := CleanEmail(in); !errors.Is(err, ErrEmail) {
			t.Errorf("CleanEmail(%q) = %q, %v; want a refusal", in, got, err)
		}
	}
}

func TestMask(t *testing.T) {
	for in, want := range map[string]string{
		"Lena Hoffmann": "Lena H.", "Anna Maria de la Cruz": "Anna C.", "Lena": "L***", "lena": "L***", "X Ærø": "X Æ***",
		"王小明": "*小明", "王明": "*明", "王": "*", "欧阳娜娜": "**娜娜", "王 小明": "*小明", "买买提·艾力": "买买提·*", "김민준": "*민준", "": "***", "Ng": "N***",
	} {
		if got := Mask(in); got != want {
			t.Errorf("Mask(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestGuessablePasswords(t *testing.T) {
	own := []string{"Lena Hoffmann", "lena.h", "lenahoffmann.berlin"}
	for _, p := range []string{
		"passwordpassword", "Password12345678", "P@ssw0rd-P@ssw0rd", "correct horse battery staple", "CorrectHorseBatteryStaple1",
		"aaaaaaaaaaaaaaaa", "abababababababab", "abcdabcdabcdabcd", "abcdefghijklmnop", "ponmlkjihgfedcba", "qwertyuiopasdfgh",
		"123456789012345", "1qaz2wsx3edc4rfv",
		"lenahoffmann2024", "hoffmannlenahoffmann", "LenaHoffmannBerlin99", "billfoldbillfold1", "iloveyoumonkey123",
		"20240101 20240102", "!!!!!!????????....", "xK7xK7xK7xK7xK7xK7",
		"woaini5201314520", "1234567890abc1234567890",
	} {
		if !guessable(p, own...) {
			t.Errorf("%q was not found guessable", p)
		}
	}
	for _, p := range []string{"teapot under gravel sky", "vG7#kq0Zr!mWx2Lp", "herbst trommel nagel", "lena keeps seven odd geese",
		"床前明月光疑是地上霜举头望明月低头思"} {
		if guessable(p, own...) {
			t.Errorf("%q was found guessable", p)
		}
	}
}

func TestPreparePassword(t *testing.T) {
	nfd, err := preparePassword("cafe\u0301 terrace in may")
	if err != nil {
		t.Fatal(err)
	}
	if nfc, _ := preparePassword("caf\u00e9\u00a0terrace in may"); nfc != nfd {
		t.Errorf("two keyboards' forms of one password differ: %q, %q", nfd, nfc)
	}
	if _, err := preparePassword(strings.Repeat("好", 128)); err != nil {
		t.Errorf("128 characters were refused: %v", err)
	}
	if _, err := preparePassword(strings.Repeat("a", 129)); !errors.Is(err, ErrPasswordLong) {
		t.Errorf("129 characters: %v", err)
	}
	if _, err := preparePassword(strings.Repeat("a", 1<<20)); !errors.Is(err, ErrPasswordLong) {
		t.Errorf("a megabyte: %v", err)
	}
	if _, err := preparePassword("line\nbreak in a password"); !errors.Is(err, ErrPasswordCharacters) {
		t.Errorf("a line break: %v", err)
	}
}

func TestBreachedFile(t *testing.T) {
	var lines []string
	in := func(i int) string { return fmt.Sprintf("breached password number %d", i) }
	for i := range 500 {
		sum := sha1.Sum([]byte(in(i)))
		lines = append(lines, strings.ToUpper(hex.EncodeToString(sum[:]))+fmt.Sprintf(":%d", i*i))
	}
	slices.Sort(lines)
	for name, text := range map[string]string{
		"unix": strings.Join(lines, "\n") + "\n", "windows": strings.Join(lines, "\r\n") + "\r\n", "cut": strings.Join(lines, "\n"),
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		b, err := openBreachFile(path)
		if err != nil {
			t.Fatal(err)
		}
		defer b.close()
		for i := range 500 {
			if ok, err := b.has(in(i)); err != nil || !ok {
				t.Fatalf("%s: %q: %v, %v", name, in(i), ok, err)
			}
			if ok, err := b.has(in(i) + "!"); err != nil || ok {
				t.Fatalf("%s: %q: %v, %v", name, in(i)+"!", ok, err)
			}
		}
	}
	path := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(path, []byte("password\nletmein\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openBreachFile(path); err == nil {
		t.Error("a list of plain passwords was taken for one of hashes")
	}
}

func TestBucketBacksOffAndForgets(t *testing.T) {
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	var b bucket
	var wait time.Duration
	for i := range accountRule.free + 1 {
		if b, wait = b.take(now, accountRule); wait != 0 {
			t.Fatalf("try %d was refused", i+1)
		}
	}
	if b, wait = b.take(now, accountRule); wait != accountRule.base {
		t.Fatalf("the wait is %v, want %v", wait, accountRule.base)
	}
	longest := time.Duration(0)
	for range 100 {
		now = b.until
		if b, wait = b.take(now, accountRule); wait != 0 {
			t.Fatal("a try after the wait was refused")
		}
		_, wait = b.take(now, accountRule)
		longest = max(longest, wait)
	}
	if longest != accountRule.most {
		t.Errorf("the longest wait is %v, want %v", longest, accountRule.most)
	}
	b, wait = b.take(now.Add(accountRule.rest), accountRule)
	if wait != 0 || b.tries != 1 {
		t.Errorf("after a rest: %d tries, wait %v", b.tries, wait)
	}
}

func TestNetwork(t *testing.T) {
	for in, want := range map[string]string{"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"fe80::1%eth0":         "fe80::/64", "": "unknown", "nonsense": "unknown"} {
		if got := network(in); got != want {
			t.Errorf("network(%q) = %q, want %q", in, got, want)
		}
	}
}
