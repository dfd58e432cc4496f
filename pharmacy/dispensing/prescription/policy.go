package prescription

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

//go:embed policy.tsv
var policyTSV []byte

// Step is what a pharmacy wants done before a supply.
type Step string

// The steps: a pharmacist has approved the item, see [Prescription.Approved].
const (
	ApproveStep Step = "approve"
	CheckStep   Step = "check"       // a second person has counted what is handed over; see [Prescription.Checked]
	AloneStep   Step = "check-alone" // that may be the same person, where nobody else is there

	SignatureStep Step = "signature" // what is delivered is signed for; see [Collection]
)

// steps are those that a policy may ask for.
var steps = []Step{ApproveStep, CheckStep, AloneStep, SignatureStep}

// Policy is which steps come before a supply. The zero Policy asks for none.
type Policy struct{ rows []policyRow }

type policyRow struct {
	from          nhs.Date
	step          Step
	schedules     []string
	prescriptions string // all, private, nhs
	callers       string // persons, all
}

// ReadPolicy reads a table as policy.tsv is. The error names the first line that is
// not valid.
func ReadPolicy(tsv []byte) (p Policy, err error) {
	for i, line := range strings.Split(string(tsv), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(line, "\t")
		if len(cells) != 6 {
			return Policy{}, fmt.Errorf("policy: line %d has %d cells, not 6: from, step, schedules, prescriptions, callers, source", i+1, len(cells))
		}
		row := policyRow{nhs.ReadDate(cells[0]), Step(cells[1]), strings.Fields(cells[2]), cells[3], cells[4]}
		switch {
		case row.from.IsZero():
			return Policy{}, fmt.Errorf("policy: line %d: %q is not a day", i+1, cells[0])
		case !slices.Contains(steps, row.step):
			return Policy{}, fmt.Errorf("policy: line %d: %q is not a step, expected one of %v", i+1, cells[1], steps)
		case len(row.schedules) == 0 || cells[5] == "":
			return Policy{}, fmt.Errorf("policy: line %d: expected schedules and a source", i+1)
		case !slices.Contains([]string{"all", "private", "nhs"}, row.prescriptions):
			return Policy{}, fmt.Errorf("policy: line %d: %q is not all, private or nhs", i+1, cells[3])
		case row.callers != "persons" && row.callers != "all":
			return Policy{}, fmt.Errorf("policy: line %d: %q is not persons or all", i+1, cells[4])
		}
		for _, s := range row.schedules {
			if s != "-" && !slices.Contains(BuiltInLaw.Schedules(), s) {
				return Policy{}, fmt.Errorf("policy: line %d: %q is not a schedule", i+1, s)
			}
		}
		p.rows = append(p.rows, row)
	}
	return p, nil
}

// BuiltInPolicy is the policy that the program comes with.
var BuiltInPolicy = func() Policy {
	p, err := ReadPolicy(policyTSV)
	if err != nil {
		panic(err)
	}
	return p
}()

// Asks reports whether a step comes before the supply of a line by any caller.
func (p Policy) Asks(step Step, l *Line, private bool, on nhs.Date) bool {
	return p.asks(step, l, private, on)
}

// asks reports whether a step comes before the supply of a line by any caller.
func (p Policy) asks(step Step, l *Line, private bool, on nhs.Date) bool {
	return p.wants(step, l, private, fhir.Principal{Roles: []string{"any"}}, on)
}

// wants reports whether a step comes before the supply of a line on a day by a caller.
func (p Policy) wants(step Step, l *Line, private bool, who fhir.Principal, on nhs.Date) bool {
	schedule := l.Schedule
	if schedule == "" {
		schedule = "-"
	}
	for _, row := range p.rows {
		if row.step == step && !on.Before(row.from) && slices.Contains(row.schedules, schedule) &&
			(row.callers == "all" || len(who.Roles) > 0) && (row.prescriptions == "all" || (row.prescriptions == "private") == private) {
			return true
		}
	}
	return false
}
