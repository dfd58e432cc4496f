package emergency

import (
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// The code of the Tasks, and where purposes are from.
const (
	System  = "https://pestle-fhir.github.io/CodeSystem/log"
	code    = "break-glass"
	reasons = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
)

// query finds those that nobody has reviewed yet.
const query = "code=" + System + "|" + code + "&status=requested"

// opening is a Task of a record that somebody opened.
type opening struct {
	version *fhir.Version
	task    *fhir.Resource
}

// isOpening reports whether a resource is such a Task.
func isOpening(r *fhir.Resource) bool {
	if r == nil || r.Type() != "Task" {
		return false
	}
	for c := range r.Root().Path("code", "coding").Items() {
		if c.Get("system").Text() == System && c.Get("code").Text() == code {
			return true
		}
	}
	return false
}

// openingOf is what a version is of, nil where it is of nothing that was opened.
func openingOf(v *fhir.Version) (*opening, error) {
	if v == nil || v.Deleted() || v.Type != "Task" {
		return nil, nil
	}
	r, err := v.Resource()
	if err != nil || !isOpening(r) {
		return nil, err
	}
	return &opening{v, r}, nil
}

// patient is whose record it is, "Patient/1".
func (o *opening) patient() string { return o.task.Root().Path("for", "reference").Text() }

// by is who opened it.
func (o *opening) by() string { return o.task.Root().Path("requester", "identifier", "value").Text() }

// purpose is its code.
func (o *opening) purpose() string {
	return o.task.Root().Path("reasonCode", "coding").Item(0).Get("code").Text()
}

// until is when it ends; the zero time where it does not say.
func (o *opening) until() time.Time { return instant(o.task, "end") }

// begun is when it was opened.
func (o *opening) begun() time.Time { return instant(o.task, "start") }

func instant(task *fhir.Resource, name string) time.Time {
	t, _ := time.Parse(fhir.InstantLayout, task.Root().Path("restriction", "period", name).Text())
	return t
}

// made is the Task of a record that is opened. It names nobody but by reference.
func made(patient, purpose, display, words string, who fhir.Principal, now, until, review time.Time) *fhir.Resource {
	at := func(t time.Time) string { return t.UTC().Format(fhir.InstantLayout) }
	return fhir.Obj("resourceType", "Task", "status", "requested", "intent", "order",
		"code", fhir.Obj("coding", fhir.List(fhir.Obj("system", System, "code", code, "display", "Emergency access to the record of a patient"))),
		"description", "To be reviewed by "+at(review)+": the record was opened in an emergency.",
		"for", fhir.Obj("reference", patient),
		"authoredOn", at(now),
		"requester", fhir.Obj("identifier", fhir.Obj("value", who.Agent), "display", who.Display),
		"performerType", fhir.List(fhir.Obj("text", "superintendent")),
		"reasonCode", fhir.Obj("coding", fhir.List(fhir.Obj("system", reasons, "code", purpose, "display", display)), "text", words),
		"restriction", fhir.Obj("period", fhir.Obj("start", at(now), "end", at(until))),
	).Resource()
}

// reviewed is the Task once somebody has looked into it.
func (o *opening) reviewed(who fhir.Principal, words string, now time.Time) *fhir.Resource {
	return fhir.Revise(o.task, "status", "completed", "lastModified", now.UTC().Format(fhir.InstantLayout),
		"owner", fhir.Obj("identifier", fhir.Obj("value", who.Agent), "display", who.Display),
		"note", fhir.List(fhir.Obj("authorString", who.Display, "time", now.UTC().Format(fhir.InstantLayout), "text", words)))
}
