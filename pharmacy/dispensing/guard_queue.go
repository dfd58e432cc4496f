package dispensing

import (
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// byPeople are the members of a queue's Task that people write: how urgent the
// work is, and what there is to say of it.
var byPeople = []string{"id", "meta", "text", "implicitRules", "language", "priority", "note", "description"}

// guardWork keeps the Tasks of queues: they follow from the prescription, so that
// nobody opens, closes or moves one by hand.
func guardWork(tx *fhir.Transaction, before, after *fhir.Version) error {
	if tx.Derived {
		return nil
	}
	old, err := workIn(before)
	if err != nil {
		return err
	}
	r, err := workIn(after)
	if err != nil || old == nil && r == nil {
		return err
	}
	issue := fhir.Issue{Rule: "QUEUE-1", Message: "The Task of a queue follows from its prescription, and is not written by hand.", Expression: "Task",
		Expected: "changes of priority, note or description", Fix: "Use the operations on the Task of the prescription; it closes those of the queues."}
	switch {
	case old == nil:
		issue.Found = "a Task of a queue that no prescription has opened"
	case r == nil:
		issue.Found = "its removal from the queue"
	default:
		name := changedMember(old, r, byPeople)
		if name == "" {
			return nil
		}
		issue.Expression, issue.Expected, issue.Found = "Task."+name, old.Get(name).Brief(), r.Get(name).Brief()
	}
	return refusal("Task", issue)
}

// guardOpenWork keeps a prescription that is in queues from being ended by hand: its
// Tasks there would wait for ever.
func guardOpenWork(tx *fhir.Transaction, before *fhir.Version, from, to *prescription.State) error {
	if tx.Derived || from == nil || to != nil && *to == *from {
		return nil
	}
	r, err := before.Resource()
	if err != nil || len(openWorkOf(r)) == 0 {
		return err
	}
	return refusal("Task", fhir.Issue{Rule: "QUEUE-2", Message: "The prescription is in a queue, which follows from the operations on its Task.", Expression: "Task.status",
		Expected: "the status as it is: " + from.String(), Found: "another, written by hand", Fix: "Use Task/$cancel; a prescription whose time is over ends when it is accepted or returned."})
}

// guardQuery keeps the queries of pharmacists as they were asked: they are written
// by Task/$query, and closed by what settles them.
func (s *Service) guardQuery(_ fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
	if tx.Derived {
		return nil
	}
	for _, v := range []*fhir.Version{before, after} {
		if v == nil || v.Deleted() {
			continue
		}
		r, err := v.Resource()
		if err != nil {
			return err
		}
		if nhs.CodingOf(r.Get("category"), csQueryKind).Exists() {
			return refusal("CommunicationRequest", fhir.Issue{Rule: "QUERY-3", Message: "The query of a pharmacist is asked and settled on the Task of its prescription.", Expression: "CommunicationRequest",
				Expected: "Task/$query, and $release-hold with the hold QUERY", Found: "a CommunicationRequest written by hand", Fix: "Answer it with a Communication that is based on it."})
		}
	}
	return nil
}

// workIn is a version where it is the Task of a queue, nil otherwise.
func workIn(v *fhir.Version) (*fhir.Resource, error) {
	if v == nil || v.Deleted() {
		return nil, nil
	}
	r, err := v.Resource()
	if err != nil || !nhs.CodingOf(r.Get("code"), csQueue).Exists() {
		return nil, err
	}
	return r, nil
}

// changedMember is the first member that differs, "" for none; those that may are
// passed over.
func changedMember(old, r *fhir.Resource, may []string) string {
	for _, side := range []*fhir.Resource{old, r} {
		for m := range side.Root().Members() {
			if name := m.Name(); !slices.Contains(may, name) && !old.Get(name).SameAs(r.Get(name)) {
				return name
			}
		}
	}
	return ""
}
