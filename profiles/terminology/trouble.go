package terminology

import (
	"errors"
	"fmt"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// issueTypes says for machines what is wrong with a code.
const issueTypes = "http://hl7.org/fhir/tools/CodeSystem/tx-issue-type"

func txIssue(code string) fhir.Coding { return fhir.Coding{System: issueTypes, Code: code} }

// errComplex ends what takes more work than a call may.
var errComplex = errors.New(tooComplex)

const tooComplex = "the value set takes more work than a call may"

// lacking says why an expansion lacks a definition.
type lacking struct{ why string }

func (l lacking) Error() string { return l.why }

// barred says that a version is used which the caller does not allow.
type barred struct{ why, must string }

func (b barred) Error() string { return b.why }

func barredVersion(url, version, must string) error {
	return barred{"version " + version + " of " + url + " would be used, and the call allows " + must + " alone", must}
}

type loop struct{ why string }

func (l loop) Error() string { return l.why }

func selfIncluding(v *definition.ValueSet) error {
	return loop{"the value set " + v.URL + " includes itself"}
}

// circular refuses a value set that includes or excludes itself, at any depth.
func (s *Service) circular(op string, v *definition.ValueSet) error {
	return s.walked(op, v, map[*definition.ValueSet]bool{}, 0)
}

// walked notes in seen which value sets are under way and which are done.
func (s *Service) walked(op string, v *definition.ValueSet, seen map[*definition.ValueSet]bool, depth int) error {
	underway, known := seen[v]
	if underway {
		return fhir.E(op, fhir.Processing, fhir.Issue{Message: "The value set cannot be worked out, because it refers to itself.", Found: v.URL, Details: txIssue("vs-invalid")})
	}
	if known || depth > maxNesting { // deeper ones are not worked out
		return nil
	}
	seen[v] = true
	for _, list := range [...][]definition.Selection{v.Include, v.Exclude} {
		for _, sel := range list {
			for _, url := range sel.ValueSets {
				if other := s.imported(sel, url); other != nil {
					if err := s.walked(op, other, seen, depth+1); err != nil {
						return err
					}
				}
			}
		}
	}
	seen[v] = false
	return nil
}

// unexpanded turns the reason why there is no expansion into an error for the caller.
func unexpanded(err error) error {
	issue := fhir.Issue{Message: "The value set cannot be expanded here: " + err.Error() + "."}
	var lack lacking
	var bar barred
	var round loop
	switch {
	case errors.Is(err, errComplex):
		return fhir.E("expand", fhir.TooCostly, issue)
	case errors.Is(err, errTooMany):
		return fhir.E("expand", fhir.TooCostly, fhir.Issue{Message: "The value set has too many codes to list at once.",
			Expected: fmt.Sprintf("at most %d codes", MaxExpansion), Fix: "Ask for pages with count and offset, narrow it with filter, or ask $validate-code about single codes."})
	case errors.As(err, &lack):
		issue.Details = txIssue("not-found")
		return fhir.E("expand", fhir.NotFound, issue)
	case errors.As(err, &bar):
		issue.Details, issue.Code, issue.Expected = txIssue("version-error"), fhir.Exception, "version "+bar.must
		return fhir.E("expand", fhir.Invalid, issue)
	case errors.As(err, &round):
		issue.Details = txIssue("vs-invalid")
		return fhir.E("expand", fhir.Processing, issue)
	}
	return fhir.E("expand", fhir.NotSupported, issue)
}
