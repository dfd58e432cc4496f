package reimbursement

import (
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/paper"
)

//go:embed closing.tsv
var closingTSV []byte

// Closing is how many persons close the month of a pharmacy, by the day on which
// they do. The zero Closing asks for two everywhere.
type Closing struct{ rows []closingRow }

type closingRow struct {
	from time.Time
	org  string // "*" for any
	one  bool
}

// ReadClosing reads a table as closing.tsv is. The error names the first line that
// is not valid.
func ReadClosing(tsv []byte) (c Closing, err error) {
	for i, line := range strings.Split(string(tsv), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(line, "\t")
		if len(cells) != 4 || cells[1] == "" || cells[3] == "" {
			return Closing{}, fmt.Errorf("closing: line %d: expected from, pharmacy, persons and source, separated by tabs", i+1)
		}
		from, err := time.Parse(time.DateOnly, cells[0])
		if err != nil {
			return Closing{}, fmt.Errorf("closing: line %d: %q is not a day", i+1, cells[0])
		}
		if cells[2] != "one" && cells[2] != "two" {
			return Closing{}, fmt.Errorf("closing: line %d: %q is not one or two", i+1, cells[2])
		}
		c.rows = append(c.rows, closingRow{from, strings.ToUpper(cells[1]), cells[2] == "one"})
	}
	return c, nil
}

// BuiltInClosing is the table that the program comes with.
var BuiltInClosing = func() Closing {
	c, err := ReadClosing(closingTSV)
	if err != nil {
		panic(err)
	}
	return c
}()

// alone reports whether one person may close the month of a pharmacy.
func (c Closing) alone(org string, on time.Time) bool {
	var best *closingRow
	for i, row := range c.rows {
		if on.Before(row.from) || row.org != "*" && row.org != org {
			continue
		}
		if best == nil || best.org == "*" && row.org != "*" || (best.org == "*") == (row.org == "*") && !row.from.Before(best.from) {
			best = &c.rows[i]
		}
	}
	return best != nil && best.one
}

// Duties refuse an act by the person who did an earlier one on the same record.
type Duties interface {
	Separate(state fhir.State, act, about string, who fhir.Principal, earlier string) error
}

// Options say how a pharmacy closes its months, and how they are shown.
type Options struct {
	// Duties say what needs a second person; nil for nothing.
	Duties Duties
	// Closing says where one person is enough; the zero Closing says nowhere.
	Closing Closing
	// Page writes a document as a page for a browser; nil for none.
	Page func(paper.Document) []byte
}

// twoPersons reports whether a month that somebody closes has to be asked for first:
// people are compared where their tokens name roles. Programs and the operator's
// commands are recorded as who they are, and are not two people.
func (o Options) twoPersons(who fhir.Principal) bool {
	return o.Duties != nil && who.Bound() && len(who.Roles) > 0
}

// confirms refuses who asked for a closing themselves, but where the policy lets one
// person close a month and they say why they are alone.
func (o Options) confirms(state fhir.State, org, alone string, who fhir.Principal, asked string, on time.Time) error {
	if alone != "" && o.Closing.alone(org, on) {
		return nil
	}
	if alone != "" {
		return fhir.E("close", fhir.BusinessRule, fhir.Issue{Rule: "two-persons", Expression: "alone", Message: "The policy of " + org + " wants two persons to close a month.",
			Expected: "another person, without alone", Found: "alone", Fix: "Have a second person confirm it, with a token of their own; or the operator sets another policy: pestle serve --closing-policy."})
	}
	err := o.Duties.Separate(state, "close", "Invoice", who, asked)
	if err == nil && who.Agent == asked {
		err = fhir.E("close", fhir.Forbidden, fhir.Issue{Rule: "second-person", Message: "This needs another person: whoever asked for the closing does not confirm it.", Found: asked,
			Expected: "another person with a role that allows it", Fix: "Have a second person do it, with a token of their own."})
	}
	return err
}
