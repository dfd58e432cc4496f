// Package duties holds which acts need another person than an earlier act on the
// same record: the separation of duties. The table is data, duties.tsv. A duty
// whose earlier act is not recorded is listed in it as open, and not enforced.
package duties

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

//go:embed duties.tsv
var builtin []byte

// Builtin is the table that the program carries.
func Builtin() (*Table, error) { return Parse("duties.tsv", builtin) }

// A Duty is that an act is done by another person than an earlier one.
type Duty struct {
	Act, Earlier string
	About        []string // nil for everything
	Enforced     bool
	Note         string
}

// Table is the duties.
type Table struct{ duties []Duty }

// Duties returns all duties, those that are open too.
func (t *Table) Duties() []Duty { return slices.Clone(t.duties) }

// acts are those that the server knows to ask about.
var acts = map[string]string{"dispense": "accept", "adjust": "submit", "grant": "-"}

// Parse reads a table. The error names every line that is not valid.
func Parse(name string, text []byte) (*Table, error) {
	t := &Table{}
	var problems []error
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 5 || f[3] != "enforced" && f[3] != "open" || f[4] == "" {
			problems = append(problems, fmt.Errorf("%s:%d: expected act, about, earlier, enforced or open, and a note, separated by tabs; found %q", name, i+1, line))
			continue
		}
		d := Duty{Act: f[0], Earlier: f[2], Enforced: f[3] == "enforced", Note: f[4]}
		if d.Enforced && acts[d.Act] != d.Earlier {
			problems = append(problems, fmt.Errorf("%s:%d: the server does not record who did %q before %q, so that the duty cannot be enforced", name, i+1, d.Earlier, d.Act))
		}
		if f[1] != "-" {
			d.About = strings.Fields(f[1])
		}
		t.duties = append(t.duties, d)
	}
	return t, errors.Join(problems...)
}

// Separate refuses an act of the person who did the earlier one on the same
// record. earlier is their identifier as tokens name them, or its last part; ""
// where no person did it.
func (t *Table) Separate(act, about string, who fhir.Principal, earlier string) error {
	if len(who.Roles) == 0 || !who.Bound() || earlier == "" || person(who.Agent) != person(earlier) {
		return nil
	}
	for _, d := range t.duties {
		if d.Enforced && d.Act == act && (d.About == nil || slices.Contains(d.About, about)) {
			return fhir.E("duty", fhir.Forbidden, fhir.Issue{Rule: "second-person", Message: "This needs another person: whoever did " + quoted(d.Earlier) + " does not " + act + " " + about + ".",
				Found: person(earlier), Expected: "another person with a role that allows it", Fix: "Have a second person do it, with a token of their own."})
		}
	}
	return nil
}

func quoted(earlier string) string {
	if earlier == "-" {
		return "benefit from it"
	}
	return "the act " + earlier
}

// person is the last part of what names one: "sds-user-id|1" and "Practitioner/1"
// are 1.
func person(agent string) string { return agent[strings.LastIndexAny(agent, "|/")+1:] }
