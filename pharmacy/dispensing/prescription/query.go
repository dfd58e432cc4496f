package prescription

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// HoldQuery is the code of the hold of an item about which a pharmacist has asked the
// prescriber; About is the CommunicationRequest. It stays until a pharmacist releases
// it, whether it is answered or not.
const HoldQuery = "QUERY"

// Query is what a pharmacist asks the prescriber's organisation.
type Query struct {
	Ref    string // CommunicationRequest/…
	Reason string // a code of EPS-task-dispense-withdraw-reason
	Words  string
	// Anew asks the prescriber to cancel, and to prescribe anew: what was signed
	// electronically is never altered (HMR 219).
	Anew bool
}

// Answer is that the prescriber's organisation has answered a query.
type Answer struct {
	Query string // CommunicationRequest/…
	Ref   string // Communication/…
	From  Party
	When  string
}

// ask holds the items that a query is about until it is settled.
func ask(r Rules, p *Prescription, q Request) (Outcome, []fhir.Issue) {
	r.Classify(p)
	lines, issues := p.meant(q)
	add := func(kind fhir.Code, at, message, expected, found string) {
		issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: kind, Rule: "QUERY-1", Expression: q.place(at), Message: message, Expected: expected, Found: fhir.OrNothing(found)})
	}
	if nhs.Display(nhs.CSWithdraw, q.Query.Reason) == "" {
		add(fhir.CodeInvalid, "reason", "The reason of a query is a code.", "a code of "+nhs.CSWithdraw+": QU, MU, DA, PA, OC or ONC", q.Query.Reason)
	}
	if strings.TrimSpace(q.Query.Words) == "" {
		add(fhir.Required, "question", "A query says in words what is asked.", "the parameter question", "")
	}
	if p.Sender.ID == "" {
		add(fhir.BusinessRule, "", "It is not known which organisation prescribed, so that nobody can be asked.", "an ODS code of the prescriber's organisation", "")
	}
	for _, l := range lines {
		p.Meet(Hold{Item: l.Item, Code: HoldQuery, About: q.Query.Ref, Text: q.Query.Words, Who: q.By, Since: q.At()})
	}
	return Outcome{After: p}, issues
}

// answer records that the prescriber's organisation has answered. Whether that is
// enough, a pharmacist decides.
func answer(_ Rules, p *Prescription, q Request) (Outcome, []fhir.Issue) {
	asked := slices.ContainsFunc(p.Met, func(h Hold) bool { return h.Code == HoldQuery && h.About == q.Answer.Query && !p.isReleased(h) })
	if known := slices.ContainsFunc(p.Answers, func(a Answer) bool { return a.Ref == q.Answer.Ref && a.Query == q.Answer.Query }); !asked || known {
		return Outcome{}, []fhir.Issue{{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: "QUERY-2", Expression: q.Place, Message: "The query is not open, or has this answer already.",
			Expected: "a query that a pharmacist has not settled", Found: fhir.OrNothing(q.Answer.Query)}}
	}
	a := q.Answer
	a.When = q.At()
	p.Answers = append(slices.Clip(p.Answers), a)
	return Outcome{After: p}, nil
}

// Answered reports whether a query has an answer.
func (p *Prescription) Answered(query string) bool {
	return slices.ContainsFunc(p.Answers, func(a Answer) bool { return a.Query == query })
}

// OpenQueries are the queries that hold an item which somebody still wants supplied.
func (r Rules) OpenQueries(p *Prescription) (refs []string) {
	for _, w := range r.Work(p) {
		for _, h := range w.Holds {
			if h.Code == HoldQuery && !slices.Contains(refs, h.About) {
				refs = append(refs, h.About)
			}
		}
	}
	return refs
}
