package ui

import "context"

// spot says where a place is offered; a place may be offered at several.
type spot uint8

const (
	inTabs  spot = 1 << iota // the bar at the bottom of a phone, and the rail of a wide screen
	inRail                   // the rail only; a phone finds it among the places under "Me"
	inQuick                  // the round buttons of home
)

// Place is somewhere to go. Label is the key of its name.
type Place struct {
	Area, Href, Icon, Label string
	At                      spot
	When                    func(Scene) bool // nil for always
}

// places is the map of the wallet, in the order of the rail. A page that works gets its line here and is found from then on. A
// phone's bar holds five.
var places = []Place{
	{Area: "home", Href: "/home", Icon: "home", Label: "nav.home", At: inTabs},
	{Area: "activity", Href: "/activity", Icon: "feed", Label: "nav.activity", At: inTabs},
	{Area: "scan", Href: "/scan", Icon: "scan", Label: "nav.scan", At: inTabs | inQuick},
	{Area: "send", Href: "/send", Icon: "send", Label: "nav.send", At: inTabs | inQuick},
	{Area: "request", Href: "/request", Icon: "ask", Label: "nav.request", At: inQuick},
	{Area: "requests", Href: "/requests", Icon: "ask", Label: "nav.requests", At: inRail},
	{Area: "topup", Href: "/topup", Icon: "topup", Label: "nav.topup", At: inRail | inQuick, When: func(s Scene) bool { return s.TopUp }},
	{Area: "withdraw", Href: "/withdraw", Icon: "withdraw", Label: "nav.withdraw", At: inRail | inQuick,
		When: func(s Scene) bool { return s.Bank }},
	{Area: "exchange", Href: "/exchange", Icon: "swap", Label: "nav.exchange", At: inRail | inQuick,
		When: func(s Scene) bool { return s.Desk }},
	{Area: "pockets", Href: "/pockets", Icon: "pockets", Label: "nav.pockets", At: inRail},
	{Area: "insights", Href: "/insights", Icon: "chart", Label: "nav.insights", At: inRail, When: func(s Scene) bool { return s.Insights }},
}

// desks is the operator's part of the rail, and the row of chips over their pages on a phone.
var desks = []Place{
	{Area: "ops", Href: "/ops", Icon: "ledger", Label: "nav.ops"},
	{Area: "rails", Href: "/ops/rails", Icon: "shield", Label: "nav.rails"},
	{Area: "cases", Href: "/ops/cases", Icon: "help", Label: "nav.cases"},
	{Area: "users", Href: "/ops/users", Icon: "users", Label: "nav.users"},
	{Area: "shops", Href: "/ops/shops", Icon: "shop", Label: "nav.shops"},
	{Area: "accounts", Href: "/ops/accounts", Icon: "accounts", Label: "nav.accounts"},
	{Area: "keys", Href: "/ops/people", Icon: "key", Label: "nav.keys"},
	{Area: "audit", Href: "/ops/audit", Icon: "shield", Label: "nav.audit"},
	{Area: "health", Href: "/ops/health", Icon: "pulse", Label: "nav.health"},
}

// offered are the places at any of the given spots, for whoever looks.
func offered(ctx context.Context, at spot) []Place {
	s := From(ctx)
	var list []Place
	for _, p := range places {
		if p.At&at != 0 && (p.When == nil || p.When(s)) {
			list = append(list, p)
		}
	}
	return list
}
