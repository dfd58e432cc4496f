package purge

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// Separate refuses an act of the person who did the earlier one: duties.Table does.
type Separate func(state fhir.State, act, about string, who fhir.Principal, earlier string) error

// Rules decide which purges are made.
type Rules struct {
	Retention Retention
	Overrides Overrides
	Separate  Separate
	Public    func(typ string) bool // types that are of no patient
}

// Guard refuses proposals of a purge that somebody writes: they are made by $purge
// alone, so that who proposed one has the right to.
func (r *Rules) Guard(_ context.Context, _ fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
	if after.Type != "Task" {
		return nil
	}
	for _, v := range []*fhir.Version{before, after} {
		if v == nil || v.Deleted() {
			continue
		}
		content, err := v.Resource()
		if err != nil {
			return err
		}
		own := tx.Derived && !slices.ContainsFunc(tx.Changes, func(c fhir.Change) bool { return c.Message && c.Type == "Task" })
		if isProposal(content) && !own {
			return fhir.E("purge", fhir.Forbidden, fhir.Issue{Rule: ruleName, Expression: "Task.code", Found: after.Ref(),
				Message: "A proposal to erase a record is made and confirmed by Patient/[id]/$purge alone: nobody writes, changes or deletes one.",
				Fix:     "Call the operation. A proposal that nobody confirms expires."})
		}
	}
	return nil
}

// ruleName is the rule that refusals name.
const ruleName = "purge"

// May decides, in the commit, about a transaction that purges: two people, a
// proposal of exactly this that is open, a record that is whole, and the versions that
// it erases named for the log.
func (r *Rules) May(_ context.Context, state fhir.State, tx *fhir.Transaction) error {
	p, err := r.proposed(state, tx)
	if err != nil {
		return err
	}
	if err := r.second(state, tx.Requester, p); err != nil {
		return err
	}
	if tx.Time.IsZero() || !tx.Time.Before(p.until()) {
		return expired(p)
	}
	if digest(tx.Changes) != p.input(inputDigest) {
		return changed(p)
	}
	if err := r.named(tx); err != nil {
		return err
	}
	return r.complete(state, tx, strings.TrimPrefix(p.input(inputSubject), "Patient/"))
}

// proposed is the proposal that the transaction completes.
func (r *Rules) proposed(state fhir.State, tx *fhir.Transaction) (*proposal, error) {
	var done []fhir.Change
	for _, c := range tx.Changes {
		if c.Type == "Task" && !c.Purge {
			done = append(done, c)
		}
	}
	if !tx.Derived || len(done) != 1 || !isProposal(done[0].Resource) || done[0].Resource.Get("status").Text() != "completed" {
		return nil, fhir.E("purge", fhir.Forbidden, fhir.Issue{Rule: ruleName, Message: "Nothing is erased without a proposal that is completed with it."})
	}
	p, err := find(state, done[0].ID)
	if err != nil {
		return nil, err
	}
	if p == nil {
		return nil, none(done[0].ID)
	}
	if p.version.VersionID != "1" || p.task.Get("status").Text() != "requested" || done[0].IfMatch != "1" {
		return nil, closed(p)
	}
	return p, nil
}

// second refuses a confirmation by whoever proposed it, and by who is not known as a
// person.
func (r *Rules) second(state fhir.State, who fhir.Principal, p *proposal) error {
	if err := person(who); err != nil {
		return err
	}
	first := p.version.Requester
	first.Person = true // or it would not have been made; versions do not keep it
	if err := person(first); err != nil {
		return err
	}
	if first.Agent == who.Agent {
		return fhir.E("duty", fhir.Forbidden, fhir.Issue{Rule: "second-person", Message: "This needs another person: whoever proposed that a record is erased does not confirm it.",
			Found: first.Agent, Expected: "another person with a role that allows it", Fix: "Have a second person confirm it, with a token of their own."})
	}
	return r.Separate(state, "purge", "Patient", who, first.Agent)
}

// person refuses who is not known to be a person by a role: two programs are not two
// people.
func person(who fhir.Principal) error {
	if who.Agent != "" && !who.Unbound && who.Person && len(who.Roles) > 0 {
		return nil
	}
	return fhir.E("purge", fhir.Forbidden, fhir.Issue{Rule: ruleName, Found: who.Agent, Message: "A record is erased by two people, and the server does not know the caller as a person with a role.",
		Expected: "a person whose token names a role that allows Patient/$purge", Fix: "Sign in as such a person: docs/access.md."})
}

// named refuses a transaction whose records do not name each version that it erases.
func (r *Rules) named(tx *fhir.Transaction) error {
	var said []string
	for _, c := range tx.Changes {
		if c.Type == "AuditEvent" {
			said = append(said, recorded(c.Resource)...)
			if c.Method != fhir.Create {
				said = append(said, c.Type+"/"+c.ID) // which is none of them
			}
		}
	}
	versions, err := versionsOf(tx.Changes)
	if err != nil {
		return err
	}
	slices.Sort(said)
	slices.Sort(versions)
	if !slices.Equal(said, versions) {
		return fhir.E("purge", fhir.BusinessRule, fhir.Issue{Rule: ruleName, Message: "The records of the purge do not name the versions that it erases."})
	}
	return nil
}

// complete refuses a purge that would leave what has come into the compartment of the
// patient since the record was read.
func (r *Rules) complete(state fhir.State, tx *fhir.Transaction, patient string) error {
	purged := map[string]bool{}
	for _, c := range tx.Changes {
		if c.Purge {
			purged[c.Type+"/"+c.ID] = true
		}
	}
	v, err := state.Current("Patient", patient)
	if err == nil && v != nil && !purged["Patient/"+patient] {
		err = since("Patient/" + patient)
	}
	if err != nil {
		return err
	}
	named, err := namings(patient, v)
	if err != nil {
		return err
	}
	for _, typ := range r4.ResourceTypes() {
		if r.Public(typ) || typ == "AuditEvent" || typ == "Patient" {
			continue
		}
		for _, param := range r4.CompartmentParams("Patient", typ) {
			if r4.SearchParameter(typ, param) == nil {
				continue
			}
			for _, name := range named {
				ids, err := state.Find(typ, param+name)
				if err != nil {
					return err
				}
				for _, id := range ids {
					if !purged[typ+"/"+id] {
						return since(typ + "/" + id)
					}
				}
			}
		}
	}
	return nil
}

// escape makes a text a value of a search: https://hl7.org/fhir/R4/search.html#escaping
var escape = strings.NewReplacer(`\`, `\\`, `|`, `\|`, `,`, `\,`, `$`, `\$`)

// namings are the ways in which a reference names a patient: by the id, and by the
// identifiers that the patient has now.
func namings(id string, patient *fhir.Version) ([]string, error) {
	list := []string{"=" + url.QueryEscape("Patient/"+id)}
	if patient == nil || patient.Deleted() {
		return list, nil
	}
	content, err := patient.Resource()
	if err != nil {
		return nil, err
	}
	for n := range content.Get("identifier").Items() {
		if system, value := n.Get("system").Text(), n.Get("value").Text(); system != "" && value != "" {
			list = append(list, ":identifier="+url.QueryEscape(escape.Replace(system)+"|"+escape.Replace(value)))
		}
	}
	return list, nil
}

func since(ref string) error {
	return fhir.E("purge", fhir.Conflict, fhir.Issue{Rule: ruleName, Found: ref, Message: "The record has a part that has come since it was read. Nothing was erased.",
		Fix: "Propose it again: Patient/[id]/$purge without a proposal."})
}

func none(ref string) error {
	return fhir.E("purge", fhir.NotFound, fhir.Issue{Rule: ruleName, Expression: "proposal", Found: ref, Message: "There is no such proposal.",
		Expected: "the Task that Patient/[id]/$purge has returned", Fix: "Propose it first: Patient/[id]/$purge with a reason."})
}

func closed(p *proposal) error {
	return fhir.E("purge", fhir.Conflict, fhir.Issue{Rule: ruleName, Expression: "proposal", Found: p.task.Get("status").Text(), Expected: "requested",
		Message: "The proposal Task/" + p.version.ID + " is not open any more.", Fix: "Propose it again."})
}

func expired(p *proposal) error {
	return fhir.E("purge", fhir.Conflict, fhir.Issue{Rule: ruleName, Expression: "proposal", Found: "Task/" + p.version.ID,
		Message: "The proposal expired at " + p.until().UTC().Format(fhir.InstantLayout) + ". Nothing was erased.", Fix: "Propose it again."})
}

func changed(p *proposal) error {
	return fhir.E("purge", fhir.Conflict, fhir.Issue{Rule: ruleName, Expression: "proposal", Found: "Task/" + p.version.ID,
		Message:  fmt.Sprintf("The record is not the one that was proposed: then it had %s resources with %s versions. Nothing was erased.", p.input(inputResources), p.input(inputVersions)),
		Expected: "a record that nobody has written to since", Fix: "Propose it again."})
}
