package identity

import (
	"billfold/base/fault"
	"billfold/base/lang"
)

func text(en, zh string) lang.Text { return lang.Text{EN: en, ZH: zh} }

// What a person typed about themselves and we cannot take.
var (
	ErrName = fault.Define(fault.Invalid, "name_invalid",
		text("This name cannot be used", "无法使用此姓名"),
		text("Give a name of 1 to 80 characters with at least one letter, without invisible characters.",
			"请输入 1 至 80 个字符的姓名，至少包含一个文字，且不含不可见字符。"))
	ErrHandle = fault.Define(fault.Invalid, "handle_invalid",
		text("This handle cannot be used", "无法使用此用户名"),
		text("Use 3 to 30 of a-z, 0-9, dot and underscore, with at least one letter; no dot at either end or two in a row.",
			"请使用 3 至 30 个小写字母、数字、点或下划线，至少包含一个字母；首尾不能是点，也不能有两个连续的点。"))
	ErrHandleReserved = fault.Define(fault.Invalid, "handle_reserved",
		text("This handle is reserved", "此用户名已被保留"),
		text("Choose another handle; this one could be mistaken for the operator of this place.",
			"请选择其他用户名；此名称可能被误认为本平台的运营方。"))
	ErrHandleTaken = fault.Define(fault.Conflict, "handle_taken",
		text("This handle is taken", "此用户名已被使用"),
		text("Choose another handle and try again.", "请选择其他用户名后重试。"))
	ErrEmail = fault.Define(fault.Invalid, "email_invalid",
		text("This e-mail address cannot be used", "无法使用此电子邮箱"),
		text("Give an address like name@example.org, in plain letters and at most 254 characters.",
			"请输入类似 name@example.org 的邮箱地址，仅限英文字符，最多 254 个字符。"))
	ErrEmailTaken = fault.Define(fault.Conflict, "email_taken",
		text("This e-mail address has an account", "此电子邮箱已有账户"),
		text("Give every person an address of their own.", "请为每个人使用各自的邮箱地址。"))
	// ErrPhone refuses what is no telephone number with its country.
	ErrPhone = fault.Define(fault.Invalid, "phone_invalid",
		text("This is not a telephone number", "电话号码无效"),
		text("Begin with + and the country, such as +49 151 2345678.", "请以 + 和国家代码开头，例如 +86 138 0013 8000。"))
	// ErrPhoneOff says that nobody carries texts for this installation.
	ErrPhoneOff = fault.Define(fault.Denied, "phone_unavailable",
		text("Numbers cannot be confirmed here", "此处无法验证电话号码"),
		text("This installation sends no texts. People find you by handle or e-mail.", "本安装不发送短信。他人可通过用户名或邮箱找到您。"))
	// ErrContactValue refuses what cannot be a line of an address. It belongs to saved addresses and to what a checkout hands over.
	ErrContactValue = fault.Define(fault.Invalid, "contact_value",
		text("This cannot be part of an address", "此内容不能用作地址"),
		text("Write plain text on one line: a country as two letters such as DE, an e-mail address like name@example.org, a telephone number.",
			"请填写单行文本：国家用两个字母（如 CN），邮箱如 name@example.org，电话用数字。"))
	// ErrAddressEmpty refuses to save nothing.
	ErrAddressEmpty = fault.Define(fault.Invalid, "address_empty",
		text("There is nothing to save", "没有可保存的内容"),
		text("Fill in at least one field.", "请至少填写一项。"))
	// ErrAddresses refuses more addresses than a person may keep.
	ErrAddresses = fault.Define(fault.Exhausted, "address_limit",
		text("Your saved addresses are full", "保存的地址已满"),
		text("Remove one of the 20 first.", "最多保存 20 个，请先移除一个。"))
	// ErrAddressUnknown answers for an address that is not there, or not the person's.
	ErrAddressUnknown = fault.Define(fault.NotFound, "address_not_found",
		text("There is no such address", "找不到该地址"),
		text("It may have been removed. Look at your list of addresses.", "该地址可能已被移除。请查看您的地址列表。"))
	ErrLang = fault.Define(fault.Invalid, "language_unknown",
		text("We do not speak this language yet", "暂不支持此语言"),
		text("Choose English (en) or Simplified Chinese (zh-Hans).", "请选择英语（en）或简体中文（zh-Hans）。"))
	ErrLabel = fault.Define(fault.Invalid, "key_label_invalid",
		text("This label cannot be used", "无法使用此标签"),
		text("Give a label of 1 to 80 visible characters.", "请输入 1 至 80 个可见字符的标签。"))
)

// Passwords that we do not accept as new ones.
var (
	ErrPasswordShort = fault.Define(fault.Invalid, "password_too_short",
		text("The password is too short", "密码太短"),
		text("Use at least 15 characters. A few words in a row are easy to remember; no special signs are needed.",
			"请至少使用 15 个字符。几个词连在一起便于记忆，无需特殊符号。"))
	ErrPasswordLong = fault.Define(fault.Invalid, "password_too_long",
		text("The password is too long", "密码太长"),
		text("Use at most 128 characters.", "最多使用 128 个字符。"))
	ErrPasswordCharacters = fault.Define(fault.Invalid, "password_characters",
		text("The password holds characters that cannot be typed", "密码包含无法输入的字符"),
		text("Leave out control characters and line breaks.", "请去掉控制字符和换行符。"))
	ErrPasswordCommon = fault.Define(fault.Invalid, "password_common",
		text("This password is easy to guess", "此密码容易被猜到"),
		text("It is known from breaches, repeats itself, or is made of your own name. Choose words that do not belong together.",
			"它曾出现在泄露的数据中、内容重复，或由您的姓名组成。请选择互不相关的词语。"))
)

// Proving who one is.
var (
	ErrSignIn = fault.Define(fault.Unauthenticated, "sign_in_failed",
		text("Sign-in failed", "登录失败"),
		text("The login or the password is not right. Check both and try again.", "登录名或密码不正确。请检查后重试。"))
	ErrPassword = fault.Define(fault.Invalid, "password_wrong",
		text("The password is not right", "密码不正确"),
		text("Type your current password again.", "请重新输入您的当前密码。"))
	ErrTooMany = fault.Define(fault.Exhausted, "too_many_attempts",
		text("Too many attempts", "尝试次数过多"),
		text("Wait %s seconds and try again.", "请等待 %s 秒后重试。"))
	ErrCode = fault.Define(fault.Invalid, "code_wrong",
		text("The code is not right", "验证码不正确"),
		text("Type the six digits of the newest mail. Tries left: %s.", "请输入最新邮件中的六位数字。剩余次数：%s。"))
	ErrCodeLocked = fault.Define(fault.Exhausted, "code_locked",
		text("The code was tried too often", "验证码尝试次数过多"),
		text("Start again with a new sign-up.", "请重新开始注册。"))
	ErrCodeExpired = fault.Define(fault.Invalid, "code_expired",
		text("The code is no longer valid", "验证码已失效"),
		text("Ask for a new code or start again.", "请重新获取验证码或重新开始。"))
	ErrSession = fault.Define(fault.Unauthenticated, "session_ended",
		text("You are signed out", "您已退出登录"),
		text("Sign in to go on.", "请登录后继续。"))
	ErrSignInFirst = fault.Define(fault.Unauthenticated, "sign_in_first",
		text("Sign in first", "请先登录"),
		text("Sign in or sign up, then open the link again. It has not been used up.", "请先登录或注册，然后再次打开此链接。链接尚未被使用。"))
	ErrLink = fault.Define(fault.NotFound, "link_invalid",
		text("This link is no longer valid", "此链接已失效"),
		text("It was used, has expired or never existed. Ask for a new one.", "链接已被使用、已过期或不存在。请重新获取。"))
	ErrSandboxOnly = fault.Define(fault.Denied, "sandbox_only",
		text("This works in a sandbox only", "此功能仅限沙盒环境"),
		text("Sign in with your password.", "请使用密码登录。"))
)

// API keys and people.
var (
	ErrKey = fault.Define(fault.Unauthenticated, "api_key_invalid",
		text("The API key is not valid", "API 密钥无效"),
		text("It is misspelt, unknown or revoked. Copy it again, or make a new one on the page API keys.",
			"密钥拼写错误、不存在或已撤销。请重新复制，或在“API 密钥”页面新建一个。"))
	ErrKeyMode = fault.Define(fault.Unauthenticated, "api_key_wrong_mode",
		text("The API key belongs to another mode", "API 密钥与环境不符"),
		text("Test keys work in a sandbox, live keys in a live installation. Use a key of this one.",
			"测试密钥用于沙盒环境，正式密钥用于正式环境。请使用当前环境的密钥。"))
	ErrKeyUnknown = fault.Define(fault.NotFound, "key_not_found",
		text("No such key", "没有此密钥"),
		text("Check the id of the key; only its owner sees it.", "请检查密钥编号；仅所有者可见。"))
	ErrSessionUnknown = fault.Define(fault.NotFound, "session_not_found",
		text("No such session", "没有此会话"),
		text("It may have ended already. Load the list again.", "该会话可能已结束。请重新加载列表。"))
	ErrPerson = fault.Define(fault.NotFound, "person_not_found",
		text("No such person", "没有此用户"),
		text("Check the id.", "请检查编号。"))
	ErrPayeeUnknown = fault.Define(fault.NotFound, "payee_not_found",
		text("We do not know this payee", "找不到此收款人"),
		text("Check the handle or e-mail address with the person you want to pay.", "请与收款人核对用户名或邮箱地址。"))
	ErrPersonFrozen = fault.Define(fault.Held, "person_frozen",
		text("This wallet is frozen", "此钱包已被冻结"),
		text("No money moves until the operator lifts the freeze. Contact support.", "在运营方解除冻结之前，资金无法转移。请联系客服。"))
)
