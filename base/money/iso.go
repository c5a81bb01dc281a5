package money

import (
	"slices"
	"strings"
)

// isoCodes is ISO 4217 list one (current currencies and funds) by number of decimals, as of 2026-01-01: with XAD,
// XCG and ZWG, without ANG, BGN, CUC, HRK, SLL and ZWL. Left out are the codes whose minor unit the standard gives
// as "N.A." (XAG, XAU, XBA to XBD, XDR, XPD, XPT, XSU, XUA), since an amount of them has no smallest unit to
// count, and the codes for tests and for no currency (XTS, XXX), which must never be paid with.
var isoCodes = map[uint8]string{
	0: `BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF`,
	2: `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW
		CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF
		IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK
		MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP
		SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG
		YER ZAR ZMW ZWG`,
	3: `BHD IQD JOD KWD LYD OMR TND`,
	4: `CLF UYW`,
}

// isoReserved are the ISO codes that exist and may name no private asset either.
const isoReserved = " XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX "

var isoByCode = func() map[string]Currency {
	all := map[string]Currency{}
	for scale, codes := range isoCodes {
		for code := range strings.FieldsSeq(codes) {
			all[code] = Currency{Code: code, Scale: scale}
		}
	}
	return all
}()

// Lookup returns the ISO 4217 currency of a code. It takes exactly three upper-case letters: "eur" is nobody's code.
func Lookup(code string) (Currency, bool) {
	c, ok := isoByCode[code]
	return c, ok
}

// ParseCurrency is Lookup with a refusal (ErrUnknownCurrency, Param "currency") instead of false.
func ParseCurrency(code string) (Currency, error) {
	if c, ok := isoByCode[code]; ok {
		return c, nil
	}
	return Currency{}, ErrUnknownCurrency
}

// ISO returns all currencies of ISO 4217 list one that have a minor unit, sorted by code.
func ISO() []Currency {
	all := make([]Currency, 0, len(isoByCode))
	for _, c := range isoByCode {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b Currency) int { return strings.Compare(a.Code, b.Code) })
	return all
}
