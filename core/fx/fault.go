package fx

import (
	"billfold/base/fault"
	"billfold/base/lang"
)

// The refusals of this package. None of them moved value.
var (
	// ErrRate refuses a pair of currencies for which there is no rate, or which are one.
	ErrRate = fault.Define(fault.Invalid, "rate_not_available",
		lang.Text{EN: "There is no rate for these currencies", ZH: "暂无这两种货币的汇率"},
		lang.Text{EN: "Choose two different currencies from GET /v1/rates.", ZH: "请从 GET /v1/rates 中选择两种不同的货币。"})
	// ErrSmall refuses an amount of which nothing would be left.
	ErrSmall = fault.Define(fault.Invalid, "exchange_too_small",
		lang.Text{EN: "The amount is too small to exchange", ZH: "兑换金额过小"},
		lang.Text{EN: "Exchange more: after rounding nothing would arrive.", ZH: "请增加金额：取整后将没有款项到账。"})
	// ErrExpired refuses a quote whose time is over.
	ErrExpired = fault.Define(fault.Conflict, "quote_expired",
		lang.Text{EN: "The quote has expired", ZH: "报价已过期"},
		lang.Text{EN: "Nothing was exchanged. Ask for a new quote and confirm it.", ZH: "未兑换。请获取新报价并确认。"})
	// ErrUsed refuses a quote that was used already.
	ErrUsed = fault.Define(fault.Conflict, "quote_used",
		lang.Text{EN: "The quote was used already", ZH: "报价已被使用"},
		lang.Text{EN: "A quote is good for one exchange. Ask for a new one.", ZH: "每个报价仅可兑换一次。请获取新报价。"})
)
