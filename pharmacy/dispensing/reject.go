package dispensing

import (
	"context"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

var rejectInputs = []fhir.Parameter{
	{Name: "reason", Kinds: []string{"valueCoding"}, Required: true, Doc: "Why: a code of " + nhs.CSNotDispensed + ", by which items are not dispensed, or of " + nhs.CSReturn + ", by which the prescription is returned."},
	itemsInput,
}

// rejectTask is Task/…/$reject, by which a pharmacist refuses items for good, or
// returns the prescription: which of the two the reason tells by its code system.
// It is decided and recorded as $dispense and $return record it.
func (s *Service) rejectTask(ctx context.Context, call *fhir.Call) (*fhir.Reply, error) {
	if call.Body == nil {
		return nil, noBody("reject", "Parameters")
	}
	said := message.Parameter(call.Body, "reason").Get("valueCoding")
	system, code := said.Get("system").Text(), said.Get("code").Text()
	issue := fhir.Issue{Code: fhir.CodeInvalid, Rule: "REJECT-1", Expression: said.Expression(), Position: said.Position(), Found: fhir.OrNothing(system + "|" + code),
		Message: "The reason does not tell what becomes of the prescription.", Expected: "a code of " + nhs.CSNotDispensed + " for items, or of " + nhs.CSReturn + " for the prescription"}
	items := itemsOf(call.Body)
	switch {
	case nhs.Display(system, code) == "" || system != nhs.CSNotDispensed && system != nhs.CSReturn:
		return nil, refusal("reject", issue)
	case system == nhs.CSReturn && len(items) > 0:
		issue.Message, issue.Expected, issue.Found = "A prescription is returned as a whole.", "no item, or a code of "+nhs.CSNotDispensed, "items"
		return nil, refusal("reject", issue)
	}
	return s.onTask(ctx, call, "reject", func(state fhir.State, x *execution) ([]fhir.Change, *fhir.Reply, error) {
		if system == nhs.CSReturn {
			changes, err := s.giveBack(state, x, nhs.Coding(system, code), call.Time)
			return changes, nil, err
		}
		refused := *call
		var err error
		if refused.Body, err = x.notDispensed(items, code); err != nil {
			return nil, nil, err
		}
		return s.dispense(state, x, &refused)
	})
}

// notDispensed are the parameters of a $dispense by which items are not dispensed:
// those of the numbers, or all that are outstanding.
func (x *execution) notDispensed(items []string, reason string) (*fhir.Resource, error) {
	if len(items) == 0 {
		for _, l := range x.Lines {
			if l.Status.Outstanding() {
				items = append(items, l.Item)
			}
		}
	}
	if len(items) == 0 {
		return nil, refusal("reject", fhir.Issue{Rule: "ACT-1", Expression: "Task.input", Message: "Nothing of the prescription is outstanding.", Expected: "an item that is to be supplied", Found: "none"})
	}
	var list []any
	for _, item := range items {
		list = append(list, fhir.Obj("name", "item", "part", fhir.List(fhir.Obj("name", "number", "valueString", item),
			fhir.Obj("name", "status", "valueCode", string(prescription.NotDispensed)), fhir.Obj("name", "reason", "valueCode", reason))))
	}
	return fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(list...)).Resource(), nil
}
