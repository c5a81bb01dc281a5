package purse

import (
	"billfold/base/fault"
	"billfold/base/lang"
)

// The refusals of the issuer. None of them moves anything but where it says so.
var (
	// ErrNotFound answers for a purse that does not exist or is not the caller's.
	ErrNotFound = fault.Define(fault.NotFound, "purse_not_found",
		lang.Text{EN: "There is no such purse", ZH: "找不到该离线钱包"},
		lang.Text{EN: "Check the purse's id.", ZH: "请检查离线钱包的编号。"})
	// ErrEnrolment refuses a purse that cannot be certified like this.
	ErrEnrolment = fault.Define(fault.Invalid, "purse_enrolment",
		lang.Text{EN: "The purse cannot be enrolled like this", ZH: "无法以此信息登记离线钱包"},
		lang.Text{
			EN: "Give a role, an assurance class of 0 to 3, a public key that is not enrolled yet, and 1 to 4 currencies.",
			ZH: "请提供角色、0 至 3 的安全等级、尚未登记的公钥以及 1 至 4 种货币。"})
	// ErrMessage refuses bytes that are no message of a purse, or are not signed by it.
	ErrMessage = fault.Define(fault.Malformed, "purse_message",
		lang.Text{EN: "The purse's message cannot be read", ZH: "无法读取离线钱包的消息"},
		lang.Text{EN: "Read the purse again and send what it says, unchanged.", ZH: "请重新读取离线钱包，并原样提交其内容。"})
	// ErrForked refuses a purse of which two histories are known.
	ErrForked = fault.Define(fault.Conflict, "purse_forked",
		lang.Text{EN: "This purse exists twice", ZH: "该离线钱包存在副本"},
		lang.Text{
			EN: "It was copied or set back: its records contradict those it sent before. It is blocked; contact support.",
			ZH: "它被复制或回滚：其记录与之前提交的不一致。该钱包已停用，请联系客服。"})
	// ErrBlocked refuses a purse that is blocked, lost or closed.
	ErrBlocked = fault.Define(fault.Held, "purse_blocked",
		lang.Text{EN: "This purse is blocked", ZH: "该离线钱包已停用"},
		lang.Text{EN: "What it holds is refunded when its time is over. Contact support.", ZH: "其余额将在到期后退还。请联系客服。"})
	// ErrGap refuses records that do not follow those that are archived.
	ErrGap = fault.Define(fault.Conflict, "purse_records_missing",
		lang.Text{EN: "Records of the purse are missing", ZH: "缺少离线钱包的记录"},
		lang.Text{EN: "Send the purse's records from number %s on.", ZH: "请从编号 %s 开始提交记录。"})
	// ErrCaseNotFound answers for a case that does not exist.
	ErrCaseNotFound = fault.Define(fault.NotFound, "purse_case_not_found",
		lang.Text{EN: "There is no such case", ZH: "找不到该案件"},
		lang.Text{EN: "Check the case's id: it begins with pcs_.", ZH: "请检查以 pcs_ 开头的案件编号。"})
	// ErrCaseSettled refuses to settle a case another way than it was.
	ErrCaseSettled = fault.Define(fault.Conflict, "purse_case_settled",
		lang.Text{EN: "This case is settled", ZH: "该案件已结案"},
		lang.Text{
			EN: "It was settled with another outcome, which stands. What was decided wrongly is put right by a payment.",
			ZH: "该案件已按其他结果结案，结果不再更改。如有误判，请以一笔付款更正。"})
	// ErrSettlement refuses a decision that is not complete or does not fit.
	ErrSettlement = fault.Define(fault.Invalid, "purse_settlement",
		lang.Text{EN: "The decision does not fit", ZH: "该决定不适用"},
		lang.Text{
			EN: "Say who decides and why, in up to 500 bytes, and for a case whose loss it is: holder or house where money was paid, " +
				"nobody where none was.",
			ZH: "请注明决定人和理由（不超过 500 字节）；对案件还须注明由谁承担：已付款的为 holder 或 house，未付款的为 nobody。"})
	// ErrCollector refuses a file from somebody who may not carry it.
	ErrCollector = fault.Define(fault.Denied, "purse_collector",
		lang.Text{EN: "This collector may not bring the file", ZH: "该收集方无权提交此文件"},
		lang.Text{
			EN: "The collector's certificate must be in force, its signature must cover this file, and the file must be within its limit.",
			ZH: "收集方的证书须在有效期内，其签名须覆盖该文件，且文件金额不超过其限额。"})
)
