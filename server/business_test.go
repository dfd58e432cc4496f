package server_test

import (
	"cmp"
	"context"
	"fmt"
	"sync/atomic"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server"
)

// anyBody is the one parameter of an operation that takes a resource of any type.
var anyBody = []fhir.Parameter{{Name: "content", Kinds: []string{"Resource"}}}

// business gives a server operations and an intake such as a pharmacy offers.
func business(c *server.Config) {
	var calls atomic.Int64
	repository := c.Repository
	ready := func(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
		return &fhir.Reply{Resource: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(
			fhir.Obj("name", "id", "valueString", cmp.Or(call.ID, "none")),
			fhir.Obj("name", "agent", "valueString", call.Requester.Agent),
			fhir.Obj("name", "asked", "valueString", cmp.Or(call.Params.Get("what"), "nothing")),
		)).Resource()}, nil
	}
	stored := func(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
		id := fmt.Sprintf("00000000-0000-4000-8000-%012d", calls.Add(1))
		reply := &fhir.Reply{Location: "Basic/" + id + "/_history/1", Resource: fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(
			fhir.Obj("name", "made", "valueString", id))).Resource()}
		commit, err := repository.Commit(ctx, &fhir.Transaction{
			Changes: []fhir.Change{{Method: fhir.Update, Type: "Basic", ID: id, Resource: fhir.Obj(
				"resourceType", "Basic", "id", id, "code", fhir.Obj("text", "made by a call")).Resource()}},
			Requester: call.Requester, RequestID: call.RequestID, Receipt: call.Answer(reply),
		})
		if err != nil {
			return nil, err
		}
		if commit.Repeated {
			return fhir.ReplyOf(commit.Receipt)
		}
		return reply, nil
	}
	refused := func(kind fhir.Code, issues ...fhir.Issue) func(context.Context, *fhir.Call) (*fhir.Reply, error) {
		return func(context.Context, *fhir.Call) (*fhir.Reply, error) {
			return nil, &fhir.Error{Op: "test", Kind: kind, Issues: issues}
		}
	}
	asked := []fhir.Parameter{{Name: "what", Kinds: []string{"valueString"}, Doc: "What is asked."}}
	c.Operations = []fhir.Operation{
		{Name: "ready", Idempotent: true, Doc: "Says that it is there.", Query: true, Parameters: asked, Handle: ready},
		{Name: "look", Type: "Task", Instance: true, Idempotent: true, Doc: "Looks at a Task.", Parameters: asked, Handle: ready},
		{Name: "make", RequestID: true, Doc: "Makes something once.", Handle: stored},
		{Name: "release", Type: "Task", RequestID: true, Doc: "Releases.", Handle: stored},
		{Name: "deny", Type: "Task", RequestID: true, Handle: refused(fhir.BusinessRule, fhir.Issue{
			Severity: fhir.Err, Code: fhir.BusinessRule, Message: "Not so.",
			Details: fhir.Coding{System: "https://fhir.nhs.uk/CodeSystem/EPS-IssueCode", Code: "PRESCRIPTION_EXPIRED", Display: "Expired"}})},
		{Name: "forbid", Type: "Task", RequestID: true, Handle: refused(fhir.Forbidden, fhir.Issue{Severity: fhir.Fatal, Code: fhir.Forbidden, Message: "Not you."})},
		{Name: "nothing", Type: "Task", RequestID: true, Handle: refused(fhir.Informational, fhir.Issue{Severity: fhir.Information, Code: fhir.Informational, Message: "No more prescriptions."})},
		{Name: "lost", Type: "Task", RequestID: true, Handle: refused(fhir.NotFound, fhir.Issue{Severity: fhir.Err, Code: fhir.NotFound, Message: "No such prescription."})},
		{Name: "decline", Type: "Task", Handle: func(context.Context, *fhir.Call) (*fhir.Reply, error) {
			return &fhir.Reply{Refused: true, Resource: fhir.Obj("resourceType", "Bundle", "type", "collection").Resource()}, nil
		}},
		{Name: "silent", Handle: func(context.Context, *fhir.Call) (*fhir.Reply, error) { return &fhir.Reply{}, nil }},
		{Name: "panic", Handle: func(context.Context, *fhir.Call) (*fhir.Reply, error) { panic("a secret of the program") }},
	}
	c.Intakes = []fhir.Intake{{
		Type: "Task", RequestID: true, Handle: stored,
		Accepts: func(r *fhir.Resource) bool { return r.Get("status").Text() == "rejected" },
	}}
}
