package web

import (
	"net/http"
	"strings"

	"billfold/edge/web/static"
)

// who may open a page.
type access uint8

const (
	anyone   access = iota // signed in or not
	door                   // anyone, and a form token from before a sign-in still counts
	holder                 // signed in, and not away for more than five minutes
	operator               // a holder with the role
	sandbox                // anyone, in a sandbox only
)

func (a access) String() string {
	return [...]string{"anyone", "anyone", "holder", "operator", "sandbox"}[a]
}

type page func(w http.ResponseWriter, r *http.Request, v *visit) error

// Route is a line of the table of contents, for whoever has to open every page there is.
type Route struct {
	Method, Path string // as of net/http.ServeMux: "GET", "/activity/{payment}"
	Who          string // may open it: "anyone", "holder", "operator" or "sandbox"
}

// Routes is the table of contents: every page and every form.
func (p *Pages) Routes() []Route { return p.site.table }

// route is the table of contents: each page with its form handlers below it.
//
// For walks through the pages: everything can be found by role and label. Fields have their label's text; the buttons of the main job
// say "Continue", "Open the wallet", "Top up now", "Pay €…", "Refund", in Chinese what zh-Hans.txt has under the same key. The state
// of a payment is the one element with data-final once it is final; #payment is the part that renews itself; the receipt's
// id is #receipt, the payment's #payment-id.
func (s *site) route() {
	for _, r := range []struct {
		pattern string
		who     access
		page    page
	}{
		// the front door
		{"GET /{$}", anyone, s.landing},
		{"GET /signup", anyone, s.signUpForm},
		{"POST /signup", door, s.signUp},
		{"GET /signup/verify", anyone, s.verifyForm},
		{"POST /signup/verify", door, s.verify},
		{"GET /signin", anyone, s.signInForm},
		{"POST /signin", door, s.signIn},
		{"POST /signout", door, s.signOut},
		{"GET /unlock", anyone, s.unlockForm},
		{"POST /unlock", door, s.unlock},
		{"GET /setup", anyone, s.setupForm},
		{"POST /setup", door, s.setup},
		{"POST /language", door, s.language},
		{"POST /theme", door, s.theme},
		{"POST /hide", door, s.hide},
		{"GET /offline", anyone, s.offline},
		{"GET /manifest.webmanifest", anyone, s.manifest},

		// for developers
		{"GET /docs", anyone, s.docs},
		{"GET /docs/{page}", anyone, s.docs},
		{"GET /docs/api", anyone, s.docsReference},
		{"GET /docs/errors", anyone, s.docsErrors},

		// the wallet
		{"GET /home", holder, s.home},
		{"GET /activity", holder, s.activity},
		{"GET /activity/{payment}", holder, s.payment},
		{"POST /activity/{payment}/note", holder, s.note},
		{"GET /activity/{payment}/receipt", holder, s.receipt},
		{"GET /activity/{payment}/receipt.pdf", holder, s.receiptPDF},
		{"GET /activity/{payment}/help", holder, s.help},
		{"POST /activity/{payment}/help", holder, s.askHelp},
		{"GET /topup", holder, s.topUpForm},
		{"POST /topup", holder, s.topUp},
		{"GET /withdraw", holder, s.withdrawForm},
		{"POST /withdraw", holder, s.withdraw},
		{"GET /pockets", holder, s.pocketList},
		{"POST /pockets", holder, s.openPocket},
		{"GET /exchange", holder, s.exchangeForm},
		{"POST /exchange", holder, s.exchange},
		{"GET /insights", holder, s.insights},
		{"POST /insights/budget", holder, s.budgetSet},
		{"POST /insights/category", holder, s.refile},
		{"POST /insights/zone", holder, s.zoneSet},
		{"POST /dev/bank/{payment}", holder, s.playBank},
		{"GET /scan", holder, s.scan},
		{"POST /scan", holder, s.resolve},
		{"POST " + picturePath, holder, s.resolvePicture},
		{"GET /confirm/{payment}", holder, s.confirmSheet},
		{"POST /confirm/{payment}", holder, s.confirm},
		{"GET " + livePath, holder, s.live},
		{"GET /notifications", holder, s.notifications},
		{"POST /notifications/read", holder, s.readNotices},
		{"GET /settings/notifications", holder, s.noticeSettings},
		{"POST /settings/notifications", holder, s.setNotices},
		{"GET /statements", holder, s.statements},
		{"GET /statements/{file}", holder, s.statementFile},
		{"GET /send", holder, s.sendForm},
		{"POST /send", holder, s.sendTo},
		{"GET /send/link", holder, s.linkForm},
		{"POST /send/link", holder, s.sendLink},
		{"GET /send/{payee}", holder, s.amountForm},
		{"POST /send/{payee}", holder, s.send},
		{"POST /send/{payee}/keep", holder, s.keep},
		{"POST /activity/{payment}/back", holder, s.takeBack},
		{"GET /receive", holder, s.receive},
		{"GET /requests", holder, s.requests},
		{"GET /request", holder, s.requestForm},
		{"POST /request", holder, s.bill},
		{"GET /split", holder, s.splitForm},
		{"POST /split", holder, s.bill},
		{"GET /r/{request}", holder, s.request},
		{"POST /r/{request}/remind", holder, s.onRequest},
		{"POST /r/{request}/cancel", holder, s.onRequest},
		{"GET /r/{request}/change", holder, s.changeForm},
		{"POST /r/{request}/change", holder, s.change},
		{"POST /decline/{payment}", holder, s.decline},
		{"GET /me", holder, s.me},
		{"GET /phone", holder, s.phone},
		{"POST /phone", holder, s.askPhone},
		{"POST /phone/confirm", holder, s.confirmPhone},
		{"POST /phone/remove", holder, s.removePhone},
		{"GET /addresses", holder, s.addresses},
		{"POST /addresses", holder, s.saveAddress},
		{"POST /addresses/remove", holder, s.removeAddress},
		{"GET /sessions", holder, s.sessions},
		{"POST /sessions/end", holder, s.endSession},
		{"POST /sessions/end-others", holder, s.endOthers},

		// what people hand each other
		{"GET /u/{handle}", anyone, s.payMe},
		{"GET /g/{gift}", anyone, s.gift},
		{"POST /g/{gift}", holder, s.claim},

		// the hosted checkout, and the addresses under which one opens
		{"GET /l/{link}", anyone, s.payLink},
		{"POST /l/{link}", door, s.openLink},
		{"GET /c/{checkout}", anyone, s.checkout},
		{"POST /c/{checkout}", holder, s.payCheckout},
		{"POST /c/{checkout}/card", door, s.payByCard},
		{"POST /c/{checkout}/extend", door, s.extendCheckout},
		{"GET " + watchPath, anyone, s.watch},

		// the shop
		{"GET /m/{shop}", holder, s.shop},
		{"GET /shops/new", holder, s.applyForm},
		{"POST /shops/new", holder, s.apply},
		{"GET /m/{shop}/floor", holder, s.floor},
		{"POST /m/{shop}/stores", holder, s.onFloor("store", addStore)},
		{"POST /m/{shop}/stores/{store}/close", holder, s.onFloor("store", closeStore)},
		{"POST /m/{shop}/stores/{store}/tills", holder, s.onFloor("till", addTill)},
		{"POST /m/{shop}/tills/{till}/code", holder, s.onFloor("till", pairTill)},
		{"POST /m/{shop}/tills/{till}/unpair", holder, s.onFloor("till", unpairTill)},
		{"POST /m/{shop}/staff", holder, s.onFloor("staff", addStaff)},
		{"POST /m/{shop}/staff/{staff}", holder, s.onFloor("staff", changeStaff)},
		{"POST /m/{shop}/staff/{staff}/end", holder, s.onFloor("staff", endStaff)},
		{"GET /m/{shop}/goods", holder, s.goods},
		{"POST /m/{shop}/goods", holder, s.addItem},
		{"POST /m/{shop}/goods/{item}", holder, s.setItem},
		{"POST /m/{shop}/goods/{item}/end", holder, s.endItem},
		{"POST /m/{shop}/rules", holder, s.setRules},
		{"GET /m/{shop}/qr", holder, s.sticker},
		{"GET /m/{shop}/links", holder, s.shopLinks},
		{"POST /m/{shop}/links", holder, s.makeLink},
		{"POST /m/{shop}/links/{link}", holder, s.setLink},
		{"GET /m/{shop}/origins", holder, s.origins},
		{"POST /m/{shop}/origins", holder, s.addOrigin},
		{"POST /m/{shop}/origins/remove", holder, s.removeOrigin},
		{"GET /m/{shop}/keys", holder, s.shopKeys},
		{"POST /m/{shop}/keys", holder, s.shopKey},
		{"POST /m/{shop}/keys/{key}/roll", holder, s.rollKey},
		{"POST /m/{shop}/keys/{key}/revoke", holder, s.revokeKey},
		{"GET /m/{shop}/payments.csv", holder, s.shopFile},
		{"GET /m/{shop}/day", holder, s.shopDay},
		{"GET /m/{shop}/payments/{payment}", holder, s.shopPayment},
		{"POST /m/{shop}/payments/{payment}/capture", holder, s.capture},
		{"POST /m/{shop}/payments/{payment}/void", holder, s.void},
		{"POST /m/{shop}/payments/{payment}/refund", holder, s.refund},

		// the till: a device, not a person
		{"GET /till", anyone, s.till},
		{"POST /till/pair", door, s.tillPair},
		{"POST /till/signin", door, s.tillSignIn},
		{"POST /till/signout", door, s.tillSignOut},
		{"POST /till/charge", door, s.tillCharge},
		{"GET /till/today", anyone, s.tillToday},
		{"POST /till/refund", door, s.tillRefund},
		{"GET /till/{checkout}", anyone, s.tillSale},
		{"POST /till/{checkout}/cancel", door, s.tillCancel},

		// the operator
		{"GET /ops", operator, s.ops},
		{"GET /ops/entries/{entry}", operator, s.opsEntry},
		{"GET /ops/accounts", operator, s.opsAccounts},
		{"GET /ops/account", operator, s.opsAccount},
		{"GET /ops/people", operator, s.opsPeople},
		{"GET /ops/rails", operator, s.opsRails},
		{"POST /ops/rails/arrivals/{arrival}", operator, s.opsArrival},
		{"POST /ops/rails/payments/{payment}", operator, s.opsHeld},
		{"POST /ops/keys", operator, s.opsKey},
		{"POST /ops/keys/revoke", operator, s.opsRevoke},
		{"POST /ops/verify", operator, s.opsVerify},
		{"GET /ops/demo", operator, s.opsDemo},
		{"POST /ops/demo", operator, s.opsDemoRemove},
		{"GET /ops/users", operator, s.opsUsers},
		{"GET /ops/users/{person}", operator, s.opsUser},
		{"POST /ops/users/{person}/look", operator, s.opsLook},
		{"POST /ops/users/{person}/state", operator, s.opsState},
		{"GET /ops/shops", operator, s.opsShops},
		{"GET /ops/shops/{shop}", operator, s.opsShop},
		{"POST /ops/shops/{shop}/state", operator, s.opsShopState},
		{"GET /ops/audit", operator, s.opsAudit},
		{"GET /ops/audit.csv", operator, s.opsAuditCSV},
		{"GET /ops/cases", operator, s.opsCases},
		{"GET /ops/cases/{case}", operator, s.opsCase},
		{"POST /ops/cases/{case}/answer", operator, s.opsAnswer},
		{"POST /ops/cases/{case}/close", operator, s.opsClose},
		{"GET /ops/health", operator, s.opsHealth},
		{"GET /ops/doctor", operator, s.opsDoctor},

		// the sandbox
		{"POST /persona", sandbox, s.persona},
		{"POST /dev/checkout/{checkout}", sandbox, s.playCheckout},
		{"GET /dev/inbox", sandbox, s.inbox},
		{"GET /dev/ui", sandbox, s.gallery},
		{"GET /dev/ui/{name}", sandbox, s.specimen},
	} {
		method, path, _ := strings.Cut(strings.TrimSuffix(r.pattern, "{$}"), " ")
		s.table = append(s.table, Route{method, path, r.who.String()})
		s.mux.Handle(r.pattern, s.serve(r.who, r.page))
	}
	lost := s.serve(anyone, s.lost)
	s.mux.Handle("/static/", static.Serve(lost))
	s.mux.Handle("GET /sw.js", static.Worker())
	s.mux.Handle("/", lost)
}
