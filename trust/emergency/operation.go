package emergency

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"github.com/pestle-fhir/pestle/fhir"
)

// DB is the database that the operations work on.
type DB interface {
	// Read shows what the principal of the context sees.
	Read(ctx context.Context, typ, id string) (*fhir.Version, error)
	Commit(ctx context.Context, tx *fhir.Transaction) (*fhir.Commit, error)
}

// Operations are Patient/[id]/$break-glass and Task/[id]/$review-break-glass.
func (d *Desk) Operations(db DB) []fhir.Operation {
	return []fhir.Operation{
		{Name: "break-glass", Type: "Patient", Instance: true, ByName: true,
			Doc: "Open the record of a patient in an emergency, for minutes, to a caller whose role shows parts of it: whole resources of that patient, of the types that the role reads. It is recorded as an emergency, and to be reviewed by somebody else.",
			Parameters: []fhir.Parameter{
				{Name: "code", Kinds: []string{"valueCode"}, Required: true, Doc: "Why, as a code of v3-ActReason: BTG or ETREAT."},
				{Name: "reason", Kinds: []string{"valueString"}, Required: true, Doc: "Why, in words, for who reviews it."},
			}, Handle: func(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) { return d.breakGlass(ctx, db, call) }},
		{Name: "review-break-glass", Type: "Task", Instance: true, ByName: true,
			Doc: "Say what came of looking into a record that was opened in an emergency: by another person than who opened it. It ends what is still open by it.",
			Parameters: []fhir.Parameter{
				{Name: "result", Kinds: []string{"valueString"}, Required: true, Doc: "What the review found."},
			}, Handle: func(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) { return d.review(ctx, db, call) }},
	}
}

// The lengths of a reason and a result in characters: words, and no essay.
const (
	fewWords  = 10
	mostWords = 2000
)

// said is the text of a parameter, "" where there is none.
func said(call *fhir.Call, name, kind string) string {
	if call.Body == nil {
		return ""
	}
	for p := range call.Body.Get("parameter").Items() {
		if p.Get("name").Text() == name {
			return strings.TrimSpace(p.Get(kind).Text())
		}
	}
	return ""
}

// worded is the issue of a text that says too little or too much, nil for none.
func worded(name, text string) []fhir.Issue {
	if n := utf8.RuneCountInString(text); n < fewWords || n > mostWords {
		return []fhir.Issue{{Severity: fhir.Err, Code: fhir.Required, Rule: ruleName, Expression: name, Found: fhir.OrNothing(text),
			Message: "Whoever reviews it must understand it from these words.", Expected: "10 to 2,000 characters"}}
	}
	return nil
}

func (d *Desk) breakGlass(ctx context.Context, db DB, call *fhir.Call) (*fhir.Reply, error) {
	if err := person(call.Requester); err != nil {
		return nil, err
	}
	purpose, words := said(call, "code", "valueCode"), said(call, "reason", "valueString")
	issues := worded("reason", words)
	names, displays := d.Rules.codes(call.Time)
	if displays[purpose] == "" {
		issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.ValueCode, Rule: ruleName, Expression: "code", Found: fhir.OrNothing(purpose),
			Message: "This is not a code for which a record is opened.", Expected: strings.Join(names, " or ")})
	}
	if len(issues) > 0 {
		return nil, &fhir.Error{Op: ruleName, Kind: issues[0].Code, Issues: issues}
	}
	v, err := db.Read(ctx, "Patient", call.ID)
	if err != nil {
		return nil, err
	}
	if v.Deleted() {
		return nil, fhir.E(ruleName, fhir.Deleted, fhir.Issue{Rule: ruleName, Message: "Patient/" + call.ID + " was deleted."})
	}
	now := call.Time
	task := made("Patient/"+call.ID, purpose, displays[purpose], words, call.Requester, now, now.Add(d.Rules.Life(now)), now.Add(d.Rules.Review(now)))
	sum := sha256.Sum256([]byte(strings.Join([]string{ruleName, call.ID, call.Requester.Agent, call.RequestID, now.String()}, "\n")))
	reply, err := commit(ctx, db, call, fhir.Change{Method: fhir.Create, Type: "Task", ID: hex.EncodeToString(sum[:16]), Resource: task, Expression: "Task"}, "1")
	if err != nil {
		return nil, err
	}
	d.add(&opening{task: reply.Resource})
	recordedAs(ctx, call.Requester, purpose)
	return reply, nil
}

// recordedAs has the audit log say that the request is for an emergency.
func recordedAs(ctx context.Context, who fhir.Principal, purpose string) {
	who.Purpose = purpose
	fhir.Identify(ctx, who)
}

func (d *Desk) review(ctx context.Context, db DB, call *fhir.Call) (*fhir.Reply, error) {
	if err := person(call.Requester); err != nil {
		return nil, err
	}
	words := said(call, "result", "valueString")
	if issues := worded("result", words); issues != nil {
		return nil, &fhir.Error{Op: ruleName, Kind: fhir.Required, Issues: issues}
	}
	v, err := db.Read(ctx, "Task", call.ID)
	if err != nil {
		return nil, err
	}
	o, err := openingOf(v)
	switch {
	case err != nil:
		return nil, err
	case o == nil:
		return nil, fhir.E(ruleName, fhir.BusinessRule, fhir.Issue{Rule: ruleName, Found: "Task/" + call.ID, Message: "This Task is not of a record that was opened in an emergency.",
			Expected: "a Task that Patient/[id]/$break-glass has returned"})
	case o.task.Get("status").Text() != "requested":
		return nil, fhir.E(ruleName, fhir.Conflict, fhir.Issue{Rule: ruleName, Expression: "Task.status", Found: o.task.Get("status").Text(), Expected: "requested", Message: "It was reviewed before."})
	}
	reply, err := commit(ctx, db, call, fhir.Change{Method: fhir.Update, Type: "Task", ID: call.ID, Resource: o.reviewed(call.Requester, words, call.Time), IfMatch: v.VersionID, Expression: "Task"}, "2")
	if err == nil {
		d.drop(o.by(), func(open Open) bool { return open.task == call.ID })
	}
	return reply, err
}

// commit commits a change of a Task, the answer, as which version.
func commit(ctx context.Context, db DB, call *fhir.Call, c fhir.Change, version string) (*fhir.Reply, error) {
	task, err := fhir.Parse(c.Resource.Stamp(c.ID, version, call.Time))
	if err != nil {
		return nil, err
	}
	reply := &fhir.Reply{Resource: task}
	if version == "1" {
		reply.Location = "Task/" + c.ID + "/_history/1"
	}
	done, err := db.Commit(ctx, &fhir.Transaction{Derived: true, Requester: call.Requester, RequestID: call.RequestID, Time: call.Time, Changes: []fhir.Change{c}, Receipt: call.Answer(reply)})
	if err == nil && done.Repeated {
		return fhir.ReplyOf(done.Receipt)
	}
	return reply, err
}
