package qr

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"billfold/base/fault"
	"billfold/base/money"
)

// published is the example of the standard's annex, with templates of other schemes, a name in Chinese and a tip to ask for.
const published = "00020101021229300012D156000000000510A93FO3230Q31280012D15600000001030812345678520441115802CN5914BEST TRANSPORT" +
	"6007BEIJING64200002ZH0104最佳运输0202北京540523.7253031565502016233030412340603***0708A60086670902ME" +
	"91320016A0112233449988770708123456786304A13A"

func TestPublishedExample(t *testing.T) {
	c, err := Parse(published)
	if err != nil {
		t.Fatal(err)
	}
	amount, set, err := c.Money()
	if err != nil || !set || amount.String() != "23.72 CNY" {
		t.Errorf("the amount is %s, %v, %v", amount, set, err)
	}
	for what, pair := range map[string][2]string{
		"method":   {c.Method, Dynamic},
		"category": {c.Category, "4111"},
		"name":     {c.Name, "BEST TRANSPORT"},
		"city":     {c.City, "BEIJING"},
		"local":    {c.Local.Language + c.Local.Name + c.Local.City, "ZH最佳运输北京"},
		"store":    {c.Additional.Store, "1234"},
		"customer": {c.Additional.Customer, AskPayer},
		"terminal": {c.Additional.Terminal, "A6008667"},
		"request":  {c.Additional.Request, "ME"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %q, not %q", what, pair[0], pair[1])
		}
	}
	if account, ok := c.Account("d15600000001"); !ok || account.ID != 31 || account.Get(3) != "12345678" {
		t.Errorf("the second account is %v", account)
	}
	if other, ok := c.Other("A011223344998877"); !ok || other.Get(7) != "12345678" {
		t.Errorf("the unreserved template is %v", other)
	}
	if c.Tip.Kind != AskTip {
		t.Errorf("the tip is %v", c.Tip)
	}
	again, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if second, err := Parse(again); err != nil || len(again) != len(published) || second.Name != c.Name {
		t.Errorf("written again it is %q: %v", again, err)
	}
}

// Every way to break the example is refused, with the object where it is broken, and a changed character is told from a wrong form.
func TestBroken(t *testing.T) {
	resum := func(s string) string { body := s[:len(s)-4]; return body + checksum(body) }
	swap := func(old, new string) string { return resum(strings.Replace(published, old, new, 1)) }
	cases := []struct {
		name, payload string
		want          *fault.Fault
		param         string
	}{
		{"another amount", strings.Replace(published, "23.72", "03.72", 1), ErrChecksum, "63"},
		{"another name", strings.Replace(published, "BEST", "WORST", 1), ErrChecksum, "63"},
		{"a small letter in the checksum", published[:len(published)-1] + "a", ErrChecksum, "63"},
		{"an address", "https://example.com/pay", ErrForm, "00"},
		{"nothing", "", ErrForm, "00"},
		{"the beginning", published[:40], ErrForm, "63"},
		{"text after it", published + "x", ErrForm, "63"},
		{"another version", resum("000202" + published[6:]), ErrForm, "00"},
		{"a method nobody knows", swap("010212", "010213"), ErrForm, "01"},
		{"two amounts", swap("5303156", "5403156"), ErrForm, "54"},
		{"no amount in an amount", swap("540523.72", "54050.000"), ErrForm, "54"},
		{"two marks", swap("540523.72", "54052.3.2"), ErrForm, "54"},
		{"a minus", swap("540523.72", "5405-3.72"), ErrForm, "54"},
		{"digits of another script", swap("540523.72", "5405٢٣.٧٢"), ErrForm, "54"},
		{"a category in letters", swap("52044111", "5204411A"), ErrForm, "52"},
		{"a tip not asked for", swap("550201", "560201"), ErrForm, "55"},
		{"a length past the end", swap("91320016", "91990016"), ErrForm, "91"},
		{"length nought", swap("550201", "5500"), ErrForm, "55"},
		{"a template without its owner", swap("31280012D15600000001", "31280112D15600000001"), ErrForm, "31.00"},
		{"an order to show text backwards", swap("最佳运输", "最\u202e运输"), ErrForm, "64"},
		{"bytes that are no text", resum(strings.Replace(published, "最佳", "\xff\xfe", 1)), ErrForm, "00"},
		{"a request for what nobody has", swap("0902ME", "0902MX"), ErrForm, "62.09"},
		{"far too long", "000201" + strings.Repeat("6", 1<<20) + "63041234", ErrForm, "00"},
		{"too long", "000201" + strings.Repeat("最", 600) + "63041234", ErrForm, "63"},
	}
	for _, one := range cases {
		c, err := Parse(one.payload)
		f, ok := fault.As(err)
		if !ok || !errors.Is(err, one.want) || f.Param != one.param {
			t.Errorf("%s: %v (%s), want %s at %s", one.name, err, f.Param, one.want.Code, one.param)
		}
		if c.Name != "" && errors.Is(err, ErrForm) {
			t.Errorf("%s: refused, and yet %q is read", one.name, c.Name)
		}
	}
	for n := range published { // cut anywhere
		if _, err := Parse(published[:n]); err == nil {
			t.Errorf("the first %d bytes are a code", n)
		}
	}
}

// What is written is read again as it was, whatever is in it.
func TestRoundTrip(t *testing.T) {
	ascii := func(least, most int) *rapid.Generator[string] {
		return rapid.StringOfN(rapid.RuneFrom([]rune(printable)), least, most, -1)
	}
	shown := rapid.StringOfN(rapid.RuneFrom([]rune("最佳运输北京é ñÅ东京カフェabc")), 1, 15, -1)
	id := func(low, high int) *rapid.Generator[uint8] {
		return rapid.Map(rapid.IntRange(low, high), func(n int) uint8 { return uint8(n) })
	}
	rapid.Check(t, func(t *rapid.T) {
		c := Code{Method: rapid.SampledFrom([]string{"", Static, Dynamic}).Draw(t, "method"), Category: "5812", Currency: "978", Country: "DE",
			Name: ascii(1, 25).Draw(t, "name"), City: ascii(1, 15).Draw(t, "city"), Postal: ascii(0, 10).Draw(t, "postal")}
		c.Accounts = []Template{{ID: id(26, 51).Draw(t, "id"), GUID: ascii(1, 32).Draw(t, "guid"),
			Objects: []Object{{1, ascii(1, 20).Draw(t, "value")}}}}
		c.Unreserved = []Template{{ID: id(80, 99).Draw(t, "id2"), GUID: "0123456789ABCDEF", Objects: []Object{{9, shown.Draw(t, "any")}}}}
		c.Amount = rapid.SampledFrom([]string{"", "1", "0.01", "12.50", "9999999999.99", "7."}).Draw(t, "amount")
		c.Tip = rapid.SampledFrom([]Tip{{}, {Kind: AskTip}, {FixedTip, "1.50"}, {PercentTip, "3.5"}, {PercentTip, "99.99"}}).Draw(t, "tip")
		c.Additional.Bill, c.Additional.Reference = ascii(0, 25).Draw(t, "bill"), ascii(0, 25).Draw(t, "reference")
		if rapid.Bool().Draw(t, "local") {
			c.Local = Local{Language: "ZH", Name: shown.Draw(t, "local name"), City: shown.Draw(t, "local city")}
		}
		payload, err := c.Encode()
		if err != nil {
			t.Fatalf("%+v: %v", c, err)
		}
		got, err := Parse(payload)
		if err != nil {
			t.Fatalf("%q: %v", payload, err)
		}
		if again, err := got.Encode(); err != nil || again != payload {
			t.Fatalf("%q became %q: %v", payload, again, err)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(published)
	f.Add("0002010102115802DE6304ABCD")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := Parse(s)
		if err != nil {
			if _, ok := fault.As(err); !ok {
				t.Errorf("%q: %v is no answer for a person", s, err)
			}
			return
		}
		again, err := c.Encode()
		if err != nil {
			t.Fatalf("%q is read and cannot be written: %v", s, err)
		}
		if second, err := Parse(again); err != nil {
			t.Fatalf("%q: %v", again, err)
		} else if third, _ := second.Encode(); third != again {
			t.Fatalf("%q becomes %q", again, third)
		}
	})
}

func TestMoney(t *testing.T) {
	for _, one := range []struct{ number, amount, want string }{
		{"978", "12.50", "12.50 EUR"}, {"978", "12.5", "12.50 EUR"}, {"978", "12.", "12.00 EUR"}, {"978", ".5", "0.50 EUR"},
		{"978", "007", "7.00 EUR"}, {"392", "1200", "1200 JPY"}, {"392", "1200.00", "1200 JPY"}, {"414", "1.005", "1.005 KWD"},
		{"978", "9999999999.99", "9999999999.99 EUR"},
	} {
		got, set, err := Code{Currency: one.number, Amount: one.amount}.Money()
		if err != nil || !set || got.String() != one.want {
			t.Errorf("%s in %s is %s, %v", one.amount, one.number, got, err)
		}
	}
	for _, one := range []struct {
		number, amount string
		want           error
	}{
		{"392", "12.50", money.ErrTooManyDecimals}, {"978", "1.005", money.ErrTooManyDecimals}, {"000", "1", money.ErrUnknownCurrency},
		{"963", "1", money.ErrUnknownCurrency}, {"978", "0.00", money.ErrAmountNotPositive},
	} {
		if got, _, err := (Code{Currency: one.number, Amount: one.amount}).Money(); !errors.Is(err, one.want) {
			t.Errorf("%s in %s is %s, %v", one.amount, one.number, got, err)
		}
	}
	if _, set, err := (Code{Currency: "978"}).Money(); set || err != nil {
		t.Errorf("no amount is %v, %v", set, err)
	}
}

func TestTip(t *testing.T) {
	eur, _ := money.Lookup("EUR")
	for _, one := range []struct {
		tip       Tip
		sum, part string
	}{
		{Tip{}, "10.01", "0.00"}, {Tip{Kind: AskTip}, "10.01", "0.00"}, {Tip{FixedTip, "1.5"}, "11.51", "1.50"},
		{Tip{PercentTip, "5"}, "10.51", "0.50"}, {Tip{PercentTip, "12.34"}, "11.24", "1.23"}, {Tip{PercentTip, "0.01"}, "10.01", "0.00"},
		{Tip{PercentTip, "99.99"}, "20.01", "10.00"},
	} {
		sum, tip, err := Code{Tip: one.tip}.WithTip(eur.Of(10_01))
		if err != nil || sum.Decimal() != one.sum || tip.Decimal() != one.part {
			t.Errorf("%v gives %s with %s, %v", one.tip, sum, tip, err)
		}
	}
	for _, wrong := range []string{"", ".", "0", "0.00", "100", "1.234", "1.2.3", "-1", "1e1", "٥"} {
		if n, err := percent(wrong); err == nil {
			t.Errorf("%q is %d hundredths", wrong, n)
		}
	}
}

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{"Café Linden": "Cafe Linden", "Größe & Söhne": "Grosse & Sohne", "小王": "", " a \t b ": "a b",
		"Smørrebrød": "Smorrebrod", "x\u202ey\x00z": "xyz", "A name that is longer than it may be": "A name that is longer tha"} {
		if got := Plain(in, 25); got != want {
			t.Errorf("%q becomes %q, not %q", in, got, want)
		}
	}
}

// A code that does not fit is refused when it is written, not cut.
func TestTooLong(t *testing.T) {
	c, err := Parse(published)
	if err != nil {
		t.Fatal(err)
	}
	c.Unreserved = append(c.Unreserved, Template{ID: 92, GUID: "A0", Objects: []Object{{1, strings.Repeat("x", 95)}}})
	if _, err := c.Encode(); !errors.Is(err, ErrTooLong) {
		t.Errorf("a template of more than 99 characters: %v", err)
	}
	c.Unreserved = c.Unreserved[:1]
	for id := uint8(65); id < 70; id++ {
		c.Reserved = append(c.Reserved, Object{id, strings.Repeat("x", 99)})
	}
	if _, err := c.Encode(); !errors.Is(err, ErrTooLong) {
		t.Errorf("a payload of more than 512 characters: %v", err)
	}
}

const printable = " !#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_abcdefghijklmnopqrstuvwxyz{|}~"

// Codes of other schemes leave out what the standard demands: what is there is read, what is missing is named, and Parse still refuses.
func TestGlance(t *testing.T) {
	// As Thailand's PromptPay writes a transfer between people: no category, no name, no city.
	body := "00020101021129370016A000000677010111011300668111111115802TH53037646304"
	payload := body + checksum(body)
	if _, err := Parse(payload); !errors.Is(err, ErrForm) {
		t.Errorf("Parse takes it: %v", err)
	}
	c, missing, err := Glance(payload)
	if err != nil || strings.Join(missing, " ") != "52 59 60" || c.Country != "TH" || c.Currency != "764" || len(c.Accounts) != 1 ||
		c.Accounts[0].GUID != "A000000677010111" {
		t.Errorf("%+v lacks %v, %v", c, missing, err)
	}
	for _, bad := range []string{payload[:len(payload)-1] + "0", payload[:40], "", "000201", body + "0000", strings.Repeat("9", 5000),
		"0002016304" + checksum("0002016304")[:3] + "x"} {
		if _, _, err := Glance(bad); err == nil && bad != payload {
			t.Errorf("%.40q is read", bad)
		}
	}
}

// Codes of other schemes are named, by the identifiers that their operators publish; ours is not, nor is what is nobody's.
func TestForeign(t *testing.T) {
	sealed := func(body string) string { return body + "6304" + checksum(body+"6304") }
	tail := "520458125303702" + "5802SG5904Cafe6009Singapore"
	account := func(id, guid string) string {
		inner := fmt.Sprintf("00%02d%s0104test", len(guid), guid)
		return fmt.Sprintf("%s%02d%s", id, len(inner), inner)
	}
	for payload, want := range map[string]string{
		// As the Bank of Thailand prints it: no name, no category.
		"00020101021129370016A000000677010111011300668111111115802TH530376463040EF4": "PromptPay",
		sealed("00020126580014br.gov.bcb.pix0136123e4567-e12b-12d3-a456-426655440000520400005303986" +
			"5802BR5913Fulano de Tal6008BRASILIA62070503***"): "Pix",
		sealed("000201010211" + account("26", "SG.PAYNOW") + tail):          "PayNow",
		sealed("000201010211" + account("51", "ID.CO.QRIS.WWW") + tail):     "QRIS",
		sealed("000201010211" + account("26", "hk.com.hkicl") + tail):       "FPS",
		sealed("000201010211" + account("38", "A000000727") + tail):         "VietQR",
		sealed("000201010211" + account("26", "A0000006150001") + tail):     "DuitNow",
		sealed("000201010211" + account("26", "A000000524") + tail):         "UPI",
		sealed("000201010211" + account("27", "com.p2pqrpay") + tail):       "QR Ph",
		sealed("000201010211" + "02164000123456789012" + tail):              "Visa",
		sealed("000201010211" + "1516620012345678901" + "2" + tail):         "UnionPay",
		"upi://pay?pa=cafe@bank&pn=Cafe&am=10.00&cu=INR":                    "UPI",
		"https://qr.alipay.com/fkx00000":                                    "Alipay",
		"wxp://f2f0abc":                                                     "WeChat Pay",
		"BCD\n002\n1\nSCT\n\nRed Cross\nBE72000000001616\nEUR1":             "EPC (SEPA)",
		"SPC\r\n0200\r\n1\r\nCH4431999123000889012":                         "Swiss QR",
		sealed("000201010211" + account("26", "org.example.ours") + tail):   "",
		sealed("000201010211" + account("26", "org.example.nobody") + tail): "",
		"https://evil.example/upi://pay":                                    "",
		"hello":                                                             "",
		sealed("000201010211" + account("26", "SG.PAYNOW") + tail)[:40]:     "",
		published: "",
	} {
		if got := Foreign(payload, "org.example.ours"); got != want {
			t.Errorf("%.60q is of %q, want %q", payload, got, want)
		}
	}
}
