package demoshop

import (
	"strconv"

	"billfold/base/money"
	"billfold/client"
	"billfold/edge/web/ui"
)

// currency is what the shop sells in.
const currency = "EUR"

// goods are what there is on the shelf. Names are keys of the catalogue of words: "demoshop.good.beans".
var goods = []struct {
	name  string
	minor int64
}{{"beans", 17_90}, {"mug", 14_00}, {"filter", 38_50}, {"gift", 25_00}}

func cents(minor int64) client.Money {
	return client.Money{Amount: strconv.FormatInt(minor, 10), Currency: currency}
}

// shelved draws the shelf with what somebody has chosen of it.
func shelved(wanted map[string]int) []ui.DemoGood {
	c, _ := money.Lookup(currency)
	list := make([]ui.DemoGood, len(goods))
	for i, g := range goods {
		list[i] = ui.DemoGood{Name: g.name, Money: ui.Amount(c.Of(g.minor)), Wanted: wanted[g.name]}
	}
	return list
}
