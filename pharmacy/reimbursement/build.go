package reimbursement

import (
	"strconv"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/pricing"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// ClaimID is the id of the Claim for one issue of a prescription.
func ClaimID(order string, issue int) string {
	return pharmacy.ID("Claim", order, strconv.Itoa(issue))
}

// ResponseID is the id of the ClaimResponse to a Claim.
func ResponseID(claim string) string { return pharmacy.ID("ClaimResponse", claim) }

// messageID is the identifier of a Claim that the server makes itself. It is
// derived from the version that carries it, so a Claim tells whether it is the
// server's own.
func messageID(claim, version string) string {
	return pharmacy.ID("Claim", "message", claim, version)
}

// payers are those who may be claimed from, by ODS code, with the country whose
// prescription charge their patients pay, "" for England.
var payers = map[string]struct{ name, country string }{
	"T1450": {"NHS BUSINESS SERVICES AUTHORITY", ""},
	"RQFZ1": {"NHS WALES SHARED SERVICES PARTNERSHIP", "Wales"},
}

const defaultPayer = "T1450"

// draft is what a Claim of the server's own is made of.
type draft struct {
	*dispensed
	exemption exemption
	frees     []bool // lines that a prescriber's endorsement frees of the charge
	version   string // that the Claim will have
	replaces  string // identifier of the Claim before, "" for the first
	created   time.Time
	cancelled bool
}

// claim writes the Claim in the shape of EPS.
func (d *draft) claim() *fhir.Resource {
	id := ClaimID(d.order, d.issue)
	status := "active"
	if d.cancelled {
		status = "cancelled"
	}
	return fhir.Obj(
		"resourceType", "Claim",
		"id", id,
		"contained", fhir.List(d.role(), d.organization()),
		"extension", d.extensions(),
		"identifier", fhir.List(nhs.IdentifierValue(nhs.IDUUID, messageID(id, d.version))),
		"status", status,
		"type", fhir.Obj("coding", fhir.List(fhir.Obj("system", nhs.CSClaimType, "code", "pharmacy", "display", "Pharmacy"))),
		"use", "claim",
		"patient", d.forPatient(),
		"created", d.created.UTC().Format(fhir.InstantLayout),
		"provider", fhir.Obj("reference", "#provider"),
		"priority", fhir.Obj("coding", fhir.List(fhir.Obj("system", nhs.CSPriority, "code", "normal"))),
		"prescription", d.prescription(),
		"payee", fhir.Obj(
			"type", fhir.Obj("coding", fhir.List(fhir.Obj("system", nhs.CSPayee, "code", "provider", "display", "Provider"))),
			"party", fhir.Obj("reference", "#organisation")),
		"insurance", fhir.List(fhir.Obj("sequence", 1, "focal", true,
			"coverage", fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDODS, d.payer()), "display", payers[d.payer()].name))),
		"item", fhir.List(d.item()),
	).Resource()
}

// forPatient names the patient as EPS does, by NHS number; one without a number
// by the server's own record.
func (d *draft) forPatient() fhir.Value {
	who := d.task.Get("for")
	if number := who.Path("identifier", "value"); number.Exists() {
		return fhir.Obj("identifier", nhs.IdentifierValue(nhs.IDNHS, number.Text()))
	}
	return fhir.Obj("reference", who.Get("reference"), "display", who.Get("display"))
}

func (d *draft) extensions() fhir.Value {
	var list []any
	if who := d.provider.Path("practitioner", "identifier"); who.Exists() {
		list = append(list, fhir.Obj("url", nhs.ExtAgent, "valueReference", fhir.Obj("identifier", who, "display", d.provider.Path("practitioner", "display"))))
	}
	if d.replaces != "" {
		list = append(list, fhir.Obj("url", nhs.ExtReplacement, "valueIdentifier", nhs.IdentifierValue(nhs.IDUUID, d.replaces)))
	}
	return fhir.List(list...)
}

// role is who handed over last, as the notification has them.
func (d *draft) role() fhir.Value {
	return fhir.Obj("resourceType", "PractitionerRole", "id", "provider",
		"identifier", d.provider.Get("identifier"),
		"practitioner", d.provider.Get("practitioner"),
		"organization", fhir.Obj("reference", "#organisation"),
		"code", d.provider.Get("code"),
		"telecom", d.provider.Get("telecom"))
}

// organization is the pharmacy: from the notification, or by the owner of the
// Task where none came with it.
func (d *draft) organization() fhir.Value {
	o, owner := d.organisation, d.task.Get("owner")
	if !o.Exists() {
		return fhir.Obj("resourceType", "Organization", "id", "organisation",
			"identifier", fhir.List(owner.Get("identifier")), "active", true, "name", owner.Get("display"))
	}
	return fhir.Obj("resourceType", "Organization", "id", "organisation", "identifier", o.Get("identifier"), "active", o.Get("active"),
		"type", o.Get("type"), "name", o.Get("name"), "telecom", o.Get("telecom"), "address", o.Get("address"))
}

// payer is who reimburses the pharmacy.
func (d *draft) payer() string {
	payer := nhs.Extension(nhs.Extension(d.organisation, nhs.ExtODS), "reimbursementAuthority").Path("valueIdentifier", "value").Text()
	if _, ok := payers[payer]; !ok {
		return defaultPayer
	}
	return payer
}

func (d *draft) prescription() fhir.Value {
	return fhir.Obj("extension", fhir.List(fhir.Obj("url", nhs.ExtGroup, "extension", fhir.List(
		fhir.Obj("url", "shortForm", "valueIdentifier", nhs.IdentifierValue(nhs.IDOrder, d.order)),
		fhir.Obj("url", "UUID", "valueIdentifier", nhs.IdentifierValue(nhs.IDOrderUUID, d.uuid))))))
}

func (d *draft) item() fhir.Value {
	extensions := []any{fhir.Obj("url", nhs.ExtBusinessStatus, "valueCoding", nhs.CodingValue(nhs.Coding(nhs.CSBusinessStatus, d.business)))}
	repeat := nhs.Extension(d.task.Root(), nhs.ExtRepeat)
	if repeat.Exists() {
		extensions = append(extensions, repeat)
	}
	charges := pricing.CountCharges(d.pricingLines())
	var details []any
	for i := range d.lines {
		if d.exemption.Charge == tariff.ChargeNone || d.frees[i] {
			charges[i] = 0
		}
		details = append(details, d.detail(i, repeat, charges[i]))
	}
	return fhir.Obj(
		"extension", fhir.List(extensions...),
		"sequence", 1,
		"productOrService", fhir.Obj("coding", fhir.List(fhir.Obj("system", nhs.CSSNOMED, "code", nhs.Prescription, "display", "Prescription"))),
		"programCode", fhir.List(
			fhir.Obj("coding", fhir.List(fhir.Obj("system", nhs.CSExemption, "code", d.exemption.Code, "display", d.exemption.Text))),
			nhs.Concept(nhs.Coding(nhs.CSEvidence, d.exemption.evidence))),
		"detail", fhir.List(details...),
	)
}
