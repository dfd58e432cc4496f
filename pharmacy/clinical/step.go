package clinical

import (
	"context"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
)

// follower keeps the clinical issues of open orders as what is known of their
// patients has them.
type follower struct{ service *Service }

var _ pharmacy.Follower = follower{}

// Name is the name of the cursor.
func (follower) Name() string { return "clinical" }

// Consumes lists what checks go by.
func (follower) Consumes() []string {
	return []string{"MedicationRequest", "MedicationDispense", "Observation", "AllergyIntolerance", "Condition", "MedicationStatement", "Patient"}
}

// Produces lists what it writes.
func (follower) Produces() []string { return []string{"DetectedIssue"} }

// Step checks the open orders of the patient whom a version is about.
func (f follower) Step(ctx context.Context, state fhir.State, v *fhir.Version) ([]fhir.Change, error) {
	p, err := aboutWhom(state, v)
	if err != nil || p.isNobody() {
		return nil, err
	}
	return pharmacy.Once(ctx, "clinical "+p.number+" "+strings.Join(p.records, " "), func() ([]fhir.Change, error) { return f.service.checkAll(state, p, v) })
}

// aboutWhom is the person whose orders a version may concern, nobody where there is
// none. Of what is deleted, its first version tells.
func aboutWhom(state fhir.State, v *fhir.Version) (person, error) {
	if v.Type == "Patient" {
		return personOf(state, v.ID)
	}
	if v.Deleted() {
		first, err := state.First(v.Type, v.ID)
		if err != nil || first == nil || first.Deleted() {
			return person{}, err
		}
		v = first
	}
	r, err := v.Resource()
	switch {
	case err != nil || v.Type == "Observation" && !isMeasured(r):
		return person{}, err
	case v.Type == "MedicationRequest":
		return subjectOf(state, r.Root())
	}
	id := patientOf(r)
	if id == "" {
		return person{}, nil
	}
	return personOf(state, id)
}

// isMeasured reports whether an Observation is of a measure that rules go by.
func isMeasured(r *fhir.Resource) bool {
	for measure := range measureQueries {
		if isMeasure(r.Get("code"), measure) {
			return true
		}
		for c := range r.Get("component").Items() {
			if isMeasure(c.Get("code"), measure) {
				return true
			}
		}
	}
	return false
}
