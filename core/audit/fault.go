package audit

import (
	"billfold/base/fault"
	"billfold/base/lang"
)

func text(en, zh string) lang.Text { return lang.Text{EN: en, ZH: zh} }

// The refusals of this package.
var (
	// ErrReason refuses to go on without a reason.
	ErrReason = fault.Define(fault.Invalid, "audit_reason_required",
		text("A reason is needed", "需要填写原因"),
		text("Say why in 5 to 300 characters: it stays in the audit trail.", "请用 5 至 300 个字符说明原因，该内容将保留在审计记录中。"))
	// ErrLook refuses to show a person to an operator who has not said why.
	ErrLook = fault.Define(fault.Denied, "look_unexplained",
		text("Say first why you look", "请先说明查看原因"),
		text("Give a reason; it is recorded, and opens the page for fifteen minutes.", "请填写原因；该原因会被记录，页面将开放十五分钟。"))
)
