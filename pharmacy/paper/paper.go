// Package paper writes what is printed: documents of headings, lines and tables, as
// PDF. The same document has the same bytes each time.
package paper

import (
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/go-pdf/fpdf"
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
	Amount bool // aligned to the right
}

// The page is A4 with margins; sizes in millimetres and points.
const (
	margin = 15.0
	width  = 210 - 2*margin
	line   = 5.0
	text   = 9.0
)

// PDF writes the document.
func (d Document) PDF(w io.Writer) error {
	p := &printer{Fpdf: fpdf.New("P", "mm", "A4", "")}
	translate := p.UnicodeTranslatorFromDescriptor("")
	p.encode = func(text string) string { return translate(printable(text)) }
	p.SetCatalogSort(true)
	p.SetCreationDate(d.Made.UTC())
	p.SetModificationDate(d.Made.UTC())
	p.SetTitle(p.encode(d.Heading), false)
	p.SetLang("en-GB")
	p.SetMargins(margin, margin, margin)
	p.SetAutoPageBreak(true, 2*margin)
	p.AliasNbPages("{pages}")
	p.SetFooterFunc(func() {
		p.SetY(-margin)
		p.SetFont("Helvetica", "", text-1)
		p.CellFormat(width/2, line, p.encode(d.Heading), "", 0, "L", false, 0, "")
		p.CellFormat(width/2, line, "Page "+strconv.Itoa(p.PageNo())+" of {pages}", "", 0, "R", false, 0, "")
	})
	p.AddPage()
	p.words("B", 2*text, d.Heading)
	p.words("", text, d.Subtitle)
	for _, part := range d.Parts {
		p.part(part)
	}
	return p.Output(w)
}

// printer writes text in the characters that the standard fonts have.
type printer struct {
	*fpdf.Fpdf
	encode func(string) string
}

// words writes a paragraph.
func (p *printer) words(style string, size float64, text string) {
	if text == "" {
		return
	}
	p.SetFont("Helvetica", style, size)
	p.MultiCell(width, size*0.55, p.encode(text), "", "L", false)
}

func (p *printer) part(part Part) {
	p.Ln(line)
	p.words("B", text+3, part.Heading)
	for _, l := range part.Lines {
		p.words("", text, l)
	}
	if len(part.Columns) == 0 || len(part.Rows) == 0 {
		return
	}
	p.Ln(1)
	head := func() {
		names := make([]string, len(part.Columns))
		for i, c := range part.Columns {
			names[i] = c.Name
		}
		p.row(part.Columns, names, "B")
	}
	head()
	for _, row := range part.Rows {
		page := p.PageNo()
		if p.GetY()+p.height(part.Columns, row) > 297-2*margin {
			p.AddPage()
		}
		if p.PageNo() != page {
			head()
		}
		p.row(part.Columns, row, "")
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
		list[i] = width * float64(max(1, c.Share)) / float64(all)
	}
	return list
}

// lines are the lines of a cell.
func (p *printer) lines(cell string, width float64) (list []string) {
	for _, l := range p.SplitLines([]byte(p.encode(cell)), width) {
		list = append(list, string(l))
	}
	return list
}

// printable is text on one line, of the characters that can be printed.
func printable(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "?"), func(r rune) bool { return unicode.IsControl(r) || r == ' ' || r > 0xFFFF }), " ")
}

func (p *printer) height(columns []Column, cells []string) float64 {
	p.SetFont("Helvetica", "", text)
	most := 1
	for i, w := range widths(columns) {
		if i < len(cells) {
			most = max(most, len(p.lines(cells[i], w)))
		}
	}
	return float64(most) * line
}

// row writes the cells of a row, over as many lines as the longest needs.
func (p *printer) row(columns []Column, cells []string, style string) {
	height := p.height(columns, cells)
	p.SetFont("Helvetica", style, text)
	top, left := p.GetY(), margin
	for i, w := range widths(columns) {
		align := "L"
		if columns[i].Amount {
			align = "R"
		}
		if i < len(cells) {
			for j, l := range p.lines(cells[i], w) {
				p.SetXY(left, top+float64(j)*line)
				p.CellFormat(w, line, l, "", 0, align, false, 0, "")
			}
		}
		left += w
	}
	p.Line(margin, top+height, margin+width, top+height)
	p.SetXY(margin, top+height)
}
