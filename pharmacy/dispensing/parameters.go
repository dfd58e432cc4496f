package dispensing

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/spelling"
)

// input is one parameter that an operation takes, or one part of a parameter.
type input struct {
	name string
	// kinds are what it may hold: members of the parameter (valueCode), types of
	// its resource (Organization), or "part" where parts hold the content.
	kinds    []string
	repeated bool
	required bool
	parts    []input
}

// The parameters of the operations on the Task of a prescription.
var (
	ownerInput    = input{name: "owner", kinds: []string{"Organization"}}
	agentInput    = input{name: "agent", kinds: []string{"PractitionerRole"}}
	originalInput = input{name: "original", kinds: []string{"valueString"}}
	reasonInput   = input{name: "reason", kinds: []string{"valueCode", "valueCoding", "valueString"}, required: true}

	acceptInputs   = []input{ownerInput, agentInput, originalInput}
	returnInputs   = []input{reasonInput}
	withdrawInputs = []input{reasonInput}
	cancelInputs   = []input{reasonInput, {name: "item", kinds: []string{"valueString"}}}
	releaseInputs  = []input{
		{name: "owner", kinds: []string{"Organization"}}, {name: "agent", kinds: []string{"PractitionerRole"}},
		{name: "status", kinds: []string{"valueCode"}}, {name: "group-identifier", kinds: []string{"valueIdentifier"}},
	}
	dispenseInputs = []input{
		{name: "all", kinds: []string{"valueBoolean"}},
		{name: "item", kinds: []string{"part"}, repeated: true, parts: []input{
			{name: "number", kinds: []string{"valueString", "valueIdentifier", "valueReference"}, required: true},
			{name: "status", kinds: []string{"valueCode"}},
			{name: "quantity", kinds: []string{"valueQuantity"}},
			{name: "difference", kinds: []string{"valueCode"}},
			{name: "protocol", kinds: []string{"valueString"}},
			{name: "product", kinds: []string{"valueCoding"}},
			{name: "reason", kinds: []string{"valueCode"}},
			{name: "batch", kinds: []string{"valueString"}},
		}},
		{name: "whenHandedOver", kinds: []string{"valueDateTime"}}, agentInput, originalInput,
	}
)

// understood refuses a call that holds anything which its operation does not
// take: nothing that a caller asked for may be passed over.
func understood(call *fhir.Call, op string, inputs []input) error {
	if issues := misunderstood(call, inputs); len(issues) > 0 {
		return &fhir.Error{Op: op, Kind: fhir.BusinessRule, Issues: issues}
	}
	return nil
}

func misunderstood(call *fhir.Call, inputs []input) []fhir.Issue {
	issues := queryUnderstood(call.Params, inputs)
	if call.Body == nil {
		if missing := required(inputs); missing != "" {
			issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.Required, Rule: "OP-4", Message: "The parameter " + missing + " is missing.", Expression: "Parameters"})
		}
		return issues
	}
	if call.Body.Type() != "Parameters" {
		return append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.Invalid, Rule: "OP-0", Message: "The body must be Parameters.",
			Expected: "Parameters", Found: orNothing(call.Body.Type()), Expression: orNothing(call.Body.Type())})
	}
	f := findings{issues: issues}
	inputsKnown(call.Body, inputs, &f)
	return f.issues
}

func required(inputs []input) string {
	for _, in := range inputs {
		if in.required {
			return in.name
		}
	}
	return ""
}

// OP-1: the query string of an operation that changes something carries nothing:
// its parameters are in the body.
func queryUnderstood(query url.Values, inputs []input) (issues []fhir.Issue) {
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if !strings.HasPrefix(name, "_") {
			issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.NotSupported, Rule: "OP-1", Message: "The operation takes no parameter " + name + " in the query string.",
				Expected: "the parameters in the body: " + inputNames(inputs), Found: name, Expression: "http." + name})
		}
	}
	return issues
}

// inputsKnown checks the parameters of a body.
func inputsKnown(p *fhir.Resource, inputs []input, f *findings) {
	if name := required(inputs); name != "" && p.Get("parameter").Len() == 0 {
		f.rule = "OP-4"
		f.at(p.Root(), fhir.Issue{Code: fhir.Required, Message: "The Parameters are empty, and the parameter " + name + " is missing.",
			Expected: "at least one of " + inputNames(inputs), Found: "no parameter"})
		return
	}
	listKnown(p.Root(), "parameter", inputs, f)
}

// listKnown checks a list of parameters or parts.
func listKnown(holder node, list string, inputs []input, f *findings) {
	seen := map[string]bool{}
	for n := range holder.Get(list).Items() {
		name := n.Get("name").Text()
		i := slices.IndexFunc(inputs, func(in input) bool { return in.name == name })
		if i < 0 {
			f.unknownInput(n, list, inputs)
			continue
		}
		if seen[name] && !inputs[i].repeated {
			f.rule = "OP-3"
			f.at(n, fhir.Issue{Code: fhir.Duplicate, Message: "The " + list + " " + name + " is given more than once.", Expected: "one " + name, Found: n.Brief()})
		}
		seen[name] = true
		f.kind(n, list, inputs[i])
	}
	for _, in := range inputs {
		if in.required && !seen[in.name] {
			f.rule = "OP-4"
			f.at(holder, fhir.Issue{Code: fhir.Required, Message: "The " + list + " " + in.name + " is missing.", Expected: in.name + " with " + strings.Join(in.kinds, " or "), Found: "nothing"})
		}
	}
}

// OP-1: a name that the operation does not know is refused, with the nearest
// one that it knows.
func (f *findings) unknownInput(n node, list string, inputs []input) {
	f.rule = "OP-1"
	name := n.Get("name")
	issue := fhir.Issue{Code: fhir.NotSupported, Message: "There is no " + list + " " + orNothing(name.Text()) + ".", Expected: "one of " + inputNames(inputs), Found: orNothing(name.Text())}
	var known []string
	for _, in := range inputs {
		known = append(known, in.name)
	}
	if near := spelling.One(name.Text(), known); near != "" {
		issue.Fix = "Did you mean " + near + "?"
	}
	f.at(place(name, n), issue)
}

// OP-2: a parameter holds what the operation reads, and nothing beside it.
func (f *findings) kind(n node, list string, in input) {
	f.rule = "OP-2"
	expected := strings.Join(in.kinds, " or ")
	found := 0
	for m := range n.Members() {
		switch m.Name() {
		case "name", "id":
			continue
		}
		found++
		if held := holds(m); !slices.Contains(in.kinds, held) {
			f.at(m, fhir.Issue{Code: fhir.ValueCode, Message: "The " + list + " " + in.name + " holds something else than the operation reads.", Expected: expected, Found: held})
			return
		}
		if text := m.Text(); (m.Kind() == fhir.String) && strings.TrimSpace(text) == "" {
			f.at(m, fhir.Issue{Code: fhir.ValueCode, Message: "The " + list + " " + in.name + " is blank.", Expected: expected, Found: "nothing"})
		}
	}
	if found == 0 {
		f.at(n, fhir.Issue{Code: fhir.Required, Message: "The " + list + " " + in.name + " holds nothing.", Expected: expected, Found: "nothing"})
		return
	}
	if n.Get("part").Exists() {
		listKnown(n, "part", in.parts, f)
	}
	if q := n.Get("valueQuantity"); q.Exists() {
		amountKnown(q, f)
	}
}

// holds is what a member of a parameter holds, as input.kinds names it.
func holds(m node) string {
	if m.Name() == "resource" {
		return orNothing(typeOf(m))
	}
	return m.Name()
}

func inputNames(inputs []input) string {
	list := make([]string, len(inputs))
	for i, in := range inputs {
		list[i] = in.name
	}
	return strings.Join(list, ", ")
}
