package ui

import (
	"strconv"
	"strings"

	qrcode "github.com/skip2/go-qrcode"
)

// code draws a text as a QR code (ISO/IEC 18004): the path of its dark modules on a grid of size units, the quiet zone of four included.
// What does not fit, which no address of ours does, draws nothing.
func code(text string) (path string, size int) {
	q, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return "", 0
	}
	rows := q.Bitmap()
	var b strings.Builder
	for y, row := range rows {
		for x := 0; x < len(row); x++ {
			if !row[x] {
				continue
			}
			from := x
			for x+1 < len(row) && row[x+1] {
				x++
			}
			width := strconv.Itoa(x + 1 - from)
			b.WriteString("M" + strconv.Itoa(from) + " " + strconv.Itoa(y) + "h" + width + "v1h-" + width + "z")
		}
	}
	return b.String(), len(rows)
}

func box(size int) string { return "0 0 " + strconv.Itoa(size) + " " + strconv.Itoa(size) }
