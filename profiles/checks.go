package profiles

import (
	"slices"

	"github.com/pestle-fhir/pestle/fhir/r4"
)

// typeChecks lists what is checked of the form of every value of a type.
func typeChecks(t *r4.Type) []check {
	if t.Kind == r4.Resource {
		return []check{containedForm}
	}
	return nil
}

// slotChecks lists what is checked of the form of each value of one element.
func slotChecks(p *r4.Property) []check {
	var out []check
	e := p.Element
	if p.Type == "code" && e.Binding != nil {
		if c := codeForm(e); c != nil {
			out = append(out, c)
		}
	}
	if p.Type == "Reference" && len(e.Targets) > 0 {
		out = append(out, referenceTarget(e.Targets))
	}
	return out
}

// typeRules lists the rules of a type that look beyond its form: its own, and
// the invariants of R4.
func typeRules(v *Validator, t *r4.Type) []check {
	if t.Kind == r4.Primitive {
		return nil // what its sibling holds is no element of its own
	}
	var out []check
	if own := ownRules[t.Name]; own != nil {
		out = append(out, own)
	}
	if t.Is("Quantity") {
		out = append(out, quantityRules)
	}
	if t.Kind == r4.Resource {
		out = append(out, containedRules, canonicalURL(t))
	} else {
		out = append(out, elementID)
	}
	for _, c := range t.Constraints {
		if rule := v.invariant(c); rule != nil {
			out = append(out, rule)
		}
	}
	return append(out, v.library.rulesOn(t)...)
}

// ownRules are the rules of single types that R4 states in prose.
var ownRules = map[string]check{
	"Attachment": attachmentRules, "Coding": codingRules, "Expression": expressionRules, "Extension": extensionRules, "Identifier": identifierRules, "Meta": metaRules, "Period": periodRules,
	"Bundle": bundleRules, "CapabilityStatement": capabilityRules, "CodeSystem": codeSystemRules, "ConceptMap": conceptMapRules, "Measure": measureRules, "MeasureReport": measureReportRules,
	"Questionnaire": questionnaireRules, "QuestionnaireResponse": responseRules,
	"Reference": referenceInBundle, "SearchParameter": searchParameterRules, "StructureDefinition": structureRules, "ValueSet": valueSetRules,
}

// slotRules lists the rules of one element that look beyond its form.
func slotRules(v *Validator, p *r4.Property) []check {
	var out []check
	switch {
	case p.Type == "canonical":
		out = append(out, absoluteCanonical)
		if t := p.Element.Targets; len(t) > 0 && !slices.Contains(t, "Resource") {
			out = append(out, canonicalTarget(t))
		}
	case p.Type == "xhtml":
		out = append(out, narrativeRules)
	case v.refuseHTML && (p.Type == "string" || p.Type == "markdown"):
		out = append(out, noHTML)
	}
	if b := p.Element.Binding; b != nil && b.Codes != nil {
		switch p.Type {
		case "CodeableConcept":
			out = append(out, requiredConcept(b))
		case "Coding":
			out = append(out, requiredCoding(b))
		}
	}
	if b := p.Element.Binding; b != nil && b.MaxValueSet == allLanguages && p.Type == "CodeableConcept" {
		out = append(out, languageConcept)
	}
	for _, c := range p.Element.Constraints {
		if rule := v.invariant(c); rule != nil {
			out = append(out, rule)
		}
	}
	if p.Element.Simple {
		out = append(out, simpleQuantity)
	}
	return out
}
