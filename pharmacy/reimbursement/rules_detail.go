package reimbursement

import (
	"strconv"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/pricing"
)

func sequenceOf(detail fhir.Node) fhir.Node {
	return nhs.Extension(detail, nhs.ExtSequence).Path("valueIdentifier", "value")
}

// checkDetail holds one prescribed item to CL6 and CL12 to CL19.
func checkDetail(d fhir.Node, at string) []fhir.Issue {
	var issues []fhir.Issue
	programs := d.Get("programCode")
	if len(nhs.Codings(programs, nhs.CSEndorsement)) == 0 { // CL6
		issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.Invalid, Expression: at + ".programCode", Position: d.Position(), Rule: "CL6",
			Message: "The claim is missing the required endorsement code.", Expected: "a programCode of " + nhs.CSEndorsement + "; NDEC where there is nothing to endorse"})
	}
	if sequenceOf(d).Text() == "" { // CL12
		issues = append(issues, tooFew(d, at+".extension('"+nhs.ExtSequence+"')", "The detail has no claim sequence identifier.", "a UUID in valueIdentifier of system "+nhs.IDSequence, "CL12"))
	}
	if requestOf(d).Text() == "" { // CL13
		issues = append(issues, tooFew(d, at+".extension('"+nhs.ExtClaimOrder+"')", "The detail does not say which prescribed item it claims.", "valueReference.identifier of system "+nhs.IDItem, "CL13"))
	}
	statuses := nhs.Codings(d.Get("modifier"), nhs.CSLineStatus)
	switch { // CL14
	case len(statuses) == 0:
		issues = append(issues, tooFew(d, at+".modifier", "The detail has no item status.", "one coding of "+nhs.CSLineStatus, "CL14"))
	case len(statuses) > 1:
		issues = append(issues, tooMany(d.Get("modifier"), at+".modifier", "The detail has more than one item status.", "one coding of "+nhs.CSLineStatus, strconv.Itoa(len(statuses)), "CL14"))
	}
	issues = append(issues, checkCharge(d, at)...)
	supplies := 0
	for s := range d.Get("subDetail").Items() {
		issues = append(issues, checkSupply(s, at+".subDetail["+strconv.Itoa(supplies)+"]")...)
		supplies++
	}
	return append(issues, checkNotDispensed(d, at, nhs.Coded(d.Get("modifier"), nhs.CSLineStatus), supplies)...)
}

func checkCharge(d fhir.Node, at string) []fhir.Issue {
	charges := nhs.Codings(d.Get("programCode"), nhs.CSCharge)
	switch { // CL15
	case len(charges) == 0:
		return []fhir.Issue{tooFew(d, at+".programCode", "The detail does not say whether a prescription charge was paid.", "one coding of "+nhs.CSCharge, "CL15")}
	case len(charges) > 1:
		return []fhir.Issue{tooMany(d.Get("programCode"), at+".programCode", "The detail says more than once whether a prescription charge was paid.", "one coding of "+nhs.CSCharge, strconv.Itoa(len(charges)), "CL15")}
	}
	switch c := charges[0].Get("code").Text(); c {
	case "paid-once", "paid-twice", "not-paid":
		return nil
	default:
		return []fhir.Issue{wrong(charges[0], at+".programCode", "Unsupported prescription charge code.", "paid-once, paid-twice or not-paid", strconv.Quote(c), "CL15")}
	}
}

// checkSupply: CL16.
func checkSupply(s fhir.Node, at string) []fhir.Issue {
	var issues []fhir.Issue
	for _, name := range []string{"value", "unit", "code"} {
		if s.Path("quantity", name).Text() == "" {
			issues = append(issues, tooFew(s, at+".quantity."+name, "The quantity supplied has no "+name+".", "value, unit and code", "CL16"))
		}
	}
	if v := s.Path("quantity", "value"); v.Exists() {
		if n, ok := pricing.ParseDecimal(v.Text()); !ok || n.Sign() <= 0 {
			issues = append(issues, wrong(v, at+".quantity.value", "The quantity supplied must be above 0.", "a number such as 28 or 2.5", v.Text(), "CL16"))
		}
	}
	products := nhs.Codings(s.Get("productOrService"), nhs.CSSNOMED)
	switch {
	case len(products) == 0:
		issues = append(issues, tooFew(s, at+".productOrService", "The supply does not name its product.", "one coding of "+nhs.CSSNOMED, "CL16"))
	case len(products) > 1:
		issues = append(issues, tooMany(s.Get("productOrService"), at+".productOrService", "The supply names more than one product.", "one coding of "+nhs.CSSNOMED, strconv.Itoa(len(products)), "CL16"))
	}
	return issues
}

// checkNotDispensed: CL19.
func checkNotDispensed(d fhir.Node, at, status string, supplies int) []fhir.Issue {
	var issues []fhir.Issue
	if status == "0002" && !nhs.Extension(d, nhs.ExtBusinessStatusReason).Path("valueCoding", "code").Exists() {
		issues = append(issues, tooFew(d, at+".extension('"+nhs.ExtBusinessStatusReason+"')", "An item that was not dispensed must say why.", "valueCoding of "+nhs.CSNotDispensed, "CL19"))
	}
	if supplies > 0 && (status == "0002" || status == "0005" || status == "0004") {
		issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Expression: at + ".subDetail", Position: d.Get("subDetail").Position(), Rule: "CL19",
			Message: "An item with this status was not supplied.", Expected: "no subDetail", Found: status + " with " + strconv.Itoa(supplies) + " supplies", Details: eps("MEDICATIONREQUEST_INVALID_STATE_TRANSITION")})
	}
	if supplies == 0 && status == "0001" {
		issues = append(issues, tooFew(d, at+".subDetail", "An item that was dispensed must say what was supplied.", "at least one subDetail", "CL19"))
	}
	return issues
}
