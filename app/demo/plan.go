package demo

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// Deed is what an act does.
type Deed string

// The deeds. Each is a verb of payment.
const (
	Fill    Deed = "fill"    // top up from a card
	Buy     Deed = "buy"     // pay a shop
	Reserve Deed = "reserve" // pay a shop with manual capture
	Ask     Deed = "ask"     // a shop asks to be paid
	Agree   Deed = "agree"   // and somebody confirms it
	Send    Deed = "send"    // pay a person
	Capture Deed = "capture" // a shop takes what was reserved, or a part
	Release Deed = "release" // a shop lets go of it
	Lapse   Deed = "lapse"   // nobody captured it in time
	Return  Deed = "return"  // a payee gives back what they got, or a part
)

// Act is one thing that somebody does.
type Act struct {
	Number   int
	Of       int // the act it is about, -1 for none
	Deed     Deed
	Who      string // handle of the person or shop that acts
	Whom     string
	Currency string
	Minor    int64 // 0 = all of what it is about
	Words    string
}

// Moment is what happens at one time, all of it at once.
type Moment struct {
	At   time.Duration // since the history began
	Acts []Act
}

// reserved is how long a shop may hold what was reserved.
const reserved = 4 * 24 * time.Hour

// planner knows what everybody can afford, so that nothing planned is refused.
type planner struct {
	dice    *rand.Rand
	moments []Moment
	days    int
	count   int // of acts
	bought  int
	money   map[[2]string]int64 // by handle and currency; only what earlier moments brought
	coming  map[[2]string]int64 // what this moment brings
	later   map[int][]Act       // what follows from earlier acts, by day
}

// Plan is the history of so many days that belongs to a seed: the same one every time.
func Plan(seed uint64, days int) []Moment {
	p := &planner{days: days, dice: rand.New(rand.NewPCG(seed, 90)), money: map[[2]string]int64{}, coming: map[[2]string]int64{},
		later: map[int][]Act{}}
	for day := range days {
		if day%45 == 0 {
			p.fill(day)
		}
		// One moment a day, and a quiet day in four: each moment costs a few commits, and whoever starts a sandbox waits for
		// every one of them.
		if day%4 == 3 {
			p.later[day+1] = append(p.later[day], p.later[day+1]...)
			continue
		}
		p.moment(day, p.later[day])
	}
	return p.moments
}

// add puts an act into the moment that is being planned.
func (p *planner) add(m *Moment, a Act) Act {
	a.Number = p.count
	p.count++
	m.Acts = append(m.Acts, a)
	return a
}

// spend takes money somebody has, and says whether they have it.
func (p *planner) spend(who, currency string, minor int64) bool {
	if p.money[[2]string{who, currency}] < minor {
		return false
	}
	p.money[[2]string{who, currency}] -= minor
	return true
}

func (p *planner) end(m Moment) {
	if len(m.Acts) > 0 {
		p.moments = append(p.moments, m)
	}
	for k, minor := range p.coming {
		p.money[k] += minor
	}
	clear(p.coming)
}

// fill has everybody top up.
func (p *planner) fill(day int) {
	m := Moment{At: time.Duration(day)*24*time.Hour + 6*time.Hour}
	for _, f := range fills {
		p.add(&m, Act{Of: -1, Deed: Fill, Who: f.who, Currency: f.currency, Minor: f.minor})
		p.coming[[2]string{f.who, f.currency}] += f.minor
	}
	p.end(m)
}

func (p *planner) moment(day int, wishes []Act) {
	m := Moment{At: time.Duration(day)*24*time.Hour + 7*time.Hour + time.Duration(p.dice.IntN(13*3600))*time.Second}
	for _, a := range wishes {
		p.add(&m, a)
		if a.Deed == Return || a.Deed == Release || a.Deed == Lapse {
			p.coming[[2]string{a.Whom, a.Currency}] += a.Minor
		}
	}
	for _, h := range habits {
		if p.dice.IntN(100) < h.percent {
			p.buy(&m, day, h)
		}
	}
	if p.dice.IntN(100) < 45 {
		f := favours[p.dice.IntN(len(favours))]
		minor := f.minor + int64(p.dice.IntN(5))*f.minor/20
		if p.spend(f.from, f.currency, minor) {
			p.add(&m, Act{Of: -1, Deed: Send, Who: f.from, Whom: f.to, Currency: f.currency, Minor: minor, Words: f.words})
			p.coming[[2]string{f.to, f.currency}] += minor
		}
	}
	p.end(m)
}

// buy plans a purchase and what comes of it: most are simply paid; some are asked for by the shop, some reserved first,
// and a few come back.
func (p *planner) buy(m *Moment, day int, h habit) {
	shop := Shops[slices.IndexFunc(Shops, func(s Shop) bool { return s.Handle == h.shop })]
	goods := shop.Goods[h.currency]
	g := goods[p.dice.IntN(len(goods))]
	if !p.spend(h.who, h.currency, g.minor) {
		return
	}
	a := Act{Of: -1, Deed: Buy, Who: h.who, Whom: h.shop, Currency: h.currency, Minor: g.minor, Words: g.words}
	follow := func(after int, of Act, deed Deed, minor int64) {
		p.later[day+after] = append(p.later[day+after], Act{Of: of.Number, Deed: deed, Who: h.shop, Whom: h.who, Currency: h.currency,
			Minor: minor})
	}
	p.bought++
	switch p.bought % 40 { // counted, not diced: every seed has some of each
	case 3:
		follow(1, p.add(m, a), Return, g.minor)
	case 8:
		follow(2, p.add(m, a), Return, g.minor/2)
	case 13:
		a.Deed = Reserve
		follow(1, p.add(m, a), Capture, g.minor*4/5)
	case 18:
		a.Deed = Reserve
		follow(1, p.add(m, a), Capture, g.minor)
	case 23:
		a.Deed = Reserve
		follow(1, p.add(m, a), Release, g.minor)
	case 28:
		a.Deed = Reserve
		follow(6, p.add(m, a), Lapse, g.minor)
	case 33, 38:
		if day+2 >= p.days {
			p.add(m, a) // nobody would be left to agree
			return
		}
		a.Deed, a.Who, a.Whom = Ask, h.shop, h.who
		ask := p.add(m, a)
		p.later[day+1] = append(p.later[day+1], Act{Of: ask.Number, Deed: Agree, Who: h.who, Whom: h.shop, Currency: h.currency,
			Minor: g.minor})
	default:
		p.add(m, a)
	}
}

// Acts lists every act of a plan by its number.
func Acts(plan []Moment) []Act {
	var all []Act
	for _, m := range plan {
		all = append(all, m.Acts...)
	}
	slices.SortFunc(all, func(a, b Act) int { return cmp.Compare(a.Number, b.Number) })
	return all
}
