package reimbursement

import (
	"bytes"
	"context"
	"strconv"

	"github.com/pestle-fhir/pestle/fhir"
)

// claims makes the Claim for each prescription whose supply is finished.
type claims struct{ s *Service }

// Name is the name of the cursor.
func (claims) Name() string { return "claims" }

// Consumes are the Tasks of prescriptions.
func (claims) Consumes() []string { return []string{"Task"} }

// Produces are the Claim and the answer to it.
func (claims) Produces() []string { return []string{"Claim", "ClaimResponse"} }

// Step claims what a Task says is finished, and takes the claim back where it
// says so no longer.
func (f claims) Step(_ context.Context, state fhir.State, v *fhir.Version) ([]fhir.Change, error) {
	if now, err := state.Current("Task", v.ID); err != nil || now == nil || now.VersionID != v.VersionID || v.Deleted() {
		return nil, err // a later version is on its way
	}
	d, err := readIssue(v)
	if err != nil || d == nil {
		return nil, err
	}
	id := ClaimID(d.order, d.issue)
	before, err := state.Current("Claim", id)
	if err != nil || before != nil && before.Deleted() {
		return nil, err
	}
	if before == nil && !d.finished {
		return nil, nil
	}
	if d, err = d.read(state, v); err != nil || d == nil || d.private() {
		return nil, err
	}
	claim, changes, err := f.claim(state, d, v, before)
	if err != nil || claim == nil {
		return nil, err
	}
	answer, err := f.s.answer(state, claim, d, v.LastUpdated)
	return append(changes, answer...), err
}

// claim is the Claim as it now should be, with the change that makes it so.
func (f claims) claim(state fhir.State, d *dispensed, v, before *fhir.Version) (*fhir.Resource, []fhir.Change, error) {
	book, err := f.s.shelf.book(state, d.day)
	if err != nil {
		return nil, nil, err
	}
	w := &draft{dispensed: d, version: "1", created: v.LastUpdated, cancelled: !d.finished}
	if w.exemption, err = exempt(state, book, payers[w.payer()].country, d.patient, d.day); err != nil {
		return nil, nil, err
	}
	w.said(book.Exemptions)
	w.free(book.Exemptions)
	id := ClaimID(d.order, d.issue)
	if before == nil {
		c := w.claim()
		return c, []fhir.Change{{Method: fhir.Create, Type: "Claim", ID: id, Resource: c, IfAbsent: true}}, nil
	}
	standing, err := before.Resource()
	if err != nil {
		return nil, nil, err
	}
	message := readClaim(standing).message()
	if !own(before, message) { // another system's claim is its own to change
		return standing, nil, nil
	}
	w.version, w.replaces = next(before.VersionID), message
	if c := w.claim(); !sameClaim(c, standing) {
		return c, []fhir.Change{{Method: fhir.Update, Type: "Claim", ID: id, Resource: c, IfMatch: before.VersionID}}, nil
	}
	return standing, nil, nil
}

// next is the version id behind another: they count without gaps.
func next(version string) string {
	n, _ := strconv.Atoi(version)
	return strconv.Itoa(n + 1)
}

// sameClaim reports whether two Claims of the server claim the same.
func sameClaim(a, b *fhir.Resource) bool {
	for _, name := range []string{"status", "contained", "patient", "insurance", "item"} {
		if !bytes.Equal(a.Get(name).Raw(), b.Get(name).Raw()) {
			return false
		}
	}
	return true
}
