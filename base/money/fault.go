package money

import (
	"billfold/base/fault"
	"billfold/base/lang"
)

// The refusals of this package. Each blames "amount" or "currency"; With names another field.
var (
	// ErrInvalidAmount is for what is not a number in the one accepted spelling.
	ErrInvalidAmount = define("amount", fault.Malformed, "invalid_amount", lang.Text{
		EN: "This is not an amount",
		ZH: "金额格式不正确",
	}, lang.Text{
		EN: "Send whole minor units as a string of digits, without sign, spaces, " +
			"separators, leading zeros or exponent: \"4850\" is 48.50 EUR.",
		ZH: "请用数字字符串表示最小货币单位的整数，" +
			"不带正负号、空格、分隔符、前导零或指数：\"4850\" 即 48.50 EUR。",
	})
	// ErrAmountTooLarge is for what 64 bits cannot hold, and for results of arithmetic that leave them.
	ErrAmountTooLarge = define("amount", fault.Malformed, "amount_too_large", lang.Text{
		EN: "The amount is too large",
		ZH: "金额过大",
	}, lang.Text{
		EN: "No amount or balance may exceed 9223372036854775807 minor units. Use a smaller amount.",
		ZH: "任何金额或余额均不得超过 9223372036854775807 个最小货币单位。请使用较小的金额。",
	})
	// ErrAmountNotPositive is for zero and less where something has to move.
	ErrAmountNotPositive = define("amount", fault.Malformed, "amount_not_positive", lang.Text{
		EN: "The amount must be greater than zero",
		ZH: "金额必须大于零",
	}, lang.Text{
		EN: "Send an amount of at least one minor unit. To give money back, use a refund instead of a negative amount.",
		ZH: "请填写至少一个最小货币单位的金额。如需退回款项，请使用退款，而不是负数金额。",
	})
	// ErrTooManyDecimals is for a fraction that the currency does not have. It is never rounded.
	ErrTooManyDecimals = define("amount", fault.Malformed, "too_many_decimals", lang.Text{
		EN: "The amount has too many decimals",
		ZH: "金额的小数位数过多",
	}, lang.Text{
		EN: "Leave out the decimals that this currency does not have: EUR " +
			"has two, JPY none, KWD three. Amounts are never rounded.",
		ZH: "请去掉该货币不支持的小数位：EUR 为两位，" +
			"JPY 没有小数，KWD 为三位。金额不会被四舍五入。",
	})
	// ErrUnknownCurrency is for a code that nobody defined.
	ErrUnknownCurrency = define("currency", fault.Invalid, "unknown_currency", lang.Text{
		EN: "We do not know this currency",
		ZH: "未知的货币代码",
	}, lang.Text{
		EN: "Use an upper-case code from GET /v1/currencies, such as EUR.",
		ZH: "请使用 GET /v1/currencies 列出的大写代码，例如 EUR。",
	})
	// ErrInvalidCurrency is for the definition of an asset that cannot be.
	ErrInvalidCurrency = define("currency", fault.Invalid, "invalid_currency", lang.Text{
		EN: "A currency cannot be defined like this",
		ZH: "无法这样定义货币",
	}, lang.Text{
		EN: "Use a code of 3 to 12 upper-case letters or digits that ISO 4217 does not use otherwise, and 0 to 8 decimals.",
		ZH: "代码须为 3 至 12 位大写字母或数字，且不得与 ISO 4217 的含义冲突；小数位数为 0 至 8。",
	})
	// ErrCurrencyMismatch is for two amounts, or an amount and an account, of different currencies.
	ErrCurrencyMismatch = define("currency", fault.Invalid, "currency_mismatch", lang.Text{
		EN: "The currencies do not match",
		ZH: "货币不一致",
	}, lang.Text{
		EN: "Use the currency of the account and of the payment this belongs to. Nothing is converted silently.",
		ZH: "请使用与该账户及相关付款一致的货币。系统不会自动换算。",
	})
	// ErrInvalidRate is for a ratio whose denominator is not positive.
	ErrInvalidRate = define("rate", fault.Invalid, "invalid_rate", lang.Text{
		EN: "This is not a usable rate",
		ZH: "比率无效",
	}, lang.Text{
		EN: "Give the rate as a ratio with a denominator greater than zero.",
		ZH: "请以分母大于零的分数形式给出比率。",
	})
)

// define makes a sentinel that names its field from the start, so that no refusal of an amount goes out without one.
func define(param string, kind fault.Kind, code string, title, detail lang.Text) *fault.Fault {
	f := fault.Define(kind, code, title, detail)
	f.Param = param
	return f
}
