package proto

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"reflect"
	"strings"
	"testing"
)

func someTransfer() Transfer {
	return Transfer{From: ID{1}, FromSeq: 300, To: ID{2}, ToSeq: 7, Value: 420, Currency: "EUR", Purpose: Purchase, Ref: []byte{}}
}

func someCertificate() Certificate {
	return Certificate{ID: ID{1}, Role: Acceptor, Class: 2, Epoch: 3, NotBefore: 1_700_000_000, NotAfter: 1_800_000_000, Key: Key{9},
		Name:  "Café Łódź 咖啡",
		Count: 20, Hops: true, Terms: []Terms{{"EUR", 2, 5000, 2000, 5000}, {"JPY", 0, 5000, 2000, 5000}}}
}

// bodies are one of every kind of message, with a fresh one to decode into.
func bodies() []struct {
	name  string
	value Body
	fresh func() Reading
} {
	t := someTransfer()
	return []struct {
		name  string
		value Body
		fresh func() Reading
	}{
		{"certificate", someCertificate(), func() Reading { return &Certificate{} }},
		{"hello", Hello{[]byte("certificate"), 1 << 40, 0}, func() Reading { return &Hello{} }},
		{"request", Request{t}, func() Reading { return &Request{} }},
		{"value", Value{t}, func() Reading { return &Value{} }},
		{"ack", Ack{t}, func() Reading { return &Ack{} }},
		{"exception", Exception{ID{1}, Payer, t}, func() Reading { return &Exception{} }},
		{"clear", Clear{ID{1}, Hash{2}}, func() Reading { return &Clear{} }},
		{"params", Params{ID{1}, 4, 1_700_000_000, []byte("c"), 12, Hash{3}, true, false, []ID{{1}, {2}}}, func() Reading { return &Params{} }},
		{"record", Record{ID{1}, 1, Hash{}, Paid, -5, Payer, &t, 3, []Slot{{"EUR", 1, 2, 3}}, 1, []byte("e")},
			func() Reading { return &Record{} }},
		{"statement", Statement{ID{1}, []byte("n"), 3, 4, Hash{5}, nil, 1, Payee, &t, Hash{}, 2}, func() Reading { return &Statement{} }},
		{"order", Order{ID{1}, 2, "EUR", "USD", 1, 2}, func() Reading { return &Order{} }},
		{"carried", Carried{ID{1}, ID{2}, Hash{3}, 4}, func() Reading { return &Carried{} }},
	}
}

// Whatever is encoded decodes to the same value; no kind is taken for another; no truncation or extension is taken at all.
func TestEveryBody(t *testing.T) {
	for _, b := range bodies() {
		payload := Encode(b.value)
		into := b.fresh()
		if !Decode(payload, into) || !bytes.Equal(Encode(into), payload) {
			t.Errorf("%s does not come back: %x", b.name, payload)
		}
		for n := range payload {
			if Decode(payload[:n], b.fresh()) {
				t.Errorf("%s is taken when cut to %d bytes", b.name, n)
			}
		}
		if Decode(append(payload[:len(payload):len(payload)], 0), b.fresh()) {
			t.Errorf("%s is taken with a byte more", b.name)
		}
		for _, other := range bodies() {
			if other.name != b.name && Decode(payload, other.fresh()) {
				t.Errorf("%s is taken for %s", b.name, other.name)
			}
		}
	}
}

// A head that is longer than it has to be, an indefinite length, a number too large: RFC 8949 section 4.2.1 has one form for each.
func TestOnlyDeterministicHeads(t *testing.T) {
	for _, n := range []uint64{0, 23, 24, 255, 256, 65535, 65536, 1<<32 - 1, 1 << 32, 1<<64 - 1} {
		var w Writer
		w.Uint(n)
		if r := NewReader(w.Bytes()); r.Uint() != n || !r.Done() {
			t.Errorf("%d does not come back", n)
		}
	}
	for _, bad := range []string{"1800", "1817", "190000", "1900ff", "1a00000000", "1a0000ffff", "1b0000000000000000", "1b00000000ffffffff",
		"1c", "1f", "18", "19ff", "20", "f5", ""} {
		b, _ := hex.DecodeString(bad)
		if r := NewReader(b); r.Uint() != 0 || r.Done() {
			t.Errorf("%s is taken for a number", bad)
		}
	}
	for _, n := range []int64{0, -1, -24, -25, 1<<63 - 1, -1 << 63} {
		var w Writer
		w.Int(n)
		if r := NewReader(w.Bytes()); r.Int() != n || !r.Done() {
			t.Errorf("%d does not come back", n)
		}
	}
	if r := NewReader([]byte{0x3b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}); r.Int() != 0 || r.Done() {
		t.Error("-2^64 is taken")
	}
}

// What a payer is shown must be what it looks like.
func TestNamesAreVisible(t *testing.T) {
	for _, good := range []string{"", "Café", "咖啡", "Ann & Bob 2"} {
		if !visible(good) {
			t.Errorf("%q is refused", good)
		}
	}
	for _, bad := range []string{" a", "a ", "a  b", "a\u202eb", "a\nb", "a\u200bb", "\xff", "a\u00a0b", "\u2066"} {
		if visible(bad) {
			t.Errorf("%q is taken", bad)
		}
	}
}

// RFC 6979 appendix A.2.5, P-256 with SHA-256, "sample".
func TestSignaturesAreRFC6979(t *testing.T) {
	secret, _ := hex.DecodeString("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")
	key, err := ParsePrivateKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := key.Sign(sha256.Sum256([]byte("sample")))
	const want = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716" +
		"f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
	if err != nil || hex.EncodeToString(sig[:]) != want {
		t.Errorf("signature %x, %v", sig, err)
	}
}

// A signature holds for one payload, one key and one network.
func TestSignaturesBind(t *testing.T) {
	key, _ := ParsePrivateKey(bytes.Repeat([]byte{1}, 32))
	other, _ := ParsePrivateKey(bytes.Repeat([]byte{2}, 32))
	s, err := Sign(key, "test/a", Value{someTransfer()})
	if err != nil {
		t.Fatal(err)
	}
	raw := s.Encode()
	if len(raw) > 150 {
		t.Errorf("a VAL has %d bytes; a moderate QR code takes 150", len(raw))
	}
	var v Value
	back, ok := Open(raw, &v)
	if !ok || !v.Same(someTransfer()) || !reflect.DeepEqual(back, s) || !back.Verify("test/a", key.Public(), nil) {
		t.Error("the message does not come back")
	}
	if back.Verify("live/a", key.Public(), nil) || back.Verify("test/a", other.Public(), nil) || back.Verify("test/a", Key{}, nil) {
		t.Error("another network, key or no key verifies")
	}
	for i := range raw {
		for _, flip := range []byte{1, 128} {
			raw[i] ^= flip
			if m, ok := Open(raw, &Value{}); ok && m.Verify("test/a", key.Public(), nil) {
				t.Errorf("byte %d changed and it still verifies", i)
			}
			raw[i] ^= flip
		}
	}
	h := Hello{Certificate: func() []byte { s, _ := Sign(key, "test/a", someCertificate()); return s.Encode() }()}
	if n := len(Encode(h)); n > 280 {
		t.Errorf("a HELLO of two currencies and a name has %d bytes", n)
	}
}

// The set's hash says which exceptions, not in which order, and not how often anything.
func TestHashSet(t *testing.T) {
	a, b := Exception{ID{1}, Payer, someTransfer()}, Exception{ID{1}, Payee, someTransfer()}
	if HashSet([]Exception{a, b}) != HashSet([]Exception{b, a}) || HashSet([]Exception{a}) == HashSet([]Exception{b}) ||
		HashSet([]Exception{a}) == HashSet([]Exception{a, a}) || HashSet(nil) != (Hash{}) {
		t.Error("the hash does not name the set")
	}
}

// A frame survives a careless hand around it, and nothing inside it.
func TestFrames(t *testing.T) {
	envelope := Command{INSHello, []byte("data")}.Encode()
	text := Frame(envelope)
	if strings.ContainsFunc(text, func(r rune) bool {
		return !strings.ContainsRune("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ$%*+-./:", r)
	}) {
		t.Errorf("%s is not alphanumeric in a QR code's sense", text)
	}
	if back, ok := ParseFrame("  " + text + "\n"); !ok || !bytes.Equal(back, envelope) {
		t.Error("the frame does not come back")
	}
	for i := range text {
		bad := []byte(text)
		if bad[i] == 'A' {
			bad[i] = 'B'
		} else {
			bad[i] = 'A'
		}
		if _, ok := ParseFrame(string(bad)); ok {
			t.Errorf("character %d changed and the frame is taken", i)
		}
	}
	for _, bad := range []string{"", "BFP1:", "BFP1:A", strings.ToLower(text), text + "A", text[1:]} {
		if _, ok := ParseFrame(bad); ok {
			t.Errorf("%q is taken", bad)
		}
	}
}

// Envelopes have one form.
func TestEnvelopes(t *testing.T) {
	c := Command{INSDebit, bytes.Repeat([]byte{7}, 300)}
	if back, ok := ParseCommand(c.Encode()); !ok || !reflect.DeepEqual(back, c) {
		t.Error("the command does not come back")
	}
	for _, bad := range []string{"", "80", "805000000000", "81500000000000", "80500100000000", "80500001000000", "80500000010000",
		"80500000000001", "8050000000000000"} {
		b, _ := hex.DecodeString(bad)
		if _, ok := ParseCommand(b); ok {
			t.Errorf("%s is taken", bad)
		}
	}
	if data, sw, ok := ParseResponse(EncodeResponse([]byte{1}, OK)); !ok || sw != OK || len(data) != 1 {
		t.Error("the response does not come back")
	}
	if _, _, ok := ParseResponse(EncodeResponse([]byte{1}, WrongState)); ok {
		t.Error("a refusal with data is taken")
	}
}

// FuzzDecode shows for every decoder: no panic, and what is taken encodes to the same bytes.
func FuzzDecode(f *testing.F) {
	key, _ := ParsePrivateKey(bytes.Repeat([]byte{1}, 32))
	for _, b := range bodies() {
		f.Add(Encode(b.value))
		s, err := Sign(key, "test", b.value)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(s.Encode())
	}
	t := someTransfer()
	f.Add(Start{[]byte("h"), 1, "EUR", Purchase, nil}.Encode())
	f.Add(Introduced{[]byte("c"), []byte("m")}.Encode())
	f.Add(Holdings{[]Slot{{"EUR", 1, 2, 3}}, Payer, &t, 1, true, false}.Encode())
	f.Add(Command{INSHello, []byte("d")}.Encode())
	f.Add([]byte(Frame([]byte("envelope"))))
	f.Fuzz(func(t *testing.T, in []byte) {
		same := func(what string, ok bool, out []byte) {
			if ok && !bytes.Equal(in, out) {
				t.Fatalf("%s: %x decodes and encodes to %x", what, in, out)
			}
		}
		for _, b := range bodies() {
			into := b.fresh()
			if Decode(in, into) {
				same(b.name, true, Encode(into))
			}
		}
		s, ok := ParseSigned(in)
		same("signed", ok, s.Encode())
		start, ok := ParseStart(in)
		same("start", ok, start.Encode())
		i, ok := ParseIntroduced(in)
		same("introduced", ok, i.Encode())
		h, ok := ParseHoldings(in)
		same("holdings", ok, h.Encode())
		c, ok := ParseCommand(in)
		same("command", ok, c.Encode())
		data, sw, ok := ParseResponse(in)
		same("response", ok, EncodeResponse(data, sw))
		if e, ok := ParseFrame(string(in)); ok && Frame(e) != strings.TrimSpace(string(in)) {
			t.Fatalf("frame %q", in)
		}
	})
}
