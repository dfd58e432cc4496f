// Package inputs checks what an operation is called with against what it
// declares, in the query string and in the body: nothing that a caller asks for
// is passed over. See https://hl7.org/fhir/R4/operations.html#executing
//
// Rules: OP-0 the body is Parameters, or the one resource that the operation
// takes; OP-1 every name is declared; OP-2 every value is of a declared type;
// OP-3 a single parameter is there once; OP-4 a required one is there; OP-5 the
// server acts on what is asked for.
package inputs

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/spelling"
)

// Check returns every problem of a call with what its operation declares. A
// body that is bare is the resource that the operation takes, even where it is
// of type Parameters.
func Check(op *fhir.Operation, call *fhir.Call, bare bool) []fhir.Issue {
	c := checker{op: op}
	seen := c.query(call.Params)
	switch body := call.Body; {
	case body == nil:
	case bare || body.Type() != "Parameters":
		c.resource(body, seen)
	default:
		c.list(body.Root(), "parameter", op.Parameters, seen)
	}
	at := fhir.Node{}
	if call.Body != nil {
		at = call.Body.Root()
	}
	c.required(at, "parameter", op.Parameters, seen)
	return c.issues
}

// Refuse is Check as an error, nil where there is no problem. Its
// kind is Invalid for a question that is not understood and for a query string
// that has one of them, else BusinessRule.
func Refuse(op *fhir.Operation, call *fhir.Call, bare bool) error {
	issues := Check(op, call, bare)
	if len(issues) == 0 {
		return nil
	}
	kind := fhir.BusinessRule
	if op.Idempotent || slices.ContainsFunc(issues, func(i fhir.Issue) bool { return call.Params.Has(i.Expression) }) {
		kind = fhir.Invalid
	}
	return &fhir.Error{Op: op.Name, Kind: kind, Issues: issues}
}

// Bare is the one parameter of an operation that holds a resource, nil where
// none or several do.
func Bare(op *fhir.Operation) *fhir.Parameter {
	var one *fhir.Parameter
	for i := range op.Parameters {
		if p := &op.Parameters[i]; slices.ContainsFunc(p.Kinds, isResource) {
			if one != nil {
				return nil
			}
			one = p
		}
	}
	return one
}

// isResource reports whether a kind is a type of resources.
func isResource(kind string) bool { return kind[0] >= 'A' && kind[0] <= 'Z' }

type checker struct {
	op     *fhir.Operation
	issues []fhir.Issue
}

func (c *checker) add(rule string, at fhir.Node, issue fhir.Issue) {
	issue.Rule, issue.Severity = rule, fhir.Err
	if issue.Expression == "" {
		issue.Expression, issue.Position = at.Expression(), at.Position()
	}
	c.issues = append(c.issues, issue)
}

// resource takes a body that is not Parameters.
func (c *checker) resource(body *fhir.Resource, seen map[string]int) {
	expected := "Parameters"
	if p := Bare(c.op); p != nil {
		if fits(p.Kinds, body.Type()) {
			seen[p.Name]++
			return
		}
		expected = strings.Join(p.Kinds, " or ") + ", or Parameters with " + p.Name
	}
	c.add("OP-0", body.Root(), fhir.Issue{Code: fhir.Invalid, Message: "The body of $" + c.op.Name + " is not what the operation takes.",
		Expected: expected, Found: fhir.OrNothing(body.Type())})
}

// list checks a list of parameters or parts, and counts their names.
func (c *checker) list(holder fhir.Node, list string, declared []fhir.Parameter, seen map[string]int) {
	for n := range holder.Get(list).Items() {
		name := n.Get("name")
		p := named(declared, name.Text())
		if p == nil {
			at := n
			if name.Exists() {
				at = name
			}
			c.add("OP-1", at, unknown(list, name.Text(), declared))
			continue
		}
		if seen[p.Name]++; seen[p.Name] == 2 && !p.Repeated {
			c.add("OP-3", n, repeated(list, p.Name))
		}
		c.value(n, list, p)
	}
}

func (c *checker) required(at fhir.Node, list string, declared []fhir.Parameter, seen map[string]int) {
	for i := range declared {
		p := &declared[i]
		if !p.Required || seen[p.Name] > 0 {
			continue
		}
		issue := fhir.Issue{Code: fhir.Required, Message: "The " + list + " " + p.Name + " is missing.", Expected: p.Name + " with " + strings.Join(p.Kinds, " or "), Found: "nothing"}
		if !at.Exists() {
			issue.Expression = "Parameters"
		}
		c.add("OP-4", at, issue)
	}
}

// value checks that a parameter holds what the operation reads, and nothing
// beside it.
func (c *checker) value(n fhir.Node, list string, p *fhir.Parameter) {
	expected, found := strings.Join(p.Kinds, " or "), 0
	for m := range n.Members() {
		if m.Name() == "name" || m.Name() == "id" {
			continue
		}
		found++
		if held := holds(m); !fits(p.Kinds, held) {
			c.add("OP-2", m, fhir.Issue{Code: fhir.ValueCode, Message: "The " + list + " " + p.Name + " holds something else than the operation reads.", Expected: expected, Found: held})
			return
		}
		if m.Kind() == fhir.String && strings.TrimSpace(m.Text()) == "" {
			c.add("OP-2", m, fhir.Issue{Code: fhir.ValueCode, Message: "The " + list + " " + p.Name + " is blank.", Expected: expected, Found: "nothing"})
		}
		c.supported(m, "", p, m.Text())
	}
	if found == 0 {
		c.add("OP-2", n, fhir.Issue{Code: fhir.Required, Message: "The " + list + " " + p.Name + " holds nothing.", Expected: expected, Found: "nothing"})
		return
	}
	if n.Get("part").Exists() {
		seen := map[string]int{}
		c.list(n, "part", p.Parts, seen)
		c.required(n, "part", p.Parts, seen)
	}
}

// supported refuses what the specification defines and the server does not act on.
func (c *checker) supported(at fhir.Node, expression string, p *fhir.Parameter, text string) {
	issue := fhir.Issue{Code: fhir.NotSupported, Expression: expression, Found: p.Name + "=" + text}
	switch {
	case p.Unsupported != "":
		issue.Message, issue.Fix = "This server does not support the parameter "+p.Name+" of $"+c.op.Name+": "+p.Unsupported, "Leave it out."
		issue.Found = p.Name
	case p.Only != nil && !slices.Contains(p.Only, text):
		issue.Message, issue.Expected = "This server does not support this value of the parameter "+p.Name+" of $"+c.op.Name+".", p.Name+"="+strings.Join(p.Only, " or ")+", or nothing"
	default:
		return
	}
	c.add("OP-5", at, issue)
}

func repeated(list, name string) fhir.Issue {
	return fhir.Issue{Code: fhir.Duplicate, Message: "The " + list + " " + name + " is given more than once.", Expected: "one " + name, Found: "several"}
}

// unknown refuses a name with those that are declared, and the nearest.
func unknown(list, name string, declared []fhir.Parameter) fhir.Issue {
	names := namesOf(declared)
	issue := fhir.Issue{Code: fhir.NotSupported, Message: "There is no " + list + " " + fhir.OrNothing(name) + ".", Expected: "one of " + strings.Join(names, ", "), Found: fhir.OrNothing(name)}
	if len(names) == 0 {
		issue.Expected = "no " + list
	}
	if near := spelling.One(name, names); near != "" {
		issue.Fix = "Did you mean " + near + "?"
	}
	return issue
}

func named(declared []fhir.Parameter, name string) *fhir.Parameter {
	for i := range declared {
		if declared[i].Name == name {
			return &declared[i]
		}
	}
	return nil
}

// namesOf are the names of the parameters that the server acts on.
func namesOf(declared []fhir.Parameter) []string {
	var list []string
	for i := range declared {
		if declared[i].Unsupported == "" {
			list = append(list, declared[i].Name)
		}
	}
	return list
}

func fits(kinds []string, held string) bool {
	return slices.Contains(kinds, held) || isResource(held) && slices.Contains(kinds, "Resource")
}

// holds is what a member of a parameter holds, as fhir.Parameter.Kinds names it.
func holds(m fhir.Node) string {
	if m.Name() == "resource" {
		return fhir.OrNothing(m.Get("resourceType").Text())
	}
	return m.Name()
}
