package terminology

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// subsumes is https://hl7.org/fhir/R4/codesystem-operation-subsumes.html
func (o *operations) subsumes(ctx context.Context, in *input) (fhir.Value, error) {
	own, url, err := o.codeSystem(ctx, in)
	if err != nil {
		return fhir.Value{}, err
	}
	a, errA := in.side("codeA", "codingA", url)
	b, errB := in.side("codeB", "codingB", url)
	if errA != nil {
		return fhir.Value{}, errA
	}
	if errB != nil {
		return fhir.Value{}, errB
	}
	if a.System != b.System {
		return fhir.Value{}, fhir.E(in.op, fhir.Invalid, fhir.Issue{Message: "The codes are of two systems.", Expected: "both of " + a.System, Found: b.System})
	}
	if a.System == "" {
		return fhir.Value{}, in.missing("system", "the url of the code system that the codes are of")
	}
	var rel Relation
	if own != nil && a.System == url {
		rel, err = within(own, in.op, a.Code, b.Code)
	} else {
		rel, err = o.Subsumption(a.System, a.Version, a.Code, b.Code)
	}
	if err != nil {
		return fhir.Value{}, err
	}
	return parameters{fhir.Obj("name", "outcome", "valueCode", string(rel))}.resource(), nil
}

// within relates two codes of a system that is not one of the service.
func within(sys System, op, a, b string) (Relation, error) {
	for _, code := range []string{a, b} {
		if _, ok := sys.Lookup(code); !ok {
			return "", fhir.E(op, fhir.NotFound, fhir.Issue{Code: fhir.CodeInvalid, Message: "The code does not exist in " + sys.Name() + ".", Found: code})
		}
	}
	return relation(sys, a, b), nil
}

// side reads one of the two codes.
func (in *input) side(code, coding, system string) (definition.Coding, error) {
	if list := in.codings(coding); len(list) > 0 {
		return list[0], nil
	}
	c := definition.Coding{System: system, Version: in.text("version"), Code: in.text(code)}
	if c.Code == "" {
		return c, in.missing(code, code+" with system, or "+coding)
	}
	return c, nil
}
