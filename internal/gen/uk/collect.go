package main

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/profiles/definition"
)

var roots = []string{
	"UKCore-Patient", "UKCore-Practitioner", "UKCore-PractitionerRole", "UKCore-Organization", "UKCore-Location", "UKCore-Medication",
	"UKCore-MedicationRequest", "UKCore-MedicationDispense", "UKCore-MedicationStatement", "UKCore-Observation", "UKCore-AllergyIntolerance",
	"UKCore-Condition", "UKCore-Task", "UKCore-Provenance", "UKCore-AuditEvent", "UKCore-OperationOutcome", "UKCore-MessageHeader", "UKCore-Bundle",
}

func (w *writer) collect() {
	for url, s := range w.set.Structures {
		if strings.Contains(url, "|") {
			continue
		}
		name := url[strings.LastIndexByte(url, '/')+1:]
		switch {
		case strings.HasPrefix(url, "https://fhir.hl7.org.uk/"):
			if slices.Contains(roots, name) || strings.HasPrefix(name, "UKCore-Observation-") || strings.HasPrefix(name, "Extension-UKCore-") && s.Status != "retired" && usedBy(s, roots) {
				w.need(url)
			}
		case strings.HasPrefix(url, "https://fhir.nhs.uk/StructureDefinition/"):
			if regexp.MustCompile(`^(NHSDigital-(MedicationRequest|MedicationDispense|Medication|Claim|Task|MessageHeader|Bundle-FHIRMessage|Bundle-Collection|Bundle-SearchSet|Organization|PractitionerRole|Practitioner|Patient|Provenance|CommunicationRequest|OperationOutcome|Dosage|Parameters|Location|HealthcareService)|Extension-(DM-|EPS-|Claim|MessageHeader|Provenance|replacementOf|Spine|ODS))`).MatchString(name) {
				w.need(url)
			}
		}
	}
	for len(w.queue) > 0 {
		url := w.queue[0]
		w.queue = w.queue[1:]
		w.follow(url)
	}
}

// usedBy reports whether an extension stands on one of the root types.
func usedBy(s *definition.Structure, roots []string) bool {
	for _, c := range s.Contexts {
		typ, _, _ := strings.Cut(c.Expression, ".")
		if slices.Contains(roots, "UKCore-"+typ) {
			return true
		}
	}
	return false
}

func (w *writer) need(url string) {
	bare, _ := definition.SplitCanonical(url)
	if bare == "" || w.want[bare] || strings.HasPrefix(bare, "#") {
		return
	}
	_, a := w.set.Structures[bare]
	_, b := w.set.ValueSets[bare]
	_, c := w.set.CodeSystems[bare]
	if !a && !b && !c {
		return
	}
	w.want[bare] = true
	w.queue = append(w.queue, bare)
}

func (w *writer) follow(url string) {
	if s, ok := w.set.Structures[url]; ok {
		w.need(s.Base)
		for _, e := range s.Differential {
			for _, t := range e.Types {
				for _, p := range append(t.Profiles, t.TargetProfiles...) {
					w.need(p)
				}
			}
			if e.Binding != nil {
				w.need(e.Binding.ValueSet)
				w.need(e.Binding.Max)
			}
		}
	}
	if v, ok := w.set.ValueSets[url]; ok {
		for _, s := range append(v.Include, v.Exclude...) {
			w.need(s.System)
			for _, u := range s.ValueSets {
				w.need(u)
			}
		}
	}
}

func depth(set *definition.Set, s *definition.Structure) int {
	d := 0
	for s != nil && d < 10 {
		s = set.Structures[s.Base]
		d++
	}
	return d
}
