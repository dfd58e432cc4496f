package alerts

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Operations are $alerts, and Task/[id]/$acknowledge-alert and $dismiss-alert.
func (d *Desk) Operations() []fhir.Operation {
	note := []fhir.Parameter{{Name: "note", Kinds: []string{"valueString"}, Doc: "What is done about it, in words."}}
	reason := []fhir.Parameter{{Name: "note", Kinds: []string{"valueString"}, Required: true, Doc: "Why nothing is to be done about it, in words."}}
	return []fhir.Operation{
		{Name: "alerts", Idempotent: true, ByName: true, Handle: d.listed, Parameters: []fhir.Parameter{{Name: "all", Kinds: []string{"valueBoolean"}, Doc: "true for those too that are resolved."}},
			Doc: "What the people of the pharmacy are alerted of at present, with what to do. It names no patient and no medicine."},
		{Name: "acknowledge-alert", Type: "Task", Instance: true, ByName: true, Parameters: note, Handle: d.moving(Acknowledged),
			Doc: "Says that somebody looks after an alert: nobody else is told of it."},
		{Name: "dismiss-alert", Type: "Task", Instance: true, ByName: true, Parameters: reason, Handle: d.moving(Aside),
			Doc: "Puts an alert aside whose cause goes on: it is not raised again before the cause was gone once."},
	}
}

func (d *Desk) listed(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	all := call.Params.Get("all") == "true"
	if call.Body != nil {
		for p := range call.Body.Get("parameter").Items() {
			all = all || p.Get("name").Text() == "all" && p.Get("valueBoolean").Text() == "true"
		}
	}
	list, err := d.Open(ctx, all)
	if err != nil {
		return nil, err
	}
	var out []any
	for _, a := range list {
		out = append(out, fhir.Obj("name", "alert", "part", a.parts(d.base)))
	}
	return &fhir.Reply{Resource: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(out...)).Resource(), Impersonal: true}, nil
}

// parts are an alert in an answer.
func (a *Alert) parts(base string) fhir.Value {
	part := func(name, kind, value string) fhir.Value {
		if value == "" {
			return fhir.Value{}
		}
		return fhir.Obj("name", name, kind, value)
	}
	link := a.Link
	if link != "" {
		link = base + link
	}
	return fhir.List(part("id", "valueId", a.ID), part("rule", "valueCode", a.Rule), part("severity", "valueCode", string(a.Severity)), part("state", "valueString", a.State.String()), part("title", "valueString", a.Title),
		fhir.Obj("name", "count", "valueInteger", a.Count), part("do", "valueString", a.Do), part("link", "valueUrl", link), part("raised", "valueDateTime", nhs.Stamp(a.Raised)), part("by", "valueString", a.By), part("note", "valueString", a.Note))
}

func (d *Desk) moving(to State) func(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	return func(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
		note := ""
		if call.Body != nil {
			for p := range call.Body.Get("parameter").Items() {
				if p.Get("name").Text() == "note" {
					note = p.Get("valueString").Text()
				}
			}
		}
		a, err := d.Move(ctx, call.ID, to, call.Requester, note, call.Time)
		if err != nil {
			return nil, err
		}
		return &fhir.Reply{Resource: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(fhir.Obj("name", "alert", "part", a.parts(d.base)))).Resource(), Impersonal: true}, nil
	}
}

// Move acknowledges an alert, or puts it aside.
func (d *Desk) Move(ctx context.Context, id string, to State, who fhir.Principal, note string, now time.Time) (*Alert, error) {
	op := map[State]string{Acknowledged: "acknowledge-alert", Aside: "dismiss-alert"}[to]
	note = strings.TrimSpace(note)
	if to == Aside && note == "" {
		return nil, fhir.E(op, fhir.Required, fhir.Issue{Expression: "Parameters.parameter", Message: "It is said in words why nothing is to be done.", Expected: "the parameter note", Found: "nothing"})
	}
	by := who
	by.SeesNone = false // an alert tells of nobody: who administers the server writes no other Task
	for range tries {
		v, err := d.db.State(ctx).Current("Task", id)
		if err != nil {
			return nil, err
		}
		a, err := read(v)
		if err != nil {
			return nil, err
		}
		if a == nil || d.site != "" && !who.SeesNone && !who.ActsFor(d.site) {
			return nil, fhir.E(op, fhir.NotFound, fhir.Issue{Expression: "Task", Message: "There is no such alert.", Expected: "the id of an alert, as $alerts lists them", Found: "Task/" + id})
		}
		if a.State == Resolved {
			return nil, fhir.E(op, fhir.BusinessRule, fhir.Issue{Rule: "ALERT-1", Expression: "Task.status", Message: "The alert is resolved: its cause is gone.", Expected: "an alert whose cause goes on", Found: a.State.String()})
		}
		c := a.moved(to, cmp.Or(who.Display, who.Agent), cmp.Or(note, "Acknowledged."), now)
		_, err = d.db.Commit(ctx, &fhir.Transaction{Derived: true, Requester: by, Time: now, Changes: []fhir.Change{c}})
		if err == nil {
			return read(&fhir.Version{Type: "Task", ID: id, JSON: c.Resource.JSON()})
		}
		if fhir.KindOf(err) != fhir.Conflict {
			return nil, err
		}
	}
	return nil, fhir.E(op, fhir.Conflict, fhir.Issue{Message: "Other writers changed the alert at the same time, again and again.", Fix: "Send it again."})
}
