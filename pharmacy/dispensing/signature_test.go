package dispensing

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/pharmacy/dispensing/epstest"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
)

// TestTheSignatureIsRecorded: by what a prescription is signed, and what came of that, is
// on its Task, and stays there whatever becomes of it. A controlled drug whose signature
// failed is held (HOLD-SIGNATURE) until a pharmacist has decided; anything else is not.
func TestTheSignatureIsRecorded(t *testing.T) {
	for _, c := range []struct {
		name, kind, data, source, result, reason string
		held                                     bool
	}{
		{"of EPS", "", "", prescription.SignedByEPS, prescription.NotVerifiable, "is for the Electronic Prescription Service to say", false},
		{"of no format", "", "AAAA", "", prescription.FailedToPass, "Invalid signature format", true},
		{"of nothing", "", "PFNpZ25hdHVyZS8+", prescription.SignedByEPS, prescription.FailedToPass, "Invalid signature format", true},
		{"on paper", "0901", "AAAA", prescription.SignedOnPaper, prescription.NotVerifiable, "The paper original is not in hand.", false},
	} {
		st := &stage{world: newWorld(t, today, Options{}), scripts: map[int]epstest.Script{}}
		opts := map[string]string{}
		if c.kind != "" {
			opts["type"] = c.kind
		}
		st.write(1, opts, []string{"Morphine_10mg_tablets,28,CD2,twenty eight", "Paracetamol_500mg_tablets,100"})
		s := st.scripts[1]
		s.Data = c.data
		st.scripts[1] = s
		st.sendAs("order", 1)
		is := func(source, result, reason string) {
			t.Helper()
			got := signatureIn(st.task(s.Order, 1))
			require.Equal(t, []string{source, result}, []string{got.Source, got.Result}, c.name)
			require.Contains(t, got.Reason, reason, c.name)
		}
		is(c.source, c.result, c.reason)
		st.do([]string{"accept", "1"})
		_, err := st.on(s.Order, 1, st.s.dispenseTask, "collector:Code", "patient", "identityRequested:Boolean", true, "identityProvided:Boolean", true, "all:Boolean", true)
		rules := epstest.RulesOf(err)
		switch {
		case c.held:
			require.Contains(t, rules, "HOLD-SIGNATURE", c.name)
			require.NotContains(t, st.do([]string{"dispense", "1", "1:0001"}), "refused ", "the item that is not controlled")
			require.Contains(t, st.do([]string{"dispense", "1", "collector=patient", "0:0001"}), "refused HOLD-SIGNATURE")
			st.do([]string{"lift", "1", "SIGNATURE"})
			require.NotContains(t, st.do([]string{"dispense", "1", "collector=patient", "0:0001"}), "refused ")
			is(c.source, c.result, c.reason)
		case c.kind != "":
			require.NotContains(t, rules, "HOLD-SIGNATURE")
			st.do([]string{"original", "1", "2026-11-23,123456"})
			is(prescription.SignedOnPaper, prescription.Verified, "on the form FP10PCD")
		default:
			require.NoError(t, err)
			is(c.source, c.result, c.reason)
		}
	}
}
