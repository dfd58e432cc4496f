package dispensing

import (
	"net/url"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// numbersFree refuses an order under the number of an item, or with the long id,
// of another prescription. It is asked within the commit, so of two that come
// at once the second is refused.
func numbersFree(state fhir.State, o *prescription.Order) error {
	if item := nhs.Identifier(o.Resource.Root(), nhs.IDItem); item.Exists() {
		if err := itemFree(state, o, item); err != nil {
			return err
		}
	}
	return longIDFree(state, prescription.LongID(o.Resource.Root()), o.Number())
}

func itemFree(state fhir.State, o *prescription.Order, item node) error {
	ids, err := state.Find("MedicationRequest", anyCase("identifier", nhs.IDItem, item.Text()))
	if err != nil {
		return err
	}
	for _, id := range ids {
		other, err := currentOrder(state, "MedicationRequest/"+id)
		if err != nil {
			return err
		}
		if other != nil && other.Number() != "" && other.Number() != o.Number() {
			return refusal("MedicationRequest", fhir.Issue{Code: fhir.Duplicate, Rule: "P5", Message: "An item of another prescription has this number.",
				Expected: "a number that no item has yet", Found: item.Text(), Expression: item.Expression(), Position: item.Position(),
				Fix: "Give each item a new UUID; repeat a request with its own X-Request-ID.", Details: nhs.EPS("DUPLICATE_MEDICATIONREQUEST_ID")})
		}
	}
	return nil
}

// longIDFree refuses a second prescription under one long id, whether the first
// has its Task already or its orders only.
func longIDFree(state fhir.State, long node, number string) error {
	if long.Text() == "" {
		return nil
	}
	taken, err := longIDTaken(state, long.Text(), number)
	if err != nil || !taken {
		return err
	}
	// 0002: duplicate prescription.
	return refusal("MedicationRequest", fhir.Issue{Code: fhir.Duplicate, Rule: "0002", Message: "Another prescription has this long id.",
		Found: long.Text(), Expression: long.Expression(), Position: long.Position(),
		Fix: "Repeat a request with its own X-Request-ID; give another prescription ids of its own.", Details: nhs.EPS("DUPLICATE_PRESCRIPTION_ID")})
}

// longIDTaken reports whether a prescription of another number has a long id.
func longIDTaken(state fhir.State, long, number string) (bool, error) {
	for typ, parameter := range map[string]string{"Task": "identifier", "MedicationRequest": "prescription-id"} {
		ids, err := state.Find(typ, anyCase(parameter, nhs.IDOrderUUID, long))
		if err != nil {
			return false, err
		}
		for _, id := range ids {
			r, err := read(state, typ+"/"+id, typ)
			if err != nil {
				return false, err
			}
			if r == nil || typ == "Task" && !isOurs(r) {
				continue
			}
			if group := r.Get("groupIdentifier"); group.Get("system").Text() == nhs.IDOrder && group.Get("value").Text() != number {
				return true, nil
			}
		}
	}
	return false, nil
}

// anyCase is the search for an identifier in small letters or in capitals.
func anyCase(parameter, system, value string) string {
	lower, upper := nhs.Query(parameter, system, strings.ToLower(value)), nhs.Query("", system, strings.ToUpper(value))
	return lower + url.QueryEscape(",") + strings.TrimPrefix(upper, "=")
}
