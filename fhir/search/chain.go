package search

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// chain reads subject:Patient.name or subject.name: the rest is a condition on
// the resources that the reference leads to.
func (p *parser) chain(typ, head, rest, shown, value string) (Clause, bool) {
	code, target, typed := strings.Cut(head, ":")
	param := p.find(typ, code, shown)
	if param == nil {
		return Clause{}, false
	}
	if param.Type != "reference" {
		p.refuse(shown, "Only a reference can be followed by a dot, and "+code+" is of type "+param.Type+".", code+" or "+code+":modifier", shown, "")
		return Clause{}, false
	}
	targets := leadsTo(typ, param)
	if typed {
		switch {
		case !r4.IsResource(target):
			p.refuse(shown, "The type of the chained reference is none of R4.", "one of "+listed(targets), target, nearest(target, targets))
			return Clause{}, false
		case len(targets) > 0 && !slices.Contains(targets, target):
			p.refuse(shown, "The reference does not lead to resources of this type, so that nothing could be found.", "one of "+listed(targets), target, "")
			return Clause{}, false
		}
		targets = []string{target}
	}
	c := Clause{Param: param.Code}
	var trials []fhir.Issue
	for _, target := range targets {
		if !p.fork() {
			return Clause{}, false
		}
		trial := *p
		trial.issues = nil
		trial.Lenient = false
		if next, ok := trial.clause(target, rest, shown, value); ok {
			c.Chain = append(c.Chain, Chain{target, next})
		} else {
			trials = append(trials, trial.issues...)
		}
	}
	switch {
	case *p.ways > maxWays:
		return Clause{}, false
	case len(c.Chain) > 0:
		return c, true
	}
	p.chainFailed(trials, targets, shown)
	return Clause{}, false
}

// maxWays is along how many ways the chains of a query may lead altogether:
// where no types are named, every step multiplies them.
const maxWays = 1000

// fork counts a way; false where there are too many, which [parser.parameter]
// says.
func (p *parser) fork() bool {
	*p.ways++
	return *p.ways <= maxWays
}

// chainFailed says why no target of a chain can be searched by the rest: of one
// target the reason itself, of several a malformed value where there is one.
func (p *parser) chainFailed(trials []fhir.Issue, targets []string, shown string) {
	for _, issue := range trials {
		if issue.Code == fhir.ValueCode {
			p.issues = append(p.issues, issue)
			return
		}
	}
	if len(targets) == 1 && len(trials) > 0 {
		p.unknown(shown, trials[0].Message, trials[0].Expected, trials[0].Fix)
		return
	}
	p.unknown(shown, "None of the types that the reference may lead to has such a search parameter.",
		"behind the dot a parameter of one of "+listed(targets), suggestion(trials))
}

// suggestion is the first fix that any trial had to offer.
func suggestion(trials []fhir.Issue) string {
	for _, issue := range trials {
		if issue.Fix != "" {
			return issue.Fix
		}
	}
	return ""
}

// has reads what stands behind _has: Observation:patient:code.
func (p *parser) has(rest, shown, value string) (Clause, bool) {
	typ, rest, ok := strings.Cut(rest, ":")
	ref, rest, ok2 := strings.Cut(rest, ":")
	if !ok || !ok2 || rest == "" {
		p.refuse(shown, "The reverse chain is incomplete.", "_has:Type:reference parameter:search parameter, such as _has:Observation:patient:code", shown, "")
		return Clause{}, false
	}
	if !r4.IsResource(typ) {
		p.refuse(shown, "The type of the reverse chain is none of R4.", "a resource type", typ, nearest(typ, r4.ResourceTypes()))
		return Clause{}, false
	}
	param := p.find(typ, ref, shown)
	if param == nil {
		return Clause{}, false
	}
	if param.Type != "reference" {
		p.refuse(shown, "The reverse chain needs a reference parameter in its middle, and "+ref+" is of type "+param.Type+".",
			"one of "+listed(referenceParams(typ)), ref, "")
		return Clause{}, false
	}
	if !p.fork() {
		return Clause{}, false
	}
	next, ok := p.clause(typ, rest, shown, value)
	return Clause{Has: []Has{{typ, param.Code, next}}}, ok
}

// listParam finds the items of a List: https://hl7.org/fhir/R4/search.html#list
const listParam = "_list"

// listed reads the ids of Lists: a resource is in one that is named and that refers to
// it by item.
func (p *parser) listed(shown, value string) (Clause, bool) {
	if strings.HasPrefix(value, "$") {
		p.refuse(shown, "The server keeps no functional lists.", "the id of a List", value, "Search by what the list would hold, such as AllergyIntolerance?patient=[id]&clinical-status=active.")
		return Clause{}, false
	}
	in, ok := p.clause("List", ID, shown, value)
	return Clause{Has: []Has{{"List", "item", in}}}, ok && p.fork()
}

func referenceParams(typ string) []string {
	var out []string
	for _, param := range r4.SearchParams(typ) {
		if param.Type == "reference" && programFor(typ).kinds[param.Code] != nil {
			out = append(out, param.Code)
		}
	}
	return out
}
