package reimbursement

import (
	"bytes"
	"context"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// assessments answers every Claim that has no answer yet, or another one.
type assessments struct{ s *Service }

// Name is the name of the cursor.
func (assessments) Name() string { return "claim-responses" }

// Consumes are Claims, whoever made them.
func (assessments) Consumes() []string { return []string{"Claim"} }

// Produces is the answer.
func (assessments) Produces() []string { return []string{"ClaimResponse"} }

// Step prices the Claim as it stands.
func (f assessments) Step(_ context.Context, state fhir.State, v *fhir.Version) ([]fhir.Change, error) {
	now, err := state.Current("Claim", v.ID)
	if err != nil || now == nil || now.VersionID != v.VersionID || now.Deleted() {
		return nil, err // a later version is on its way, or nothing is claimed any more
	}
	if answered, err := answeredWith(state, now); err != nil || answered {
		return nil, err
	}
	claim, err := now.Resource()
	if err != nil {
		return nil, err
	}
	d, err := f.s.dispensedFor(state, claim, v.ID)
	if err != nil {
		return nil, err
	}
	return f.s.answer(state, withID(claim, v.ID), d, v.LastUpdated)
}

// answeredWith reports whether the commit that wrote a Claim wrote its answer too,
// as all do that make or take a Claim of a prescription: callers write no answers,
// see [guardRecord].
func answeredWith(state fhir.State, claim *fhir.Version) (bool, error) {
	answer, err := state.Current("ClaimResponse", ResponseID(claim.ID))
	return err == nil && answer != nil && answer.Seq == claim.Seq, err
}

// dispensedFor is the issue of the prescription that a stored Claim is the
// claim for, nil for any other Claim.
func (s *Service) dispensedFor(state fhir.State, r *fhir.Resource, id string) (*dispensed, error) {
	if !IsEPS(r) {
		return nil, nil
	}
	known, err := allIssues(state, readClaim(r).order())
	for _, d := range known {
		if ClaimID(d.order, d.issue) == id {
			return d, nil
		}
	}
	return nil, err
}

// answer gives the change that brings the ClaimResponse up to date, none where
// it is. A claim for a prescription that is no longer finished is not paid.
func (s *Service) answer(state fhir.State, claim *fhir.Resource, d *dispensed, created time.Time) ([]fhir.Change, error) {
	response, err := s.respond(state, claim, d, created)
	if err != nil {
		return nil, err
	}
	id := response.ID()
	before, err := state.Current("ClaimResponse", id)
	if err != nil {
		return nil, err
	}
	if before == nil {
		return []fhir.Change{{Method: fhir.Create, Type: "ClaimResponse", ID: id, Resource: response, IfAbsent: true}}, nil
	}
	if !before.Deleted() {
		standing, err := before.Resource()
		if err != nil || sameResponse(response, standing) {
			return nil, err
		}
	}
	return []fhir.Change{{Method: fhir.Update, Type: "ClaimResponse", ID: id, Resource: response, IfMatch: before.VersionID}}, nil
}

func (s *Service) respond(state fhir.State, claim *fhir.Resource, d *dispensed, created time.Time) (*fhir.Resource, error) {
	if d == nil {
		return s.assessOther(state, claim, claim.ID(), created)
	}
	response, err := s.assess(state, claim, d, created)
	if err != nil || d.finished {
		return response, err
	}
	e := fhir.NewEdit(response)
	e.ReplaceString(response.Get("status"), "cancelled")
	return e.Apply()
}

// sameResponse compares all but the time at which it was written.
func sameResponse(a, b *fhir.Resource) bool {
	content := func(r *fhir.Resource) (out []byte) {
		out = append(out, r.Root().Path("meta", "tag").Raw()...)
		for m := range r.Root().Members() {
			if m.Name() != "meta" && m.Name() != "created" {
				out = append(append(out, m.Name()...), m.Raw()...)
			}
		}
		return out
	}
	return bytes.Equal(content(a), content(b))
}

// withID is a resource under an id.
func withID(r *fhir.Resource, id string) *fhir.Resource {
	if r.ID() == id {
		return r
	}
	e := fhir.NewEdit(r)
	e.Set(r.Root(), "id", string(fhir.AppendString(nil, id)))
	out, err := e.Apply()
	if err != nil {
		panic(err) // an id put in the place of another leaves JSON
	}
	return out
}
