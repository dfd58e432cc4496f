package dispensing

import (
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// ofPrescription are the elements of a Task that tell which prescription it is
// of, for whom and by whom, and what was done with it. They follow from the
// orders and from the operations: nobody writes them by hand, because it would
// be a supply, or a claim, that no rule was asked about.
var ofPrescription = []string{"input", "output", "identifier", "groupIdentifier", "basedOn", "partOf", "focus", "for", "code", "intent", "requester"}

// keptExtensions are the extensions of a Task that say the same, go into the claim, or
// refer to the open work.
var keptExtensions = []string{nhs.ExtEPSPrescription, nhs.ExtRepeat, nhs.ExtAgent, nhs.ExtOwnExemption, nhs.ExtOwnEndorsement, extWork}

// guardProgress keeps what the orders and the operations record on a Task.
// Notes, a priority, a description and other extensions are anybody's.
func guardProgress(tx *fhir.Transaction, before, after *fhir.Version, from, to prescription.State) error {
	if tx.Derived {
		return nil
	}
	old, err := before.Resource()
	if err != nil {
		return err
	}
	r, err := after.Resource()
	if err != nil {
		return err
	}
	name := ""
	switch {
	case !kept(old, r, ofPrescription, &name):
	case !to.Open() && to == from && !kept(old, r, []string{"owner"}, &name):
	case to != from && !to.Open() && to != prescription.Cancelled && to != prescription.Expired && !kept(old, r, []string{"status", "businessStatus"}, &name): // taking and supplying are more than a status
	case !sameOf(keptExtensions, old.Root(), r.Root()):
		name = "extension"
	case old.Get("lastModified").Exists() && !r.Get("lastModified").Exists(): // by which the follower knows a Task that is in work
		name = "lastModified"
	default:
		return nil
	}
	return refusal("Task", fhir.Issue{Rule: "0012", Message: "What a prescription says, and what was done with its items, is recorded by its orders and by the operations on its Task.", Expression: "Task." + name,
		Expected: "the " + name + " as it is", Found: "another", Fix: "Use Task/$accept, $dispense, $withdraw or $return.", Details: nhs.EPS("PRESCRIPTION_INVALID_STATE_TRANSITION")})
}

// kept reports whether elements are the same in two versions, and which is not.
func kept(old, r *fhir.Resource, names []string, other *string) bool {
	for _, *other = range names {
		if !old.Get(*other).SameAs(r.Get(*other)) {
			return false
		}
	}
	return true
}

// sameOf reports whether two elements have the same extensions of some urls.
func sameOf(urls []string, a, b node) bool {
	of := func(n node) (list []node) {
		for e := range n.Get("extension").Items() {
			if slices.Contains(urls, e.Get("url").Text()) {
				list = append(list, e)
			}
		}
		return list
	}
	return slices.EqualFunc(of(a), of(b), node.SameAs)
}
