package terminology

import (
	"github.com/pestle-fhir/pestle/fhir"
)

// Find is the concept of a code; false where the code does not exist, or its
// system is not loaded.
func (s *Service) Find(system, code string) (Concept, bool) {
	sys, _ := s.system(system, "")
	if sys == nil || code == "" {
		return Concept{}, false
	}
	return sys.Lookup(code)
}

// Lookup finds a code in its system. The error is a [*fhir.Error]: NotFound for
// a code that does not exist, NotSupported for a system that is not loaded.
func (s *Service) Lookup(system, version, code string) (Concept, System, error) {
	sys, exact := s.system(system, version)
	if sys == nil {
		return Concept{}, nil, fhir.E("lookup", fhir.NotSupported, fhir.Issue{Message: "The code cannot be looked up: " + missing(system) + ".", Found: describe(system, code)})
	}
	if !exact {
		return Concept{}, nil, fhir.E("lookup", fhir.NotSupported, fhir.Issue{Message: "The code cannot be looked up: " + otherVersion(sys, version) + ".", Found: describe(system, code)})
	}
	c, ok := sys.Lookup(code)
	if ok {
		return c, sys, nil
	}
	issue := fhir.Issue{Code: fhir.CodeInvalid, Message: "The code does not exist in " + sys.Name() + ".", Found: describe(system, code)}
	if !sys.Complete(code) {
		issue.Message = "The code is not in the part of " + sys.Name() + " that is loaded."
	}
	if p, err := sys.Select(nil); err == nil && p.All != nil {
		issue.Fix = didYouMean(nearestFew(code, p.All))
	}
	return Concept{}, nil, fhir.E("lookup", fhir.NotFound, issue)
}

// Relation is the answer to $subsumes, by
// http://hl7.org/fhir/concept-subsumption-outcome.
type Relation string

// The relations of code A to code B.
const (
	Equivalent  Relation = "equivalent"
	Subsumes    Relation = "subsumes"
	SubsumedBy  Relation = "subsumed-by"
	NotSubsumed Relation = "not-subsumed"
)

// Subsumption relates two codes of a system.
func (s *Service) Subsumption(system, version, a, b string) (Relation, error) {
	ca, sys, err := s.Lookup(system, version, a)
	if err != nil {
		return "", err
	}
	cb, _, err := s.Lookup(system, version, b)
	if err != nil {
		return "", err
	}
	return relation(sys, ca.Code, cb.Code), nil
}

func relation(sys System, a, b string) Relation {
	switch {
	case a == b:
		return Equivalent
	case sys.Subsumes(a, b):
		return Subsumes
	case sys.Subsumes(b, a):
		return SubsumedBy
	}
	return NotSubsumed
}
