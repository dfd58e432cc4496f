package main

import (
	"strings"

	"github.com/pestle-fhir/pestle/docs"
	"github.com/pestle-fhir/pestle/pharmacy/rules"
	"github.com/pestle-fhir/pestle/server/page"
)

// asking are the kinds of rules in words.
var asking = map[string]string{
	string(rules.Law): "the law", string(rules.Service): "the Electronic Prescription Service", string(rules.Policy): "this pharmacy",
	"resource": "FHIR, and the profiles that apply", "request": "the interface", "access": "who may do what", "database": "what is stored",
}

// ruleBook lists what issues may be about: the rules of the business, then the server's own.
func ruleBook() (book []page.Rule) {
	for _, row := range rules.Table() {
		book = append(book, page.Rule{ID: row.ID, Kind: asking[string(row.Kind)], Asks: row.Asks, Where: strings.Join(row.Doors, ", "), Source: row.Source})
	}
	for line := range strings.Lines(docs.Rules) {
		if cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t"); len(cells) == 4 && !strings.HasPrefix(line, "#") {
			book = append(book, page.Rule{ID: cells[0], Kind: asking[cells[1]], Asks: cells[2], Source: cells[3]})
		}
	}
	return book
}
