package api

import (
	"billfold/base/fault"
	"billfold/base/lang"
)

func text(en, zh string) lang.Text { return lang.Text{EN: en, ZH: zh} }

// What is wrong with a request before anybody looks at what it asks for.
var (
	// ErrBody refuses a body that is longer than its operation takes.
	ErrBody = fault.Define(fault.Malformed, "body_too_large",
		text("The body is too large", "请求正文过大"),
		text("Send at most %s KiB. Nothing was done.", "正文最多 %s KiB。未执行任何操作。"))
	// ErrMediaType refuses a body that is not application/json as it is.
	ErrMediaType = fault.Define(fault.Malformed, "unsupported_media_type",
		text("The body has a type that is not taken", "不支持的正文类型"),
		text("Send Content-Type: application/json, in UTF-8, and no Content-Encoding.",
			"请使用 Content-Type: application/json，UTF-8 编码，且不使用 Content-Encoding。"))
	// ErrMethod refuses a method that a path does not have.
	ErrMethod = fault.Define(fault.Malformed, "method_not_allowed",
		text("This address does not take this method", "该地址不支持此请求方法"),
		text("Use one of the methods in the Allow header.", "请使用 Allow 响应头中列出的方法。"))
	// ErrJSON refuses a body that is not JSON.
	ErrJSON = fault.Define(fault.Malformed, "malformed_json",
		text("The body is not JSON", "正文不是有效的 JSON"),
		text("Send one JSON value (RFC 8259). It cannot be read from byte %s on.", "请发送一个 JSON 值（RFC 8259）。自第 %s 字节起无法读取。"))
	// ErrBodyMissing refuses an empty body where one is needed.
	ErrBodyMissing = fault.Define(fault.Malformed, "body_required",
		text("The request needs a body", "缺少请求正文"),
		text("Send the JSON object that /openapi.json describes for this operation.", "请按 /openapi.json 的说明发送 JSON 对象。"))
	// ErrUTF8 refuses text in another encoding.
	ErrUTF8 = fault.Define(fault.Malformed, "invalid_utf8",
		text("The body is not UTF-8", "正文不是 UTF-8 编码"),
		text("Encode the body as UTF-8.", "请使用 UTF-8 编码。"))
	// ErrMark refuses a byte order mark (RFC 8259, 8.1).
	ErrMark = fault.Define(fault.Malformed, "byte_order_mark",
		text("The body begins with a byte order mark", "正文以字节顺序标记（BOM）开头"),
		text("Leave out the byte order mark before the JSON.", "请去掉 JSON 之前的字节顺序标记。"))
	// ErrTrailing refuses a second value.
	ErrTrailing = fault.Define(fault.Malformed, "trailing_data",
		text("Something follows the JSON value", "JSON 值之后还有内容"),
		text("Send exactly one JSON value.", "请只发送一个 JSON 值。"))
	// ErrDepth refuses nesting that no request of ours has.
	ErrDepth = fault.Define(fault.Malformed, "nesting_too_deep",
		text("The body is nested too deeply", "正文嵌套过深"),
		text("Nest objects and lists at most %s deep.", "对象与数组最多嵌套 %s 层。"))
	// ErrTwice refuses a member that stands twice in an object: readers would disagree about which one counts.
	ErrTwice = fault.Define(fault.Malformed, "duplicate_member",
		text("A member stands twice", "成员重复"),
		text("Give each member once.", "每个成员只能出现一次。"))
	// ErrUnknownMember refuses a member that the operation does not have.
	ErrUnknownMember = fault.Define(fault.Malformed, "unknown_member",
		text("The operation has no such member", "未知的成员"),
		text("Remove it or correct its spelling; /openapi.json lists the members.", "请删除或更正拼写；/openapi.json 列出了全部成员。"))
	// ErrType refuses a value of another type.
	ErrType = fault.Define(fault.Malformed, "wrong_type",
		text("A value has the wrong type", "值的类型不正确"),
		text("Send %s here.", "此处应为%s。"))
	// ErrAmountNumber refuses a JSON number for an amount: readers of JSON round numbers beyond 2^53.
	ErrAmountNumber = fault.Define(fault.Malformed, "amount_not_a_string",
		text("An amount must be a string", "金额必须是字符串"),
		text("Send whole minor units in quotes: \"4850\" for 48.50 EUR. JSON numbers lose digits.",
			"请用带引号的最小货币单位整数：\"4850\" 即 48.50 EUR。JSON 数字会丢失精度。"))
	// ErrRequired refuses a request that leaves out what is needed.
	ErrRequired = fault.Define(fault.Malformed, "parameter_required",
		text("Something is missing", "缺少必需的参数"),
		text("Send the named parameter.", "请提供所指出的参数。"))
	// ErrQuery refuses a query parameter that the operation does not have, or has once.
	ErrQuery = fault.Define(fault.Malformed, "unknown_query_parameter",
		text("The query cannot be used", "查询参数无效"),
		text("Use the query parameters that /openapi.json lists for this operation, each once.", "请仅使用 /openapi.json 为此操作列出的查询参数，每个一次。"))
	// ErrKeyKind refuses a key of a kind that the operation is not for.
	ErrKeyKind = fault.Define(fault.Denied, "key_kind",
		text("This kind of key cannot do this", "此类密钥不能执行该操作"),
		text("Use a key of this kind: %s.", "请使用以下类型的密钥：%s。"))
	// ErrKeyScope refuses a restricted key that was not given what the operation needs.
	ErrKeyScope = fault.Define(fault.Denied, "key_scope",
		text("This key may not do this", "该密钥没有此权限"),
		text("Use a key with the scope %s.", "请使用具有 %s 权限的密钥。"))
)

// bodyFaults are the refusals of reading a body.
var bodyFaults = []*fault.Fault{ErrBody, ErrMediaType, ErrJSON, ErrBodyMissing, ErrUTF8, ErrMark, ErrTrailing, ErrDepth, ErrTwice,
	ErrUnknownMember, ErrType, ErrRequired, fault.ErrMalformed, fault.ErrInvalid}
