// Package paper writes what is printed: documents of headings, lines and tables, as
// PDF (ISO 32000-1). The same document gives the same bytes.
package paper

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
)

// Document is what is printed.
type Document struct {
	Heading, Subtitle string
	Made              time.Time // when its content was recorded
	Parts             []Part
}

// Part is a heading with lines of text and a table; whatever is empty is left out.
type Part struct {
	Heading string
	Lines   []string
	Columns []Column
	Rows    [][]string
}

// Column is a column of a table.
type Column struct {
	Name   string
	Share  int  // of the width of the page, beside the others
	Amount bool // numbers stand below one another
}

// The page is A4; all measures are in points.
const (
	pageWidth  = 595.28
	pageHeight = 841.89
	margin     = 42.5
	width      = pageWidth - 2*margin
	size       = 9.0  // of text
	leading    = 13.0 // of a line of it
	gutter     = 6.0  // between columns
	bottom     = 2 * margin
)

// PDF writes the document.
func (d Document) PDF(w io.Writer) error {
	p := &printer{}
	p.newPage()
	p.words(bold, 2*size, d.Heading)
	p.words(regular, size, d.Subtitle)
	for _, part := range d.Parts {
		p.part(part)
	}
	for i := range p.pages {
		p.at = p.pages[i]
		p.write(regular, size-1, margin, margin, printable(d.Heading))
		number := fmt.Sprintf("Page %d of %d", i+1, len(p.pages))
		p.write(regular, size-1, margin+width-regular.measure(number, size-1), margin, number)
	}
	return file{heading: printable(d.Heading), made: d.Made, pages: p.pages}.write(w)
}

// printer fills pages from the top.
type printer struct {
	pages []*bytes.Buffer
	at    *bytes.Buffer // the page that is written on
	y     float64       // the base of the last line, from the bottom
}

func (p *printer) newPage() {
	p.at, p.y = &bytes.Buffer{}, pageHeight-margin
	p.pages = append(p.pages, p.at)
}

// room makes room for so much, on a new page where this one has none; it reports
// whether that was so.
func (p *printer) room(height float64) bool {
	if p.y-height >= bottom {
		return false
	}
	p.newPage()
	return true
}

// write writes text at a place.
func (p *printer) write(f *font, size, x, y float64, text string) {
	fmt.Fprintf(p.at, "BT /%s %.1f Tf %.2f %.2f Td (%s) Tj ET\n", f.name, size, x, y, escape(encode(text)))
}

// words writes a paragraph.
func (p *printer) words(f *font, size float64, text string) {
	for _, line := range f.lines(printable(text), size, width) {
		p.room(size * 1.45)
		p.y -= size * 1.45
		p.write(f, size, margin, p.y, line)
	}
}

func (p *printer) part(part Part) {
	p.room(6 * leading)
	p.y -= leading
	p.words(bold, size+3, part.Heading)
	for _, l := range part.Lines {
		p.words(regular, size, l)
	}
	if len(part.Columns) == 0 || len(part.Rows) == 0 {
		return
	}
	names := make([]string, len(part.Columns))
	for i, c := range part.Columns {
		names[i] = c.Name
	}
	p.y -= leading / 2
	p.row(part.Columns, names, bold)
	for _, row := range part.Rows {
		if p.room(height(part.Columns, row, regular)) {
			p.row(part.Columns, names, bold)
		}
		p.row(part.Columns, row, regular)
	}
}

// widths are those of columns.
func widths(columns []Column) []float64 {
	all := 0
	for _, c := range columns {
		all += max(1, c.Share)
	}
	list := make([]float64, len(columns))
	for i, c := range columns {
		list[i] = max(2*gutter, width*float64(max(1, c.Share))/float64(all))
	}
	return list
}

// height is that of a row: of its longest cell, and no more than a page has.
func height(columns []Column, cells []string, f *font) float64 {
	most := 1
	for i, w := range widths(columns) {
		if i < len(cells) {
			most = max(most, len(f.lines(printable(cells[i]), size, w-gutter)))
		}
	}
	return float64(min(most, longest)) * leading
}

// longest is how many lines a cell may have; the rest is left out, with a mark.
const longest = 40

// row writes the cells of a row, and a rule below it.
func (p *printer) row(columns []Column, cells []string, f *font) {
	left := margin
	for i, w := range widths(columns) {
		if i < len(cells) {
			lines := f.lines(printable(cells[i]), size, w-gutter)
			if len(lines) > longest {
				lines = append(lines[:longest-1], "[...]")
			}
			for j, l := range lines {
				x := left
				if columns[i].Amount {
					x += w - gutter - f.measure(l, size)
				}
				p.write(f, size, x, p.y-float64(j+1)*leading+leading-size, l)
			}
		}
		left += w
	}
	p.y -= height(columns, cells, f)
	fmt.Fprintf(p.at, "0.4 w %.2f %.2f m %.2f %.2f l S\n", margin, p.y, margin+width, p.y)
}

// printable is text on one line, of the characters that can be printed.
func printable(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "?"), func(r rune) bool { return unicode.IsControl(r) || r == ' ' }), " ")
}
