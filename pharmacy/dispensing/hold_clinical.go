package dispensing

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// checkIssues holds the items of a prescription for which the clinical checks have
// found what stops a supply, and of which it is not recorded what was done about it.
// What the prescriber may not see stops a supply too, and is not on the Task, which
// they see: the guard of the checks refuses it.
func checkIssues(p *prescription.Prescription, state fhir.State) error {
	var found []prescription.Hold
	for i := range p.Lines {
		l := &p.Lines[i]
		ids, err := state.Find("DetectedIssue", nhs.Query("identifier", nhs.IDOwnChecked, localID(l.Ref, "MedicationRequest")))
		if err != nil {
			return err
		}
		for _, id := range ids {
			r, err := read(state, "DetectedIssue/"+id, "DetectedIssue")
			if err != nil {
				return err
			}
			if r != nil && stops(r) && !nhs.Mitigated(r.Root()) {
				found = append(found, holdFor(l, r))
			}
		}
	}
	p.MeetAll(prescription.HoldClinical, found)
	return nil
}

// detected reports whether the server's clinical checks have found an issue.
func detected(r *fhir.Resource) bool { return nhs.Coded(r.Get("code"), nhs.CSOwnClinicalRule) != "" }

// checked is the order of which a DetectedIssue was found.
func checked(r *fhir.Resource) string {
	return "MedicationRequest/" + nhs.Identifier(r.Root(), nhs.IDOwnChecked).Text()
}

// stops reports whether a DetectedIssue, where nothing was done about it, stops the
// supply of its order, and may be told on the Task.
func stops(r *fhir.Resource) bool {
	return detected(r) && r.Get("status").Text() != "cancelled" && nhs.Extension(r.Root(), nhs.ExtOwnStops).Get("valueBoolean").Bool() && r.Get("implicated").Exists()
}

// holdFor is the hold of an item for an issue as it tells now.
func holdFor(l *prescription.Line, issue *fhir.Resource) prescription.Hold {
	text := nhs.Coded(issue.Get("code"), nhs.CSOwnClinicalRule) + ": " + issue.Root().Path("code", "text").Text() + " " + issue.Get("detail").Text()
	return prescription.Hold{Item: l.Item, Code: prescription.HoldClinical, About: "DetectedIssue/" + issue.ID(), Text: strings.TrimSpace(text), Since: issue.Get("identifiedDateTime").Text()}
}

// holdIssues makes the clinical holds of a Task that is in work what the issues of
// its orders are now.
func (s *Service) holdIssues(state fhir.State, x *execution, v *fhir.Version) ([]fhir.Change, error) {
	if !x.State.Open() && !x.State.WithDispenser() {
		return nil, nil // nothing more is supplied
	}
	s.rules().Classify(x.Prescription)
	standing := func() (list []prescription.Hold) {
		for i := range x.Lines {
			list = append(list, x.Standing(&x.Lines[i])...)
		}
		return list
	}
	before := standing()
	if err := checkIssues(x.Prescription, state); err != nil || slices.Equal(before, standing()) {
		return nil, err
	}
	return s.written(state, x, v.LastUpdated)
}
