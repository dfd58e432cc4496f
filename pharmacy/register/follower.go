package register

import (
	"context"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// followerName names the cursor of the follower.
const followerName = "register"

// follower enters what the versions of MedicationDispense state.
type follower struct{ *Service }

func (follower) Name() string       { return followerName }
func (follower) Consumes() []string { return []string{"MedicationDispense"} }
func (follower) Produces() []string { return []string{"Basic"} }

// Step enters a supply; of one that was entered before and is stated otherwise now, or
// no more, it notes the correction and enters what is stated.
func (f follower) Step(_ context.Context, state fhir.State, v *fhir.Version) ([]fhir.Change, error) {
	if v.Deleted() {
		if gone, err := erased(state, v.Type, v.ID); err != nil || gone {
			return nil, err
		}
	}
	entry, page, err := f.supply(state, v)
	if err != nil {
		return nil, err
	}
	var standing []*Entry
	if v.VersionID != "1" {
		entered, err := enteredOf(state, v.Ref())
		if err != nil || slices.ContainsFunc(entered, func(e *Entry) bool { return e.Source == sourceOf(v) }) {
			return nil, err
		}
		standing = uncorrected(entered)
	}
	if entry != nil && len(standing) == 1 && standing[0].same(entry) {
		return nil, nil
	}
	var changes []fhir.Change
	for _, e := range standing {
		changes = append(changes, correction(e, v, entry != nil).change())
	}
	if entry == nil {
		return changes, nil
	}
	known, err := pageOf(state, page.ID)
	if err != nil {
		return nil, err
	}
	if known == nil {
		changes = append(changes, page.change())
	}
	entry.ID = entryID(sourceOf(v), string(Supplied))
	return append(changes, entry.change()), nil
}

// erased reports whether the content of a record was purged: the supply was made all
// the same, so that its entry stands.
func erased(state fhir.State, typ, id string) (bool, error) {
	first, err := state.First(typ, id)
	return first != nil && first.Purged != nil, err
}

// correction takes back what an entry of a supply added to the balance, by a new
// entry that says why (MDR-20).
func correction(e *Entry, v *fhir.Version, amended bool) *Entry {
	reason := "The record of the supply was taken back: " + sourceOf(v) + "."
	if amended {
		reason = "The record of the supply was amended: " + sourceOf(v) + ". What it states now follows."
	}
	return &Entry{ID: entryID(sourceOf(v), string(Corrected), e.ID), Page: e.Page, Org: e.Org, Kind: Corrected, Date: instant(v.LastUpdated),
		Change: e.Change.Neg(), Unit: e.Unit, Product: e.Product, Patient: e.Patient, Order: e.Order, Other: e.Other,
		By: Party{ID: v.Requester.Agent, Name: v.Requester.Display}, Reason: reason, Source: sourceOf(v), Corrects: e.Ref()}
}

// enteredOf are the entries of a MedicationDispense, in their order.
func enteredOf(state fhir.State, ref string) ([]*Entry, error) {
	return entriesFound(state, nhs.Query("identifier", idSource, ref))
}

// uncorrected are the supplies among the entries of one MedicationDispense that no
// other entry takes back.
func uncorrected(entries []*Entry) (standing []*Entry) {
	for _, e := range entries {
		if e.Kind == Supplied && !slices.ContainsFunc(entries, func(c *Entry) bool { return c.Kind == Corrected && c.Corrects == e.Ref() }) {
			standing = append(standing, e)
		}
	}
	return standing
}
