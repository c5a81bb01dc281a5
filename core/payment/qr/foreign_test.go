package qr

import (
	"errors"
	"strings"
	"testing"

	"billfold/base/fault"
	"billfold/base/money"
)

// foreigners are codes of other schemes as they were published, with what they say. Bill is the bill's number, or the reference where the
// scheme writes none.
var foreigners = []struct{ what, source, payload, scheme, name, city, currency, amount, bill, lacks string }{
	{"Pix, static", "Banco Central do Brasil, Manual de Padrões para Iniciação do Pix",
		"00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-4266554400005204000053039865802BR5913Fulano de Tal6008BRASILIA" +
			"62070503***63041D3D",
		"Pix", "Fulano de Tal", "BRASILIA", "BRL", "", "", ""},
	{"Pix, dynamic", "the same",
		"00020101021226700014br.gov.bcb.pix2548pix.example.com/8b3da2f39a4140d1a91abd93113bd4415204000053039865802BR5913Fulano " +
			"de Tal6008BRASILIA62070503***630464E4",
		"Pix", "Fulano de Tal", "BRASILIA", "BRL", "", "", ""},
	{"SGQR, a label of fourteen schemes", "the sample of the SGQR specification, in the tests of payment-qr-parser",
		"00020101021102164761360000000*1704155123456789123451110123456789012153123456789012341531250003440001034450003445311000" +
			"126330015SG.COM.DASH.WWW0110000005550127670014A00000076200010120COM.LQDPALLIANCE.WWW021512345678901234503020028660011S" +
			"G.COM.OCBC0147OCBCP2P629A358D-ECE7-4554-AD56-EBD12D84CA7E4F7329500006SG.EZI013603600006-76bb-4a5a-aa1a-fbcb64d6ecf5308" +
			"50013SG.COM.EZLINK01201234567890123456-1230204SGQR0324A123456,B123456,C12345670404A23X31260008COM.GRAB0110A93FO3230Q32" +
			"390007COM.DBS011012345678900210123456789033900011SG.COM.NETS0123020140183283112882359000215000111870324000030888587201" +
			"0901199084E5DC3D834430017COM.QQ.WEIXIN.PAY011012345678900204123435660010SG.COM.UOB014845D233507F5E8C306E3871A4E9FACA60" +
			"1A80C114B5645E5D36840009SG.PAYNOW010120216+621234567890123030100408209912310525123456789012345678901234537270009SG.AIR" +
			"PAY0110A11BC0000X51860007SG.SGQR0112180307510317020701.0003030608100604020205031380609Counter0107082018040752045814530" +
			"37025802SG5916FOOD XYZ PTE LTD6009SINGAPORE6106081006626001081234567R0607876543050330015SG.COM.DASH.WWW011000000555026" +
			"3045E8D",
		"SGQR", "FOOD XYZ PTE LTD", "SINGAPORE", "SGD", "", "1234567R", ""},
	{"PayNow", "tests of go-paynow",
		"00020101021226520009SG.PAYNOW010120213S99345678ABCD03011040899991231520400005303702540512.345802SG5912ACME Pte Ltd6009" +
			"Singapore62110107INV123463041E74",
		"PayNow", "ACME Pte Ltd", "Singapore", "SGD", "12.34 SGD", "INV1234", ""},
	{"DuitNow, static", "PayNet's examples, as libraries quote them; it counts its versions itself",
		"00020201021126410014A000000615000101065887340209123456789520460105303458540115802MY5909QRCSDNBHD6005BANGI6304DAF5",
		"DuitNow", "QRCSDNBHD", "BANGI", "MYR", "1.00 MYR", "", ""},
	{"DuitNow, between people", "the same",
		"00020201021126410014A000000615000101065016640209123456789520400005303458540510.005802MY5909AUSERNAME6005BANGI63043A23",
		"DuitNow", "AUSERNAME", "BANGI", "MYR", "10.00 MYR", "", ""},
	{"VietQR", "NAPAS, VietQR format specification",
		"00020101021238570010A00000072701270006970403011300110123456780208QRIBFTTA530370454061800005802VN62340107NPS68690819tha" +
			"nh toan don hang63042E2E",
		"VietQR", "", "", "VND", "180000 VND", "NPS6869", "52 59 60"},
	{"QRIS", "README of qris-dinamis",
		"00020101021126570011ID.DANA.WWW011893600915302259148102090225914810303UMI51440014ID.CO.QRIS.WWW0215ID10200176114730303" +
			"UMI5204581253033605802ID5922Warung Sayur Bu Sugeng6010Kab. Demak610559567630458C7",
		"QRIS", "Warung Sayur Bu Sugeng", "Kab. Demak", "IDR", "", "", ""},
	{"FPS", "tests of Odoo's l10n_hk",
		"00020101021226330012hk.com.hkicl0313+852-6789123452040000530334454031005802HK5914company_1_data6002HK62170513INV/TEST/" +
			"00016304A154",
		"FPS", "company_1_data", "HK", "HKD", "100.00 HKD", "", ""},
	{"Bharat QR with UPI and RuPay", "Razorpay's documentation",
		"000201010212021643926300000000850415540461000000008061661005900000000890827YESB0CMSNOC222333004882700126430010A0000005" +
			"240117razorpaybqr@icici02041.1027350010A0000005240117RZPGT8ildsFTgS5Sp52047531530335654041.105802IN5906zxcbmn6005Delhi" +
			"610611008562300514GT8ildsFTgS5Sp070838R004506304B6A9",
		"UPI", "zxcbmn", "Delhi", "INR", "1.10 INR", "", ""},
	{"KHQR", "README of bakong-khqr",
		"00020101021229180014your_name@wing520459995802KH5909Your Name6010Phnom Penh9917001317249272951575411000000098005303116" +
			"62610112TRX0192837750211855123456780305MShop0717Buy 1A_Level_Book63041087",
		"KHQR", "Your Name", "Phnom Penh", "KHR", "9800.00 KHR", "TRX019283775", ""},
	{"LankaQR", "LankaQR reader SDK",
		"0002010102112632002816728000581200000000100000055204581253031445502015802LK5909Vits Food6007Colombo6105008006258003253" +
			"7c0a88562e4a599cab63d1992f0dac05181600766683296-000563042AB7",
		"LankaQR", "Vits Food", "Colombo", "LKR", "", "", ""},
	{"QR Ph, between people", "tests of a wallet in the Philippines",
		"00020101021227630012com.p2pqrpay0111BNORPHMMXXX0208999644030416526727002210086752046016530360854036005802PH5903Xhf6006" +
			"Makati622905062110000708915312010803***63046399",
		"QR Ph", "Xhf", "Makati", "PHP", "600.00 PHP", "", ""},
	{"QR Ph, to a shop", "the same; its additional data begin with an owner",
		"00020101021228500011ph.ppmi.p2m0111PAPHPHM1XXX0309102140529050331052047299530360854041.005802PH5903Rui6006Manila624400" +
			"14com.paymaya.qr052228oYUr47CjKVCKh57wfb3s6304C116",
		"QR Ph", "Rui", "Manila", "PHP", "1.00 PHP", "", ""},
	{"PromptPay", "Bank of Thailand, Thai QR Payment Standard",
		"00020101021129370016A000000677010111011300668111111115802TH530376463040EF4",
		"PromptPay", "", "", "THB", "", "", "52 59 60"},
}

// Codes of other schemes are read for what they say, whatever they leave out or do in their own way, and named; a changed character shows.
func TestOtherSchemes(t *testing.T) {
	for _, one := range foreigners {
		c, missing, err := Glance(one.payload)
		if err != nil {
			t.Errorf("%s (%s): %v", one.what, one.source, err)
			continue
		}
		if c.Name != one.name || c.City != one.city || c.Additional.Bill != one.bill || strings.Join(missing, " ") != one.lacks {
			t.Errorf("%s: name %q, city %q, bill %q, lacks %v", one.what, c.Name, c.City, c.Additional.Bill, missing)
		}
		if got := Foreign(one.payload, "org.example.ours"); got != one.scheme {
			t.Errorf("%s is of %q", one.what, got)
		}
		if currency, ok := money.LookupNumber(c.Currency); ok {
			amount, set, err := c.Money()
			if err != nil || currency.Code != one.currency || set != (one.amount != "") || set && amount.String() != one.amount {
				t.Errorf("%s asks for %s of %s, %v", one.what, amount, currency.Code, err)
			}
		} else if _, _, err := c.Money(); !errors.Is(err, money.ErrUnknownCurrency) {
			t.Errorf("%s: the currency %s: %v", one.what, c.Currency, err)
		}
		if _, err := Parse(one.payload); err != nil {
			if _, ok := fault.As(err); !ok {
				t.Errorf("%s: %v is no answer for a person", one.what, err)
			}
		}
		end := len(one.payload) - 4
		if small := one.payload[:end] + strings.ToLower(one.payload[end:]); Foreign(small, "") != one.scheme {
			t.Errorf("%s with its checksum in small letters is of nobody", one.what)
		} else if _, err := Parse(small); err == nil && small != one.payload {
			t.Errorf("%s with its checksum in small letters can be paid", one.what)
		}
		for n := range end { // a digit or letter misread
			changed := one.payload[:n] + string(one.payload[n]^1) + one.payload[n+1:]
			if got := Foreign(changed, ""); got != "" {
				t.Errorf("%s with its character %d changed is of %q", one.what, n, got)
			}
		}
	}
}
