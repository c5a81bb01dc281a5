package notice

import (
	"billfold/base/fault"
	"billfold/base/lang"
)

// The refusals of this package, for whoever sets it up.
var (
	ErrPlainMail = fault.Define(fault.Invalid, "mail_plain_refused",
		lang.Text{EN: "Mail must not leave unencrypted", ZH: "邮件不得以明文方式发送"},
		lang.Text{EN: "Set the mail security to starttls or tls. Plain SMTP works to a relay on this machine only (localhost).",
			ZH: "请将邮件安全方式设为 starttls 或 tls。明文 SMTP 仅可用于本机（localhost）的中继。"})
	ErrMailSettings = fault.Define(fault.Invalid, "mail_settings_invalid",
		lang.Text{EN: "The mail settings do not fit together", ZH: "邮件设置有误"},
		lang.Text{EN: "Give a host, a port from 1 to 65535, the security starttls, tls or plain, " +
			"and a sender such as Billfold <no-reply@example.org>.",
			ZH: "请提供主机、1 至 65535 的端口、安全方式（starttls、tls 或 plain），以及发件人，例如 Billfold <no-reply@example.org>。"})
)
