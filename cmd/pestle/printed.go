package main

import (
	"github.com/pestle-fhir/pestle/pharmacy/paper"
	"github.com/pestle-fhir/pestle/server/page"
)

// onPaper is a document as a page for a browser.
func onPaper(d paper.Document) []byte {
	p := page.Printed{Heading: d.Heading, Subtitle: d.Subtitle}
	for _, part := range d.Parts {
		to := page.PrintedPart{Heading: part.Heading, Lines: part.Lines, Rows: part.Rows}
		for _, c := range part.Columns {
			to.Columns = append(to.Columns, page.PrintedColumn{Name: c.Name, Amount: c.Amount})
		}
		p.Parts = append(p.Parts, to)
	}
	return p.HTML()
}
