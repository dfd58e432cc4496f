package message

import (
	"github.com/shopspring/decimal"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// Handing is who hands over, when, and by which call.
type Handing struct {
	When  string
	Role  *fhir.Resource // PractitionerRole, nil where only the agent is known
	Agent prescription.Party
	// profile is the SDS role profile of the call, "" where it is not known.
	Profile string
	ID      string             // identifier of the notification
	Beside  prescription.Party // whom the caller names beside themselves
}

// ActedBy makes the caller the one who hands over. Another person whom the body
// names is recorded beside them; a role of the caller's own is kept.
func (h *Handing) ActedBy(caller prescription.Party) {
	if h.Role != nil && h.Agent.ID != caller.ID {
		h.Beside, h.Role = h.Agent, nil
	}
	h.Agent = caller
}

// HandedItem is one item of a $dispense.
type HandedItem struct {
	prescription.Supply
	Prepared string // when it was put into the bag, "" where it was not
}

// Supplies are the supplies of items.
func Supplies(items []HandedItem) []prescription.Supply {
	list := make([]prescription.Supply, len(items))
	for i := range items {
		list[i] = items[i].Supply
	}
	return list
}

// Check compares an item of a $dispense with what its status means; amounts are
// judged with those of the other items, see [Prescription.Apply].
func (h *HandedItem) Check(n node) *fhir.Issue {
	wrong := func(rule, message, expected, found string) *fhir.Issue {
		return &fhir.Issue{Code: fhir.BusinessRule, Rule: rule, Message: message, Expected: expected, Found: found, Expression: n.Expression(), Position: n.Position()}
	}
	named := func(part string) bool { return Part(n, part).Exists() }
	switch h.Status {
	case prescription.FullyDispensed, prescription.PartDispensed:
		if named("reason") {
			return wrong("DN-4", "A reason is given for what is not dispensed.", "no part reason with status "+string(h.Status)+"; the part difference where another quantity completes the item", h.Reason)
		}
		return nil
	case prescription.Owing, prescription.NotDispensed:
		for _, part := range []string{"quantity", "product", "batch", "difference", "protocol"} {
			if named(part) {
				return wrong("DN-14", "Nothing is handed over with this status.", "no part "+part+" with status "+string(h.Status), Part(n, part).Brief())
			}
		}
		h.Quantity = h.Quantity.Of(decimal.Zero)
		// 0003 is for owings, which have a status of their own.
		if h.Status == prescription.NotDispensed && (h.Reason == "0003" || nhs.Display(nhs.CSNotDispensed, h.Reason) == "") {
			return wrong("DN-4", "An item that is not dispensed needs a reason.", "a code of "+nhs.CSNotDispensed+" other than 0003", fhir.OrNothing(h.Reason))
		}
		return nil
	}
	return wrong("DN-5", "This status cannot be recorded.", "0001, 0002, 0003 or 0004", string(h.Status))
}
