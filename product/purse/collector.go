package purse

import (
	"crypto/sha256"

	"billfold/product/purse/proto"
)

func hashFile(file []byte) proto.Hash { return sha256.Sum256(file) }

// Carry has a collector sign that it carries a till's file.
func Carry(collector proto.Signer, network string, id proto.ID, file []byte, at int64) ([]byte, error) {
	bundle, ok := ParseBundle(file)
	var said proto.Statement
	if _, opened := proto.Open(bundle.Statement, &said); !ok || !opened {
		return nil, ErrMessage
	}
	signed, err := proto.Sign(collector, network, proto.Carried{Collector: id, Till: said.Module, File: hashFile(file), At: at})
	return signed.Encode(), err
}

// within tells whether what a till took, by its file, is within a collector's limit in every currency.
func within(certificate []byte, b Bundle) bool {
	var c proto.Certificate
	if _, ok := proto.Open(certificate, &c); !ok {
		return false
	}
	sums := map[string]int64{}
	for _, raw := range b.Records {
		var r proto.Record
		if _, ok := proto.Open(raw, &r); !ok {
			return false
		}
		if r.Event != proto.Taken || r.Transfer == nil {
			continue
		}
		t, ok := c.In(r.Transfer.Currency)
		if !ok || r.Transfer.Value > t.Transaction-sums[r.Transfer.Currency] {
			return false
		}
		sums[r.Transfer.Currency] += r.Transfer.Value
	}
	return true
}
