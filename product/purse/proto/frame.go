package proto

import (
	"encoding/base32"
	"encoding/binary"
	"hash/crc32"
	"strings"
)

// framePrefix begins every text frame: which protocol and which version. All characters of a frame are in the alphanumeric mode of QR
// codes (ISO/IEC 18004), where one takes 5.5 bits, and none is a space that a terminal or a person could lose.
const framePrefix = "BFP1:"

var frameText = base32.StdEncoding.WithPadding(base32.NoPadding)

// Frame writes an envelope as text. A checksum stands at its end, because text is copied by hands.
func Frame(envelope []byte) string {
	b := binary.BigEndian.AppendUint32(append([]byte(nil), envelope...), crc32.ChecksumIEEE(envelope))
	return framePrefix + frameText.EncodeToString(b)
}

// ParseFrame is the inverse of Frame. It ignores white space around the text.
func ParseFrame(text string) (envelope []byte, ok bool) {
	body, ok := strings.CutPrefix(strings.TrimSpace(text), framePrefix)
	if !ok || len(body) > 2*MaxMessage {
		return nil, false
	}
	b, err := frameText.DecodeString(body)
	if err != nil || len(b) < 4 || frameText.EncodeToString(b) != body {
		return nil, false
	}
	envelope = b[:len(b)-4]
	return envelope, binary.BigEndian.Uint32(b[len(envelope):]) == crc32.ChecksumIEEE(envelope)
}
