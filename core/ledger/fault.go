package ledger

import (
	"billfold/base/fault"
	"billfold/base/lang"
)

// The refusals of the ledger. None of them moves anything. Two more come from base/money: amount_not_positive and
// currency_mismatch.
var (
	// ErrInsufficientFunds refuses an entry that would take an account past its limit.
	ErrInsufficientFunds = fault.Define(fault.Refused, "insufficient_funds",
		lang.Text{EN: "There is not enough money", ZH: "余额不足"},
		lang.Text{
			EN: "The account cannot cover this amount. Top up or choose a smaller amount, then try again with the same key.",
			ZH: "账户余额不足以支付该金额。请先充值或减小金额，然后用同一幂等键重试。"})
	// ErrAccountNotFound refuses an account that nobody opened.
	ErrAccountNotFound = fault.Define(fault.NotFound, "account_not_found",
		lang.Text{EN: "There is no such account", ZH: "账户不存在"},
		lang.Text{EN: "Check the account's number or address.", ZH: "请检查账户编号或地址。"})
	// ErrAccountFrozen refuses a movement of an account that the operator froze.
	ErrAccountFrozen = fault.Define(fault.Held, "account_frozen",
		lang.Text{EN: "The account is frozen", ZH: "账户已冻结"},
		lang.Text{
			EN: "No money moves in or out until the operator lifts the freeze. Contact support.",
			ZH: "在运营方解除冻结之前，资金无法进出。请联系客服。"})
	// ErrAccountClosed refuses a movement of a closed account.
	ErrAccountClosed = fault.Define(fault.Conflict, "account_closed",
		lang.Text{EN: "The account is closed", ZH: "账户已关闭"},
		lang.Text{EN: "A closed account takes part in nothing any more. Use another account.", ZH: "已关闭的账户不能再使用。请使用其他账户。"})
	// ErrAccountDiffers refuses to open an address again as something else.
	ErrAccountDiffers = fault.Define(fault.Conflict, "account_differs",
		lang.Text{EN: "This account exists with other terms", ZH: "该账户已以其他条件存在"},
		lang.Text{
			EN: "An account's currency and limit never change. Choose another address, or the terms it was opened with.",
			ZH: "账户的货币与限制不可更改。请使用其他地址，或使用开户时的条件。"})
	// ErrAccountNotEmpty refuses to close an account that holds something.
	ErrAccountNotEmpty = fault.Define(fault.Conflict, "account_not_empty",
		lang.Text{EN: "The account is not empty", ZH: "账户仍有余额"},
		lang.Text{
			EN: "Move its balance away and resolve its holds, then close it.",
			ZH: "请先转出余额并处理完所有冻结资金，再关闭账户。"})
	// ErrFreezeFirst refuses to close a busy account that payments may still be reaching.
	ErrFreezeFirst = fault.Define(fault.Conflict, "account_not_frozen_long_enough",
		lang.Text{EN: "Freeze the account first", ZH: "请先冻结账户"},
		lang.Text{
			EN: "Freeze it, wait a minute until payments under way have ended, and close it then.",
			ZH: "请先冻结账户，等待一分钟，待处理中的付款结束后再关闭。"})
	// ErrSameAccount refuses a leg that debits and credits one account.
	ErrSameAccount = fault.Define(fault.Invalid, "same_account",
		lang.Text{EN: "Both sides are the same account", ZH: "收付双方为同一账户"},
		lang.Text{EN: "Choose another account for one of the sides.", ZH: "请为其中一方选择其他账户。"})
	// ErrEntryInvalid refuses an entry whose shape is wrong; Param names the place.
	ErrEntryInvalid = fault.Define(fault.Invalid, "entry_invalid",
		lang.Text{EN: "The entry cannot be posted like this", ZH: "记账分录无效"},
		lang.Text{
			EN: "Correct the named field: an id of the form ent_…, a kind of lower-case letters, digits, _ and ., a reference " +
				"of up to 200 bytes, up to 4 KiB of metadata, 1 to 1,000 legs, an expiry in the future.",
			ZH: "请更正所指出的字段：编号形如 ent_…；类型仅含小写字母、数字、_ 与 .；参考号不超过 200 字节；" +
				"元数据不超过 4 KiB；分录行 1 至 1,000 条；到期时间须在将来。"})
	// ErrEntryNotFound answers for an entry that does not exist.
	ErrEntryNotFound = fault.Define(fault.NotFound, "entry_not_found",
		lang.Text{EN: "There is no such entry", ZH: "找不到该分录"},
		lang.Text{EN: "Check the entry's id.", ZH: "请检查分录编号。"})
	// ErrEntryDiffers refuses an id that another entry has.
	ErrEntryDiffers = fault.Define(fault.Conflict, "entry_differs",
		lang.Text{EN: "This entry id is taken by another entry", ZH: "该分录编号已用于其他分录"},
		lang.Text{
			EN: "The same id may be sent again only with the same content. Use a new id for a new entry.",
			ZH: "相同编号只能以相同内容重发。新的分录请使用新的编号。"})
	// ErrHoldNotOpen refuses to resolve what is no hold, or is resolved already.
	ErrHoldNotOpen = fault.Define(fault.Conflict, "hold_not_open",
		lang.Text{EN: "The hold is not open", ZH: "该笔冻结已处理"},
		lang.Text{EN: "It has been captured, released or has expired. Load it again to see which.", ZH: "该笔冻结已被扣款、解除或到期。请重新加载查看。"})
	// ErrHoldExpired refuses to post a hold whose time is over.
	ErrHoldExpired = fault.Define(fault.Conflict, "hold_expired",
		lang.Text{EN: "The hold has expired", ZH: "该笔冻结已到期"},
		lang.Text{EN: "Ask the payer to pay again.", ZH: "请让付款人重新付款。"})
	// ErrHoldNotExpired refuses to expire a hold before its time.
	ErrHoldNotExpired = fault.Define(fault.Conflict, "hold_not_expired",
		lang.Text{EN: "The hold has not expired yet", ZH: "该笔冻结尚未到期"},
		lang.Text{EN: "Void it to release it early.", ZH: "如需提前解除，请使用作废。"})
	// ErrAmountExceedsHold refuses to post more than was held.
	ErrAmountExceedsHold = fault.Define(fault.Invalid, "amount_exceeds_hold",
		lang.Text{EN: "The amount is more than was held", ZH: "金额超过冻结金额"},
		lang.Text{EN: "Use an amount up to the held one; the rest is released.", ZH: "请使用不超过冻结金额的数额，其余部分将被解除。"})
	// ErrOverflow refuses an entry after which a total would not fit 64 bits.
	ErrOverflow = fault.Define(fault.Refused, "ledger_overflow",
		lang.Text{EN: "The account cannot hold this amount", ZH: "账户无法容纳该金额"},
		lang.Text{
			EN: "An account's totals end at 9,223,372,036,854,775,807 minor units. Use a smaller amount or another account.",
			ZH: "账户累计金额上限为 9,223,372,036,854,775,807 个最小货币单位。请减小金额或使用其他账户。"})
	// ErrBatchRefused answers for the other entries of an all-or-nothing batch in which one was refused.
	ErrBatchRefused = fault.Define(fault.Conflict, "batch_refused",
		lang.Text{EN: "Another entry of the batch was refused", ZH: "批次中的其他分录被拒绝"},
		lang.Text{EN: "Nothing of the batch was posted. Correct the refused entry and send all again.", ZH: "整个批次均未入账。请更正被拒绝的分录后重新提交。"})
	// ErrBatchSize refuses a batch of nothing or of too much.
	ErrBatchSize = fault.Define(fault.Invalid, "batch_size",
		lang.Text{EN: "The batch has a wrong size", ZH: "批次大小不正确"},
		lang.Text{EN: "Send 1 to 10,000 entries.", ZH: "请提交 1 至 10,000 条分录。"})
)
