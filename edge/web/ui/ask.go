package ui

import "context"

// The keys of what differs between asking for money and dividing a bill, new or changed.
func billTitle(v Bill) string {
	switch {
	case v.ID != "":
		return "bill.change"
	case v.Split:
		return "split.title"
	}
	return "request.title"
}

func billLead(v Bill) string {
	switch {
	case v.ID != "":
		return "bill.change.says"
	case v.Split:
		return "split.lead"
	}
	return "request.lead"
}

func billAmount(v Bill) string {
	if v.Split {
		return "split.total"
	}
	return "request.each"
}

func billGo(v Bill) string {
	switch {
	case v.ID != "":
		return "bill.change.go"
	case v.Split:
		return "split.go"
	}
	return "request.go"
}

func addHint(v Bill) string {
	if v.Split || v.ID != "" {
		return "bill.others.hint"
	}
	return "request.others.hint"
}

func partLabel(v Bill) string {
	if v.Mode == "share" {
		return "bill.parts"
	}
	return "bill.amount"
}

func askHead(v Ask) string {
	if v.Split {
		return "ask.split"
	}
	return "ask.yours"
}

// shareName is who a share is for; a request that anybody may pay names nobody until somebody did.
func shareName(ctx context.Context, s AskShare) string {
	if s.Name == "" {
		return T(ctx, "ask.anybody")
	}
	return s.Name
}
