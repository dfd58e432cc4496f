package dispensing

import (
	"fmt"
	"testing"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/oracle"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/epstest"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/profiles"
)

// TestOracleProducedIsValid validates everything that the service writes for
// every accepted order: Task, release, notification, MedicationDispense.
func TestOracleProducedIsValid(t *testing.T) {
	v := profiles.New()
	passed, total := 0, 0
	var misses []string
	for _, e := range examples(t) {
		if !isRequest(e) || e.event() != "prescription-order" || !e.accepted() {
			continue
		}
		total++
		w := newWorld(t, today, Options{FromReceipt: true})
		if err := w.produceAll(e, v); err != nil {
			misses = append(misses, e.path+": "+err.Error())
			continue
		}
		passed++
	}
	oracle.Report(t, "eps-valid", passed, total, misses)
}

func (w *world) produceAll(e example, v *profiles.Validator) error {
	if _, err := w.send(e.resource); err != nil {
		return err
	}
	w.settle()
	made := []*fhir.Resource{w.task(e.order(), 1)}
	release := epstest.Parameters("owner", fhir.Obj("resourceType", "Organization", "identifier", fhir.List(nhs.IdentifierValue(nhs.IDODS, "VNE51")), "name", "The Simple Pharmacy").Resource(),
		"agent", epstest.AgentRole(), "status:Code", "accepted", "group-identifier:Identifier", nhs.IdentifierValue(nhs.IDOrder, e.order()))
	reply, err := w.s.release(w.ctx, w.call(release))
	if err != nil {
		return err
	}
	made = append(made, reply.Resource, w.task(e.order(), 1))
	if err := w.decide(e); err != nil {
		return err
	}
	if reply, err = w.on(e.order(), 1, w.s.dispenseTask, "all:Boolean", true); err != nil {
		return err
	}
	made = append(made, reply.Resource, w.task(e.order(), 1))
	made = append(made, w.find("MedicationDispense", "status=completed")...)
	own := ownIssues(w, v, e.resource)
	for _, r := range made {
		for _, i := range v.Validate(w.ctx, r) {
			if i.IsError() && !own[i.Rule+i.Message] {
				return fmt.Errorf("%s: %s: %s (%s)", r.Type(), i.Expression, i.Text(), i.Rule)
			}
		}
	}
	return nil
}

// ownIssues are the faults of the example itself, which the copies in our
// answers repeat.
func ownIssues(w *world, v *profiles.Validator, r *fhir.Resource) map[string]bool {
	own := map[string]bool{}
	for _, i := range v.Validate(w.ctx, r) {
		own[i.Rule+i.Message] = true
	}
	return own
}
