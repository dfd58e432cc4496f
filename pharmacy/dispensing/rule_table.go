package dispensing

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed rules.tsv
var rulesTSV string

// RuleKind is who asks for a rule.
type RuleKind string

// The kinds of rules.
const (
	LawRule     RuleKind = "law"     // a statute
	ServiceRule RuleKind = "service" // the Electronic Prescription Service
	PolicyRule  RuleKind = "policy"  // this pharmacy
)

// RuleRow is one rule of dispensing, for people to read: the code that meets it has
// its id.
type RuleRow struct {
	ID     string
	Kind   RuleKind
	Doors  []string // where it is asked; see rules.tsv
	Asks   string
	Source string // statutory instrument and regulation, or the reason
}

// RuleTable returns the rules of dispensing in the order of rules.tsv.
func RuleTable() []RuleRow {
	rows, err := readRuleTable(rulesTSV)
	if err != nil {
		panic(err) // the table is ours, and tested
	}
	return rows
}

func readRuleTable(tsv string) (rows []RuleRow, err error) {
	known := map[string]bool{}
	for n, line := range strings.Split(tsv, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(line, "\t")
		if len(cells) != 5 {
			return nil, fmt.Errorf("rules.tsv: line %d has %d cells, not 5", n+1, len(cells))
		}
		row := RuleRow{ID: cells[0], Kind: RuleKind(cells[1]), Doors: strings.Fields(cells[2]), Asks: cells[3], Source: cells[4]}
		switch {
		case row.Kind != LawRule && row.Kind != ServiceRule && row.Kind != PolicyRule:
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
