package reimbursement

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/oracle"
	"github.com/pestle-fhir/pestle/pharmacy"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

const homecare = "secondary-care/homecare/acute/nominated-pharmacy/clinical-practitioner/"

// chains are the steps that lead to the NHS's example claims: messages as they
// are, releases, and operations of ours by their names.
var chains = map[string][]string{
	"acute": {"primary-care/acute/nominated-pharmacy/responsible-party-org/3-Process-Request-Send-200_OK.json",
		"primary-care/acute/nominated-pharmacy/medical-prescriber/cancellations/2-Process-Request-Cancel-200_OK.json",
		"accept", "dispense", "spec/dispensing/claim/acute-primary-example-req.json"},
	"repeat": {"spec/prescribing/prescription-order/repeat-primary-example-req.json",
		"primary-care/acute/nominated-pharmacy/medical-prescriber/cancellations/2-Process-Request-Cancel-200_OK.json",
		"accept", "dispense", "spec/dispensing/claim/repeat-primary-example-req.json"},
	"homecare 4": {homecare + "4-Process-Request-Send-200_OK.json", homecare + "4-Task-Request-Release-200_OK.json",
		homecare + "4-Process-Request-Dispense-200_OK.json", homecare + "4-Claim-Request-200_OK.json"},
	"homecare 6, amended": {homecare + "6-Process-Request-Send-200_OK.json", homecare + "6-Task-Request-Release-200_OK.json",
		homecare + "6-Process-Request-Dispense-200_OK.json", homecare + "6-Claim-Request-200_OK.json", homecare + "6-Claim-Request-Amend-200_OK.json"},
}

// TestOracleClaimChains posts the NHS's example claims behind the examples that
// lead to them: each is accepted as the example's answer says, becomes a version
// of the prescription's one Claim, and is refused when it is posted again.
func TestOracleClaimChains(t *testing.T) {
	all := examples(t)
	passed, total := 0, 0
	var misses []string
	for _, name := range sortedKeys(chains) {
		w := newWorld(t).sample()
		d := dispensing.New(w.db, dispensing.Options{Site: dispensing.Site{ODS: "VNE51", Name: "The Simple Pharmacy", ReimbursementAuthority: "T1450"}, FromReceipt: true})
		var order string
		posted := 0
		for _, step := range chains[name] {
			r := all[step]
			if r != nil && r.Type() == "Claim" {
				total++
				w.settle()
				if reply, err := w.post(r); err != nil || reply.Resource.Get("issue").Item(0).Get("code").Text() != "informational" {
					misses = append(misses, step)
					t.Log(step, err)
					continue
				}
				_, err := w.post(r)
				require.Error(t, err, step)
				passed, posted, order = passed+1, posted+1, readClaim(r).order()
				continue
			}
			require.NoError(t, w.dispensingStep(d, step, r), "%s: %s", name, step)
		}
		w.settle()
		require.Equal(t, 1+posted, w.versions("Claim", ClaimID(order, 1)), name)
		response := w.get("ClaimResponse", ResponseID(ClaimID(order, 1)))
		require.Equal(t, "active", response.Get("status").Text())
		t.Log(name, response.Get("disposition").Text(), response.Get("outcome").Text())
	}
	oracle.Report(t, "claim-chains", passed, total, misses)
}

// dispensingStep is one step of a prescription before its claim.
func (w *world) dispensingStep(d *dispensing.Service, step string, body *fhir.Resource) error {
	name := step
	if body != nil {
		name = map[string]string{"Bundle": "process-message", "Parameters": "release"}[body.Type()]
	}
	call := w.call(body)
	if body == nil {
		ids, err := w.db.State(w.ctx).Find("Task", "code=prescription-order&status=requested,ready,accepted")
		if err != nil {
			return err
		}
		require.Len(w.t, ids, 1)
		call.ID = ids[0]
		if name == "dispense" {
			call.Body = everything()
		}
	}
	for _, op := range d.Operations() {
		if op.Name == name {
			if _, err := op.Handle(w.ctx, call); err != nil {
				return err
			}
		}
	}
	w.runDispensing(d)
	return nil
}

// everything are the Parameters of a $dispense of all that is outstanding.
func everything() *fhir.Resource {
	return fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(fhir.Obj("name", "all", "valueBoolean", true))).Resource()
}

// runDispensing lets the dispensing follower work until a prescription has its
// Task.
func (w *world) runDispensing(d *dispensing.Service) {
	w.t.Helper()
	ctx, stop := context.WithCancel(w.ctx)
	defer stop()
	for _, f := range d.Followers() {
		loop := &pharmacy.Loop{DB: w.db, Follower: f, Logger: slog.New(slog.DiscardHandler)}
		go func() { _ = loop.Run(ctx) }()
	}
	require.Eventually(w.t, func() bool {
		ids, err := w.db.State(w.ctx).Find("Task", "identifier="+nhs.IDOrder+"|")
		return err == nil && len(ids) > 0
	}, 5*time.Second, time.Millisecond)
}
