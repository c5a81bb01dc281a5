package insight

import (
	"billfold/base/fault"
	"billfold/base/lang"
)

// The refusals of this package.
var (
	// ErrZone refuses a time zone that nobody knows.
	ErrZone = fault.Define(fault.Invalid, "time_zone",
		lang.Text{EN: "There is no such time zone", ZH: "没有该时区"},
		lang.Text{EN: "Choose a name of the IANA list, such as Europe/Berlin.", ZH: "请使用 IANA 时区名称，例如 Asia/Shanghai。"})
	// ErrCategory refuses a category that does not exist.
	ErrCategory = fault.Define(fault.Invalid, "category_unknown",
		lang.Text{EN: "There is no such category", ZH: "没有该类别"},
		lang.Text{EN: "Choose one of the categories that are listed.", ZH: "请从列出的类别中选择。"})
	// ErrPayee refuses to remember something about somebody who was never paid.
	ErrPayee = fault.Define(fault.NotFound, "payee_never_paid",
		lang.Text{EN: "You never paid them", ZH: "您从未向其付款"},
		lang.Text{EN: "Choose somebody you have paid.", ZH: "请选择您付过款的对象。"})
)
