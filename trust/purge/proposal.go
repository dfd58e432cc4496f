package purge

import (
	"fmt"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// LogSystem is the code system of what records say about the log, and code its code
// for a purge: that of proposals, and of the records of what was purged.
const (
	LogSystem = "https://pestle-fhir.github.io/CodeSystem/log"
	code      = "purge"
)

// The inputs of a proposal.
const (
	inputSubject   = "purge-subject"
	inputResources = "purge-resources"
	inputVersions  = "purge-versions"
	inputDigest    = "purge-digest"
	inputOverride  = "purge-override" // the ground on which it is erased before its time
)

// proposal is a Task that proposes a purge. It names the patient in a text, since a
// reference would be one to what is to be erased.
type proposal struct {
	version *fhir.Version
	task    *fhir.Resource
}

// propose makes the Task of a proposal.
func propose(r *record, reason, override string, early []Kept, who fhir.Principal, now, until time.Time) *fhir.Resource {
	changes := r.changes()
	input := func(name, kind string, value any) fhir.Value {
		return fhir.Obj("type", fhir.Obj("coding", fhir.List(fhir.Obj("system", LogSystem, "code", name))), kind, value)
	}
	inputs := []any{
		input(inputSubject, "valueString", r.patient),
		input(inputResources, "valueInteger", len(changes)),
		input(inputVersions, "valueInteger", r.content()),
		input(inputDigest, "valueString", digest(changes)),
	}
	if override != "" {
		inputs = append(inputs, input(inputOverride, "valueCode", override))
	}
	return must(fhir.Obj("resourceType", "Task", "status", "requested", "intent", "proposal",
		"code", fhir.Obj("coding", fhir.List(fhir.Obj("system", LogSystem, "code", code, "display", "Erase the record of a patient"))),
		"description", fmt.Sprintf("Erase the record of %s: %d resources with %d versions%s.", r.patient, len(changes), r.content(), overridden(override, early)),
		"authoredOn", now.UTC().Format(fhir.InstantLayout),
		"requester", fhir.Obj("identifier", fhir.Obj("value", who.Agent), "display", who.Display),
		"reasonCode", fhir.Obj("text", reason),
		"restriction", fhir.Obj("period", fhir.Obj("end", until.UTC().Format(fhir.InstantLayout))),
		"input", fhir.List(inputs...)).JSON())
}

func must(json []byte) *fhir.Resource {
	r, err := fhir.Parse(json)
	if err != nil {
		panic(err) // it was built here
	}
	return r
}

// isProposal reports whether a resource is a Task of a proposal.
func isProposal(r *fhir.Resource) bool {
	if r == nil || r.Type() != "Task" {
		return false
	}
	for c := range r.Root().Path("code", "coding").Items() {
		if c.Get("system").Text() == LogSystem && c.Get("code").Text() == code {
			return true
		}
	}
	return false
}

// find reads a proposal by its reference, "Task/1" or its id; it is nil where there is
// none.
func find(state fhir.State, ref string) (*proposal, error) {
	id := strings.TrimPrefix(ref, "Task/")
	if !fhir.IsID(id) {
		return nil, nil
	}
	v, err := state.Current("Task", id)
	if err != nil || v == nil || v.Deleted() {
		return nil, err
	}
	task, err := v.Resource()
	if err != nil || !isProposal(task) {
		return nil, err
	}
	return &proposal{v, task}, nil
}

func (p *proposal) input(name string) string {
	for in := range p.task.Get("input").Items() {
		for c := range in.Path("type", "coding").Items() {
			if c.Get("code").Text() == name {
				return in.Get("valueString").Text() + in.Get("valueInteger").Text() + in.Get("valueCode").Text()
			}
		}
	}
	return ""
}

// until is when the proposal ends; the zero time where it does not say.
func (p *proposal) until() time.Time {
	t, _ := time.Parse(fhir.InstantLayout, p.task.Root().Path("restriction", "period", "end").Text())
	return t
}

// reason is what was said, after the ground on which it is erased before its time.
func (p *proposal) reason() string {
	text := p.task.Root().Path("reasonCode", "text").Text()
	if ground := p.input(inputOverride); ground != "" {
		return "override " + ground + ": " + text
	}
	return text
}

// confirmed is the Task once the record is erased.
func (p *proposal) confirmed(who fhir.Principal) *fhir.Resource {
	return fhir.Revise(p.task, "status", "completed", "owner", fhir.Obj("identifier", fhir.Obj("value", who.Agent), "display", who.Display))
}

// maxEntities is how many versions one record of a purge names.
const maxEntities = 1000

// records are the AuditEvents that say which versions were erased, by whom, and why:
// each is a leaf of the log.
func records(p *proposal, versions []string, who fhir.Principal, now time.Time) (list []*fhir.Resource) {
	first := p.version.Requester
	agent := func(by fhir.Principal, requestor bool) fhir.Value {
		return fhir.Obj("who", fhir.Obj("identifier", fhir.Obj("value", by.Agent), "display", by.Display), "requestor", requestor)
	}
	for len(versions) > 0 {
		n := min(maxEntities, len(versions))
		var entities []any
		for _, v := range versions[:n] {
			entities = append(entities, fhir.Obj("what", fhir.Obj("reference", v)))
		}
		versions = versions[n:]
		list = append(list, must(fhir.Obj("resourceType", "AuditEvent",
			"type", fhir.Obj("system", "http://dicom.nema.org/resources/ontology/DCM", "code", "110100", "display", "Application Activity"),
			"subtype", fhir.List(fhir.Obj("system", LogSystem, "code", code, "display", "Erasure of the content of versions")),
			"action", "D", "recorded", now.UTC().Format(fhir.InstantLayout), "outcome", "0", "outcomeDesc", p.reason(),
			"agent", fhir.List(agent(first, false), agent(who, true)),
			"source", fhir.Obj("observer", fhir.Obj("display", "Task/"+p.version.ID)),
			"entity", fhir.List(entities...)).JSON()))
	}
	return list
}

// recorded are the versions that an AuditEvent of a purge names.
func recorded(r *fhir.Resource) (list []string) {
	if r == nil || r.Type() != "AuditEvent" {
		return nil
	}
	for c := range r.Get("subtype").Items() {
		if c.Get("system").Text() != LogSystem || c.Get("code").Text() != code {
			return nil
		}
		for e := range r.Get("entity").Items() {
			list = append(list, e.Path("what", "reference").Text())
		}
		return list
	}
	return nil
}
