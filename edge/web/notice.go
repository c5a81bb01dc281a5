package web

import (
	"net/http"
	"strings"

	"billfold/base/money"
	"billfold/core/notice"
	"billfold/core/payment"
	"billfold/edge/web/ui"
)

// noticeRows is how many notices a page shows.
const noticeRows = 30

func (s *site) notifications(w http.ResponseWriter, r *http.Request, v *visit) error {
	v.scene.Area = "notices"
	owner := string(v.session.Person.ID)
	list, next, err := s.Notices.Notices(r.Context(), owner, r.FormValue("cursor"), noticeRows)
	if err != nil {
		return err
	}
	view := ui.Notices{Next: older(r, next)}
	for _, n := range list {
		n.Data["amount"] = drawn(n.Data["amount"])
		if strings.HasPrefix(n.Template, "receivable.") {
			n.Data["with"] = drawn(n.Data["with"]) // what is still owed
		}
		row := ui.Notice{Title: n.Title(v.scene.Lang), Body: n.Body(v.scene.Lang), At: n.At, Read: n.Read, Icon: "info"}
		if strings.HasPrefix(n.Object, "pay_") {
			row.Href, row.Icon = "/activity/"+n.Object, noticeIcon(n)
		}
		if strings.HasPrefix(n.Object, "mch_") {
			row.Href, row.Icon = "/m/"+n.Object, "shop"
		}
		view.Unread = view.Unread || !n.Read
		view.List = append(view.List, row)
	}
	return s.draw(w, r, v, http.StatusOK, ui.Extra{Live: r.FormValue("cursor") == ""}, ui.NoticesPage(view))
}

// drawn turns an amount as a notice keeps it, "18.60 EUR", into one as pages draw it.
func drawn(said string) string {
	figure, code, _ := strings.Cut(said, " ")
	c, known := money.Lookup(code)
	if !known {
		return said
	}
	amount, err := money.ParseDecimal(figure, c)
	if err != nil {
		return said
	}
	return ui.Amount(amount).String()
}

// noticeIcon shows at a glance what a notice about a payment is about: which way the money goes, or that it does not.
func noticeIcon(n notice.Notice) string {
	switch event, kind := n.Template, n.Data["kind"]; {
	case strings.HasPrefix(event, "request."):
		return "ask"
	case strings.HasSuffix(event, ".failed"), strings.HasSuffix(event, ".expired"):
		return "alert"
	case strings.HasSuffix(event, ".held"), strings.HasSuffix(event, ".authorized") && kind == "purchase":
		return "hold"
	case kind == string(payment.TopUp):
		return "topup"
	case kind == string(payment.Withdrawal):
		return "bank"
	case kind == string(payment.Exchange):
		return "swap"
	case kind == string(payment.Refund):
		return "undo"
	case n.Data["role"] == "payee":
		return "topup"
	case kind == string(payment.Purchase):
		return "receipt"
	}
	return "send"
}

// readNotices marks everything so far as read.
func (s *site) readNotices(w http.ResponseWriter, r *http.Request, v *visit) error {
	if err := s.Notices.MarkRead(r.Context(), string(v.session.Person.ID), ""); err != nil {
		return err
	}
	return s.redirect(w, r, "/notifications")
}

func (s *site) noticeSettings(w http.ResponseWriter, r *http.Request, v *visit) error {
	v.scene.Area = "me"
	off, err := s.Notices.Off(r.Context(), string(v.session.Person.ID))
	if err != nil {
		return err
	}
	var rows []ui.NoticeSwitch
	for _, kind := range notice.Kinds {
		row := ui.NoticeSwitch{Kind: string(kind), Fixed: kind.Fixed()}
		for _, channel := range notice.Channels {
			row.Channels = append(row.Channels, ui.NoticeChannel{Name: string(channel), On: !off[notice.Switch{Kind: kind, Channel: channel}]})
		}
		rows = append(rows, row)
	}
	return s.show(w, r, v, ui.NoticeSettingsPage(rows))
}

// setNotices keeps what is switched off: a box that is not ticked is not sent.
func (s *site) setNotices(w http.ResponseWriter, r *http.Request, v *visit) error {
	var off []notice.Switch
	for _, kind := range notice.Kinds {
		for _, channel := range notice.Channels {
			if r.PostForm.Get(string(kind)+"-"+string(channel)) == "" {
				off = append(off, notice.Switch{Kind: kind, Channel: channel})
			}
		}
	}
	if err := s.Notices.SetOff(r.Context(), string(v.session.Person.ID), off); err != nil {
		return err
	}
	s.flash(w, "ok", "notices.saved")
	return s.redirect(w, r, "/settings/notifications")
}
