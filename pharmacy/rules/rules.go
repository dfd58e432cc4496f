// Package rules holds the one table of the rules of the pharmacy's business, for people
// to read: what each asks, where it is asked, and where it comes from. The code that meets
// a rule has its id; the dated limits by which it decides are data of its own package.
package rules

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed rules.tsv
var rulesTSV string

// Kind is who asks for a rule.
type Kind string

// The kinds of rules.
const (
	Law     Kind = "law"     // a statute
	Service Kind = "service" // the Electronic Prescription Service
	Policy  Kind = "policy"  // this pharmacy
)

// Row is one rule.
type Row struct {
	ID     string
	Kind   Kind
	Doors  []string // where it is asked; see rules.tsv
	Asks   string
	Source string // statutory instrument and regulation, or the reason
}

// Table returns the rules in the order of rules.tsv.
func Table() []Row {
	rows, err := read(rulesTSV)
	if err != nil {
		panic(err) // the table is ours, and tested
	}
	return rows
}

func read(tsv string) (rows []Row, err error) {
	known := map[string]bool{}
	for n, line := range strings.Split(tsv, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(line, "\t")
		if len(cells) != 5 {
			return nil, fmt.Errorf("rules.tsv: line %d has %d cells, not 5", n+1, len(cells))
		}
		row := Row{ID: cells[0], Kind: Kind(cells[1]), Doors: strings.Fields(cells[2]), Asks: cells[3], Source: cells[4]}
		switch {
		case row.Kind != Law && row.Kind != Service && row.Kind != Policy:
			return nil, fmt.Errorf("rules.tsv: line %d: %q is not law, service or policy", n+1, row.Kind)
		case known[row.ID]:
			return nil, fmt.Errorf("rules.tsv: line %d: a second rule %s", n+1, row.ID)
		case len(row.Doors) == 0 || row.Asks == "" || row.Source == "":
			return nil, fmt.Errorf("rules.tsv: line %d: a rule has doors, what it asks, and a source", n+1)
		}
		known[row.ID] = true
		rows = append(rows, row)
	}
	return rows, nil
}
