package terminology

import (
	"context"
	"errors"

	"github.com/pestle-fhir/pestle/fhir"
)

// batchInputs are those of $batch-validate-code, which HL7's terminology
// ecosystem defines. What is said beside the validations goes for each of them.
var batchInputs = []fhir.Parameter{
	requires(repeats(takes("validation", []string{"Parameters"}, "The parameters of one $validate-code of a value set or, where they name no value set, of a code system."))),
	takes("url", uriKinds, "The canonical of the value set that all are about."), takes("valueSetVersion", textKinds, "The version of the value set."),
	languageInput, lenientInput, membershipInput, txInput, systemVersionInput, checkVersionInput, forceVersionInput, setVersionInput, supplementInput, cacheInput,
	takes("abstract", flagKinds, "Whether a code that only groups others is good."), takes("activeOnly", flagKinds, "Whether codes that are out of use are wrong."),
}

// batchValidate answers each validation by itself; one that cannot be answered
// is an OperationOutcome.
func (o *operations) batchValidate(ctx context.Context, in *input) (fhir.Value, error) {
	var list parameters
	for _, one := range in.resources("validation") {
		if err := ctx.Err(); err != nil {
			return fhir.Value{}, err
		}
		each := &input{op: in.op, call: in.call, given: map[string][]fhir.Node{}, effort: in.effort}
		for name, values := range in.given {
			if name != "validation" && name != "tx-resource" { // those are in o already
				each.given[name] = values
			}
		}
		for p := range one.Get("parameter").Items() {
			delete(each.given, p.Get("name").Text())
		}
		for p := range one.Get("parameter").Items() {
			name := p.Get("name").Text()
			each.given[name] = append(each.given[name], p)
		}
		list.add("validation", "resource", o.answered(ctx, each))
	}
	return list.resource(), nil
}

func (o *operations) answered(ctx context.Context, in *input) fhir.Value {
	in.call = &fhir.Call{Body: in.call.Body, Params: in.call.Params, Time: in.call.Time, Language: in.call.Language}
	handle := (*operations).validateInSet
	if in.given["url"] == nil && in.given["valueSet"] == nil && !in.call.Params.Has("url") {
		handle = (*operations).validateInSystem
	}
	v, err := handle(o.seen(in), ctx, in)
	if err = in.failed(err); err == nil {
		return v
	}
	if e := (*fhir.Error)(nil); errors.As(err, &e) {
		return fhir.Outcome(e.Issues)
	}
	return fhir.Outcome([]fhir.Issue{{Severity: fhir.Err, Code: fhir.Exception, Message: "The code could not be checked."}})
}
