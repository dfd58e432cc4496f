package reimbursement

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// The rules of an EPS claim, beside what R4 and the profile demand. CL1 to CL6
// are the checks of the EPS FHIR API; CL5, permission, is the server's. The API
// stops at the first detail for CL6 and at the first mistake for what it throws
// while it translates (CL7 and on); here every detail is checked, and
// everything is told at once.
//
//	CL1  a Claim that is active
//	CL2  one insurance
//	CL3  from the NHSBSA (T1450) or Wales (RQFZ1)
//	CL4  the provider's practitioner by identifier, not by reference
//	CL6  each detail has an endorsement, NDEC where there is none to make
//	CL7  one identifier that is a UUID
//	CL8  one item
//	CL9  the item has the prescription's status
//	CL10 the provider is a contained PractitionerRole whose organization is contained
//	CL11 the practitioner has an SDS user id, and the role, where identified, an SDS role profile id
//	CL12 each detail has its own claim sequence identifier
//	CL13 each detail names the prescribed item
//	CL14 each detail has one item status
//	CL15 each detail has one prescription charge, of the three there are
//	CL16 each supply has a quantity with value, unit and code, and one product
//	CL17 the prescription is named by its short form and its UUID
//	CL18 the exemption code has a meaning on the day of the claim
//	CL19 an item that was not dispensed has a reason and no supplies
//	CL22 each endorsement code has a meaning on the day of the claim
func (c *claim) check(lists codeLists) []fhir.Issue {
	var issues []fhir.Issue
	if status := c.Get("status"); status.Text() != "active" { // CL1
		issues = append(issues, wrong(status, "Claim.status", "Only an active claim is submitted.", "active", strconv.Quote(status.Text()), "CL1"))
	}
	issues = append(issues, c.checkInsurance()...)
	issues = append(issues, c.checkProvider()...)
	issues = append(issues, c.checkIdentity()...)
	issues = append(issues, c.checkItem(lists.exemptions)...)
	day := nhs.Day(c.Get("created").Text())
	for i, d := range c.details {
		issues = append(issues, checkDetail(d, "Claim.item[0].detail["+strconv.Itoa(i)+"]")...)
		issues = append(issues, checkEndorsements(d, lists.endorsements, day)...)
	}
	issues = append(issues, c.checkUnique()...)
	return fhir.SortIssues(issues)
}

func (c *claim) checkInsurance() []fhir.Issue {
	insurance := c.Get("insurance")
	if n := insurance.Len(); n != 1 { // CL2
		return []fhir.Issue{{Severity: fhir.Err, Code: fhir.Invalid, Expression: "Claim.insurance", Position: insurance.Position(), Rule: "CL2",
			Message: "The claim must have exactly one insurance.", Expected: "1", Found: strconv.Itoa(n)}}
	}
	payer := insurance.Item(0).Path("coverage", "identifier", "value")
	if _, ok := payers[payer.Text()]; !ok { // CL3
		return []fhir.Issue{{Severity: fhir.Err, Code: fhir.ValueCode, Expression: "Claim.insurance[0].coverage.identifier.value", Position: insurance.Position(), Rule: "CL3",
			Message: "The claim must be on a body that reimburses pharmacies, by its ODS code in capitals.", Expected: "T1450 or RQFZ1", Found: strconv.Quote(payer.Text())}}
	}
	return nil
}

func (c *claim) checkProvider() []fhir.Issue {
	role, provider := c.role(), c.Get("provider")
	if role.Get("resourceType").Text() != "PractitionerRole" { // CL10
		return []fhir.Issue{wrong(provider, "Claim.provider", "The provider must be a reference to a contained PractitionerRole.",
			`"#" and the id of one that is contained`, strconv.Quote(provider.Get("reference").Text()), "CL10")}
	}
	var issues []fhir.Issue
	who := role.Get("practitioner")
	if who.Get("reference").Exists() { // CL4
		issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.Invalid, Expression: who.Expression(), Position: who.Position(), Rule: "CL4",
			Message: "The practitioner of the provider must be named by identifier and display.", Found: "a reference"})
	} else if who.Path("identifier", "system").Text() != nhs.IDUser || who.Path("identifier", "value").Text() == "" { // CL11
		issues = append(issues, tooFew(role, role.Expression()+".practitioner.identifier", "The practitioner has no SDS user id.", "an identifier of system "+nhs.IDUser, "CL11"))
	}
	if identified(role) && nhs.Identifier(role, nhs.IDRoleProfile).Text() == "" { // CL11
		issues = append(issues, tooFew(role.Get("identifier"), role.Expression()+".identifier", "The role has no SDS role profile id.", "an identifier of system "+nhs.IDRoleProfile, "CL11"))
	}
	if o := c.pharmacy(); o.Get("resourceType").Text() != "Organization" { // CL10
		issues = append(issues, wrong(role, role.Expression()+".organization", "The organization of the provider must be a reference to a contained Organization.",
			`"#" and the id of one that is contained`, strconv.Quote(role.Path("organization", "reference").Text()), "CL10"))
	} else if nhs.Identifier(o, nhs.IDODS).Text() == "" {
		issues = append(issues, tooFew(o, o.Expression()+".identifier", "The pharmacy has no ODS code.", "an identifier of system "+nhs.IDODS, "CL10"))
	}
	return issues
}

func (c *claim) checkIdentity() []fhir.Issue {
	var issues []fhir.Issue
	var ids []string
	for id := range c.Get("identifier").Items() {
		if id.Get("system").Text() == nhs.IDUUID {
			ids = append(ids, id.Get("value").Text())
		}
	}
	switch { // CL7
	case len(ids) == 0:
		issues = append(issues, tooFew(c.Get("identifier"), "Claim.identifier", "The claim has no UUID.", "one identifier of system "+nhs.IDUUID, "CL7"))
	case len(ids) > 1:
		issues = append(issues, tooMany(c.Get("identifier"), "Claim.identifier", "The claim has more than one UUID.", "one identifier of system "+nhs.IDUUID, strings.Join(ids, ", "), "CL7"))
	}
	for _, part := range []struct{ name, system string }{{"shortForm", nhs.IDOrder}, {"UUID", nhs.IDOrderUUID}} { // CL17
		if id := c.group(part.name); id.Get("value").Text() == "" || id.Get("system").Text() != part.system {
			issues = append(issues, tooFew(c.Get("prescription"), "Claim.prescription.extension('"+nhs.ExtGroup+"').extension('"+part.name+"')",
				"The claim does not name the prescription's "+part.name+".", "valueIdentifier of system "+part.system, "CL17"))
		}
	}
	return issues
}

func (c *claim) checkItem(exemptions *tariff.Exemptions) []fhir.Issue {
	items := c.Get("item")
	if n := items.Len(); n != 1 { // CL8
		issue := tooFew(items, "Claim.item", "The claim must have exactly one item, the prescription.", "1", "CL8")
		if n > 1 {
			issue = tooMany(items, "Claim.item", "The claim must have exactly one item, the prescription.", "1", strconv.Itoa(n), "CL8")
		}
		return []fhir.Issue{issue}
	}
	var issues []fhir.Issue
	if nhs.Coded(c.item.Get("productOrService"), nhs.CSSNOMED) != nhs.Prescription {
		issues = append(issues, wrong(c.item, "Claim.item[0].productOrService", "The item of a claim is the prescription.", nhs.CSSNOMED+"|"+nhs.Prescription,
			strconv.Quote(nhs.Coded(c.item.Get("productOrService"), nhs.CSSNOMED)), "CL8"))
	}
	status := nhs.Extension(c.item, nhs.ExtBusinessStatus).Path("valueCoding", "code")
	switch { // CL9
	case status.Text() == "":
		issues = append(issues, tooFew(c.item, "Claim.item[0].extension('"+nhs.ExtBusinessStatus+"')", "The item does not have the prescription's status.", "0006 or 0007", "CL9"))
	case !finishedStatus(status.Text()):
		issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.BusinessRule, Expression: "Claim.item[0].extension('" + nhs.ExtBusinessStatus + "').valueCoding.code", Position: status.Position(),
			Rule: "CL9", Message: "A prescription is claimed when nothing more will be dispensed of it.", Expected: "0006 (Dispensed) or 0007 (Not Dispensed)", Found: status.Text(), Details: eps("CLAIM_INVALID_NOT_DISPENSED")})
	}
	if len(c.details) == 0 {
		issues = append(issues, tooFew(c.item, "Claim.item[0].detail", "The claim lists no prescribed items.", "one detail for each", "CL8"))
	}
	return append(issues, c.checkExemption(exemptions)...)
}

func (c *claim) checkExemption(exemptions *tariff.Exemptions) []fhir.Issue {
	day := nhs.Day(c.Get("created").Text())
	var issues []fhir.Issue
	for _, e := range nhs.Codings(c.item.Get("programCode"), nhs.CSExemption) { // CL18
		if _, ok := exemptions.At(e.Get("code").Text(), day); !ok {
			issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.CodeInvalid, Expression: e.Expression() + ".code", Position: e.Position(), Rule: "CL18",
				Message: "The exemption code had no meaning on " + day.Format(time.DateOnly) + ".", Expected: "a code of " + nhs.CSExemption, Found: e.Get("code").Text()})
		}
	}
	return issues
}

// checkUnique: no two details claim the same prescribed item, or have the same
// sequence identifier.
func (c *claim) checkUnique() []fhir.Issue {
	var issues []fhir.Issue
	for _, of := range []struct {
		rule, what string
		value      func(fhir.Node) fhir.Node
	}{
		{"CL12", "claim sequence identifier", sequenceOf},
		{"CL13", "prescribed item", requestOf},
	} {
		var seen []string
		for _, d := range c.details {
			n := of.value(d)
			if id := n.Text(); id != "" && slices.Contains(seen, strings.ToLower(id)) {
				issues = append(issues, fhir.Issue{Severity: fhir.Err, Code: fhir.Duplicate, Expression: n.Expression(), Position: n.Position(), Rule: of.rule,
					Message: "Two details have the same " + of.what + ".", Found: id, Details: eps("DUPLICATE_MEDICATIONREQUEST_ID")})
			}
			seen = append(seen, strings.ToLower(n.Text()))
		}
	}
	return issues
}

// identified reports whether a resource has an identifier with a value; one that
// is marked as unknown has none.
func identified(resource fhir.Node) bool {
	for id := range resource.Get("identifier").Items() {
		if id.Get("value").Exists() {
			return true
		}
	}
	return false
}
