package pharmacy

import (
	"context"
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// GuardUnserved refuses what asks the server to act and would be stored alone: a
// SearchParameter that is active and that no index can serve, or whose name another one
// has. One that is not active, and those that R4 itself defines ask for nothing.
func GuardUnserved(_ context.Context, state fhir.State, tx *fhir.Transaction, _, after *fhir.Version) error {
	if after.Type != "SearchParameter" || after.Deleted() || tx.Purges() {
		return nil
	}
	r, err := after.Resource()
	if err != nil {
		return err
	}
	of, issues := search.ReadDefinition(after.ID, r)
	if of != nil {
		if issues, err = sameName(state, after.ID, of, r.Get("code")); err != nil {
			return err
		}
	}
	if issues == nil {
		return nil
	}
	for i := range issues {
		issues[i].Rule = "unserved"
	}
	return &fhir.Error{Op: "unserved", Kind: fhir.BusinessRule, Issues: issues}
}

// sameName finds the active SearchParameters that have the name of another one, on a type
// of it.
func sameName(state fhir.State, id string, of *search.Definition, code fhir.Node) (issues []fhir.Issue, err error) {
	ids, err := state.Find("SearchParameter", "status=active&code="+of.Name)
	for _, other := range ids {
		if err != nil || other == id {
			continue
		}
		var ver *fhir.Version
		if ver, err = state.Current("SearchParameter", other); err != nil || ver == nil || ver.Deleted() {
			continue
		}
		var r *fhir.Resource
		if r, err = ver.Resource(); err != nil {
			continue
		}
		has, _ := search.ReadDefinition(other, r)
		if has == nil || has.Name != of.Name {
			continue
		}
		for _, typ := range of.Types {
			if slices.Contains(has.Types, typ) {
				issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.Duplicate, Expression: "SearchParameter.code", Position: code.Position(),
					Message: "Another SearchParameter of this name is active for " + typ + ".", Expected: "a code that SearchParameter/" + other + " does not have", Found: `"` + of.Name + `"`, Fix: "Retire that one first, or name this one otherwise."})
				break
			}
		}
	}
	return issues, err
}
