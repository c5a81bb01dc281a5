package demo

import "billfold/base/lang"

// Person is somebody in the demo.
type Person struct {
	Name   string
	Handle string
	Lang   lang.Tag
	Role   lang.Text // what there is to see as this person; empty for those nobody signs in as
	Known  string    // what a terminal calls them
}

// Shop is a shop in the demo and the person who owns it.
type Shop struct {
	Name, Handle, Owner, MCC, Country string
	Currencies                        []string
	Goods                             map[string][]good // by currency
}

type good struct {
	words string
	minor int64
}

// Handles that others need to find.
const (
	Holder   = "lena"        // has money in every currency of the demo
	Till     = "cafe_linden" // the shop whose key is handed to developers
	Operator = "olu"
)

// People are the demo's people. Those with a role can be entered with one click.
var People = []Person{
	{"Lena Hoffmann", Holder, lang.EN, lang.Text{EN: "Wallet with 90 days of payments", ZH: "有 90 天付款记录的钱包"}, "Lena"},
	{"王小明", "xiaoming", lang.ZH, lang.Text{EN: "Wallet in Chinese", ZH: "中文钱包"}, "小王"},
	{"Mira Linden", "mira", lang.EN, lang.Text{EN: "Owner of Café Linden", ZH: "Café Linden 店主"}, "Café Linden"},
	{"李青", "liqing", lang.ZH, lang.Text{EN: "Owner of 青禾超市", ZH: "青禾超市店主"}, "青禾超市"},
	{"Olu Adeyemi", Operator, lang.EN, lang.Text{EN: "Operator", ZH: "运营人员"}, "Olu (operator)"},
	{"Ana García", "ana_garcia", lang.EN, lang.Text{}, ""},
	{"Bo Lindqvist", "bo_lindqvist", lang.EN, lang.Text{}, ""},
	{"陈思雨", "siyu", lang.ZH, lang.Text{}, ""},
	{"Yuki Tanaka", "yuki", lang.EN, lang.Text{}, ""},
}

// Known is what a terminal calls those who can be entered with one click.
func Known() []string {
	var names []string
	for _, p := range People {
		if p.Known != "" {
			names = append(names, p.Known)
		}
	}
	return names
}

// Shops are the demo's shops.
var Shops = []Shop{
	{"Café Linden", Till, "mira", "5814", "DE", []string{"EUR", "USD"}, map[string][]good{
		"EUR": {{"Cappuccino", 380}, {"Flat white and croissant", 690}, {"Breakfast for one", 1190}, {"Lunch menu", 1450},
			{"Two slices of cake", 920}, {"Beans, 500 g", 1790}, {"Brunch for two", 3480}},
		"USD": {{"Drip coffee", 395}, {"Bagel and juice", 1075}, {"Lunch menu", 1650}, {"Gift card", 2500}},
	}},
	{"青禾超市", "qinghe", "liqing", "5411", "CN", []string{"CNY", "JPY"}, map[string][]good{
		"CNY": {{"有机蔬菜篮", 4580}, {"当季水果", 3290}, {"早餐豆浆油条", 1250}, {"一周杂货", 18650}, {"东北大米 5 公斤", 6990},
			{"矿泉水一箱", 3600}},
		"JPY": {{"お弁当", 680}, {"抹茶", 1480}, {"季節の果物", 2350}, {"お米 5 kg", 3980}},
	}},
}

// applicant is a shop that asked to be let in.
var applicant = Shop{Name: "Bo's Bicycles", Handle: "bos_bicycles", Owner: "bo_lindqvist", MCC: "5940", Country: "SE",
	Currencies: []string{"EUR", "USD"}}

// habit is how often somebody buys something somewhere: in so many of a hundred days.
type habit struct {
	who, shop, currency string
	percent             int
}

var habits = []habit{
	{Holder, Till, "EUR", 73}, {Holder, Till, "USD", 10}, {Holder, "qinghe", "CNY", 21}, {Holder, "qinghe", "JPY", 10},
	{"xiaoming", "qinghe", "CNY", 70}, {"xiaoming", Till, "EUR", 16}, {"xiaoming", "qinghe", "JPY", 8},
	{"ana_garcia", Till, "EUR", 49}, {"ana_garcia", Till, "USD", 13},
	{"bo_lindqvist", Till, "EUR", 31}, {"bo_lindqvist", Till, "USD", 29},
	{"siyu", "qinghe", "CNY", 49}, {"siyu", "qinghe", "JPY", 10},
	{"yuki", "qinghe", "JPY", 42}, {"yuki", Till, "USD", 13},
}

// favour is what people send each other.
type favour struct {
	from, to, currency, words string
	minor                     int64
}

var favours = []favour{
	{Holder, "ana_garcia", "EUR", "Concert tickets", 4200}, {"ana_garcia", Holder, "EUR", "Dinner on Friday", 1860},
	{"bo_lindqvist", Holder, "EUR", "Half of the train", 2750}, {Holder, "bo_lindqvist", "USD", "Birthday present for Ana", 1500},
	{"xiaoming", "siyu", "CNY", "打车费", 3800}, {"siyu", "xiaoming", "CNY", "电影票", 5990}, {Holder, "xiaoming", "CNY", "谢谢你的茶", 8800},
	{"xiaoming", Holder, "EUR", "Museum and ice cream", 2300}, {"yuki", Holder, "JPY", "お土産", 3200},
	{Holder, "yuki", "JPY", "Taxi to the airport", 2800}, {"siyu", "yuki", "JPY", "日语书", 1980},
}

// fill is how much somebody tops up, in minor units, at the beginning and in the middle.
var fills = []struct {
	who, currency string
	minor         int64
}{
	{Holder, "EUR", 90000}, {Holder, "CNY", 225000}, {Holder, "USD", 30000}, {Holder, "JPY", 45000},
	{"xiaoming", "CNY", 375000}, {"xiaoming", "EUR", 18000}, {"xiaoming", "JPY", 18000},
	{"ana_garcia", "EUR", 60000}, {"ana_garcia", "USD", 18000}, {"bo_lindqvist", "EUR", 37500}, {"bo_lindqvist", "USD", 45000},
	{"siyu", "CNY", 270000}, {"siyu", "JPY", 18000}, {"yuki", "JPY", 90000}, {"yuki", "USD", 18000},
}
