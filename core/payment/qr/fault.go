package qr

import (
	"billfold/base/fault"
	"billfold/base/lang"
)

var (
	// ErrForm refuses text that is no merchant-presented code: other codes, truncated ones, and those that break the standard's
	// rules. Param names the object, such as "54" or "62.05".
	ErrForm = fault.Define(fault.Invalid, "qr_form",
		lang.Text{EN: "This is not a payment code we can read", ZH: "无法识别的付款码"},
		lang.Text{EN: "Nothing was paid. Ask the shop for its payment code, or type the shop's name instead.",
			ZH: "没有付款。请向商家索取付款码，或直接输入商家名称。"})
	// ErrChecksum refuses a code whose checksum is wrong: it was damaged, misread or changed.
	ErrChecksum = fault.Define(fault.Invalid, "qr_checksum",
		lang.Text{EN: "This payment code is damaged", ZH: "付款码已损坏"},
		lang.Text{EN: "Nothing was paid. Scan it again in better light, or ask the shop to show a new one.",
			ZH: "没有付款。请在光线更好的地方重新扫描，或请商家出示新的付款码。"})
	// ErrTooLong refuses to write a code whose parts do not fit.
	ErrTooLong = fault.Define(fault.Invalid, "qr_too_long",
		lang.Text{EN: "That does not fit into a payment code", ZH: "内容超出付款码的容量"},
		lang.Text{EN: "Shorten the text, or leave out what the payer need not see.", ZH: "请缩短文字，或去掉付款人不需要看到的内容。"})
)
