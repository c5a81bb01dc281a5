package fault

import "billfold/base/lang"

// The refusals that every package may need. A package's own refusals live in its own fault.go.
var (
	// ErrInternal is a mistake of ours; the cause is in the log under the request id.
	ErrInternal = Define(Internal, "internal", lang.Text{
		EN: "Something went wrong on our side",
		ZH: "系统内部出错",
	}, lang.Text{
		EN: "The request was not carried out. Try again with the same Idempotency-Key; if " +
			"it happens again, give the request id to whoever runs this service.",
		ZH: "请求未能执行。" +
			"请使用相同的 Idempotency-Key 重试；如仍失败，请把请求编号提供给本服务的运营方。",
	})
	// ErrUnavailable is for a database or another service that does not answer.
	ErrUnavailable = Define(Unavailable, "unavailable", lang.Text{
		EN: "The service is not available right now",
		ZH: "服务暂时不可用",
	}, lang.Text{
		EN: "Nothing was changed. Wait a moment and try again with the same Idempotency-Key.",
		ZH: "未作任何更改。请稍候片刻，再使用相同的 Idempotency-Key 重试。",
	})
	// ErrNotFound is also the answer for what exists and belongs to somebody else.
	ErrNotFound = Define(NotFound, "not_found", lang.Text{
		EN: "There is no such thing here",
		ZH: "找不到您要的内容",
	}, lang.Text{
		EN: "Check the id or the address. What belongs to somebody else looks as if it did not exist.",
		ZH: "请核对编号或网址。属于他人的内容同样会显示为不存在。",
	})
	// ErrInvalid is for a value that can be read and is wrong; Param names it.
	ErrInvalid = Define(Invalid, "invalid_parameter", lang.Text{
		EN: "A value is not acceptable",
		ZH: "参数值不符合要求",
	}, lang.Text{
		EN: "Correct the named field and send the request again.",
		ZH: "请更正所指出的字段后重新提交。",
	})
	// ErrMalformed is for a request that cannot be read at all.
	ErrMalformed = Define(Malformed, "malformed_request", lang.Text{
		EN: "The request cannot be read",
		ZH: "无法读取该请求",
	}, lang.Text{
		EN: "Send the body as the documentation at /openapi.json describes it: UTF-8 JSON, each key once, amounts as strings.",
		ZH: "" +
			"请按 /openapi.json 中的说明发送请求正文：使用 UTF-8 编码的 JSON，每个键只出现一次，金额用字符串表示。",
	})
	// ErrUnauthenticated is for a missing, wrong, ended or revoked key or session, without saying which.
	ErrUnauthenticated = Define(Unauthenticated, "unauthenticated", lang.Text{
		EN: "We do not know who is asking",
		ZH: "身份未验证",
	}, lang.Text{
		EN: "Sign in, or send a valid key in the Authorization header.",
		ZH: "请先登录，或在 Authorization 请求头中提供有效的密钥。",
	})
	// ErrDenied is for somebody we know who lacks the right.
	ErrDenied = Define(Denied, "permission_denied", lang.Text{
		EN: "This is not allowed for you",
		ZH: "您没有此项权限",
	}, lang.Text{
		EN: "Use an account or a key that has the right to do this, or ask whoever runs this service for it.",
		ZH: "请改用有此权限的账户或密钥，或向本服务的运营方申请权限。",
	})
	// ErrOutcomeUnknown is only ever shown together with the link that answers it.
	ErrOutcomeUnknown = Define(Unavailable, "outcome_unknown", lang.Text{
		EN: "We do not know yet whether this went through",
		ZH: "暂时无法确认操作是否成功",
	}, lang.Text{
		EN: "Do not start it anew. Repeat the request with the same " +
			"Idempotency-Key, or look at the link given here: both tell you what happened.",
		ZH: "请不要重新发起。" +
			"请使用相同的 Idempotency-Key 重复该请求，或查看此处提供的链接，两者都会告诉您实际结果。",
	})
	// ErrStorageFull is for a disk without room.
	ErrStorageFull = Define(Unavailable, "storage_full", lang.Text{
		EN: "There is no room left to record this",
		ZH: "存储空间已满，无法记录",
	}, lang.Text{
		EN: "Nothing was changed. Whoever runs this service has to free disk space; then try again with the same Idempotency-Key.",
		ZH: "未作任何更改。运营方需先清理磁盘空间，之后请使用相同的 Idempotency-Key 重试。",
	})
	// ErrReadOnly is for a disk or a database that takes no writes.
	ErrReadOnly = Define(Unavailable, "storage_read_only", lang.Text{
		EN: "Nothing can be recorded at the moment",
		ZH: "目前无法写入记录",
	}, lang.Text{
		EN: "Nothing was changed. Whoever runs this service has to make the storage " +
			"writable again; then try again with the same Idempotency-Key.",
		ZH: "未作任何更改。运营方需先恢复存储的写入权限，之后请使用相同的 Idempotency-Key 重试。",
	})
	// ErrDamaged is for a database whose files are not what was written.
	ErrDamaged = Define(Unavailable, "storage_damaged", lang.Text{
		EN: "The database is damaged",
		ZH: "数据库已损坏",
	}, lang.Text{
		EN: "Nothing was changed. Waiting does not help: whoever runs this service has to stop it and put back a copy of the data; " +
			"then try again with the same Idempotency-Key.",
		ZH: "未作任何更改。等待无济于事：运营方需停止服务并恢复数据副本，之后请使用相同的 Idempotency-Key 重试。",
	})
	// ErrBusy is for more work than we can do in time.
	ErrBusy = Define(Unavailable, "busy", lang.Text{
		EN: "There is too much to do right now",
		ZH: "系统繁忙",
	}, lang.Text{
		EN: "Nothing was changed and no money moved. Wait a little and try again with the same Idempotency-Key.",
		ZH: "未作任何更改，未移动任何资金。请稍等片刻，再使用相同的 Idempotency-Key 重试。",
	})
	// ErrRate is for a caller who asks more than one caller may.
	ErrRate = Define(Exhausted, "rate_limited", lang.Text{
		EN: "Too many requests from you",
		ZH: "您的请求过于频繁",
	}, lang.Text{
		EN: "Nothing was done and no money moved. Wait as long as Retry-After says, then try again with the same " +
			"Idempotency-Key. RateLimit says how much is left.",
		ZH: "未执行任何操作，未移动任何资金。请按 Retry-After 所示等待，再使用相同的 Idempotency-Key 重试。" +
			"RateLimit 标头显示剩余次数。",
	})
)

// An outcome that is unknown is the one shared refusal after which money may have moved.
func init() { ErrOutcomeUnknown.Moved = MovedUnknown }
