package seal

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"testing"
)

func TestMacIsStableAndKeyed(t *testing.T) {
	dir := t.TempDir()
	k := open(t, dir)
	mail := k.Mac("identity.email", []byte("lena@example.org"))
	if k.Mac("identity.email", []byte("lena@example.org")) != mail {
		t.Error("the same parts gave another sum")
	}
	if k.Mac("identity.handle", []byte("lena@example.org")) == mail {
		t.Error("two purposes share a key")
	}
	other := open(t, t.TempDir())
	if other.Mac("identity.email", []byte("lena@example.org")) == mail {
		t.Error("two keyrings share a key")
	}
	must(t, k.Create("usr_1"))
	must(t, k.Destroy("usr_1"))
	must(t, k.Close())
	k = open(t, dir)
	if k.Mac("identity.email", []byte("lena@example.org")) != mail {
		t.Error("the sum changed with a restart: every blind index would be lost")
	}
}

func TestMacPartsDoNotRunTogether(t *testing.T) {
	m := open(t, t.TempDir()).MacKey("ledger.entry")
	seen := map[[32]byte]int{}
	for i, parts := range [][][]byte{
		nil, {nil}, {nil, nil}, {[]byte("abc")}, {[]byte("ab"), []byte("c")}, {[]byte("a"), []byte("bc")},
		{[]byte("a"), []byte("b"), []byte("c")}, {[]byte("abc"), nil}, {nil, []byte("abc")},
		{make([]byte, 8)}, {make([]byte, 16)}, {make([]byte, 2*maxPooled)},
	} {
		sum := m.Sum(parts...)
		if before, ok := seen[sum]; ok {
			t.Errorf("parts %d and %d have one sum", before, i)
		}
		seen[sum] = i
		if !m.Check(sum[:], parts...) || m.Check(sum[:31], parts...) || m.Check(nil, parts...) {
			t.Errorf("Check of parts %d", i)
		}
	}
}

// What the sum is made of is part of the stored format: tags of old entries have to hold for ever.
func TestMacFormat(t *testing.T) {
	k := open(t, t.TempDir())
	root := k.keys[macRoot].bytes
	secret, err := hkdf.Key(sha256.New, root[:], nil, "billfold mac v1 ledger.entry", 32)
	must(t, err)
	h := hmac.New(sha256.New, secret)
	for _, part := range []string{"ent_1", "4850"} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		h.Write([]byte(part))
	}
	sum := k.Mac("ledger.entry", []byte("ent_1"), []byte("4850"))
	if !hmac.Equal(h.Sum(nil), sum[:]) {
		t.Error("the format of a sum changed")
	}
}

func TestMacConcurrently(t *testing.T) {
	k := open(t, t.TempDir())
	want := k.Mac("p", []byte("x"))
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 200 {
				if k.Mac("p", []byte("x")) != want {
					t.Error("a sum was mixed up")
					return
				}
			}
		})
	}
	group.Wait()
}

func TestMacOfAClosedKeyringPanics(t *testing.T) {
	k := open(t, t.TempDir())
	must(t, k.Close())
	defer func() {
		if recover() == nil {
			t.Error("a tag was made without a key")
		}
	}()
	k.Mac("p")
}

func BenchmarkMac(b *testing.B) {
	k, err := OpenFile(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer k.Close()
	m := k.MacKey("ledger.entry")
	b.ReportAllocs()
	for b.Loop() {
		var id [16]byte
		var amount [8]byte
		m.Sum(id[:], amount[:], []byte("payment.purchase"))
	}
}
