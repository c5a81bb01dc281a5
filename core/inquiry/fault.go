package inquiry

import (
	"billfold/base/fault"
	"billfold/base/lang"
)

func text(en, zh string) lang.Text { return lang.Text{EN: en, ZH: zh} }

// The refusals of this package.
var (
	// ErrWords refuses what says too little or too much.
	ErrWords = fault.Define(fault.Invalid, "inquiry_words",
		text("Write what is wrong", "请说明问题"),
		text("Use 5 to 1000 characters. The payment's numbers are with it already.", "请用 5 至 1000 个字符说明。付款编号已自动附上。"))
	// ErrTooMany refuses another case, or another turn of one.
	ErrTooMany = fault.Define(fault.Refused, "inquiry_many",
		text("There are many open questions already", "未解决的问题过多"),
		text("Wait for the answers to what you asked before. No money moved.", "请先等待之前问题的答复。没有任何资金变动。"))
	// ErrClosed refuses to answer or close what is closed.
	ErrClosed = fault.Define(fault.Conflict, "inquiry_closed",
		text("This case is closed", "此个案已关闭"),
		text("It stays as it is. The person can ask again, which opens another.", "个案保持不变。用户可再次提问，将另开新的个案。"))
	// ErrUnknown is for a case that is not there, or not yours.
	ErrUnknown = fault.Define(fault.NotFound, "inquiry_not_found",
		text("There is no such case", "没有此个案"),
		text("Look for it in the list of cases.", "请在个案列表中查找。"))
)
