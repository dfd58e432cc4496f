package reimbursement

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/pricing"
)

// readNotifications reads the outputs of the Task that are messages of supply.
func (d *dispensed) readNotifications(state fhir.State) error {
	for out := range d.task.Get("output").Items() {
		bundle, err := current(state, "Bundle", out.Path("valueReference", "reference").Text())
		if err != nil {
			return err
		}
		if bundle == nil {
			continue
		}
		for e := range bundle.Get("entry").Items() {
			if r := e.Get("resource"); r.Get("resourceType").Text() == "MedicationDispense" {
				d.readDispense(bundle, bundle.Sub(r))
			}
		}
	}
	return nil
}

func (d *dispensed) readDispense(bundle, r *fhir.Resource) {
	line := d.line(nhs.Identifier(nhs.Contained(r.Root(), r.Get("authorizingPrescription")), nhs.IDItem).Text())
	if line == nil {
		return
	}
	role := nhs.Contained(r.Root(), r.Get("performer").Get("actor"))
	if role.Exists() {
		d.provider, d.organisation = role, entryOf(bundle, role.Path("organization", "reference").Text())
	}
	if reasons := nhs.Codings(r.Get("statusReasonCodeableConcept"), nhs.CSNotDispensed); len(reasons) > 0 {
		line.reason = reasons[0]
	} else if reason := nhs.Extension(r.Root(), nhs.ExtNonDispensing).Get("valueCoding"); reason.Exists() {
		line.reason = reason
	}
	value, ok := pricing.ParseDecimal(r.Root().Path("quantity", "value").Text())
	status := nhs.Coded(r.Get("type"), nhs.CSLineStatus)
	if !ok || value.Sign() <= 0 || status != "0001" && status != "0003" {
		return
	}
	if day := nhs.Day(r.Get("whenHandedOver").Text()); day.After(d.day) {
		d.day = day
	}
	line.supplies = append(line.supplies, handover{nhs.Identifier(r.Root(), nhs.IDDispense).Text(), dispensedProduct(bundle, r), r.Get("quantity")})
}

func dispensedProduct(bundle, dispense *fhir.Resource) fhir.Node {
	if c := dispense.Get("medicationCodeableConcept"); c.Exists() {
		return c
	}
	ref := dispense.Get("medicationReference")
	if m := nhs.Contained(dispense.Root(), ref); m.Exists() {
		return m.Get("code")
	}
	return entryOf(bundle, ref.Get("reference").Text()).Get("code")
}

// entryOf finds the entry of a Bundle that a reference names.
func entryOf(bundle *fhir.Resource, ref string) fhir.Node {
	for e := range bundle.Get("entry").Items() {
		r := e.Get("resource")
		if ref != "" && (strings.EqualFold(e.Get("fullUrl").Text(), ref) || r.Get("resourceType").Text()+"/"+r.Get("id").Text() == ref) {
			return r
		}
	}
	return fhir.Node{}
}
