package dispensing

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/spelling"
)

// The parameters of the operations on the Task of a prescription.
var (
	ownerInput = fhir.Parameter{Name: "owner", Kinds: []string{"Organization"}, Doc: "The pharmacy: an Organization with an ODS code. By default the one that this server serves."}
	agentInput = fhir.Parameter{Name: "agent", Kinds: []string{"PractitionerRole"}, Doc: "Who acts: a PractitionerRole. By default the caller."}

	acceptInputs   = []fhir.Parameter{ownerInput, agentInput, originalInput}
	returnInputs   = []fhir.Parameter{reasonInput(csReturn)}
	withdrawInputs = []fhir.Parameter{reasonInput(csWithdraw)}
	cancelInputs   = []fhir.Parameter{reasonInput(csCancel), {Name: "item", Kinds: []string{"valueString"}, Doc: "The number of one item; without it all items are cancelled."}}
	releaseInputs  = []fhir.Parameter{
		{Name: "owner", Kinds: []string{"Organization"}, Doc: "The pharmacy that asks: an Organization with an ODS code."},
		{Name: "agent", Kinds: []string{"PractitionerRole"}, Doc: "Who asks."},
		{Name: "status", Kinds: []string{"valueCode"}, Doc: "accepted: the state that what is released has afterwards."},
		{Name: "group-identifier", Kinds: []string{"valueIdentifier"}, Doc: "The number of one prescription; without it up to 25 that are nominated to the pharmacy are released."},
	}
	dispenseInputs = []fhir.Parameter{
		{Name: "all", Kinds: []string{"valueBoolean"}, Doc: "true: everything that is outstanding is supplied in full. In the place of item."},
		{Name: "item", Kinds: []string{"part"}, Repeated: true, Doc: "An item that is supplied, owed or not dispensed.", Parts: []fhir.Parameter{
			{Name: "number", Kinds: []string{"valueString", "valueIdentifier", "valueReference"}, Required: true, Doc: "The item: its prescription-order-item-number, or a reference to its MedicationRequest."},
			{Name: "status", Kinds: []string{"valueCode"}, Doc: "A code of medicationdispense-type: 0001 fully dispensed, which is the default, 0002 not dispensed, 0003 in part, 0004 owing."},
			{Name: "quantity", Kinds: []string{"valueQuantity"}, Doc: "The amount that is handed over now, in the unit of the prescription."},
			{Name: "difference", Kinds: []string{"valueCode"}, Doc: "Why something else than what was ordered may lawfully be supplied: a code."},
			{Name: "protocol", Kinds: []string{"valueString"}, Doc: "The protocol under which it is supplied."},
			{Name: "product", Kinds: []string{"valueCoding"}, Doc: "What was supplied, when it is not what was ordered."},
			{Name: "reason", Kinds: []string{"valueCode"}, Doc: "Why the item is not dispensed: a code of medicationdispense-status-reason, for status 0002."},
			{Name: "endorsement", Kinds: []string{"valueCodeableConcept"}, Repeated: true, Doc: "An endorsement of the item for the claim: a code of " + csEndorsement + ", with its supporting information as text."},
			{Name: "batch", Kinds: []string{"valueString"}, Doc: "The batch number."},
		}},
		{Name: "exemption", Kinds: []string{"valueCode"}, Doc: "Why the patient pays no prescription charge, or 0001 that they paid: a code of " + csExemption + ", for the claim."},
		{Name: "exemptionEvidence", Kinds: []string{"valueCode"}, Doc: "evidence-seen or no-evidence-seen, which is the default: whether the pharmacy saw the evidence of the exemption."},
		{Name: "whenHandedOver", Kinds: []string{"valueDateTime"}, Doc: "When it was handed over. By default now."}, agentInput, originalInput,
	}
)

// reasonInput is why something is done, by a code system.
func reasonInput(system string) fhir.Parameter {
	return fhir.Parameter{Name: "reason", Kinds: []string{"valueCode", "valueCoding", "valueString"}, Required: true, Doc: "Why: a code of " + system + "."}
}

// understood refuses a call that holds anything which its operation does not
// take: nothing that a caller asked for may be passed over.
func understood(call *fhir.Call, op string, inputs []fhir.Parameter) error {
	if issues := misunderstood(call, inputs); len(issues) > 0 {
		return &fhir.Error{Op: op, Kind: fhir.BusinessRule, Issues: issues}
	}
	return nil
}

func misunderstood(call *fhir.Call, inputs []fhir.Parameter) []fhir.Issue {
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

func required(inputs []fhir.Parameter) string {
	for _, in := range inputs {
		if in.Required {
			return in.Name
		}
	}
	return ""
}

// OP-1: the query string of an operation that changes something carries nothing:
// its parameters are in the body.
func queryUnderstood(query url.Values, inputs []fhir.Parameter) (issues []fhir.Issue) {
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if !strings.HasPrefix(name, "_") {
			issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.NotSupported, Rule: "OP-1", Message: "The operation takes no parameter " + name + " in the query string.",
				Expected: "the parameters in the body: " + inputNames(inputs), Found: name, Expression: "http." + name})
		}
	}
	return issues
}

// inputsKnown checks the parameters of a body.
func inputsKnown(p *fhir.Resource, inputs []fhir.Parameter, f *findings) {
	if name := required(inputs); name != "" && p.Get("parameter").Len() == 0 {
		f.rule = "OP-4"
		f.at(p.Root(), fhir.Issue{Code: fhir.Required, Message: "The Parameters are empty, and the parameter " + name + " is missing.",
			Expected: "at least one of " + inputNames(inputs), Found: "no parameter"})
		return
	}
	listKnown(p.Root(), "parameter", inputs, f)
}

// listKnown checks a list of parameters or parts.
func listKnown(holder node, list string, inputs []fhir.Parameter, f *findings) {
	seen := map[string]bool{}
	for n := range holder.Get(list).Items() {
		name := n.Get("name").Text()
		i := slices.IndexFunc(inputs, func(in fhir.Parameter) bool { return in.Name == name })
		if i < 0 {
			f.unknownInput(n, list, inputs)
			continue
		}
		if seen[name] && !inputs[i].Repeated {
			f.rule = "OP-3"
			f.at(n, fhir.Issue{Code: fhir.Duplicate, Message: "The " + list + " " + name + " is given more than once.", Expected: "one " + name, Found: n.Brief()})
		}
		seen[name] = true
		f.kind(n, list, inputs[i])
	}
	for _, in := range inputs {
		if in.Required && !seen[in.Name] {
			f.rule = "OP-4"
			f.at(holder, fhir.Issue{Code: fhir.Required, Message: "The " + list + " " + in.Name + " is missing.", Expected: in.Name + " with " + strings.Join(in.Kinds, " or "), Found: "nothing"})
		}
	}
}

// OP-1: a name that the operation does not know is refused, with the nearest
// one that it knows.
func (f *findings) unknownInput(n node, list string, inputs []fhir.Parameter) {
	f.rule = "OP-1"
	name := n.Get("name")
	issue := fhir.Issue{Code: fhir.NotSupported, Message: "There is no " + list + " " + orNothing(name.Text()) + ".", Expected: "one of " + inputNames(inputs), Found: orNothing(name.Text())}
	var known []string
	for _, in := range inputs {
		known = append(known, in.Name)
	}
	if near := spelling.One(name.Text(), known); near != "" {
		issue.Fix = "Did you mean " + near + "?"
	}
	f.at(place(name, n), issue)
}

// OP-2: a parameter holds what the operation reads, and nothing beside it.
func (f *findings) kind(n node, list string, in fhir.Parameter) {
	f.rule = "OP-2"
	expected := strings.Join(in.Kinds, " or ")
	found := 0
	for m := range n.Members() {
		switch m.Name() {
		case "name", "id":
			continue
		}
		found++
		if held := holds(m); !slices.Contains(in.Kinds, held) {
			f.at(m, fhir.Issue{Code: fhir.ValueCode, Message: "The " + list + " " + in.Name + " holds something else than the operation reads.", Expected: expected, Found: held})
			return
		}
		if text := m.Text(); (m.Kind() == fhir.String) && strings.TrimSpace(text) == "" {
			f.at(m, fhir.Issue{Code: fhir.ValueCode, Message: "The " + list + " " + in.Name + " is blank.", Expected: expected, Found: "nothing"})
		}
	}
	if found == 0 {
		f.at(n, fhir.Issue{Code: fhir.Required, Message: "The " + list + " " + in.Name + " holds nothing.", Expected: expected, Found: "nothing"})
		return
	}
	if n.Get("part").Exists() {
		listKnown(n, "part", in.Parts, f)
	}
	if q := n.Get("valueQuantity"); q.Exists() {
		amountKnown(q, f)
	}
}

// holds is what a member of a parameter holds, as fhir.Parameter.Kinds names it.
func holds(m node) string {
	if m.Name() == "resource" {
		return orNothing(typeOf(m))
	}
	return m.Name()
}

func inputNames(inputs []fhir.Parameter) string {
	list := make([]string, len(inputs))
	for i, in := range inputs {
		list[i] = in.Name
	}
	return strings.Join(list, ", ")
}
