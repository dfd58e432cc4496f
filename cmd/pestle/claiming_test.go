package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// claimParameters are the Parameters of a supply of everything by item, with
// what is said for the claim.
func claimParameters(items []string, endorsement fhir.Value, more ...any) []byte {
	var list []any
	for i, item := range items {
		parts := []any{fhir.Obj("name", "number", "valueString", item)}
		if i == 0 && !endorsement.IsZero() {
			parts = append(parts, fhir.Obj("name", "endorsement", "valueCodeableConcept", endorsement))
		}
		list = append(list, fhir.Obj("name", "item", "part", fhir.List(parts...)))
	}
	return fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(append(list, more...)...)).JSON()
}

func endorsed(code, text string) fhir.Value {
	return fhir.Obj("coding", fhir.List(fhir.Obj("system", "https://fhir.nhs.uk/CodeSystem/medicationdispense-endorsement", "code", code)), "text", text)
}

// TestSupplySaysWhatIsClaimed: the exemption and the endorsements of a supply
// reach the claim and its price; where nothing is said of the charge the answer
// asks, and what has no meaning is refused with nothing supplied.
func TestSupplySaysWhatIsClaimed(t *testing.T) {
	t.Run("said", func(t *testing.T) {
		p := startPharmacy(t)
		task, items := p.taken(demoOrder(t, nil), "")
		answer := p.ask(http.StatusOK, "POST", task+"/$dispense", claimParameters(items, endorsed("RC", "rebate claimed"),
			fhir.Obj("name", "exemption", "valueCode", "0016"), fhir.Obj("name", "exemptionEvidence", "valueCode", "evidence-seen")))
		require.NotContains(t, string(answer.JSON()), "OperationOutcome")
		response := string(p.one("ClaimResponse", "status=active").JSON())
		require.NotContains(t, response, "prescription-charge")
		require.Contains(t, response, "Endorsement RC (Rebate claimed) does not change the price")
		claim := string(p.one("Claim", "status=active").JSON())
		for _, want := range []string{`"code":"0016"`, `"code":"evidence-seen"`, `"code":"RC"`, `"text":"rebate claimed"`, `"code":"NDEC"`} {
			require.Contains(t, claim, want)
		}
		require.NotContains(t, claim, "paid-once")
		p.allValid()
	})
	t.Run("asked for", func(t *testing.T) {
		p := startPharmacy(t)
		task, items := p.taken(demoOrder(t, nil), "")
		answer := p.ask(http.StatusOK, "POST", task+"/$dispense", claimParameters(items, fhir.Value{}))
		require.Contains(t, string(answer.JSON()), "the claim says that the patient paid (£9.90 for each item that is chargeable)")
	})
	t.Run("refused", func(t *testing.T) {
		p := startPharmacy(t)
		task, items := p.taken(demoOrder(t, nil), "")
		exemption := func(code string) any { return fhir.Obj("name", "exemption", "valueCode", code) }
		for _, c := range []struct {
			body []byte
			want string
		}{
			{claimParameters(items, endorsed("QQ", "")), "The endorsement code has no meaning"},
			{claimParameters(items, fhir.Obj("text", "rebate")), "The endorsement has no code"},
			{claimParameters(items, fhir.Value{}, exemption("0099")), "The exemption code has no meaning"},
			{claimParameters(items, fhir.Value{}, exemption("0016"), fhir.Obj("name", "exemptionEvidence", "valueCode", "perhaps")), "evidence-seen or no-evidence-seen"},
			{claimParameters(items, fhir.Value{}, fhir.Obj("name", "exemptionEvidence", "valueCode", "evidence-seen")), "Evidence is of an exemption"},
			{claimParameters(items, fhir.Value{}, fhir.Obj("name", "exception", "valueCode", "0016")), "Did you mean exemption?"},
		} {
			answer := p.ask(http.StatusUnprocessableEntity, "POST", task+"/$dispense", c.body)
			require.Contains(t, string(answer.JSON()), c.want)
		}
		ids, err := p.app.db.State(t.Context()).Find("MedicationDispense", "_id:not=none")
		require.NoError(t, err)
		require.Empty(t, ids, "nothing is supplied")
	})
}
