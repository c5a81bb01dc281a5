package insight

import (
	"embed"
	"time"

	"billfold/base/clock"
	"billfold/base/db"
	"billfold/base/money"
)

//go:embed schema/*.sql
var files embed.FS

// Schema is the tables of this package.
var Schema = db.Schema{Package: "insight", FS: files}

const (
	selectFacts = `select at, payee, category, currency, amount from insight_fact
		where person = $1 and at >= $2 and at < $3 order by at, payment`
	selectPaid = `select at, payee, category, currency, amount from insight_fact where person = $1 and payee = $2 order by at limit 1`

	// A sum reads like a fact at the beginning of its day.
	selectSums = `select day * $4, payee, category, currency, amount from insight_sum
		where person = $1 and day >= $2 and day < $3 order by day, payee`
	deleteSums  = `delete from insight_sum where person = $1 and day = $2`
	selectBegan = `select day from insight_began`

	selectFactDays = `select person, at from insight_fact where person > $1 or person = $1 and at > $2 order by person, at limit $3`
	selectSumDays  = `select distinct person, day from insight_sum where person > $1 or person = $1 and day > $2 order by person, day limit $3`

	selectRules = `select payee, category from insight_rule where person = $1`
	selectRule  = `select payee, category from insight_rule where person = $1 and payee = $2`
	upsertRule  = `insert into insight_rule (person, payee, category) values ($1,$2,$3)
		on conflict (person, payee) do update set category = excluded.category`

	selectBudgets = `select category, currency, amount from insight_budget where person = $1 order by category, currency`
	upsertBudget  = `insert into insight_budget (person, category, currency, amount) values ($1,$2,$3,$4)
		on conflict (person, category, currency) do update set amount = excluded.amount`
	deleteBudget = `delete from insight_budget where person = $1 and category = $2 and currency = $3`

	insertAlert = `insert into insight_alert (person, category, currency, month, percent) values ($1,$2,$3,$4,$5)
		on conflict (person, category, currency, month, percent) do nothing`

	selectZone = `select zone from insight_zone where person = $1`
	upsertZone = `insert into insight_zone (person, zone) values ($1,$2) on conflict (person) do update set zone = excluded.zone`
)

// upsertSums adds to sums. One that 64 bits cannot hold stands still.
var upsertSums = db.NewBulk("insert into insight_sum", "person text, day bigint, payee text, category text, currency text, amount bigint",
	` on conflict (person, day, payee, category, currency) do update set amount = case
		when excluded.amount > 0 and insight_sum.amount > 9223372036854775807 - excluded.amount then insight_sum.amount
		when excluded.amount < 0 and insight_sum.amount < -9223372036854775807 - excluded.amount then insight_sum.amount
		else insight_sum.amount + excluded.amount end`)

// insertFacts and selectBudgeted for the few row counts that occur.
var insertFacts, selectBudgeted = func() (facts, budgeted map[int]string) {
	facts, budgeted = map[int]string{}, map[int]string{}
	for _, n := range []int{1, 8, 64} {
		facts[n] = `insert into insight_fact (person, at, payment, payee, category, currency, amount) values ` + db.Values(n, factColumns) +
			` on conflict (person, at, payment) do nothing`
		budgeted[n] = `select distinct person from insight_budget where person in ` + db.In(1, n)
	}
	return facts, budgeted
}()

const (
	factColumns = 7
	sumColumns  = 6
)

// fact is one payment as it counts: minor units spent, negative for what came back.
type fact struct {
	at       time.Time
	payee    string
	category Category
	currency money.Currency
	amount   int64
}

func scanFact(row db.Row) (f fact, err error) {
	var at int64
	var category, code string
	err = row.Scan(&at, &f.payee, &category, &code, &f.amount)
	f.at, f.category = clock.FromMicros(at), Category(category)
	f.currency, _ = money.Lookup(code)
	return f, err
}

func scanNumber(row db.Row) (n int64, err error) {
	err = row.Scan(&n)
	return n, err
}

func scanDay(row db.Row) (d personDay, err error) {
	err = row.Scan(&d.person, &d.day)
	return d, err
}

type rule struct {
	payee    string
	category Category
}

func scanRule(row db.Row) (r rule, err error) {
	var category string
	err = row.Scan(&r.payee, &category)
	r.category = Category(category)
	return r, err
}

func scanBudget(row db.Row) (b Budget, err error) {
	var category, code string
	var minor int64
	err = row.Scan(&category, &code, &minor)
	currency, _ := money.Lookup(code)
	b.Category, b.Amount = Category(category), currency.Of(minor)
	return b, err
}

func scanText(row db.Row) (s string, err error) {
	err = row.Scan(&s)
	return s, err
}
