package reimbursement

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
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
	line := d.line(identifier(contained(r, r.Get("authorizingPrescription")), idItem))
	if line == nil {
		return
	}
	role := contained(r, r.Get("performer").Get("actor"))
	if role.Exists() {
		d.provider, d.organisation = role, entryOf(bundle, role.Path("organization", "reference").Text())
	}
	if reasons := codings(r.Get("statusReasonCodeableConcept"), csNotDispensed); len(reasons) > 0 {
		line.reason = reasons[0]
	} else if reason := extension(r.Root(), extNotDispensed).Get("valueCoding"); reason.Exists() {
		line.reason = reason
	}
	value, ok := pricing.ParseDecimal(r.Root().Path("quantity", "value").Text())
	status := code(r.Get("type"), csLineStatus)
	if !ok || value.Sign() <= 0 || status != "0001" && status != "0003" {
		return
	}
	if day := dayOf(r.Get("whenHandedOver").Text()); day.After(d.day) {
		d.day = day
	}
	line.supplies = append(line.supplies, handover{identifier(r.Root(), idDispense), dispensedProduct(bundle, r), r.Get("quantity")})
}

func dispensedProduct(bundle, dispense *fhir.Resource) fhir.Node {
	if c := dispense.Get("medicationCodeableConcept"); c.Exists() {
		return c
	}
	ref := dispense.Get("medicationReference")
	if m := contained(dispense, ref); m.Exists() {
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
