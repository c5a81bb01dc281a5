package notice

import (
	"strings"
	"time"
	"unicode/utf8"

	"billfold/base/lang"
)

// Notice is something the app tells a person or a shop.
type Notice struct {
	ID       string // the event's id and the owner: telling it twice is telling it once
	Owner    string // "usr_…" or "mch_…", whose key seals the data
	Template string // an event's type, such as "payment.completed"
	Object   string // what it is about, "pay_…"
	At       time.Time
	// Data of a payment's notice: kind, state, role (payer or payee), amount (as shown), with (the other side's name
	// as this side may see it) and failure (a code, for failed ones).
	Data map[string]string
	Read bool // set when it is read
}

// saying is how a template sounds. Words in braces are filled from the data; title and body may be empty.
type saying struct{ title, body lang.Text }

func say(en, zh string) lang.Text { return lang.Text{EN: en, ZH: zh} }

// sayings are looked up by "template kind role", then "template role", then "template".
var sayings = map[string]saying{
	"payment.completed purchase payer":   {title: say("You paid {amount} to {with}", "您已向{with}支付 {amount}")},
	"payment.completed purchase payee":   {title: say("{with} paid you {amount}", "{with}已向您支付 {amount}")},
	"payment.completed transfer payer":   {title: say("You sent {amount} to {with}", "您已转账 {amount} 给{with}")},
	"payment.completed transfer payee":   {title: say("{with} sent you {amount}", "{with}向您转账 {amount}")},
	"payment.completed topup payee":      {title: say("Your top-up of {amount} has arrived", "您充值的 {amount} 已到账")},
	"payment.completed withdrawal payer": {title: say("Your withdrawal of {amount} has left", "您提现的 {amount} 已转出")},
	"payment.completed refund payer":     {title: say("You refunded {amount} to {with}", "您已向{with}退款 {amount}")},
	"payment.completed refund payee":     {title: say("{with} refunded you {amount}", "{with}已向您退款 {amount}")},
	"payment.authorized payer": {say("{amount} is reserved for {with}", "已为{with}预留 {amount}"),
		say("Nothing has left your wallet yet. {with} may collect up to this amount.", "资金尚未转出。{with}最多可收取此金额。")},
	"payment.authorized payee": {say("{with} reserved {amount} for you", "{with}已为您预留 {amount}"),
		say("Collect it before the reservation expires.", "请在预留到期前收取。")},
	"payment.captured payer": {title: say("{with} collected {amount}", "{with}已收取 {amount}")},
	"payment.captured payee": {title: say("You collected {amount} from {with}", "您已从{with}收取 {amount}")},
	"payment.voided payer": {say("{with} released {amount}", "{with}已释放 {amount}"),
		say("Nothing left your wallet.", "资金未转出您的钱包。")},
	"payment.voided payee": {title: say("You released {amount} of {with}", "您已释放{with}的 {amount}")},
	"payment.expired": {say("The payment of {amount} has expired", "{amount} 的付款已过期"),
		say("No money was moved.", "资金未发生变动。")},
	"payment.failed topup": {say("Your top-up of {amount} failed", "您的 {amount} 充值失败"),
		say("No money reached your wallet. Try again or use another card.", "资金未到账。请重试或换用其他银行卡。")},
	"payment.failed": {say("The payment of {amount} failed", "{amount} 的付款失败"),
		say("No money was moved.", "资金未发生变动。")},
	"payment.completed exchange payer": {title: say("You exchanged {amount}", "您已兑换 {amount}")},
	"payment.authorized withdrawal payer": {say("Your withdrawal of {amount} is on its way", "您提现的 {amount} 正在途中"),
		say("It is set aside until the bank has paid.", "银行付款前，该金额先行预留。")},
	"payment.failed withdrawal": {say("Your withdrawal of {amount} failed", "您的 {amount} 提现失败"),
		say("The money is back in your wallet. Check the account and try again.", "款项已回到您的钱包。请核对账户后重试。")},
	"payment.reversed withdrawal": {say("Your withdrawal of {amount} came back", "您提现的 {amount} 已被退回"),
		say("The money is back in your wallet.", "款项已回到您的钱包。")},
	"payment.reversed topup": {say("Your top-up of {amount} was charged back", "您充值的 {amount} 已被拒付"),
		say("What your wallet has was taken back; what is missing is paid first from the next money that comes in.",
			"钱包中的款项已被收回；不足的部分将先从之后到账的资金中偿还。")},
	"shop.approve": {say("{with} is open", "{with}已开通"),
		say("Your shop can be paid now. Print its code, or pair a till.", "您的商店现在可以收款。请打印收款码或配对收银台。")},
	"shop.refuse": {say("{with} was not approved", "{with}未获批准"),
		say("Write to the operator if you think that this is wrong.", "如有异议，请联系运营方。")},
	"shop.freeze": {say("{with} is frozen", "{with}已被冻结"),
		say("It is not paid and gives nothing back until the operator lifts the freeze.", "运营方解冻之前，无法收款或退款。")},
	"shop.unfreeze": {say("{with} is open again", "{with}已恢复"),
		say("It can be paid and give money back as before.", "可以照常收款和退款。")},
	"case.answered": {say("Your question about a payment was answered", "您关于一笔付款的问题已得到答复"),
		say("Open the payment's help to read it, and to write again.", "请打开该付款的帮助页面查看答复，也可继续留言。")},
	"case.closed": {say("Your case about a payment is closed", "您关于一笔付款的个案已关闭"),
		say("You can ask again at any time.", "您可随时再次提问。")},
	"budget.80": {say("80 % of a budget of {amount} is spent", "预算 {amount} 已用去 80%"),
		say("It is a budget of this month.", "这是本月的预算。")},
	"budget.100": {say("A budget of {amount} is spent", "预算 {amount} 已用完"),
		say("It is a budget of this month.", "这是本月的预算。")},
	"receivable.repaid": {say("{amount} was paid back of what you owe", "您的欠款已偿还 {amount}"),
		say("Still owed: {with}.", "尚欠：{with}。")},
	"link.sent": {say("{amount} waits under your link", "{amount} 已放入您的链接"),
		say("Whoever opens it can take the money. If nobody does within its time, it comes back to you.",
			"打开链接的人可领取款项。逾期无人领取，款项将退回给您。")},
	"link.taken payer": {title: say("{with} took the {amount} you sent by a link", "{with}已领取您通过链接发送的 {amount}")},
	"link.taken payee": {title: say("You took {amount} that {with} sent you", "您已领取{with}发送给您的 {amount}")},
	"link.canceled": {say("You took {amount} back", "您已撤回 {amount}"),
		say("Its link does not work any more.", "相应的链接已失效。")},
	"link.returned": {say("Nobody took the {amount} under your link", "您的链接中的 {amount} 无人领取"),
		say("It is back in your wallet.", "款项已退回您的钱包。")},
	"request.asked": {say("{with} asks you for {amount}", "{with}请您支付 {amount}"),
		say("Look at it, then pay or decline. Nothing moves before you agree.", "请查看后付款或拒绝。您同意之前不会扣款。")},
	"request.reminded": {say("{with} reminds you of {amount}", "{with}提醒您支付 {amount}"),
		say("Pay or decline; nothing moves before you agree.", "请付款或拒绝；您同意之前不会扣款。")},
	"request.canceled": {title: say("{with} does not ask you for {amount} any more", "{with}已不再请您支付 {amount}")},
	"request.declined": {say("{with} declined your request for {amount}", "{with}已拒绝您的 {amount} 收款请求"),
		say("No money was moved.", "资金未发生变动。")},
	"request.expired": {say("{with} did not pay the {amount} you asked for in time", "{with}未在期限内支付您请求的 {amount}"),
		say("You can ask again.", "您可以再次发起请求。")},
	"payment.held": {say("The payment of {amount} is being reviewed", "{amount} 的付款正在审核"),
		say("We tell you when it goes on.", "有进展时我们会通知您。")},
}

// unknown is for notices of a newer version of this program.
var unknown = saying{title: say("There is news about a payment", "您有一笔付款的新动态")}

func (n Notice) saying() saying {
	kind, role := n.Data["kind"], n.Data["role"]
	for _, key := range []string{n.Template + " " + kind + " " + role, n.Template + " " + kind, n.Template + " " + role, n.Template} {
		if s, ok := sayings[key]; ok {
			return s
		}
	}
	return unknown
}

// Title is the notice in one sentence. An empty name reads as "somebody".
func (n Notice) Title(tag lang.Tag) string { return n.filled(n.saying().title, tag) }

// Body is what to add to the title, often nothing.
func (n Notice) Body(tag lang.Tag) string { return n.filled(n.saying().body, tag) }

func (n Notice) filled(t lang.Text, tag lang.Tag) string {
	if t.Missing() {
		return ""
	}
	with := n.Data["with"]
	if with == "" {
		with = say("somebody", "对方").In(tag)
	}
	return tag.Sew(strings.NewReplacer("{amount}", tag.Hem(n.Data["amount"]), "{with}", tag.Hem(with)).Replace(t.In(tag)))
}

// longestValue bounds one value of a notice's or a mail's data, in bytes.
const longestValue = 500

// tame makes a value safe for a header line and for the eye: line breaks and other control characters become spaces,
// characters that turn or hide text go.
func tame(s string) string {
	s = strings.Map(lang.Tame, s)
	for len(s) > longestValue {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return s
}

func tameAll(data map[string]string) map[string]string {
	tamed := make(map[string]string, len(data))
	for k, v := range data {
		tamed[k] = tame(v)
	}
	return tamed
}
