package dispensing

import (
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// groupIssues holds the orders of one prescription to the rules that a message
// must keep, by whatever way they came: P1, P5, P8, P11, 0010 and 5009.
func groupIssues(orders []*order) []fhir.Issue {
	var f findings
	mrs := make([]node, len(orders))
	for i, o := range orders {
		mrs[i] = o.resource.Root()
	}
	last := mrs[len(mrs)-1]
	if f.rule = "0010"; len(mrs) > maxLines {
		f.at(last, fhir.Issue{Code: fhir.BusinessRule, Message: "The prescription would have more than four items.",
			Expected: "at most " + strconv.Itoa(maxLines), Found: strconv.Itoa(len(mrs)), Fix: "Send the item as part of a further prescription.",
			Details: eps("INVALID_NUMBER_MEDICATIONREQUESTS")})
	}
	f.rule = "P1"
	differing(mrs, &f)
	f.rule = "P5"
	seen := map[string]bool{}
	for i, o := range orders {
		checkUUIDs(mrs[i], &f)
		if item := strings.ToLower(o.item()); seen[item] {
			f.at(mrs[i], fhir.Issue{Code: fhir.Duplicate, Message: "The prescription has this item already.", Found: o.item(), Details: eps("DUPLICATE_MEDICATIONREQUEST_ID")})
		} else {
			seen[item] = true
		}
	}
	f.rule = "P8"
	mixing(mrs, &f)
	f.rule = "P11"
	for _, mr := range mrs {
		amountOrdered(mr, &f)
	}
	f.rule = "5009"
	number := last.Path("groupIdentifier", "value")
	checkOrderNumber(place(number, last), number.Text(), &f)
	return ordered(f.issues)
}
