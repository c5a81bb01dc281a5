package paper

import "strings"

// Statement writes a sheet on as many pages as its rows need.
func Statement(s Sheet) ([]byte, error) {
	p := begin(s.Title, s.At)
	p.pale()
	p.text(margin+width, margin, s.Owner, "", body, true)
	p.ink()
	p.text(margin, margin+20, s.Title, "B", 18, false)
	y := p.lines(margin+34, s.Facts) + 6
	columns := p.columns(s)
	p.row(y, columns, s.Head, true)
	for _, row := range s.Rows {
		if y += lineHigh; y > 297-margin-8 {
			p.foot(s.Foot)
			p.AddPage()
			y = margin
			p.row(y, columns, s.Head, true)
			y += lineHigh
		}
		p.rule(y - lineHigh + 1.8)
		p.row(y, columns, row, false)
	}
	p.foot(s.Foot)
	return p.bytes()
}

type column struct {
	from, to float64
	right    bool
}

// columns gives each the room of its widest cell, and what is left over to the first one that holds words.
func (p page) columns(s Sheet) []column {
	const gap = 4.0
	rooms := make([]float64, len(s.Head))
	for i, head := range s.Head {
		rooms[i] = p.measure(clean(head), "B", small)
		for _, row := range s.Rows {
			rooms[i] = max(rooms[i], p.measure(clean(row[i]), "", small))
		}
	}
	free, words := width-gap*float64(len(rooms)-1), -1
	for i, room := range rooms {
		if words < 0 && i > 0 && !strings.HasPrefix(s.Head[i], "\t") {
			words = i
		}
		free -= room
	}
	if words >= 0 {
		rooms[words] += free
	}
	list := make([]column, len(rooms))
	x := margin
	for i, room := range rooms {
		list[i] = column{from: x, to: x + room, right: strings.HasPrefix(s.Head[i], "\t")}
		x += room + gap
	}
	return list
}

func (p page) row(y float64, columns []column, cells []string, head bool) {
	style := ""
	p.ink()
	if head {
		style = "B"
		p.pale()
	}
	for i, c := range columns {
		text := p.fit(strings.TrimPrefix(cells[i], "\t"), c.to-c.from+0.5, small)
		if c.right {
			p.text(c.to, y, text, style, small, true)
		} else {
			p.text(c.from, y, text, style, small, false)
		}
	}
}
