package paper

import (
	"bytes"
	_ "embed"
	"strings"
	"time"
	"unicode"

	"codeberg.org/go-pdf/fpdf"
)

//go:embed sans.ttf
var sans []byte

//go:embed bold.ttf
var bold []byte

//go:embed han.ttf
var han []byte

// Line is a label and what it says. A strong one is the sum.
type Line struct {
	Label, Value string
	Strong       bool
}

// Slip is a receipt.
type Slip struct {
	Title string // "Receipt"
	With  string // "To Café Linden"
	Money string
	State string
	Lines []Line
	Foot  string
	At    time.Time // of the payment: the same receipt is the same file
}

// Sheet is a statement: facts above, a table below. Columns whose heading begins with a tab hold figures and stand right.
type Sheet struct {
	Title, Owner string
	Facts        []Line
	Head         []string
	Rows         [][]string
	Foot         string
	At           time.Time
}

// Sizes in millimetres on A4, of type in points.
const (
	margin   = 22.0
	width    = 210.0 - 2*margin
	body     = 10.0
	small    = 8.5
	lineHigh = 6.6
)

// page is a document that is being written. A font is read when the first text needs it: reading the one for Chinese takes longer than
// writing a receipt, and most have no word of it.
type page struct {
	*fpdf.Fpdf
	read map[string]bool
}

var fonts = map[string][]byte{"sans": sans, "sansB": bold, "han": han}

// use sets the font of what comes next.
func (p page) use(family, style string, size float64) {
	if name := family + style; !p.read[name] {
		p.AddUTF8FontFromBytes(family, style, fonts[name])
		p.read[name] = true
	}
	p.SetFont(family, style, size)
}

func begin(title string, at time.Time) page {
	p := page{fpdf.New("P", "mm", "A4", ""), map[string]bool{}}
	p.SetTitle(clean(title), true)
	p.SetCreator("Billfold", true)
	p.SetCreationDate(at)
	p.SetModificationDate(at)
	p.SetCatalogSort(true)
	p.SetMargins(margin, margin, margin)
	p.SetAutoPageBreak(false, margin)
	p.AddPage()
	p.mark()
	return p
}

// mark draws the name mark: two leaves and a thread.
func (p page) mark() {
	x, y := margin, margin-6
	p.SetFillColor(43, 58, 155)
	p.RoundedRect(x, y, 9, 9, 2.4, "1234", "F")
	p.SetFillColor(255, 255, 255)
	p.RoundedRect(x+2.6, y+2, 3.7, 2.7, 1.3, "12", "F")
	p.SetFillColor(174, 189, 255)
	p.RoundedRect(x+2.6, y+4.4, 4.2, 2.7, 1.3, "23", "F")
	p.text(x+12, y+6.4, "Billfold", "B", 14, false)
}

// ink is the colour of text; pale that of what is beside the point.
func (p page) ink()  { p.SetTextColor(20, 24, 40) }
func (p page) pale() { p.SetTextColor(96, 102, 122) }

func (p page) rule(y float64) {
	p.SetDrawColor(214, 218, 230)
	p.SetLineWidth(0.2)
	p.Line(margin, y, margin+width, y)
}

// clean leaves out what has no shape: controls and the marks that turn text around.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\u00a0' || r == '\n' || r == '\t' {
			return ' '
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r > 0xffff {
			return -1
		}
		return r
	}, text)
}

// han says whether a sign is drawn in the font for Chinese.
func wide(r rune) bool { return r >= 0x2e80 && r != '\u2212' }

// runs cuts a text where the font changes.
func runs(text string) []string {
	var list []string
	from, last := 0, false
	for i, r := range text {
		if now := wide(r); i > 0 && now != last && r != ' ' {
			list, from, last = append(list, text[from:i]), i, now
		} else if i == 0 {
			last = wide(r)
		}
	}
	return append(list, text[from:])
}

func (p page) font(run, style string, size float64) {
	if first := []rune(run); len(first) > 0 && wide(first[0]) {
		p.use("han", "", size)
		return
	}
	p.use("sans", style, size)
}

func (p page) measure(text, style string, size float64) float64 {
	total := 0.0
	for _, run := range runs(text) {
		p.font(run, style, size)
		total += p.GetStringWidth(run)
	}
	return total
}

// text writes a line; to the left of x when right is set.
func (p page) text(x, y float64, text, style string, size float64, right bool) {
	text = clean(text)
	if right {
		x -= p.measure(text, style, size)
	}
	for _, run := range runs(text) {
		p.font(run, style, size)
		p.Text(x, y, run)
		x += p.GetStringWidth(run)
	}
}

// fit cuts a text to a width, with a mark that it was cut.
func (p page) fit(text string, room float64, size float64) string {
	text = clean(text)
	if p.measure(text, "", size) <= room {
		return text
	}
	signs := []rune(text)
	for len(signs) > 0 && p.measure(string(signs)+"…", "", size) > room {
		signs = signs[:len(signs)-1]
	}
	return string(signs) + "…"
}

// wrap cuts a text into lines of at most room; words stay whole where there are any.
func (p page) wrap(text string, room float64, size float64) []string {
	var lines []string
	line := ""
	for _, r := range clean(text) {
		if next := line + string(r); p.measure(next, "", size) <= room {
			line = next
			continue
		}
		cut := strings.LastIndexByte(line, ' ')
		if cut < len(line)/2 || wide(r) {
			lines, line = append(lines, line), string(r)
		} else {
			lines, line = append(lines, line[:cut]), line[cut+1:]+string(r)
		}
	}
	return append(lines, line)
}

func (p page) bytes() ([]byte, error) {
	var b bytes.Buffer
	err := p.Output(&b)
	return b.Bytes(), err
}

// Receipt writes a slip on one page.
func Receipt(s Slip) ([]byte, error) {
	p := begin(s.Title, s.At)
	p.pale()
	p.text(margin+width, margin, s.Title, "", body, true)
	p.ink()
	y := margin + 26
	p.text(margin, y, s.With, "", 12, false)
	p.text(margin, y+12, s.Money, "B", 26, false)
	p.pale()
	p.text(margin, y+20, s.State, "", body, false)
	p.lines(y+32, s.Lines)
	p.foot(s.Foot)
	return p.bytes()
}

// lines writes labels on the left and what they say on the right, with a rule between, and returns where they end.
func (p page) lines(y float64, list []Line) float64 {
	for _, l := range list {
		style := ""
		if l.Strong {
			style = "B"
		}
		p.rule(y - lineHigh + 1.6)
		p.pale()
		p.text(margin, y, l.Label, style, body, false)
		p.ink()
		for _, part := range p.wrap(l.Value, width*0.62, body) {
			p.text(margin+width, y, part, style, body, true)
			y += lineHigh - 1.2
		}
		y += 2.6
	}
	return y
}

func (p page) foot(text string) {
	p.pale()
	p.rule(297 - margin - 3)
	for i, part := range p.wrap(text, width, small) {
		p.text(margin, 297-margin+3+float64(i)*4, part, "", small, false)
	}
}
