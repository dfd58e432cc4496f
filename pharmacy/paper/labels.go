package paper

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/go-pdf/fpdf"
)

// Labels are what a label printer prints: each on a page of the size of the label.
type Labels struct {
	Title         string
	Made          time.Time // when they were asked for
	Width, Height float64   // of a label, in millimetres
	Text          float64   // the size of the letters, in points
	Labels        []Label
}

// Label is what is on one pack. Heads stand out; Foot is at the bottom of each label.
type Label struct{ Heads, Lines, Foot []string }

// The margin of a label in millimetres, and the height of a line for each point of its
// letters.
const (
	labelMargin = 2.0
	labelLine   = 0.40
)

// PDF writes the labels. What does not fit on one label goes on with the same foot on a
// further one, and each says which it is of how many.
func (l Labels) PDF(w io.Writer) error {
	p := &printer{Fpdf: fpdf.NewCustom(&fpdf.InitType{UnitStr: "mm", Size: fpdf.SizeType{Wd: l.Width, Ht: l.Height}})}
	translate := p.UnicodeTranslatorFromDescriptor("")
	p.encode = func(text string) string { return translate(printable(text)) }
	p.SetCatalogSort(true)
	p.SetCreationDate(l.Made.UTC())
	p.SetModificationDate(l.Made.UTC())
	p.SetTitle(p.encode(l.Title), false)
	p.SetLang("en-GB")
	p.SetMargins(labelMargin, labelMargin, labelMargin)
	p.SetCellMargin(0)
	p.SetAutoPageBreak(false, 0)
	for _, label := range l.Labels {
		l.print(p, label)
	}
	return p.Output(w)
}

// styled is a line as it is printed.
type styled struct{ style, text string }

// print writes one label, on as many as it needs.
func (l Labels) print(p *printer, label Label) {
	height, width := l.Text*labelLine, l.Width-2*labelMargin
	wrapped := func(style string, size float64, lines []string) (list []styled) {
		p.SetFont("Helvetica", style, size)
		for _, line := range lines {
			for _, part := range p.lines(line, width) {
				list = append(list, styled{style, part})
			}
		}
		return list
	}
	foot := wrapped("", l.Text-1, label.Foot)
	body := append(wrapped("B", l.Text, label.Heads), wrapped("", l.Text, label.Lines)...)
	room := max(1, int((l.Height-2*labelMargin)/height)-len(foot)-1) // a line is for which label it is
	pages := max(1, (len(body)+room-1)/room)
	for page := range pages {
		p.AddPage()
		for i, line := range body[page*room : min((page+1)*room, len(body))] {
			p.SetFont("Helvetica", line.style, l.Text)
			p.SetXY(labelMargin, labelMargin+float64(i)*height)
			p.CellFormat(width, height, line.text, "", 0, "L", false, 0, "")
		}
		last := append([]styled{}, foot...)
		if pages > 1 {
			last = append(last, styled{"B", fmt.Sprintf("Label %d of %d", page+1, pages)})
		}
		for i, line := range last {
			p.SetFont("Helvetica", line.style, l.Text-1)
			p.SetXY(labelMargin, l.Height-labelMargin-float64(len(last)-i)*height)
			p.CellFormat(width, height, line.text, "", 0, "L", false, 0, "")
		}
	}
}

// Shows reports whether the fonts have all the characters of a text: what they do not have
// is printed as a dot.
func Shows(text string) bool {
	translate := fpdf.New("P", "mm", "A4", "").UnicodeTranslatorFromDescriptor("")
	text = printable(text)
	return strings.Count(translate(text), ".") == strings.Count(text, ".")
}
