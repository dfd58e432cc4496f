package purge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// DB is the database that the operation works on.
type DB interface {
	Versions
	// Read and VRead show what the principal of the context sees.
	Read(ctx context.Context, typ, id string) (*fhir.Version, error)
	VRead(ctx context.Context, typ, id, version string) (*fhir.Version, error)
	Commit(ctx context.Context, tx *fhir.Transaction) (*fhir.Commit, error)
}

// Operation is Patient/[id]/$purge.
func (r *Rules) Operation(db DB) fhir.Operation {
	return fhir.Operation{Name: "purge", Type: "Patient", Instance: true, ByName: true,
		Doc: "Erase the record of a patient for good: propose it with a reason, or, as a second person, confirm a proposal. Refused as long as a law keeps any of it, unless both people name a ground that overrides that.",
		Parameters: []fhir.Parameter{
			{Name: "reason", Kinds: []string{"valueString"}, Doc: "Why the record is to be erased, without what it says of the patient: this is kept. Makes a proposal, which is the answer."},
			{Name: "proposal", Kinds: []string{"valueString", "valueId"}, Doc: "The Task of the proposal that is confirmed, or its id. Erases the record."},
			{Name: "override", Kinds: []string{"valueCode"}, Doc: "On which ground it is erased before the time to keep it is over, such as legal-obligation: of a proposal, and again of its confirmation."},
		},
		Handle: func(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
			reason, ref := strings.TrimSpace(asked(call, "reason")), asked(call, "proposal")
			if (reason == "") == (ref == "") {
				return nil, fhir.E("purge", fhir.Required, fhir.Issue{Rule: ruleName, Expression: "Parameters.parameter", Message: "The call says neither why a record is to be erased nor which proposal is confirmed, or both.",
					Expected: "either reason or proposal"})
			}
			c := &invocation{Rules: r, db: db, call: call}
			if err := c.may(ctx); err != nil {
				return nil, err
			}
			if err := c.grounded(asked(call, "override")); err != nil {
				return nil, err
			}
			if reason != "" {
				return c.propose(ctx, reason)
			}
			return c.confirm(ctx, ref)
		}}
}

// asked is a parameter of a call.
func asked(call *fhir.Call, name string) string {
	if call.Body == nil {
		return ""
	}
	for p := range call.Body.Get("parameter").Items() {
		if p.Get("name").Text() == name {
			return p.Get("valueString").Text() + p.Get("valueId").Text() + p.Get("valueCode").Text()
		}
	}
	return ""
}

// invocation is one call of the operation.
type invocation struct {
	*Rules
	db   DB
	call *fhir.Call

	overridden []Kept // what is erased before its time
}

// may refuses who is no person, or does not see the patient.
func (c *invocation) may(ctx context.Context) error {
	_, err := c.db.Read(ctx, "Patient", c.call.ID)
	if err != nil {
		return err
	}
	return person(c.call.Requester)
}

// record reads the record, and refuses one that is not to be erased.
func (c *invocation) record(ctx context.Context) (*record, error) {
	rec, err := read(ctx, c.db, c.Public, c.call.ID)
	if err != nil {
		return nil, err
	}
	if rec.content() == 0 {
		return nil, fhir.E("purge", fhir.Deleted, fhir.Issue{Rule: ruleName, Message: "The record of " + rec.patient + " was erased before: no version has any content."})
	}
	if err := c.seen(ctx, rec); err != nil {
		return nil, err
	}
	return rec, c.free(rec)
}

// seen refuses a record of which the caller does not see all: who else keeps it
// decides on that.
func (c *invocation) seen(ctx context.Context, rec *record) error {
	for _, m := range rec.list() {
		_, err := c.db.VRead(ctx, m.typ, m.id, m.newest)
		if fhir.KindOf(err) == fhir.NotFound {
			return fhir.E("purge", fhir.Forbidden, fhir.Issue{Rule: ruleName, Message: "Parts of the record belong to organisations that the caller does not act for.",
				Expected: "a caller who sees the whole record", Fix: "Those organisations have to agree: have it done by somebody who acts for all of them."})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// free refuses a record that a law keeps, or that is a part of another patient's too:
// all resources at once.
func (c *invocation) free(rec *record) error {
	var issues []fhir.Issue
	last, born := rec.last(), rec.born
	unborn := born.IsZero()
	if unborn {
		born = last // a child that was born on the last day
	}
	named := asked(c.call, "override")
	for _, m := range rec.list() {
		if len(m.others) > 0 {
			issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: ruleName, Expression: m.typ, Found: m.ref(),
				Message: m.ref() + " is a part of the record of another patient too.", Fix: "Correct it, if it is by mistake; until then the record cannot be erased."})
		}
		if k, ok := c.inForce(m, last, born, named); ok {
			issues = append(issues, c.kept(m, k, unborn))
		}
	}
	if len(issues) == 0 && named != "" && len(c.overridden) == 0 {
		return fhir.E("purge", fhir.BusinessRule, fhir.Issue{Rule: "retention", Expression: "override", Found: named, Message: "No part of the record is kept any more: there is nothing to override.", Fix: "Leave override out."})
	}
	if len(issues) == 0 {
		return nil
	}
	e := fhir.E("purge", fhir.BusinessRule, issues[0])
	e.Issues = fhir.Listed(issues)
	return e
}

// inForce is the class that keeps a resource for longest, of those that the ground does
// not override; false where none does.
func (c *invocation) inForce(m *member, last, born time.Time, named string) (kept Kept, yes bool) {
	for _, k := range c.Retention.Keeps(m.typ, m.last, last, born, c.call.Time) {
		switch {
		case !k.Until.After(c.call.Time):
		case !c.Overrides.Allows(named, k.Class, c.call.Time):
			if !yes {
				kept, yes = k, true
			}
		case !slices.ContainsFunc(c.overridden, func(o Kept) bool { return o.Class == k.Class && !o.Until.Before(k.Until) }):
			c.overridden = append(slices.DeleteFunc(c.overridden, func(o Kept) bool { return o.Class == k.Class }), k)
		}
	}
	return kept, yes
}

// kept is what is said of a resource that a class keeps.
func (c *invocation) kept(m *member, k Kept, unborn bool) fhir.Issue {
	text := fmt.Sprintf("%s is kept until %s: %s, %d years", m.ref(), k.Until.UTC().Format(time.DateOnly), k.Class, k.Years)
	if unborn && k.Class == "child" {
		text += " from the birth, which the record does not tell"
	}
	fix := "Propose it again after that day."
	if grounds := c.Overrides.names(k.Class, c.call.Time); len(grounds) > 0 {
		fix += " Before it, two people may erase it who both name a ground as override: " + strings.Join(grounds, ", ") + "."
	}
	return fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Rule: "retention", Expression: m.typ, Found: m.ref(), Message: text + ".", Fix: fix}
}

func (c *invocation) propose(ctx context.Context, reason string) (*fhir.Reply, error) {
	rec, err := c.record(ctx)
	if err != nil {
		return nil, err
	}
	days, err := proposalDays(builtinProposals, c.call.Time)
	if err != nil {
		return nil, err
	}
	task := propose(rec, reason, asked(c.call, "override"), c.overridden, c.call.Requester, c.call.Time, c.call.Time.AddDate(0, 0, days))
	sum := sha256.Sum256([]byte(strings.Join([]string{rec.patient, c.call.Requester.Agent, c.call.RequestID, c.call.Time.String()}, "\n")))
	id := hex.EncodeToString(sum[:16])
	return c.commit(ctx, []fhir.Change{{Method: fhir.Create, Type: "Task", ID: id, Resource: task, Expression: "Task"}}, "1")
}

// commit commits changes of which the first is that of the Task, the answer, as which
// version.
func (c *invocation) commit(ctx context.Context, changes []fhir.Change, version string) (*fhir.Reply, error) {
	task, err := fhir.Parse(changes[0].Resource.Stamp(changes[0].ID, version, c.call.Time))
	if err != nil {
		return nil, err
	}
	reply := &fhir.Reply{Resource: task}
	if version == "1" {
		reply.Location = "Task/" + changes[0].ID + "/_history/1"
	}
	done, err := c.db.Commit(ctx, &fhir.Transaction{Derived: true, Requester: c.call.Requester, RequestID: c.call.RequestID, Time: c.call.Time,
		Changes: changes, Receipt: c.call.Answer(reply)})
	if err == nil && done.Repeated {
		return fhir.ReplyOf(done.Receipt)
	}
	return reply, err
}

func (c *invocation) confirm(ctx context.Context, ref string) (*fhir.Reply, error) {
	state := c.db.State(ctx)
	p, err := find(state, ref)
	if err == nil && p != nil { // as far as the caller sees it
		if _, err = c.db.Read(ctx, "Task", p.version.ID); fhir.KindOf(err) == fhir.NotFound {
			p, err = nil, nil
		}
	}
	switch {
	case err != nil:
		return nil, err
	case p == nil || p.input(inputSubject) != "Patient/"+c.call.ID:
		return nil, none(ref)
	case p.version.VersionID != "1" || p.task.Get("status").Text() != "requested":
		return nil, closed(p)
	case !c.call.Time.Before(p.until()):
		return nil, expired(p)
	}
	if err := c.second(state, c.call.Requester, p); err != nil {
		return nil, err
	}
	if err := c.both(p, asked(c.call, "override")); err != nil {
		return nil, err
	}
	rec, err := c.record(ctx)
	if err != nil {
		return nil, err
	}
	changes := rec.changes()
	if digest(changes) != p.input(inputDigest) {
		return nil, changed(p)
	}
	versions, err := versionsOf(changes)
	if err != nil {
		return nil, err
	}
	done := fhir.Change{Method: fhir.Update, Type: "Task", ID: p.version.ID, Resource: p.confirmed(c.call.Requester), IfMatch: p.version.VersionID, Expression: "Task"}
	changes = append([]fhir.Change{done}, changes...)
	for _, event := range records(p, versions, c.call.Requester, c.call.Time) {
		changes = append(changes, fhir.Change{Method: fhir.Create, Type: "AuditEvent", Resource: event, Expression: "AuditEvent"})
	}
	return c.commit(ctx, changes, "2")
}
