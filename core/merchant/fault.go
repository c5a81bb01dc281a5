package merchant

import (
	"billfold/base/fault"
	"billfold/base/lang"
)

// The refusals of this package.
var (
	// ErrNotFound answers for a shop that does not exist or is not the caller's.
	ErrNotFound = fault.Define(fault.NotFound, "merchant_not_found",
		lang.Text{EN: "There is no such shop", ZH: "找不到该商店"},
		lang.Text{EN: "Check the shop's id or handle.", ZH: "请检查商店的编号或用户名。"})
	// ErrDraft refuses a registration that is incomplete.
	ErrDraft = fault.Define(fault.Invalid, "merchant_details",
		lang.Text{EN: "The shop cannot be registered like this", ZH: "无法以此信息登记商店"},
		lang.Text{
			EN: "Give a name of up to 80 bytes, a four-digit category code, a country of two capital letters and at least one currency.",
			ZH: "请填写名称（最长 80 字节）、四位商户类别代码、两位大写字母的国家代码和至少一种货币。"})
	// ErrHandleTaken refuses a handle that somebody has.
	ErrHandleTaken = fault.Define(fault.Conflict, "merchant_handle_taken",
		lang.Text{EN: "This handle is taken", ZH: "该用户名已被占用"},
		lang.Text{EN: "Choose another handle.", ZH: "请选择其他用户名。"})
	// ErrApplications refuses another application of somebody who has too many that are not open.
	ErrApplications = fault.Define(fault.Conflict, "merchant_applications",
		lang.Text{EN: "Too many of your shops are not open yet", ZH: "您有过多尚未开通的商店"},
		lang.Text{EN: "Wait until the operator has looked at them, or write to the operator.", ZH: "请等待运营方审核，或联系运营方。"})
	// ErrOrigin refuses a return origin that is not https, or says more than scheme, host and port.
	ErrOrigin = fault.Define(fault.Invalid, "return_origin",
		lang.Text{EN: "This origin cannot be used", ZH: "该来源无效"},
		lang.Text{EN: "Give up to 20 origins such as https://shop.example, without a path.", ZH: "请填写至多 20 个来源，例如 https://shop.example，不带路径。"})
	// ErrCurrency refuses a currency that the shop does not take.
	ErrCurrency = fault.Define(fault.Invalid, "merchant_currency",
		lang.Text{EN: "The shop does not take this currency", ZH: "商店不接受该货币"},
		lang.Text{EN: "Choose a currency the shop has registered.", ZH: "请选择商店已登记的货币。"})
	// ErrPending refuses to pay a shop that the operator has not approved, or has refused.
	ErrPending = fault.Define(fault.Held, "merchant_not_approved",
		lang.Text{EN: "This shop is not open yet", ZH: "该商店尚未开通"},
		lang.Text{EN: "Nothing was paid. The shop can be paid once the operator has approved it.", ZH: "没有付款。运营方批准后，该商店才能收款。"})
	// ErrPlace refuses a store or till that cannot be called so.
	ErrPlace = fault.Define(fault.Invalid, "merchant_place",
		lang.Text{EN: "The store or till cannot be set up like this", ZH: "无法以此信息设立门店或收银台"},
		lang.Text{EN: "Give a name of up to 80 bytes.", ZH: "请填写名称（最长 80 字节）。"})
	// ErrItem refuses something to sell that has no name.
	ErrItem = fault.Define(fault.Invalid, "till_item",
		lang.Text{EN: "This cannot be sold like this", ZH: "无法以此信息添加商品"},
		lang.Text{EN: "Give it a name of up to 80 bytes and a price.", ZH: "请填写名称（最长 80 字节）和价格。"})
	// ErrCounter refuses a way of asking that tills do not have.
	ErrCounter = fault.Define(fault.Invalid, "till_rules",
		lang.Text{EN: "The tills cannot ask like this", ZH: "收银台无法这样设置"},
		lang.Text{
			EN: "Offer up to four tips of 1 to 50 percent; before the number stand up to 12 letters, digits and signs without a space.",
			ZH: "最多提供四种小费，每种 1% 至 50%；编号前缀最多 12 个不含空格的字母、数字或符号。"})
	// ErrTooManyPlaces bounds the stores, tills and staff of one shop.
	ErrTooManyPlaces = fault.Define(fault.Conflict, "too_many_places",
		lang.Text{EN: "The shop has no room for another", ZH: "数量已达上限"},
		lang.Text{EN: "Close what is no longer used, or register a second shop.", ZH: "请关闭不再使用的项目，或登记另一家商店。"})
	// ErrTillCode refuses a pairing code that is wrong, used or old.
	ErrTillCode = fault.Define(fault.NotFound, "till_code",
		lang.Text{EN: "This code opens no till", ZH: "该代码无法打开收银台"},
		lang.Text{EN: "Codes work once, for ten minutes. Ask the shop's owner for a new one.", ZH: "代码十分钟内有效，且只能使用一次。请向店主索取新的代码。"})
	// ErrTillDevice refuses a device that has no till, or has it no more.
	ErrTillDevice = fault.Define(fault.Unauthenticated, "till_not_paired",
		lang.Text{EN: "This device is not a till", ZH: "此设备不是收银台"},
		lang.Text{EN: "Type the pairing code that the shop's owner sees beside the till.", ZH: "请输入店主在收银台旁看到的配对代码。"})
	// ErrStaff refuses somebody who cannot be taken on like this.
	ErrStaff = fault.Define(fault.Invalid, "merchant_staff",
		lang.Text{EN: "That cannot be saved", ZH: "无法保存"},
		lang.Text{EN: "Give a name of up to 80 bytes, and one limit of nought or more for each currency.", ZH: "请填写名称（最长 80 字节），每种货币一个不小于零的限额。"})
	// ErrStaffUnknown answers for somebody who does not work for the shop.
	ErrStaffUnknown = fault.Define(fault.NotFound, "staff_not_found",
		lang.Text{EN: "Nobody of that name works here", ZH: "没有这名店员"},
		lang.Text{EN: "Choose somebody from the shop's list of staff.", ZH: "请从店员列表中选择。"})
	// ErrPIN refuses a PIN that is too easy.
	ErrPIN = fault.Define(fault.Invalid, "staff_pin",
		lang.Text{EN: "Choose another PIN", ZH: "请选择其他 PIN"},
		lang.Text{EN: "A PIN has 4 to 8 digits, not all the same and not in a row.", ZH: "PIN 为 4 至 8 位数字，不能全部相同或连续。"})
	// ErrWrongPIN refuses a sign-in.
	ErrWrongPIN = fault.Define(fault.Unauthenticated, "staff_pin_wrong",
		lang.Text{EN: "Wrong PIN", ZH: "PIN 错误"},
		lang.Text{EN: "Try again. After five wrong PINs you have to wait for a quarter of an hour.", ZH: "请重试。连续五次错误后需要等待十五分钟。"})
	// ErrLocked refuses a sign-in after too many wrong PINs.
	ErrLocked = fault.Define(fault.Exhausted, "staff_locked",
		lang.Text{EN: "Too many wrong PINs", ZH: "PIN 错误次数过多"},
		lang.Text{EN: "Wait for a quarter of an hour, or ask the owner for a new PIN.", ZH: "请等待十五分钟，或请店主设置新的 PIN。"})
	// ErrNewPIN refuses a sign-in after so many wrong PINs that only a new one helps.
	ErrNewPIN = fault.Define(fault.Held, "staff_pin_dead",
		lang.Text{EN: "This PIN works no more", ZH: "该 PIN 已失效"},
		lang.Text{EN: "It was typed wrongly twenty times. Ask the owner for a new one.", ZH: "已连续输错二十次。请店主设置新的 PIN。"})
	// ErrShiftEnded refuses what needs somebody at the till.
	ErrShiftEnded = fault.Define(fault.Unauthenticated, "shift_ended",
		lang.Text{EN: "Nobody is signed in at this till", ZH: "收银台无人登录"},
		lang.Text{EN: "Choose your name and type your PIN.", ZH: "请选择姓名并输入 PIN。"})
	// ErrStaffLimit refuses a refund beyond what a member of staff may give back in a day.
	ErrStaffLimit = fault.Define(fault.Denied, "staff_limit",
		lang.Text{EN: "This is more than you may give back today", ZH: "超出您今天的退款限额"},
		lang.Text{EN: "You may give back %s today. Nothing was refunded; ask the owner.", ZH: "您今天还可退款 %s。没有退款；请联系店主。"})
)
