package seal

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// testdata/keyring was written by the first version, under the master key 0f0f…, with these two values beside it. A
// version that cannot read it has lost somebody's data: such a change needs a new version byte and a way to read the
// old one.
const (
	goldenField = "0134f8c3d1678baf552c2a77cc90c7ba11985cb0490ac28bcc16953eb26885e0b03634a224b97721f5ba"
	goldenMac   = "b0ca03f70edfd54f8f2de96e94c14ad345e1961e35298978c0f42ea2102e6731"
)

func TestTheFirstVersionsKeyringStillOpens(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", ringName))
	must(t, err)
	dir := t.TempDir()
	writeRing(t, dir, b)
	k, err := Open(Options{Dir: dir, MasterKey: strings.Repeat("0f", keySize)})
	must(t, err)
	defer k.Close()
	field, err := hex.DecodeString(goldenField)
	must(t, err)
	if plain, err := k.Open("usr_1", row, field); err != nil || string(plain) != "Lena Hoffmann" {
		t.Errorf("the field reads %q, %v", plain, err)
	}
	if sum := k.Mac("identity.email", []byte("lena@example.org")); hex.EncodeToString(sum[:]) != goldenMac {
		t.Errorf("the MAC is %x", sum)
	}
}
