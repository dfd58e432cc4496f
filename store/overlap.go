package store

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// claim refuses a transaction in which two changes are about one resource,
// whether they name it or find it by a condition: what such a transaction means
// would depend on the order. Conditional creates that found the same resource
// only read it. https://hl7.org/fhir/R4/http.html#trules, the rule on overlaps
func (p *planner) claim(i int) {
	c, s := &p.tx.Changes[i], &p.steps[i]
	found := s.applied == fhir.Matched && c.Condition != "" && s.same < 0
	if s.id == "" || !s.writes() && !found && s.applied != fhir.Unchanged {
		return
	}
	if s.writes() {
		p.targets[s.ref()] = i
	}
	other, taken := p.claims[s.ref()]
	if !taken {
		p.claims[s.ref()] = i
		return
	}
	if found && p.steps[other].applied == fhir.Matched {
		return
	}
	p.refused.add(c, fhir.Invalid, false, fhir.Issue{
		Message: fmt.Sprintf("Two entries of the transaction are about %s.", s.ref()),
		Found:   described(c) + ", and " + described(&p.tx.Changes[other]),
		Fix:     "Send one entry for each resource.",
	})
}

// described names a change: "PUT Patient?identifier=a|b (Bundle.entry[1])".
func described(c *fhir.Change) string {
	text := string(c.Method) + " " + c.Type
	switch {
	case c.Condition != "":
		text += "?" + c.Condition
	case c.ID != "":
		text += "/" + c.ID
	}
	if c.Expression != "" {
		text += " (" + c.Expression + ")"
	}
	return text
}

// twins refuses a change that creates a resource since its condition found
// none, where another change of the transaction makes one that meets the
// condition: there would be two of what is to be unique.
func (p *planner) twins(types map[string]*members) error {
	for i := range p.steps {
		c, s := &p.tx.Changes[i], &p.steps[i]
		if c.Condition == "" || s.applied != fhir.Created {
			continue
		}
		own, err := p.among(lookup{c.Type, c.Condition}, types)
		if err != nil {
			return p.condemn(c, err)
		}
		own = slices.DeleteFunc(own, func(id string) bool { return id == s.id })
		if len(own) == 0 {
			continue
		}
		var others []string
		for _, id := range own[:min(len(own), 5)] {
			others = append(others, described(&p.tx.Changes[p.targets[c.Type+"/"+id]]))
		}
		p.refused.add(c, fhir.MultipleMatches, true, fhir.Issue{
			Message: fmt.Sprintf("The condition %s?%s fits what another entry of the transaction writes.", c.Type, c.Condition),
			Found:   strings.Join(others, ", "), Fix: "Send one entry for each resource.",
		})
	}
	return p.refused.err(p.tx.Changes)
}
