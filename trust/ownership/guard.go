package ownership

import (
	"context"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// Guard is a [fhir.Guard]: being able to read a resource does not permit changing it.
// A resource is changed and deleted on behalf of the organisation that it was first
// written for, and of those that its elements of the column "changed" name. An entry
// of a directory belongs to the organisation that it represents, whoever entered it.
// What the server's business decides on, and what a follower wrote, the guards of the
// business judge.
func (r *Rules) Guard(_ context.Context, state fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
	rule := table[after.Type]
	if tx.Requester.SeesNone && !rule.public && tx.Requester.Bound() {
		return fhir.E("guard", fhir.Forbidden, fhir.Issue{Rule: "actor", Expression: after.Type,
			Message: "The caller's role sees no resource that belongs to an organisation, and writes none.", Found: strings.Join(tx.Requester.Roles, " "),
			Fix: "Have it done by somebody whose role sees the " + after.Type + "s of their organisation."})
	}
	if !tx.Requester.Bound() || rule.open || rule.public && tx.Requester.KeepsDirectory {
		return nil
	}
	if err := r.standsForOne(tx.Requester, rule, after); err != nil || tx.Derived {
		return err
	}
	first, err := state.First(after.Type, after.ID)
	if err != nil || first == nil || first.VersionID == after.VersionID {
		return err // made by this commit
	}
	own := writtenBy(first.Requester)
	if own.Server {
		return nil
	}
	if before == nil || before.Deleted() {
		before = first
	}
	may, err := changers(state, rule, before)
	if err != nil {
		return err
	}
	if !rule.public || len(may) == 0 {
		may = append(may, own.Writers...)
	}
	if r.actsForOne(tx.Requester, may) {
		return nil
	}
	return fhir.E("guard", fhir.Forbidden, fhir.Issue{Rule: "actor", Expression: after.Type,
		Message: "This " + after.Type + " is another organisation's: the caller's may not change it.", Found: tx.Requester.OnBehalf,
		Fix: "Have that organisation change it, or write a record of your own."})
}

// standsForOne refuses an entry of a directory with the codes of several
// organisations that its writer does not act for: who names one of them by it would
// name them all.
func (r *Rules) standsForOne(who fhir.Principal, rule row, after *fhir.Version) error {
	if !rule.public || rule.named == nil || after.Deleted() {
		return nil
	}
	content, err := after.Resource()
	if err != nil {
		return err
	}
	one := ""
	for n := range content.Get("identifier").Items() {
		code := odsCode(n)
		if one == "" {
			one = code
		}
		if code == "" || code == one || who.ActsFor(one) && who.ActsFor(code) {
			continue
		}
		return fhir.E("guard", fhir.Forbidden, fhir.Issue{Rule: "actor", Expression: n.Expression(), Position: n.Position(),
			Message: "The " + after.Type + " has the ODS codes of several organisations, and the caller does not act for each.", Found: code, Expected: one,
			Fix: "Write an entry for each organisation."})
	}
	return nil
}

// actsForOne reports whether a principal acts for one of some owners. Who sees
// everything does not act for everybody.
func (r *Rules) actsForOne(who fhir.Principal, owners []string) bool {
	who.SeesAll, who.SeesNone = false, false // directories too: their guard asks who keeps an entry
	acts, _ := r.Sight(who)
	return slices.ContainsFunc(owners, func(owner string) bool { return slices.Contains(acts, owner) })
}

// changers are the organisations that a version names as those that may change it.
func changers(state fhir.State, rule row, v *fhir.Version) ([]string, error) {
	content, err := v.Resource()
	if err != nil {
		return nil, err
	}
	var own fhir.Ownership
	for _, path := range rule.changed {
		path.each(content.Root(), func(n fhir.Node) { name(&own, n, maxContained) })
	}
	return resolved(state, own, maxThrough)
}

// maxThrough is how many references lead to an organisation at most: a role, its
// service, and that one's organisation.
const maxThrough = 3

// resolved are the organisations that are named, at once or through the directory.
func resolved(state fhir.State, own fhir.Ownership, depth int) (codes []string, err error) {
	codes = own.Named
	for _, ref := range own.Through {
		steps := strings.Split(fhir.LinkOf(ref).Target, "/")
		if len(steps) < 2 || depth == 0 || !table[steps[len(steps)-2]].public {
			continue
		}
		more, err := entry(state, steps[len(steps)-2], steps[len(steps)-1], depth-1)
		if err != nil {
			return nil, err
		}
		codes = append(codes, more...)
	}
	return codes, nil
}

// entry returns the organisations that an entry of a directory represents.
func entry(state fhir.State, typ, id string, depth int) ([]string, error) {
	v, err := state.Current(typ, id)
	if err != nil || v == nil || v.Deleted() {
		return nil, err
	}
	content, err := v.Resource()
	if err != nil {
		return nil, err
	}
	return resolved(state, (*Rules)(nil).Of(v, content), depth)
}
