package ui

import (
	"math"
	"sort"
	"time"

	"github.com/a-h/templ"

	"billfold/base/fault"
	"billfold/base/lang"
	"billfold/base/money"
	"billfold/edge/web/text"
)

// Specimen is one page in one state, with canned figures.
type Specimen struct {
	Name string
	Area string
	Out  bool // looked at signed out
	Head Extra
	Page templ.Component
}

// noon is the moment the gallery stands still at.
var noon = time.Date(2026, 3, 1, 11, 41, 7, 0, time.UTC)

// GalleryScene is who looks at the gallery: a person with a shop and a role, so that every door is drawn.
func GalleryScene(s Scene, sp Specimen) Scene {
	s.Now, s.Area, s.Sandbox, s.TopUp, s.Bank, s.Desk, s.Insights, s.DemoShop, s.Request, s.Unread = noon, sp.Area, true, true, true,
		true, true, true, "req_01jnm3v8q2", 3
	if !sp.Out {
		s.Person = Person{ID: "usr_1", Name: "Lena Hoffmann", Handle: "lena", Email: "lena@example.org", Operator: true}
		s.Shops = []ShopLink{{ID: "mch_1", Name: "Café Linden"}}
	}
	return s
}

func sample(minor int64, code string) money.Amount {
	c, ok := money.Lookup(code)
	if !ok {
		panic("gallery: no currency " + code)
	}
	return money.Amount{Minor: minor, Currency: c}
}

func plain(minor int64, code string) Money { return Amount(sample(minor, code)) }

func flow(minor int64, code string, in bool) Money { return Flow(sample(minor, code), in) }

// Specimens are all pages in all their states, with the words that stand there in a language.
func Specimens(l lang.Tag) []Specimen {
	list := []Specimen{
		{Name: "landing", Out: true, Page: LandingPage(samplePersonas(l))},
		{Name: "landing-live", Out: true, Page: LandingPage(nil)},
		{Name: "signup", Out: true, Page: SignUpPage(SignUp{})},
		{Name: "signup-errors", Out: true, Page: SignUpPage(SignUp{Name: "Lena Hoffmann", Handle: "Léna!", Email: "lena@",
			Errors: FieldErrors{"": refusal(l, "rate_limited"), "handle": refusal(l, "handle_taken"), "email": refusal(l, "email_invalid"),
				"password": refusal(l, "password_common")}})},
		{Name: "verify", Out: true, Page: VerifyPage(Verify{Pending: "sgn_1", InboxHref: "/dev/inbox"})},
		{Name: "verify-wrong", Out: true, Page: VerifyPage(Verify{Pending: "sgn_1", Error: refusal(l, "code_wrong", 3)})},
		{Name: "signin", Out: true, Page: SignInPage(SignIn{Personas: samplePersonas(l)})},
		{Name: "signin-wrong", Out: true, Page: SignInPage(SignIn{Login: "lena", Error: refusal(l, "sign_in_failed")})},
		{Name: "unlock", Page: UnlockPage(SignIn{Error: refusal(l, "password_wrong")})},
		{Name: "setup", Out: true, Page: SetupPage("token", "")},
		{Name: "home", Area: "home", Page: HomePage(sampleHome())},
		{Name: "home-owed", Area: "home", Page: HomePage(Home{Pockets: []Pocket{{Code: "EUR", Available: plain(0, "EUR")}},
			Owed: []Owed{{Href: "/activity", Left: plain(49456, "EUR"), All: plain(49456, "EUR")}}})},
		{Name: "home-frozen", Area: "home", Page: HomePage(Home{Frozen: true, Pockets: []Pocket{{Code: "EUR", Available: plain(0, "EUR")}}})},
		{Name: "home-most", Area: "home", Page: HomePage(mostThereIs())},
		{Name: "home-empty", Area: "home", Page: HomePage(Home{Pockets: []Pocket{{Code: "EUR", Available: plain(0, "EUR")}}})},
		{Name: "activity", Area: "activity", Page: ActivityPage(sampleActivity())},
		{Name: "activity-wrong", Area: "activity", Page: ActivityPage(Activity{Base: "/activity", Newest: true, Rows: sampleRows(),
			Wrong: Filter{Since: "2026-13-45", Least: "abc"}})},
		{Name: "activity-none", Area: "activity", Page: ActivityPage(Activity{Base: "/activity", Newest: true,
			Filter: Filter{Direction: "in", State: "failed"}})},
		{Name: "topup", Area: "topup", Page: TopUpPage(sampleTopUp(nil))},
		{Name: "topup-errors", Area: "topup", Page: TopUpPage(sampleTopUp(FieldErrors{"amount": refusal(l, "too_many_decimals")}))},
		{Name: "statements", Area: "me", Page: StatementsPage(Statements{Currency: "EUR", Currencies: []string{"EUR", "CNY"},
			Months: []time.Time{noon, noon.AddDate(0, -1, 0)}})},
		{Name: "notices", Area: "notices", Page: NoticesPage(Notices{Unread: true, Next: "#", List: []Notice{
			{Title: "€4.20 → Café Linden", Href: "#", Icon: "feed", At: noon}, {Title: text.Say(l, "sessions.title"), Body: text.Say(l,
				"sessions.ended.all"), Icon: "info", At: noon, Read: true}}})},
		{Name: "notices-none", Area: "notices", Page: NoticesPage(Notices{})},
		{Name: "notices-settings", Area: "me", Page: NoticeSettingsPage([]NoticeSwitch{{Kind: "out", Fixed: true,
			Channels: []NoticeChannel{{"app", true}, {"mail", true}}}, {Kind: "in", Channels: []NoticeChannel{{"app", true}, {"mail", false}}}})},
		{Name: "users", Area: "users", Page: UsersPage(Users{Query: "x", Missing: true, Next: "#", Rows: []User{
			{ID: "usr_1", Name: "Lena H.", CreatedAt: noon}, {ID: "usr_2", Name: "*小明", Frozen: true, Operator: true, CreatedAt: noon}}})},
		{Name: "look", Area: "users", Page: LookPage("usr_1", refusal(l, "look_unexplained"))},
		{Name: "user", Area: "users", Page: UserPage(sampleUser(false))},
		{Name: "user-frozen", Area: "users", Page: UserPage(sampleUser(true))},
		{Name: "ops-shops", Area: "shops", Page: OpsShopsPage(OpsShops{Rows: []OpsShop{sampleOpsShop("active", "frozen"),
			sampleOpsShop("pending", "active", "refused")}})},
		{Name: "ops-shop-new", Area: "shops", Page: OpsShopPage(sampleOpsShop("pending", "active", "refused"))},
		{Name: "ops-shop", Area: "shops", Page: OpsShopPage(sampleOpsShop("active", "frozen"))},
		{Name: "audit", Area: "audit", Page: AuditPage(Audit{Actions: []string{"person.look"}, Rows: sampleTrail, Export: "#", Next: "#"})},
		{Name: "audit-none", Area: "audit", Page: AuditPage(Audit{Export: "#"})},
		{Name: "health", Area: "health", Page: HealthPage(Health{Pending: 2000, Open: 3, Failing: 1,
			Tasks: []Task{{ID: "tsk_1", Kind: "notice.mail", Error: "connection refused", Due: noon, Attempts: 4}}})},
		{Name: "health-none", Area: "health", Page: HealthPage(Health{})},
		{Name: "receipt", Area: "activity", Page: ReceiptPage(samplePayment(l, "purchase", "completed", "payer"))},
		{Name: "help", Area: "activity", Page: HelpPage(samplePayment(l, "purchase", "completed", "payer"), Help{})},
		{Name: "help-answered", Area: "activity", Page: HelpPage(samplePayment(l, "purchase", "completed", "payer"), Help{Typed: "€42",
			Error: refusal(l, "inquiry_words"),
			Cases: []Case{sampleCase("answered"), sampleCase("closed")}})},
		{Name: "ops-cases", Area: "cases", Page: CasesPage(Cases{State: "open", Rows: []Case{sampleCase("open"), sampleCase("answered"),
			sampleCase("closed")}, Next: "#"})},
		{Name: "ops-cases-none", Area: "cases", Page: CasesPage(Cases{})},
		{Name: "ops-case", Area: "cases", Page: CasePage(sampleCase("open"), Help{Typed: "€42", Error: refusal(l, "inquiry_words"),
			ReasonError: refusal(l, "audit_reason_required")})},
		{Name: "ops-case-closed", Area: "cases", Page: CasePage(sampleCase("closed"), Help{})},
		{Name: "phone", Area: "me", Page: PhonePage(Phone{})},
		{Name: "phone-code", Area: "me", Page: PhonePage(Phone{Number: "+4915112345678", Waiting: "+8613800138000", Sandbox: true,
			Errors: FieldErrors{"code": refusal(l, "code_wrong", 3)}})},
		{Name: "phone-wrong", Area: "me", Page: PhonePage(Phone{Typed: "0151", Errors: FieldErrors{"phone": refusal(l, "phone_invalid")}})},
		{Name: "addresses", Area: "me", Page: inWords(addressesWhole)},
		{Name: "addresses-none", Area: "me", Page: inWords(addressesNone)},
		{Name: "sessions", Area: "me", Page: SessionsPage(sampleMe())},
		{Name: "me", Area: "me", Page: MePage(sampleMe())},
		{Name: "shop", Area: "shop:mch_1", Page: ShopPage(sampleShop())},
		{Name: "inbox", Page: InboxPage([]Message{{At: noon, To: "lena@example.org", Subject: "123456", Body: "123456"}})},
		{Name: "inbox-none", Page: InboxPage(nil)},
		{Name: "offline", Out: true, Head: Extra{Alone: true}, Page: OfflinePage()},
	}
	list = append(list, paymentSpecimens(l)...)
	list = append(list, shopSpecimens(l)...)
	list = append(list, docsSpecimens(l)...)
	list = append(list, daySpecimens(l)...)
	list = append(list, demoSpecimens(l)...)
	list = append(list, decisionSpecimens(l)...)
	list = append(list, peopleSpecimens(l)...)
	list = append(list, railSpecimens(l)...)
	list = append(list, opsSpecimens(l)...)
	return append(list, problemSpecimens(l)...)
}

var sampleTrail = []AuditRow{{ID: "aud_1", Actor: "usr_4", Name: "Olu A.", Action: "person.look", Object: "usr_1",
	Reason: "2026-118: €42",
	At:     noon}}

func sampleUser(frozen bool) User {
	return User{ID: "usr_1", Name: "Lena Hoffmann", Handle: "lena", Email: "lena@example.org", Frozen: frozen, CreatedAt: noon, Sessions: 2,
		Pockets: []Pocket{{Code: "EUR", Available: plain(128407, "EUR")}}, Recent: sampleRows(), Trail: sampleTrail}
}

func samplePersonas(l lang.Tag) []Persona {
	return []Persona{
		{ID: "usr_1", Name: "Lena Hoffmann", Role: "EUR, USD"}, {ID: "usr_2", Name: "王小明", Role: "CNY"},
		{ID: "usr_3", Name: "Ana Linden", Role: "Café Linden"}, {ID: "usr_4", Name: "Olu Adeyemi", Role: text.Say(l, "cases.operator")},
	}
}

// refusal is what stands on a page when something is refused with a code: a fault's advice, with figures for those it has.
func refusal(l lang.Tag, code string, figures ...any) string {
	if key := "says." + code; text.Has(key) {
		return text.Say(l, key, figures...)
	}
	return refused(code).Detail.Fill(figures...).In(l)
}

func refused(code string) *fault.Fault {
	for _, f := range fault.All() {
		if f.Code == code {
			return f
		}
	}
	panic("gallery: no refusal " + code)
}

func sampleRows() []Row {
	return []Row{
		{Href: "#", Name: "Café Linden", Shop: true, Kind: "purchase", State: "completed", At: noon.Add(-2 * time.Hour), Money: flow(420,
			"EUR", false)},
		{Href: "#", Name: "Visa ·· 4242", Icon: "card", Kind: "topup", State: "processing", At: noon.Add(-3 * time.Hour), Money: flow(30000,
			"EUR", true), In: true},
		{Href: "#", Name: "Taxi Krüger", Shop: true, Kind: "purchase", State: "authorized", At: noon.Add(-20 * time.Hour), Money: flow(2000,
			"EUR", false)},
		{Href: "#", Name: "王小明", Kind: "transfer", State: "completed", At: noon.Add(-22 * time.Hour), Money: flow(12000, "CNY", true),
			In: true},
		{Href: "#", Name: "Buchhandlung am Markt, Inhaberin Dorothea Schneider-Wolkenstein", Shop: true, Kind: "purchase",
			State: "partly_refunded",
			At:    noon.Add(-50 * time.Hour), Money: flow(128407, "EUR", false)},
		{Href: "#", Name: "Café Linden", Shop: true, Kind: "refund", State: "completed", At: noon.Add(-51 * time.Hour), Money: flow(390,
			"EUR", true),
			In: true},
		{Href: "#", Name: "Tokyo Stationery", Shop: true, Kind: "purchase", State: "failed", At: noon.Add(-72 * time.Hour), Money: flow(12400,
			"JPY",
			false), Void: true},
	}
}

func sampleHome() Home {
	return Home{
		Pockets: []Pocket{
			{Code: "EUR", Available: plain(128407, "EUR"), Held: plain(2000, "EUR"), Incoming: plain(30000, "EUR")},
			{Code: "CNY", Available: plain(362000, "CNY")}, {Code: "JPY", Available: plain(12400, "JPY"), Held: plain(500, "JPY")},
			{Code: "USD", Available: plain(0, "USD")},
		},
		Recent: sampleRows()[:5],
		Waiting: []Row{{Href: "#", Name: "Blumen Rosa", Shop: true, Kind: "purchase", State: "awaiting_confirmation", At: noon,
			Money: flow(2350, "EUR",
				false)}},
	}
}

// mostThereIs has the largest amounts that a wallet can hold: no digit of theirs is cut off.
func mostThereIs() Home {
	h := sampleHome()
	h.Pockets[0].Available, h.Pockets[0].Incoming = plain(math.MaxInt64, "EUR"), plain(math.MaxInt64, "EUR")
	h.Pockets[1].Available, h.Recent[0].Money = plain(math.MaxInt64, "CNY"), flow(math.MaxInt64, "EUR", false)
	return h
}

func sampleActivity() Activity {
	return Activity{Base: "/activity", Rows: sampleRows(), Next: "/activity?cursor=x", Newest: true, Filter: Filter{Direction: "out"}}
}

func sampleShop() Shop {
	rows := []Row{
		{Href: "#", Name: "Lena H.", Kind: "purchase", State: "completed", At: noon.Add(-time.Hour), Money: flow(420, "EUR", true), In: true},
		{Href: "#", Name: "Olu A.", Kind: "purchase", State: "authorized", At: noon.Add(-2 * time.Hour), Money: flow(2000, "EUR", true),
			In: true},
		{Href: "#", Name: "Lena H.", Kind: "refund", State: "completed", At: noon.Add(-26 * time.Hour), Money: flow(390, "EUR", false)},
	}
	return Shop{ID: "mch_1", Name: "Café Linden", Handle: "linden", Pockets: []Pocket{{Code: "EUR", Available: plain(942110, "EUR")}},
		Activity: Activity{Base: "/m/mch_1", Rows: rows, Newest: true}}
}

func sampleTopUp(errors FieldErrors) TopUp {
	return TopUp{Amount: "50.00", Currency: "EUR", Currencies: []string{"EUR", "CNY", "USD", "JPY"}, Errors: errors, Cards: []Card{
		{"card_ok", "Visa", "4242", "ok"}, {"card_decline", "Visa", "0002", "decline"}, {"card_slow", "Mastercard", "4444", "slow"}}}
}

func sampleMe() Me {
	return Me{Sessions: []Session{
		{ID: "ses_1", Browser: "Chrome", System: "Linux", IP: "192.0.2.7", CreatedAt: noon.Add(-time.Hour), SeenAt: noon, This: true},
		{ID: "ses_2", Browser: "Safari", System: "iPhone", Phone: true, IP: "2001:db8::17", CreatedAt: noon.AddDate(0, 0, -4),
			SeenAt: noon.Add(-9 * time.Hour)},
	}}
}

// states are all states a payment can be in.
var states = []string{"awaiting_confirmation", "processing", "authorized", "completed", "voided", "expired", "failed", "held", "reversed",
	"partly_refunded", "refunded"}

func iconNames() []string {
	names := make([]string, 0, len(icons))
	for name := range icons {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
