package merchant

import (
	"billfold/base/fault"
	"billfold/base/lang"
)

// The refusals of this package.
var (
	// ErrNotFound answers for a shop that does not exist or is not the caller's.
	ErrNotFound = fault.Define(fault.NotFound, "merchant_not_found",
		lang.Text{EN: "There is no such shop", ZH: "找不到该商店"},
		lang.Text{EN: "Check the shop's id or handle.", ZH: "请检查商店的编号或用户名。"})
	// ErrDraft refuses a registration that is incomplete.
	ErrDraft = fault.Define(fault.Invalid, "merchant_details",
		lang.Text{EN: "The shop cannot be registered like this", ZH: "无法以此信息登记商店"},
		lang.Text{
			EN: "Give a name of up to 80 bytes, a four-digit category code, a country of two capital letters and at least one currency.",
			ZH: "请填写名称（最长 80 字节）、四位商户类别代码、两位大写字母的国家代码和至少一种货币。"})
	// ErrHandleTaken refuses a handle that somebody has.
	ErrHandleTaken = fault.Define(fault.Conflict, "merchant_handle_taken",
		lang.Text{EN: "This handle is taken", ZH: "该用户名已被占用"},
		lang.Text{EN: "Choose another handle.", ZH: "请选择其他用户名。"})
	// ErrOrigin refuses a return origin that is not https, or says more than scheme, host and port.
	ErrOrigin = fault.Define(fault.Invalid, "return_origin",
		lang.Text{EN: "This origin cannot be used", ZH: "该来源无效"},
		lang.Text{EN: "Give up to 20 origins such as https://shop.example, without a path.", ZH: "请填写至多 20 个来源，例如 https://shop.example，不带路径。"})
	// ErrCurrency refuses a currency that the shop does not take.
	ErrCurrency = fault.Define(fault.Invalid, "merchant_currency",
		lang.Text{EN: "The shop does not take this currency", ZH: "商店不接受该货币"},
		lang.Text{EN: "Choose a currency the shop has registered.", ZH: "请选择商店已登记的货币。"})
)
