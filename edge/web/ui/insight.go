package ui

import (
	"strconv"
	"time"
)

// Insights is a month of spending in one currency.
type Insights struct {
	Month, Currency string // "2026-11", "EUR"
	At              time.Time
	Earlier, Later  string // addresses; Later is empty in the month it is
	Zone            string
	Zones           []string
	Currencies      []string
	Total           Money
	Bars            []MonthBar
	Categories      []CategoryLine
	Payees          []PayeeLine
	Upcoming        []Row
	Choices         []string // categories
	Error           string
	BudgetValue     string
}

// MonthBar is one bar: Height is of a hundred.
type MonthBar struct {
	At     time.Time
	Total  Money
	Height int
	This   bool
}

// CategoryLine is what one category came to.
type CategoryLine struct {
	Category string
	Spent    Money
	Budget   Money // zero for none
	Percent  int64
	Width    int // of a hundred
}

// PayeeLine is what one payee got, and where it is filed.
type PayeeLine struct {
	Payee, Name, Category string
	Money                 Money
	Shop                  bool
}

// The drawing of the bars, in its own units.
const (
	barsHeight = 132
	barStep    = 54
	barWidth   = 34
)

func barX(i int) string      { return strconv.Itoa(10 + i*barStep) }
func barMid(i int) string    { return strconv.Itoa(10 + i*barStep + barWidth/2) }
func barY(height int) string { return strconv.Itoa(12 + (100 - height)) }
func barH(height int) string { return strconv.Itoa(max(height, 1)) }
func whole(n int) string     { return strconv.Itoa(n) }
func percent(n int64) string { return strconv.FormatInt(n, 10) + " %" }
func barsBox(n int) string {
	return "0 0 " + strconv.Itoa(10+n*barStep) + " " + strconv.Itoa(barsHeight)
}

// fullness is the look of a budget: calm, near its end, spent.
func fullness(p int64) string {
	switch {
	case p >= 100:
		return "bad"
	case p >= 80:
		return "warn"
	}
	return "ok"
}
