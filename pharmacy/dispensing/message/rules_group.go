package message

import (
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// GroupIssues holds the orders of one prescription to the rules that a message
// must keep, by whatever way they came: P1, P5, P8, P11, 0010 and 5009.
func GroupIssues(orders []*prescription.Order) []fhir.Issue {
	var f Findings
	mrs := make([]node, len(orders))
	for i, o := range orders {
		mrs[i] = o.Resource.Root()
	}
	last := mrs[len(mrs)-1]
	if f.Rule = "0010"; len(mrs) > maxLines {
		f.At(last, fhir.Issue{Code: fhir.BusinessRule, Message: "The prescription would have more than four items.",
			Expected: "at most " + strconv.Itoa(maxLines), Found: strconv.Itoa(len(mrs)), Fix: "Send the item as part of a further prescription.",
			Details: nhs.EPS("INVALID_NUMBER_MEDICATIONREQUESTS")})
	}
	f.Rule = "P1"
	differing(mrs, &f)
	f.Rule = "P5"
	seen := map[string]bool{}
	for i, o := range orders {
		checkUUIDs(mrs[i], &f)
		if item := strings.ToLower(o.Item()); seen[item] {
			f.At(mrs[i], fhir.Issue{Code: fhir.Duplicate, Message: "The prescription has this item already.", Found: o.Item(), Details: nhs.EPS("DUPLICATE_MEDICATIONREQUEST_ID")})
		} else {
			seen[item] = true
		}
	}
	f.Rule = "P8"
	mixing(mrs, &f)
	f.Rule = "P11"
	for _, mr := range mrs {
		amountOrdered(mr, &f)
	}
	f.Rule = "5009"
	number := last.Path("groupIdentifier", "value")
	checkOrderNumber(Place(number, last), number.Text(), &f)
	return ordered(f.Issues)
}
