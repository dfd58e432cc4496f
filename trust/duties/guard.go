package duties

import (
	"context"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// Guard keeps the duties that the versions of a record tell of, in the commit,
// where every interaction, operation and message meets.
func (t *Table) Guard(_ context.Context, state fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
	if len(tx.Requester.Roles) == 0 || after.Deleted() {
		return nil
	}
	switch after.Type {
	case "ClaimResponse":
		return t.adjusted(state, tx, before, after)
	case "PractitionerRole":
		return t.granted(state, tx, before, after)
	}
	return nil
}

// adjusted is asked when an answer to a claim is changed by itself. An amendment
// of the claim changes the two together.
func (t *Table) adjusted(state fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
	if before == nil || before.Deleted() || slices.ContainsFunc(tx.Changes, func(c fhir.Change) bool { return c.Type == "Claim" }) {
		return nil
	}
	r, err := after.Resource()
	if err != nil {
		return err
	}
	id, ok := strings.CutPrefix(r.Root().Path("request", "reference").Text(), "Claim/")
	id, _, _ = strings.Cut(id, "/_history/")
	claim, err := state.Current("Claim", id)
	if err != nil || !ok || claim == nil {
		return err
	}
	return t.Separate(state, "adjust", "Claim", tx.Requester, claim.Requester.Agent)
}

// granting are the elements of a PractitionerRole that say what somebody may do.
var granting = []string{"active", "period", "practitioner", "organization", "code", "specialty"}

// granted is asked when a role is given, or what it is of is changed.
func (t *Table) granted(state fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
	is, err := after.Resource()
	if err != nil {
		return err
	}
	if before != nil && !before.Deleted() {
		was, err := before.Resource()
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(granting, func(name string) bool { return string(was.Get(name).Raw()) != string(is.Get(name).Raw()) }) {
			return nil
		}
	}
	whose := is.Get("practitioner")
	for _, name := range []string{whose.Get("reference").Text(), identifier(whose.Get("identifier"))} {
		if err := t.Separate(state, "grant", "PractitionerRole", tx.Requester, name); err != nil {
			return err
		}
	}
	return nil
}

// identifier is an Identifier as a name.
func identifier(n fhir.Node) string {
	if system := n.Get("system").Text(); system != "" {
		return system + "|" + n.Get("value").Text()
	}
	return n.Get("value").Text()
}
