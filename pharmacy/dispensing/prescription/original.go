package prescription

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Original is a record of the paper original of a private prescription: the form
// that the pharmacy has in hand.
type Original struct {
	Form     string   // FP10PCD
	Received nhs.Date // when the pharmacy received it
	Signed   bool     // the signature was compared with what is known of the prescriber's
	Number   string   // the identification number of the prescriber, six digits
	Note     string
	Who      Party // who recorded it
	When     string
}

//go:embed forms.tsv
var formsTSV string

type datedForm struct {
	from nhs.Date
	name string
}

var originalForms = func() (list []datedForm) {
	for cells := range rows(formsTSV, 4) {
		list = append(list, datedForm{nhs.ReadDate(cells[0]), cells[1]})
	}
	return list
}()

// formsOn are the forms of a day.
func formsOn(on nhs.Date) (names []string) {
	for _, f := range originalForms {
		if !on.Before(f.from) {
			names = append(names, f.name)
		}
	}
	return names
}

// prescriberNumber is the identification number of a private prescriber of
// controlled drugs: MDR 15(1)(ab).
var prescriberNumber = regexp.MustCompile(`^[0-9]{6}$`)

// recordOriginal records the paper original of a private prescription.
func recordOriginal(r Rules, p *Prescription, q Request) (Outcome, []fhir.Issue) {
	r.Classify(p)
	var issues []fhir.Issue
	add := func(at string, issue fhir.Issue) {
		issue.Severity, issue.Code, issue.Rule, issue.Expression = fhir.Err, fhir.BusinessRule, "MDR-15", q.place(at)
		issues = append(issues, issue)
	}
	if !slices.ContainsFunc(p.Lines, func(l Line) bool { return r.onPaper(p, &l) }) {
		add("", fhir.Issue{Message: "No item of the prescription is written on paper.", Expected: "a private prescription for a drug of schedule 2 or 3",
			Found: "prescription type " + fhir.OrNothing(p.Type), Fix: "Nothing is to be recorded: it may be supplied without a paper original."})
		return Outcome{}, issues
	}
	o, today := q.Original, nhs.DateOf(q.Now)
	if forms := formsOn(p.Appropriate(false)); !slices.Contains(forms, o.Form) {
		add("form", fhir.Issue{Message: "This is not a form for private prescriptions of drugs of schedule 2 or 3.", Expected: "one of " + strings.Join(forms, ", "), Found: fhir.OrNothing(o.Form)})
	}
	if o.Received.IsZero() || today.Before(o.Received) || o.Received.Before(p.Signed) {
		add("received", fhir.Issue{Message: "The original is received after it was signed, and before it is recorded.",
			Expected: "a day from " + p.Signed.String() + " to " + today.String(), Found: fhir.OrNothing(o.Received.String())})
	}
	if !o.Signed {
		add("signatureChecked", fhir.Issue{Message: "The signature must have been checked before anything is supplied on the original.", Expected: "true", Found: "false", Fix: "Ask the prescriber with $query, where it is not known."})
	}
	if !prescriberNumber.MatchString(o.Number) {
		add("prescriberNumber", fhir.Issue{Message: "A private prescription for a drug of schedule 2 or 3 bears the prescriber's identification number.", Expected: "six digits, as on the form", Found: fhir.OrNothing(o.Number)})
	}
	if len(issues) > 0 {
		return Outcome{}, issues
	}
	o.Who, o.When = q.By, q.At()
	p.Originals = append(slices.Clone(p.Originals), o)
	return Outcome{After: p}, nil
}

// withoutOriginal refuses what needs the paper original.
func (l *Line) withoutOriginal(place string) fhir.Issue {
	// MDR-15(1)(aa): the private prescription of a Schedule 2 or 3 drug is a form on paper.
	return fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: "MDR-15", Expression: place,
		Message:  fmt.Sprintf("The paper original of a private prescription for %s must be held before it is supplied.", l.Product.Display),
		Expected: "the form FP10PCD, received and checked", Found: "no record of it", Fix: "Record it with Task/$record-original."}
}

// onPaper reports whether a line is supplied on a paper original alone.
func (r Rules) onPaper(p *Prescription, l *Line) bool {
	return p.Private() && r.Law.Control(l.Schedule, p.Appropriate(false)).Original
}
