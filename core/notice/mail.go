package notice

import (
	"bytes"
	"fmt"
	"html/template"
	"strings"
	"time"

	"billfold/base/lang"
)

// Mail is a request to send one mail, added in the caller's transaction.
type Mail struct {
	Owner    string // "usr_…" or "mch_…", whose key seals the address and the data
	To       string // one plain address
	Lang     lang.Tag
	Template string
	Data     map[string]string
}

// The templates of mails, and the data each needs. Amounts and times are as the reader shall see them; link is
// absolute and leads to this installation.
const (
	Code        = "code"            // code, minutes
	KnownEmail  = "known_email"     // nothing
	PhoneCode   = "phone_code"      // a text, to a telephone number: code, minutes
	PhoneMoved  = "phone_moved"     // nothing
	CaseAnswer  = "case_answered"   // answer, link
	Receipt     = "receipt"         // to the payer: amount, payee, receipt, at, link
	Received    = "received"        // to the payee: amount, payer, receipt, at, link
	Refund      = "refund"          // to the payer: amount, payee, receipt, at, link
	TopUpDone   = "topup_completed" // amount, receipt, at, link
	TopUpFailed = "topup_failed"    // amount, reason, link
	Withdrawn   = "withdrawal"      // amount, payee (the account as it is shown), receipt, at, link
	CameBack    = "withdrawal_back" // amount, reason, link
	ChargedBack = "charged_back"    // amount, at, link
	Asked       = "request"         // to who is asked: amount, payee, receipt, at, link
	Reminder    = "reminder"        // the same, later
	Declined    = "declined"        // to who asked: amount, payer, receipt, at, link
	Gift        = "gift"            // to somebody who may have no wallet: amount, payer, until, link
	GiftBack    = "gift_returned"   // to who sent it: amount, receipt, at, link
)

// Message is a mail in words.
type Message struct {
	ID       string // also the local part of its Message-ID
	To, From string
	Subject  string
	Text     string
	HTML     string
	Lang     lang.Tag
	Template string
	At       time.Time // when it was added
	State    State
}

// State is how far a mail has come.
type State string

// The states of a mail; see the package's diagram.
const (
	Queued  State = "queued"
	Sent    State = "sent"
	Dropped State = "dropped"
	Failed  State = "failed"
)

// letter is a template: paragraphs with words in braces, an optional code shown large, and the words of the link.
type letter struct {
	subject lang.Text
	body    []lang.Text
	code    string // the data that is shown large
	link    lang.Text
	needs   []string
	text    bool          // it goes to a telephone number, and its subject is all of it
	life    time.Duration // after which it is of no use; 0 for never
}

var (
	toPayment  = say("See the payment", "查看付款")
	phoneWords = say("{code} is your Billfold code, for {minutes} minutes. Type it where you gave this number; tell it to nobody.",
		"您的 Billfold 验证码：{code}，{minutes} 分钟内有效。请在填写此号码处输入，切勿告诉他人。")
	toRequest = say("Pay or decline", "付款或拒绝")
)

var letters = map[string]letter{
	Code: {
		subject: say("{code} is your Billfold code", "您的 Billfold 验证码：{code}"),
		body: []lang.Text{
			say("Somebody, hopefully you, is opening a Billfold wallet with this address. Type this code to go on:",
				"有人（希望是您本人）正在使用此邮箱开通 Billfold 钱包。请输入以下验证码以继续："),
			say("It works once, for {minutes} minutes. If it was not you, do nothing: without the code there is no wallet.",
				"验证码 {minutes} 分钟内有效，仅可使用一次。如非本人操作，请忽略此邮件；没有验证码便无法开通钱包。")},
		code: "code", needs: []string{"code", "minutes"}, life: 10 * time.Minute,
	},
	PhoneCode: {
		subject: phoneWords, body: []lang.Text{phoneWords},
		code: "code", needs: []string{"code", "minutes"}, text: true, life: 10 * time.Minute,
	},
	CaseAnswer: {
		subject: say("An answer to your question about a payment", "您关于付款的问题已得到答复"),
		body:    []lang.Text{say("The operator answers:", "运营方答复如下："), say("{answer}", "{answer}")},
		link:    say("Read it all, or write again", "查看全文或继续留言"), needs: []string{"answer", "link"},
	},
	PhoneMoved: {
		subject: say("Your telephone number is another wallet's now", "您的电话号码已归另一钱包使用"),
		body: []lang.Text{say("Somebody who reads the texts to your number has confirmed it for another wallet. Nobody finds you by it any more.",
			"有人通过该号码的短信验证，将其用于另一个钱包，因此他人不再能通过它找到您。"),
			say("If the number is still yours, confirm it again. Handle and e-mail work as before; no money moved.",
				"如果号码仍属于您，请重新验证。用户名和邮箱照常可用；没有任何资金变动。")},
		link: say("Sign in", "登录"),
	},
	KnownEmail: {
		subject: say("You already have a Billfold wallet", "您已拥有 Billfold 钱包"),
		body: []lang.Text{
			say("Somebody tried to open a new wallet with this address, which already has one.", "有人试图使用此邮箱开通新钱包，但此邮箱已有钱包。"),
			say("If it was you, sign in with the wallet you have. If not, there is nothing to do: nobody learned that you have one.",
				"如是您本人，请登录已有的钱包。如非本人操作，则无需处理：对方无从得知您已有钱包。")},
		link: say("Sign in", "登录"),
	},
	Receipt: {
		subject: say("You paid {amount} to {payee}", "您已向{payee}支付 {amount}"),
		body: []lang.Text{say("You paid {amount} to {payee} on {at}.", "您于 {at} 向{payee}支付了 {amount}。"),
			say("Receipt {receipt}. {payee} has the same receipt.", "收据编号 {receipt}，{payee}持有相同的收据。")},
		link: toPayment, needs: []string{"amount", "payee", "receipt", "at", "link"},
	},
	Received: {
		subject: say("{payer} paid you {amount}", "{payer}已向您支付 {amount}"),
		body: []lang.Text{say("You received {amount} from {payer} on {at}.", "您于 {at} 收到{payer}支付的 {amount}。"),
			say("Receipt {receipt}. {payer} has the same receipt.", "收据编号 {receipt}，{payer}持有相同的收据。")},
		link: toPayment, needs: []string{"amount", "payer", "receipt", "at", "link"},
	},
	Refund: {
		subject: say("{payee} refunded you {amount}", "{payee}已向您退款 {amount}"),
		body: []lang.Text{say("{payee} refunded you {amount} on {at}. It is in your wallet.", "{payee}于 {at} 向您退款 {amount}，已存入您的钱包。"),
			say("Receipt {receipt}.", "收据编号 {receipt}。")},
		link: toPayment, needs: []string{"amount", "payee", "receipt", "at", "link"},
	},
	TopUpDone: {
		subject: say("Your top-up of {amount} has arrived", "您充值的 {amount} 已到账"),
		body: []lang.Text{say("{amount} reached your wallet on {at}.", "{amount} 已于 {at} 存入您的钱包。"),
			say("Receipt {receipt}.", "收据编号 {receipt}。")},
		link: toPayment, needs: []string{"amount", "receipt", "at", "link"},
	},
	TopUpFailed: {
		subject: say("Your top-up of {amount} failed", "您的 {amount} 充值失败"),
		body: []lang.Text{say("Your top-up of {amount} did not go through: {reason}", "您的 {amount} 充值未成功：{reason}"),
			say("No money reached your wallet. Try again or use another card.", "资金未到账。请重试或换用其他银行卡。")},
		link: toPayment, needs: []string{"amount", "reason", "link"},
	},
	Withdrawn: {
		subject: say("Your withdrawal of {amount} has been paid", "您提现的 {amount} 已到账"),
		body: []lang.Text{say("{amount} left your wallet for the bank account {payee} on {at}.", "{amount} 已于 {at} 转入银行账户 {payee}。"),
			say("Receipt {receipt}. If it was not you, freeze your wallet and write to us at once.",
				"收据编号 {receipt}。如非本人操作，请立即冻结钱包并联系我们。")},
		link: toPayment, needs: []string{"amount", "payee", "receipt", "at", "link"},
	},
	CameBack: {
		subject: say("Your withdrawal of {amount} came back", "您提现的 {amount} 已被退回"),
		body: []lang.Text{say("Your withdrawal of {amount} did not reach the account: {reason}", "您提现的 {amount} 未能到账：{reason}"),
			say("The money is back in your wallet.", "款项已回到您的钱包。")},
		link: toPayment, needs: []string{"amount", "reason", "link"},
	},
	ChargedBack: {
		subject: say("Your top-up of {amount} was charged back", "您充值的 {amount} 已被拒付"),
		body: []lang.Text{say("The card's holder took {amount} back on {at}.", "持卡人于 {at} 撤回了 {amount}。"),
			say("It was taken from your wallet. What was missing there is owed, and paid first from the next money that comes in.",
				"该款项已从您的钱包收回。不足的部分记为欠款，将先从之后到账的资金中偿还。")},
		link: toPayment, needs: []string{"amount", "at", "link"},
	},
	Asked: {
		subject: say("{payee} asks you for {amount}", "{payee}请您支付 {amount}"),
		body: []lang.Text{say("{payee} asks you for {amount}.", "{payee}请您支付 {amount}。"),
			say("Nothing moves before you agree. If you do not know {payee}, decline.", "您同意之前不会扣款。如果您不认识{payee}，请拒绝。")},
		link: toRequest, needs: []string{"amount", "payee", "link"},
	},
	Reminder: {
		subject: say("Reminder: {payee} asks you for {amount}", "提醒：{payee}请您支付 {amount}"),
		body: []lang.Text{say("{payee} asked you for {amount}, and it is not paid yet.", "{payee}请您支付 {amount}，目前尚未支付。"),
			say("Nothing moves before you agree. If it is not for you to pay, decline.", "您同意之前不会扣款。如不应由您支付，请拒绝。")},
		link: toRequest, needs: []string{"amount", "payee", "link"},
	},
	Declined: {
		subject: say("{payer} declined your request for {amount}", "{payer}已拒绝您的 {amount} 收款请求"),
		body:    []lang.Text{say("{payer} declined your request for {amount}. No money was moved.", "{payer}已拒绝您的 {amount} 收款请求，资金未发生变动。")},
		link:    toPayment, needs: []string{"amount", "payer", "link"},
	},
	Gift: {
		subject: say("{payer} sends you {amount}", "{payer}向您发送 {amount}"),
		body: []lang.Text{
			say("{payer} sends you {amount}. Open the link and sign in, or open a wallet, to take it.",
				"{payer}向您发送 {amount}。打开链接并登录或开通钱包即可领取。"),
			say("Take it until {until}; after that it goes back. Whoever has this link can take the money, so do not pass it on.",
				"请在 {until} 之前领取，逾期将退回。持有此链接的任何人都可领取，请勿转发。")},
		link: say("Take the money", "领取款项"), needs: []string{"amount", "payer", "until", "link"},
	},
	GiftBack: {
		subject: say("{amount} came back to you", "{amount} 已退回给您"),
		body: []lang.Text{say("Nobody took the {amount} you sent by a link. It went back into your wallet on {at}.",
			"您通过链接发送的 {amount} 无人领取，已于 {at} 退回您的钱包。"),
			say("Receipt {receipt}.", "收据编号 {receipt}。")},
		link: toPayment, needs: []string{"amount", "receipt", "at", "link"},
	},
}

var (
	greeting = say("Hello,", "您好：")
	footer   = say("Billfold at {origin}. Nobody from Billfold ever asks for your password or for a code.",
		"Billfold（{origin}）。Billfold 的工作人员绝不会向您索要密码或验证码。")
)

// page is the html form: no images, nothing to load, readable in both colour schemes.
var page = template.Must(template.New("mail").Parse(`<!doctype html>
<html lang="{{.Lang}}">
<head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>{{.Subject}}</title></head>
<body style="font-family:system-ui,sans-serif;line-height:1.5;max-width:34em;margin:2em auto;padding:0 1em">
<p>{{.Greeting}}</p>
{{range $i, $p := .Body}}<p>{{$p}}</p>
{{if and (eq $i 0) $.Code}}<p style="font-size:1.8em;font-weight:600;letter-spacing:.2em">{{$.Code}}</p>
{{end}}{{end}}{{if .Link}}<p><a href="{{.Link}}">{{.LinkText}}</a></p>
{{end}}<hr>
<p><small>{{.Footer}}</small></p>
</body>
</html>
`))

// write puts a mail into words. The data is tamed already.
func (s *Service) write(id string, m Mail) (Message, error) {
	l, ok := letters[m.Template]
	if !ok {
		return Message{}, fmt.Errorf("notice: no mail template %q", m.Template)
	}
	fill := make([]string, 0, 2*len(m.Data)+2)
	for k, v := range m.Data {
		fill = append(fill, "{"+k+"}", m.Lang.Hem(v))
	}
	filler := strings.NewReplacer(append(fill, "{origin}", s.origin)...)
	in := func(t lang.Text) string { return m.Lang.Sew(filler.Replace(t.In(m.Lang))) }
	words := struct {
		Lang, Subject, Greeting, Code, Link, LinkText, Footer string
		Body                                                  []string
	}{Lang: string(m.Lang), Subject: in(l.subject), Greeting: greeting.In(m.Lang), Code: m.Data[l.code], Footer: in(footer)}
	if !l.link.Missing() {
		words.Link, words.LinkText = s.origin+"/signin", l.link.In(m.Lang)
		if link := m.Data["link"]; link != "" {
			words.Link = link
		}
	}
	lines := []string{words.Greeting}
	for i, p := range l.body {
		words.Body = append(words.Body, in(p))
		lines = append(lines, in(p))
		if i == 0 && words.Code != "" {
			lines = append(lines, "    "+words.Code)
		}
	}
	if words.Link != "" {
		lines = append(lines, words.LinkText+": "+words.Link)
	}
	lines = append(lines, "-- \n"+words.Footer)
	var html bytes.Buffer
	if err := page.Execute(&html, words); err != nil {
		return Message{}, fmt.Errorf("notice: write %s: %w", m.Template, err)
	}
	all := strings.Join(lines, "\n\n") + "\n"
	if l.text {
		all = words.Subject
	}
	return Message{ID: id, To: m.To, From: s.from, Subject: words.Subject, Text: all, HTML: html.String(),
		Lang: m.Lang, Template: m.Template}, nil
}
