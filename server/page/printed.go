package page

import "github.com/pestle-fhir/pestle/server/page/markup"

// Printed is a document for paper: it has nothing of the site around it.
type Printed struct {
	Heading, Subtitle string
	Parts             []PrintedPart
}

// PrintedPart is a heading with lines of text and a table.
type PrintedPart struct {
	Heading string
	Lines   []string
	Columns []PrintedColumn
	Rows    [][]string
}

// PrintedColumn is a column of a table.
type PrintedColumn struct {
	Name   string
	Amount bool // numbers are aligned
}

// HTML writes the page.
func (p *Printed) HTML() []byte {
	w := &markup.Writer{}
	w.HTML(`<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>`).Text(p.Heading).HTML(`</title>
<style>
@page { size: A4; margin: 15mm; }
html { font: 10pt/1.4 system-ui, "Segoe UI", "Liberation Sans", sans-serif; color: #000; background: #fff; }
main { max-width: 180mm; margin: 0 auto; padding: 1rem; }
h1 { font-size: 18pt; margin: 0; }
h2 { font-size: 12pt; margin: 1.2em 0 .3em; break-after: avoid; }
p { margin: .2em 0; }
table { border-collapse: collapse; width: 100%; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
th, td { text-align: left; vertical-align: top; padding: .15em .4em; border-bottom: 1px solid #767676; overflow-wrap: anywhere; }
.amount { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
@media print { main { max-width: none; padding: 0; } }
</style>
</head>
<body>
<main>
<h1>`).Text(p.Heading).HTML("</h1>\n")
	if p.Subtitle != "" {
		w.HTML("<p>").Text(p.Subtitle).HTML("</p>\n")
	}
	for _, part := range p.Parts {
		part.write(w)
	}
	w.HTML("</main>\n</body>\n</html>\n")
	return w.Bytes()
}

func (p *PrintedPart) write(w *markup.Writer) {
	w.HTML("<section>\n")
	if p.Heading != "" {
		w.HTML("<h2>").Text(p.Heading).HTML("</h2>\n")
	}
	for _, l := range p.Lines {
		w.HTML("<p>").Text(l).HTML("</p>\n")
	}
	if len(p.Columns) > 0 && len(p.Rows) > 0 {
		w.HTML("<table>\n<thead><tr>")
		for _, c := range p.Columns {
			w.HTML(`<th scope="col"`)
			c.class(w)
			w.HTML(">").Text(c.Name).HTML("</th>")
		}
		w.HTML("</tr></thead>\n<tbody>\n")
		for _, row := range p.Rows {
			w.HTML("<tr>")
			for i, cell := range row[:min(len(row), len(p.Columns))] {
				w.HTML("<td")
				p.Columns[i].class(w)
				w.HTML(">").Text(cell).HTML("</td>")
			}
			w.HTML("</tr>\n")
		}
		w.HTML("</tbody>\n</table>\n")
	}
	w.HTML("</section>\n")
}

// class marks the cells of a column of amounts.
func (c PrintedColumn) class(w *markup.Writer) {
	if c.Amount {
		w.HTML(` class="amount"`)
	}
}
