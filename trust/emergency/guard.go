package emergency

import (
	"context"
	"slices"
	"strconv"

	"github.com/pestle-fhir/pestle/fhir"
)

// ruleName is the rule that refusals name.
const ruleName = "break-glass"

// Guard decides in the commit: a record is opened and reviewed by the operations alone,
// who has let a review lapse opens no other, nor who has as many open as one person may, and nobody reviews what they opened.
func (d *Desk) Guard(_ context.Context, state fhir.State, tx *fhir.Transaction, before, after *fhir.Version) error {
	if after.Type != "Task" {
		return nil
	}
	was, err := openingOf(before)
	if err != nil {
		return err
	}
	is, err := openingOf(after)
	if err != nil || was == nil && is == nil {
		return err
	}
	if slices.ContainsFunc(tx.Changes, func(c fhir.Change) bool { return c.Purge && c.Type == after.Type && c.ID == after.ID }) {
		return nil
	}
	own := tx.Derived && !slices.ContainsFunc(tx.Changes, func(c fhir.Change) bool { return c.Message && c.Type == "Task" })
	switch {
	case !own || is == nil || was != nil && was.task.Get("status").Text() != "requested":
		return fhir.E(ruleName, fhir.Forbidden, fhir.Issue{Rule: ruleName, Expression: "Task.code", Found: after.Ref(),
			Message: "What was opened in an emergency is recorded and reviewed by Patient/[id]/$break-glass and Task/[id]/$review-break-glass alone: nobody writes, changes or deletes it.",
			Fix:     "Call the operation."})
	case was == nil:
		return d.mayOpen(state, tx.Requester, is)
	}
	if err := person(tx.Requester); err != nil {
		return err
	}
	if was.by() == tx.Requester.Agent {
		return fhir.E("duty", fhir.Forbidden, fhir.Issue{Rule: "second-person", Message: "This needs another person: whoever opened the record does not review that.", Found: was.by(),
			Expected: "another person with a role that allows it", Fix: "Have a second person review it, with a token of their own."})
	}
	return d.Separate(state, "review", "Task", tx.Requester, was.by())
}

// mayOpen refuses who has opened a record that should have been reviewed by now, or has
// those of as many other patients open as one person may.
func (d *Desk) mayOpen(state fhir.State, who fhir.Principal, is *opening) error {
	now, open := is.begun(), map[string]bool{is.patient(): true}
	ids, err := state.Find("Task", query)
	if err != nil {
		return err
	}
	for _, id := range ids {
		v, err := state.Current("Task", id)
		if err != nil {
			return err
		}
		o, err := openingOf(v)
		if err != nil {
			return err
		}
		if o != nil && o.by() == who.Agent && now.Sub(o.begun()) > d.Rules.Review(o.begun()) {
			return fhir.E(ruleName, fhir.Forbidden, fhir.Issue{Rule: ruleName, Found: "Task/" + id, Message: "A record that the caller opened before has not been reviewed in time. Nothing was opened.",
				Expected: "a review within " + d.Rules.Review(o.begun()).String(), Fix: "Have it reviewed first: Task/[id]/$review-break-glass, by a superintendent."})
		}
		if o != nil && o.by() == who.Agent && now.Before(o.until()) {
			open[o.patient()] = true
		}
	}
	if most := d.Rules.OpenAtMost(now); len(open) > most {
		return fhir.E(ruleName, fhir.Forbidden, fhir.Issue{Rule: ruleName, Found: strconv.Itoa(len(open)-1) + " open", Message: "The caller has the records of as many patients open as one person may. Nothing was opened.",
			Expected: "at most " + strconv.Itoa(most) + " at a time", Fix: "Wait until one of them ends, or have it reviewed, which ends it: Task/[id]/$review-break-glass."})
	}
	return nil
}

// person refuses who is not known to be a person by a role.
func person(who fhir.Principal) error {
	if who.Agent != "" && !who.Unbound && who.Person && len(who.Roles) > 0 {
		return nil
	}
	return fhir.E(ruleName, fhir.Forbidden, fhir.Issue{Rule: ruleName, Found: who.Agent, Message: "A record is opened in an emergency by a person, and the server does not know the caller as one with a role.",
		Expected: "a person whose token names a role that allows it", Fix: "Sign in as such a person: docs/access.md."})
}
