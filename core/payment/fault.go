package payment

import (
	"billfold/base/fault"
	"billfold/base/lang"
	"billfold/core/ledger"
)

func text(en, zh string) lang.Text { return lang.Text{EN: en, ZH: zh} }

// ErrSameAccount refuses to pay oneself, or one's own shop: the ledger's refusal in words for a payer.
var ErrSameAccount = ledger.ErrSameAccount.Say(
	text("Choose another payee; you cannot pay yourself or your own shop.", "请选择其他收款人；不能向自己或自己的商店付款。")).With("payee")

// The refusals of this package. Each says what to do; none of them moved value. Others come from where they belong:
// payee_not_found and person_frozen from identity; insufficient_funds, account_closed, hold_expired and amount_exceeds_hold from the
// ledger; the refusals of amounts and currency_mismatch from money; idempotency_mismatch from once.
var (
	// ErrState refuses what the state table does not allow. Its detail names the state.
	ErrState = fault.Define(fault.Conflict, "payment_state",
		text("The payment is not in a state that allows this", "付款当前状态不允许此操作"),
		text("The payment is %s. Read it again and follow its next_action.", "该付款状态为 %s。请重新读取并按 next_action 操作。"))
	// ErrExpired refuses a confirmation that comes too late.
	ErrExpired = fault.Define(fault.Conflict, "payment_expired",
		text("The payment has expired", "付款已过期"),
		text("Nothing was taken. Ask the payee for a new payment.", "未扣款。请向收款方索取新的付款。"))
	// ErrMismatch refuses a confirmation of something other than what would be posted.
	ErrMismatch = fault.Define(fault.Conflict, "authorization_mismatch",
		text("What was approved is not what would be paid", "所批准的内容与实际付款不一致"),
		text("Show the payment to its payer again and confirm the digest it carries now.", "请再次向付款人展示该付款，并确认其当前摘要。"))
	// ErrPayeeFrozen refuses to pay a shop or person that may not receive.
	ErrPayeeFrozen = fault.Define(fault.Held, "payee_frozen",
		text("The payee cannot be paid at the moment", "收款人暂时无法收款"),
		text("Nothing was taken. Ask the payee, or try again later.", "未扣款。请联系收款人或稍后再试。"))
	// ErrPayerFrozen refuses a refund to somebody whose wallet may not receive.
	ErrPayerFrozen = fault.Define(fault.Held, "payer_frozen",
		text("Whoever paid cannot be given money back at the moment", "付款人暂时无法收到退款"),
		text("Nothing was given back. Try again later; if it stays so, contact support.", "未退款。请稍后再试；如问题持续，请联系客服。"))
	// ErrShopFrozen refuses to move money out of a shop that is frozen.
	ErrShopFrozen = fault.Define(fault.Held, "shop_frozen",
		text("This shop is frozen", "该商店已被冻结"),
		text("Nothing was given back. No money moves until the operator lifts the freeze. Contact support.",
			"未退款。在运营方解除冻结之前，资金无法转移。请联系客服。"))
	// ErrCurrency refuses an asset that payer or payee does not use.
	ErrCurrency = fault.Define(fault.Invalid, "currency_not_available",
		text("This currency cannot be used here", "此处不能使用该货币"),
		text("Payer and payee need an account in %s. Choose a currency that both have.", "付款人和收款人都需要 %s 账户。请选择双方都有的货币。"))
	// ErrKind refuses a kind that does not fit the payee, or that cannot be created this way.
	ErrKind = fault.Define(fault.Invalid, "payment_kind",
		text("This kind of payment does not fit", "付款类型不符"),
		text("A shop is paid by a purchase, a person by a transfer.", "向商店付款用 purchase，向个人付款用 transfer。"))
	// ErrCapture refuses an unknown capture mode, or a hold for a transfer.
	ErrCapture = fault.Define(fault.Invalid, "capture_mode",
		text("This capture mode cannot be used", "不能使用该扣款方式"),
		text("Use automatic, or manual for a purchase.", "请使用 automatic；购物付款可使用 manual。"))
	// ErrRefundAmount refuses to give back more than is left.
	ErrRefundAmount = fault.Define(fault.Invalid, "refund_exceeds_payment",
		text("More than is left to refund", "超过可退金额"),
		text("At most %s can still be refunded.", "最多还可退款 %s。"))
	// ErrNotRefundable refuses to refund a top-up or a refund.
	ErrNotRefundable = fault.Define(fault.Conflict, "payment_not_refundable",
		text("This payment cannot be refunded", "该付款不能退款"),
		text("Only purchases and transfers can be refunded, by the one who received them.", "只有购物和转账可以由收款方退款。"))
	// ErrExpiry refuses a deadline in the past or too far away.
	ErrExpiry = fault.Define(fault.Invalid, "invalid_expiry",
		text("The expiry cannot be used", "过期时间无效"),
		text("Choose a moment between one minute and 30 days from now.", "请选择从现在起一分钟到 30 天之间的时间。"))
	// ErrText refuses text that is too long or not plain.
	ErrText = fault.Define(fault.Invalid, "invalid_text",
		text("The text cannot be used", "文本无效"),
		text("Use plain text without control characters, at most %s bytes.", "请使用不含控制字符的文本，最多 %s 字节。"))
	// ErrMetadata refuses metadata beyond 50 keys of 40 bytes with values of 500.
	ErrMetadata = fault.Define(fault.Invalid, "invalid_metadata",
		text("The metadata cannot be used", "元数据无效"),
		text("At most 50 entries; keys up to 40 bytes, values up to 500.", "最多 50 项；键最长 40 字节，值最长 500 字节。"))
	// ErrKeyRequired refuses a verb that moves money without an idempotency key.
	ErrKeyRequired = fault.Define(fault.Malformed, "idempotency_key_required",
		text("An idempotency key is required", "缺少幂等键"),
		text("Send an Idempotency-Key of 1 to 255 characters that is new for each payment.", "请发送 1 至 255 个字符的 Idempotency-Key，每笔付款使用新值。"))
	// ErrMethod refuses an unknown way to fill a wallet.
	ErrMethod = fault.Define(fault.Invalid, "topup_method",
		text("This card cannot be used", "该银行卡无法使用"),
		text("Use a card token of the sandbox, such as tok_4242.", "请使用沙盒卡令牌，例如 tok_4242。"))
	// ErrItems refuses line items that do not add up.
	ErrItems = fault.Define(fault.Invalid, "line_items",
		text("The line items do not add up", "明细与总额不符"),
		text("Give 1 to 100 items with a name and a positive amount; they must sum to the amount.", "请提供 1 至 100 项，每项有名称和正金额，合计须等于总额。"))
	// ErrReturnURL refuses an address that a checkout may not send people to.
	ErrReturnURL = fault.Define(fault.Invalid, "return_url",
		text("This return address cannot be used", "返回地址无效"),
		text("Use an https address of an origin registered for the shop. The owner registers it on the shop's page, under Return addresses.",
			"请使用商店已登记来源的 https 地址。店主可在商店页面的“返回地址”中登记。"))
	// ErrExtended refuses to extend a checkout's time for the eleventh time, or from another end than the one it has.
	ErrExtended = fault.Define(fault.Conflict, "checkout_extended",
		text("The time to pay was not extended", "付款时间未延长"),
		text("It was extended a moment ago, or ten times already. Look at the page again; ask the shop for a new checkout if it ends.",
			"刚刚已经延长过，或已延长十次。请重新查看页面；若已结束，请向商店索取新的收银页面。"))
	// ErrCardHold refuses a card where money is to be held first.
	ErrCardHold = fault.Define(fault.Invalid, "card_hold",
		text("This checkout cannot be paid by card", "此收银页面不能用银行卡付款"),
		text("The shop takes the money later, which a card cannot wait for here. Pay with a wallet.",
			"商店稍后才会收款，此处银行卡无法等待。请使用钱包付款。"))
	// ErrCardTries refuses an eleventh card on one session.
	ErrCardTries = fault.Define(fault.Exhausted, "card_attempts",
		text("Too many cards were tried", "尝试的银行卡过多"),
		text("Nothing was taken. Pay with a wallet, or ask the shop for a new checkout.", "未扣款。请使用钱包付款，或向商店索取新的收银页面。"))
	// ErrPayLink refuses the terms of an address for being paid.
	ErrPayLink = fault.Define(fault.Invalid, "checkout_link_terms",
		text("The payment link cannot be made like this", "无法这样创建付款链接"),
		text("Give a title; a least amount only where the payer types it; at most 1,000,000 uses.",
			"请填写标题；仅当金额由付款人填写时才可设最低金额；使用次数最多 1,000,000。"))
	// ErrPayLinks refuses more addresses than a shop may keep.
	ErrPayLinks = fault.Define(fault.Exhausted, "checkout_links_full",
		text("There are too many payment links", "付款链接过多"),
		text("Use one of the 10,000 there are; an open amount serves many sales.", "请使用已有的 10,000 个链接之一；开放金额的链接可用于多次销售。"))
	// ErrPayLinkOver refuses to pay under an address that is closed, has expired or was paid as often as its shop wanted.
	ErrPayLinkOver = fault.Define(fault.Conflict, "checkout_link_over",
		text("Nothing can be paid under this link any more", "此付款链接已失效"),
		text("Nothing was taken. Ask the shop for a new link.", "未扣款。请向商店索取新的链接。"))
	// ErrPayLinkAmount refuses less than a shop wants under an address.
	ErrPayLinkAmount = fault.Define(fault.Invalid, "checkout_link_amount",
		text("The amount is too small", "金额过小"),
		text("The shop asks for at least %s.", "商店要求至少 %s。"))
	// ErrBill refuses a bill number that no payment code can carry.
	ErrBill = fault.Define(fault.Invalid, "checkout_bill",
		text("This bill number cannot be used", "无法使用此账单号"),
		text("Write up to 25 letters, digits and signs of a plain keyboard.", "请填写至多 25 个英文字母、数字或普通符号。"))
	// ErrContactFields refuses to ask for what is no contact field.
	ErrContactFields = fault.Define(fault.Invalid, "contact_fields",
		text("These contact fields cannot be asked for", "无法索取这些联系信息"),
		text("Name each field once, as RFC 4112 does, such as Ecom_ShipTo_Online_Email.",
			"请按 RFC 4112 的名称列出每个字段一次，例如 Ecom_ShipTo_Online_Email。"))
	// ErrContactRequired refuses to pay without what the shop needs.
	ErrContactRequired = fault.Define(fault.Invalid, "contact_required",
		text("The shop needs this", "商店需要此信息"),
		text("Fill it in, or go back to the shop. Nothing was taken.", "请填写，或返回商店。未扣款。"))
	// ErrShopOnly refuses a verb that only a shop can call.
	ErrShopOnly = fault.Define(fault.Denied, "shop_required",
		text("Only a shop can do this", "只有商店可以执行此操作"),
		text("Use the shop's secret key.", "请使用商店的密钥。"))
	// ErrPersonOnly refuses a verb that only a person can call.
	ErrPersonOnly = fault.Define(fault.Denied, "person_required",
		text("Only a person can do this", "只有个人可以执行此操作"),
		text("Sign in, or use a payer's token.", "请登录，或使用付款人令牌。"))
	// ErrNote refuses an own note that is too long.
	ErrNote = fault.Define(fault.Invalid, "note_too_long",
		text("The note is too long", "备注过长"),
		text("Write at most 280 characters.", "最多 280 个字符。"))
	// ErrLinkOver refuses a link whose money was taken, taken back, or has gone back by itself.
	ErrLinkOver = fault.Define(fault.Conflict, "link_over",
		text("There is nothing under this link any more", "此链接中已没有可领取的款项"),
		text("The money was taken, taken back by its sender, or has returned to them. Ask the sender for a new link.",
			"款项已被领取、被付款人撤回，或已退还付款人。请向付款人索取新的链接。"))
	// ErrLinkHeld refuses to hand out what a frozen sender sent.
	ErrLinkHeld = fault.Define(fault.Held, "link_held",
		text("This money cannot be taken at the moment", "此款项暂时无法领取"),
		text("It is kept safe. Ask its sender, or try again later.", "款项安全保留。请联系付款人或稍后再试。"))
	// ErrSplit refuses a bill that cannot be divided as asked.
	ErrSplit = fault.Define(fault.Invalid, "split_terms",
		text("It cannot be divided like this", "无法这样分摊"),
		text("Name 1 to 50 people, each with at least the smallest unit of the currency and at most 1000 parts.",
			"请指定 1 至 50 人，每人至少承担该货币的最小单位，最多 1000 份。"))
	// ErrSplitSum refuses amounts that do not sum to what is divided.
	ErrSplitSum = fault.Define(fault.Invalid, "split_sum",
		text("The amounts do not add up", "各项金额之和不符"),
		text("Together they must be exactly %s.", "各项合计须恰好等于 %s。"))
	// ErrTwice refuses to ask one person twice in one request.
	ErrTwice = fault.Define(fault.Invalid, "share_twice",
		text("Somebody is named twice", "有人被重复指定"),
		text("%s has a share already. Name everybody once.", "%s 已有一份。每人只能指定一次。"))
	// ErrRequestChanged refuses a change of a request that is not as its owner saw it.
	ErrRequestChanged = fault.Define(fault.Conflict, "request_changed",
		text("The request has changed meanwhile", "该收款请求已有变化"),
		text("Somebody has paid or declined, or you changed it elsewhere. Look at it again before you change it.",
			"有人已付款或拒绝，或您已在别处修改。请重新查看后再修改。"))
	// ErrReminded refuses a second reminder within a day.
	ErrReminded = fault.Define(fault.Exhausted, "reminded_lately",
		text("They were reminded within the last day", "过去一天内已提醒过"),
		text("Wait a day between two reminders.", "两次提醒之间请间隔一天。"))
	// ErrContacts refuses more contacts than a person may keep.
	ErrContacts = fault.Define(fault.Exhausted, "contact_limit",
		text("Your contacts are full", "联系人已满"),
		text("Remove somebody first.", "请先移除部分联系人。"))
	// ErrCursor refuses a cursor that did not come from us.
	ErrCursor = fault.Define(fault.Malformed, "invalid_cursor",
		text("The cursor cannot be used", "游标无效"),
		text("Start again without a cursor.", "请不带游标重新开始。"))
	// ErrCodeForeign refuses a code of another payment scheme or of another wallet.
	ErrCodeForeign = fault.Define(fault.Invalid, "code_foreign",
		text("This code belongs to another payment system", "此码属于其他支付系统"),
		text("Nothing was paid. Ask the shop for its code for this wallet.", "没有付款。请向商家索取本钱包的付款码。"))
	// ErrCodeForged refuses a code of ours that somebody changed.
	ErrCodeForged = fault.Define(fault.Refused, "code_forged",
		text("This code was changed", "此付款码被篡改"),
		text("Nothing was paid. Do not pay with this code; tell the shop that somebody put it there.", "没有付款。请勿使用此码付款，并告知商家。"))
	// ErrDecided refuses to decide about money in suspense twice.
	ErrDecided = fault.Define(fault.Conflict, "arrival_decided",
		text("This was decided already", "该款项已处理"),
		text("It was assigned, or sent back. Look at it again.", "该款项已分配或退回。请重新查看。"))
	// ErrReason refuses a decision that nobody gave a reason for.
	ErrReason = fault.Define(fault.Invalid, "reason_required",
		text("A reason is required", "请填写理由"),
		text("Say in a few words why; it is kept with your name.", "请简要说明理由；理由会与您的姓名一并保存。"))
	// ErrReviewAmount refuses to release a top-up for which the rail never took money.
	ErrReviewAmount = fault.Define(fault.Conflict, "review_amount",
		text("There is nothing to credit", "没有可入账的款项"),
		text("The rail never said that it took money in this currency under our name. Take the payment back instead.",
			"支付通道从未确认以我方名义收取该币种的款项。请改为退回该付款。"))
)
