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
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/trust/person"
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
type Table struct {
	// Own says which absolute references are to the server; nil for none.
	Own search.Own
	// Proof is how long ago a person may have proved who they are who does something
	// with a controlled drug: see [Table.Fresh]; 0 where it is not asked.
	Proof time.Duration
	// Strengths are the values of acr that those are told who proved it too weakly; nil
	// for none.
	Strengths *Strengths
	// Unconfirmed are how records name the people whose accounts are not confirmed as
	// accounts.tsv wants it; nil where the server has no accounts. It is asked in the
	// commit, and what was decided then holds.
	Unconfirmed func() []string
	// Joined are how records name the people who have several accounts: each list is of
	// one person; nil where the server has no accounts.
	Joined func() [][]string
	duties []Duty
}

// Duties returns all duties, those that are open too.
func (t *Table) Duties() []Duty { return slices.Clone(t.duties) }

// acts are those that the server knows to ask about.
var acts = map[string]string{"dispense": "accept", "approve": "prescribe", "check": "approve", "adjust": "submit", "grant": "-", "purge": "propose", "review": "break-glass",
	"close": "ask", "refund": "ask", "destroy": "witness", "count": "witness", "register": "witness"}

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
// record. earlier is a name of theirs, a reference or an identifier, or the value of
// an identifier alone; "" where no person did it.
func (t *Table) Separate(state fhir.State, act, about string, who fhir.Principal, earlier string) error {
	if len(who.Roles) == 0 || !who.Bound() || earlier == "" {
		return nil
	}
	for _, d := range t.duties {
		if d.Enforced && d.Act == act && (d.About == nil || slices.Contains(d.About, about)) {
			return t.another(state, d, about, who, earlier)
		}
	}
	return nil
}

// another refuses the person who did the earlier act of a duty.
func (t *Table) another(state fhir.State, d Duty, about string, who fhir.Principal, earlier string) error {
	same, err := t.same(state, d, about, who.Agent, earlier)
	if err != nil || !same {
		return err
	}
	return fhir.E("duty", fhir.Forbidden, fhir.Issue{Rule: "second-person", Message: "This needs another person: whoever did " + quoted(d.Earlier) + " does not " + d.Act + " " + about + ".",
		Found: earlier, Expected: "another person with a role that allows it", Fix: "Have a second person do it, with a token of their own."})
}

// same reports whether two names are of one person, by whatever the directory knows
// of both. A value without its system is compared with the values of the other. The
// error is of those who may be one by accounts that nobody has confirmed.
func (t *Table) same(state fhir.State, d Duty, about, who, earlier string) (bool, error) {
	names, err := person.Names(state, who, t.Own)
	if err != nil {
		return false, err
	}
	others, err := person.Names(state, earlier, t.Own)
	if err != nil {
		return false, err
	}
	names = t.together(names)
	if slices.ContainsFunc(names, func(name string) bool {
		return slices.ContainsFunc(others, func(other string) bool { return name == other || value(name) == other || name == value(other) })
	}) {
		return true, nil
	}
	return false, t.confirmed(d, about, names, others)
}

// value is the value of an identifier, or the id of a reference, without its system
// or type.
func value(name string) string { return name[strings.LastIndexAny(name, "|/")+1:] }

func quoted(earlier string) string {
	if earlier == "-" {
		return "benefit from it"
	}
	return "the act " + earlier
}
