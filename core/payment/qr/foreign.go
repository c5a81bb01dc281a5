package qr

import "strings"

// schemes are the globally unique identifiers under which other schemes keep their accounts in merchant-presented codes, in small letters;
// the last part of a name may differ by country or bank, so they are compared by how they begin. Of a label that several share the first
// here is named.
var schemes = []struct{ begins, name string }{
	{"sg.sgqr", "SGQR"}, {"sg.paynow", "PayNow"}, {"sg.com.nets", "NETS"}, {"a000000677", "PromptPay"}, {"id.co.", "QRIS"},
	{"hk.com.hkicl", "FPS"}, {"br.gov.bcb.pix", "Pix"}, {"a000000727", "VietQR"}, {"a000000615", "DuitNow"}, {"a000000524", "UPI"},
	{"com.p2pqrpay", "QR Ph"}, {"ph.ppmi", "QR Ph"}, {"fonepay.com", "Fonepay"},
	{"com.alipay", "Alipay+"}, {"a000000739", "Alipay+"}, {"au.com.nppa", "PayTo"},
}

// prefixes are how codes begin that are no merchant-presented codes at all, in small letters.
var prefixes = []struct{ begins, name string }{
	{"upi:", "UPI"}, {"https://qr.alipay.com/", "Alipay"}, {"alipays:", "Alipay"}, {"wxp:", "WeChat Pay"}, {"weixin:", "WeChat Pay"},
	{"https://wx.tenpay.com/", "WeChat Pay"}, {"https://payapp.weixin.qq.com/", "WeChat Pay"}, {"bcd\n", "EPC (SEPA)"},
	{"bcd\r\n", "EPC (SEPA)"},
	{"spc\n", "Swiss QR"}, {"spc\r\n", "Swiss QR"}, {"bitcoin:", "Bitcoin"}, {"lightning:", "Lightning"}, {"lnbc", "Lightning"},
	{"ethereum:", "Ethereum"}, {"paypal:", "PayPal"}, {"https://www.paypal.com/", "PayPal"},
}

// cards are the schemes whose accounts have objects of their own (MPM table 3.5), by number.
var cards = map[uint8]string{2: "Visa", 3: "Visa", 4: "Mastercard", 5: "Mastercard", 9: "Discover", 10: "Discover", 11: "American Express",
	12: "American Express", 13: "JCB", 14: "JCB", 15: "UnionPay", 16: "UnionPay"}

// national are the schemes of countries in which every code of a shop follows one standard, without an identifier that says so.
var national = map[string]string{"KH": "KHQR", "LK": "LankaQR"}

// Foreign names the scheme of a code that is not of a given scheme; "" where it is not known. The name is for people: nothing is decided by
// it.
func Foreign(payload, ours string) string {
	small := strings.ToLower(strings.TrimSpace(payload))
	for _, one := range prefixes {
		if strings.HasPrefix(small, one.begins) {
			return one.name
		}
	}
	c, _, err := read(payload)
	if err != nil {
		return ""
	}
	if _, is := c.Account(ours); is {
		return ""
	}
	for _, one := range schemes {
		for _, account := range c.Accounts {
			if strings.HasPrefix(strings.ToLower(account.GUID), one.begins) {
				return one.name
			}
		}
	}
	if name := national[c.Country]; name != "" && len(c.Accounts) > 0 {
		return name
	}
	for _, account := range c.Schemes {
		if name := cards[account.ID]; name != "" {
			return name
		}
	}
	return ""
}
