package dial

import (
	"billfold/base/fault"
	"billfold/base/lang"
)

// The refusals of this package. Details do not repeat what the other side said.
var (
	// ErrAddress is for an address that may not be reached; the cause in the log says why.
	ErrAddress = urlFault(fault.Define(fault.Invalid, "address_refused", lang.Text{
		EN: "We do not connect to this address",
		ZH: "不允许连接该地址",
	}, lang.Text{
		EN: "Use a public http or https address with a host name, without user name, on port 80, 443 or from 1024 on.",
		ZH: "请使用公网可访问的 http 或 https 地址，包含主机名，不含用户名，端口为 80、443 或 1024 以上。",
	}))
	// ErrUnreachable is for a server that is not there, refuses us, or breaks off.
	ErrUnreachable = fault.Define(fault.Unavailable, "remote_unreachable", lang.Text{
		EN: "The other server cannot be reached",
		ZH: "无法连接对方服务器",
	}, lang.Text{
		EN: "Check that the address is right and that the server answers with a valid certificate; we try again by ourselves where that is safe.",
		ZH: "请确认地址无误，且对方服务器可正常响应并使用有效证书；在安全的情况下系统会自动重试。",
	})
	// ErrTooSlow is for an answer that did not come in time, or not whole.
	ErrTooSlow = fault.Define(fault.Unavailable, "remote_too_slow", lang.Text{
		EN: "The other server took too long",
		ZH: "对方服务器响应超时",
	}, lang.Text{
		EN: "Have the server answer first and do its work afterwards; then try again.",
		ZH: "请让对方服务器先返回响应再处理任务，然后重试。",
	})
	// ErrTooLarge is for an answer beyond the caller's limit.
	ErrTooLarge = fault.Define(fault.Unavailable, "remote_answer_too_large", lang.Text{
		EN: "The other server's answer is too large",
		ZH: "对方服务器的响应内容过大",
	}, lang.Text{
		EN: "Have the server send a shorter answer; a status without a body is enough.",
		ZH: "请让对方服务器返回更短的内容；仅返回状态码即可。",
	})
)

func urlFault(f *fault.Fault) *fault.Fault {
	f.Param = "url"
	return f
}
