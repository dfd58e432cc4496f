package server

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// builtin are the operations of the server itself: $validate, everywhere.
func (s *Server) builtin() []fhir.Operation {
	const doc = "Validates a resource against R4 and profiles, and stores nothing."
	return []fhir.Operation{
		{Name: "validate", Idempotent: true, Doc: doc, Parameters: validateInputs, Handle: s.validate},
		{Name: "validate", Type: anyType, Idempotent: true, Doc: doc, Parameters: validateInputs, Handle: s.validate},
		{Name: "validate", Type: anyType, Instance: true, Idempotent: true, Doc: doc, Parameters: validateInputs, Handle: s.validate},
	}
}

// validateInputs are the parameters of $validate.
var validateInputs = []fhir.Parameter{
	{Name: "resource", Kinds: []string{"Resource"}, Doc: "The resource to validate. It may be the body itself; on an instance it is the stored one by default."},
	{Name: "mode", Kinds: []string{"valueCode", "valueString"}, Doc: "create, update, delete or profile: what is to be done with the resource."},
	{Name: "profile", Kinds: []string{"valueUri", "valueCanonical", "valueString"}, Repeated: true, Doc: "The canonical of a profile to validate against."},
}

// validation is what $validate is asked.
type validation struct {
	resource *fhir.Resource
	profile  []string
	mode     string
	typ, id  string
}

// validate answers with every issue, as 200 whether the resource is good or
// not: https://hl7.org/fhir/R4/resource-operation-validate.html
func (s *Server) validate(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	ask, err := s.askedValidation(ctx, call)
	if err != nil {
		return nil, err
	}
	var issues []fhir.Issue
	if ask.mode == "delete" {
		issues = s.deletable(ctx, ask)
	} else {
		issues = append(ask.fit(), s.config.Validator.Validate(ctx, ask.resource, ask.profile...)...)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(issues) == 0 {
		issues = []fhir.Issue{{Severity: fhir.Information, Code: fhir.Informational, Message: "The resource is valid."}}
	}
	return &fhir.Reply{Resource: fhir.Outcome(issues).Resource()}, nil
}

// askedValidation reads the question: Parameters, or the bare resource with
// profile and mode in the query. Without a resource it is the stored one.
func (s *Server) askedValidation(ctx context.Context, call *fhir.Call) (*validation, error) {
	ask := &validation{typ: exchangeIn(ctx).resourceType, id: call.ID, resource: call.Body}
	ask.profile, ask.mode = call.Params["profile"], call.Params.Get("mode")
	if call.Body != nil && call.Body.Type() == "Parameters" && ask.typ != "Parameters" {
		ask.resource = nil
		for p := range call.Body.Get("parameter").Items() {
			switch p.Get("name").Text() {
			case "resource":
				if n := p.Get("resource"); n.Exists() {
					ask.resource = call.Body.Sub(n)
				}
			case "profile":
				ask.profile = append(ask.profile, firstOf(p, "valueUri", "valueCanonical", "valueString"))
			case "mode":
				ask.mode = firstOf(p, "valueCode", "valueString")
			}
		}
	}
	if issue := ask.modeProblem(); issue != nil {
		return nil, fhir.E("validate", fhir.Invalid, *issue)
	}
	if ask.resource != nil || ask.mode == "delete" {
		return ask, nil
	}
	if ask.id == "" {
		return nil, fhir.E("validate", fhir.Invalid, fhir.Issue{
			Message: "There is no resource to validate.", Expected: "a resource as the body, or Parameters with a parameter named resource",
		})
	}
	v, err := s.config.Repository.Read(ctx, ask.typ, ask.id)
	if err != nil {
		return nil, err
	}
	if v.Deleted() {
		return nil, s.gone(ctx, v)
	}
	if err := exchangeIn(ctx).permitVersion(v); err != nil {
		return nil, err
	}
	exchangeIn(ctx).show(v)
	ask.resource, err = v.Resource()
	return ask, err
}

func firstOf(n fhir.Node, names ...string) string {
	for _, name := range names {
		if m := n.Get(name); m.Exists() {
			return m.Text()
		}
	}
	return ""
}

func (v *validation) modeProblem() *fhir.Issue {
	switch v.mode {
	case "", "create", "update", "profile":
		return nil
	case "delete":
		if v.id != "" {
			return nil
		}
		return &fhir.Issue{Message: "Mode delete is asked of one resource.", Expected: v.typ + "/[id]/$validate?mode=delete"}
	}
	return &fhir.Issue{Message: "There is no such mode of validation.", Expected: "create, update, delete or profile", Found: v.mode}
}

// fit holds the resource to the address: its type, and for an update its id.
func (v *validation) fit() []fhir.Issue {
	var issues []fhir.Issue
	if v.typ != "" && v.resource.Type() != v.typ && r4.IsResource(v.resource.Type()) {
		n := v.resource.Get("resourceType")
		issues = append(issues, fhir.Issue{
			Severity: fhir.Err, Code: fhir.Invalid, Message: "The resource is not of the type that the address names.",
			Expression: v.resource.Type(), Position: n.Position(), Expected: v.typ, Found: v.resource.Type(),
		})
	}
	if tag := v.resource.SubsetTag(); tag.Exists() && (v.mode == "create" || v.mode == "update") {
		issues = append(issues, fhir.Issue{
			Severity: fhir.Err, Code: fhir.BusinessRule, Message: "A subset of a resource cannot be written.",
			Expression: tag.Expression(), Position: tag.Position(), Expected: "the whole resource", Found: fhir.SubsetCode,
		})
	}
	id := v.resource.ID()
	if v.mode == "update" && (id == "" || v.id != "" && id != v.id) {
		expected := v.id
		if expected == "" {
			expected = "the id of the resource to update"
		}
		issues = append(issues, fhir.Issue{
			Severity: fhir.Err, Code: fhir.Invalid, Message: "An update carries the id of the address it is sent to.",
			Expression: v.resource.Type() + ".id", Position: v.resource.Get("id").Position(), Expected: expected, Found: id,
		})
	}
	return issues
}

// deletable says whether there is a resource to delete.
func (s *Server) deletable(ctx context.Context, v *validation) []fhir.Issue {
	current, err := s.config.Repository.Read(ctx, v.typ, v.id)
	switch {
	case fhir.KindOf(err) == fhir.NotFound || err == nil && current.Deleted():
		return []fhir.Issue{{Severity: fhir.Warning, Code: fhir.NotFound, Message: "There is no resource " + v.typ + "/" + v.id + " to delete."}}
	case err != nil:
		return []fhir.Issue{{Severity: fhir.Err, Code: fhir.Exception, Message: "The resource could not be read."}}
	}
	exchangeIn(ctx).show(current)
	return []fhir.Issue{{Severity: fhir.Information, Code: fhir.Informational, Message: "The resource can be deleted."}}
}
