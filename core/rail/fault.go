package rail

import (
	"billfold/base/fault"
	"billfold/base/lang"
)

// The refusals of this package.
var (
	// ErrSignature refuses a callback that a rail did not sign, or signed more than five minutes ago.
	ErrSignature = fault.Define(fault.Unauthenticated, "callback_signature",
		lang.Text{EN: "The callback is not signed by the rail", ZH: "回调签名无效"},
		lang.Text{
			EN: "Send webhook-id, webhook-timestamp and webhook-signature as Standard Webhooks has them, within five minutes. Nothing was done.",
			ZH: "请按 Standard Webhooks 规范在五分钟内发送 webhook-id、webhook-timestamp 与 webhook-signature。未执行任何操作。"})
	// ErrCallback refuses a signed callback that cannot be read.
	ErrCallback = fault.Define(fault.Malformed, "callback_invalid",
		lang.Text{EN: "The callback cannot be read", ZH: "无法读取回调内容"},
		lang.Text{
			EN: "Send a message of this rail's form, such as charge.settled with reference, merchant, amount and currency.",
			ZH: "请按该通道的格式发送，例如带 reference、merchant、amount 与 currency 的 charge.settled。"})
	// ErrRail refuses a callback for a rail that is not installed.
	ErrRail = fault.Define(fault.NotFound, "rail_not_found",
		lang.Text{EN: "There is no such rail", ZH: "没有该支付通道"},
		lang.Text{EN: "Check the address of the callback.", ZH: "请检查回调地址。"})
	// ErrToken refuses a card token that the rail does not know.
	ErrToken = fault.Define(fault.Invalid, "card_token",
		lang.Text{EN: "This card cannot be used", ZH: "该银行卡无法使用"},
		lang.Text{EN: "Use a card token of the sandbox, such as tok_4242.", ZH: "请使用沙盒卡令牌，例如 tok_4242。"})
	// ErrCardNumber refuses a card number whose check digit is wrong.
	ErrCardNumber = fault.Define(fault.Invalid, "card_number",
		lang.Text{EN: "This is not a card number", ZH: "卡号无效"},
		lang.Text{EN: "Check the number; a digit is wrong or missing. Nothing was taken.", ZH: "请核对卡号，有数字错误或缺失。未扣款。"})
	// ErrCardExpiry refuses a card that has expired, or a date that is none.
	ErrCardExpiry = fault.Define(fault.Invalid, "card_expiry",
		lang.Text{EN: "The card's expiry date cannot be used", ZH: "有效期无效"},
		lang.Text{EN: "Write month and year as on the card, such as 04/29. Nothing was taken.", ZH: "请按卡面填写月和年，例如 04/29。未扣款。"})
	// ErrCardCode refuses a security code of another length than three or four digits.
	ErrCardCode = fault.Define(fault.Invalid, "card_code",
		lang.Text{EN: "The security code cannot be used", ZH: "安全码无效"},
		lang.Text{EN: "It is the three or four digits on the card. Nothing was taken.", ZH: "请填写卡上的三位或四位数字。未扣款。"})
	// ErrCardReal refuses a card that is none of the sandbox's: nobody's real card is ever taken in here.
	ErrCardReal = fault.Define(fault.Refused, "card_real",
		lang.Text{EN: "Only test cards work here", ZH: "这里只能使用测试卡"},
		lang.Text{EN: "This is a sandbox: never type a real card. Use 4242 4242 4242 4242 with any code. The number was not kept.",
			ZH: "这是沙盒环境，请勿输入真实卡号。请使用 4242 4242 4242 4242 和任意安全码。卡号未被保存。"})
	// ErrCharge refuses to give back what was never charged.
	ErrCharge = fault.Define(fault.NotFound, "charge_not_found",
		lang.Text{EN: "There is no such charge", ZH: "没有该笔扣款"},
		lang.Text{EN: "Check the reference of the charge and its currency.", ZH: "请核对扣款编号和币种。"})
	// ErrAccount refuses a bank account number that cannot be one.
	ErrAccount = fault.Define(fault.Invalid, "bank_account",
		lang.Text{EN: "This is not a bank account number", ZH: "银行账号无效"},
		lang.Text{EN: "Check the IBAN: its length and its check digits have to fit. Nothing was sent.", ZH: "请核对 IBAN：长度和校验位必须正确。未转出任何款项。"})
	// ErrHolder refuses the name of an account's holder.
	ErrHolder = fault.Define(fault.Invalid, "bank_holder",
		lang.Text{EN: "The account holder's name cannot be used", ZH: "户名无效"},
		lang.Text{EN: "Write the name as the bank knows it, up to 70 bytes of plain text.", ZH: "请按银行登记填写户名，最多 70 字节的纯文本。"})
)
