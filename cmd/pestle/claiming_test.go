package main

import (
	"net/http"
	"testing"
	"time"

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

// TestClaimIsCompleted: a claim that lacks something is in the queue with the money
// at stake; what is said afterwards amends it, and it leaves the queue.
func TestClaimIsCompleted(t *testing.T) {
	const queue = "_tag=https://pestle-fhir.github.io/CodeSystem/queue%7Cclaim-incomplete&status=active"
	p := startPharmacy(t)
	task, items := p.taken(demoOrder(t, nil), "")
	complete := func(status int, body []byte) string {
		return string(p.ask(status, "POST", task+"/$complete-claim", body).JSON())
	}
	paid := fhir.Obj("name", "exemption", "valueCode", "0001")
	require.Contains(t, complete(http.StatusUnprocessableEntity, claimParameters(nil, fhir.Value{}, paid)), "CC-3")
	p.ask(http.StatusOK, "POST", task+"/$dispense", claimParameters(items, endorsed("IP", "")))
	lacking := string(p.one("ClaimResponse", queue).JSON())
	require.Contains(t, lacking, "is taken off as paid")
	listed := p.ask(http.StatusOK, "GET", "/ClaimResponse?"+queue+"&stake=gt9&_sort=-stake", nil)
	require.Equal(t, 1, listed.Get("entry").Len())
	require.Contains(t, lacking, "Endorsement IP (Invoice price) needs supporting information")
	require.Contains(t, complete(http.StatusUnprocessableEntity, claimParameters(nil, fhir.Value{})), "CC-1")
	require.Contains(t, complete(http.StatusNotFound, claimParameters([]string{"00000000-0000-4000-8000-000000000000"}, endorsed("NDEC", ""))), "The prescription has no such item")
	require.Contains(t, complete(http.StatusUnprocessableEntity, claimParameters(nil, fhir.Value{}, fhir.Obj("name", "exemption", "valueCode", "0099"))), "The exemption code has no meaning")
	require.Contains(t, complete(http.StatusUnprocessableEntity, claimParameters(items[:1], endorsed("QQ", ""))), "The endorsement code has no meaning")

	complete(http.StatusOK, claimParameters(items[:1], endorsed("IP", "28 tablet, £12.34"), fhir.Obj("name", "exemption", "valueCode", "0016")))
	require.Eventually(t, func() bool {
		ids, err := p.app.db.State(t.Context()).Find("ClaimResponse", queue)
		return err == nil && len(ids) == 0
	}, 20*time.Second, 10*time.Millisecond, "the claim leaves the queue")
	answer := string(p.one("ClaimResponse", "status=active&_lastUpdated=gt2000-01-01").JSON())
	require.NotContains(t, answer, "claim-incomplete")
	require.NotContains(t, answer, "prescription-charge")
	claim := string(p.one("Claim", "status=active").JSON())
	for _, want := range []string{`"code":"0016"`, "28 tablet, £12.34", "Extension-replacementOf"} {
		require.Contains(t, claim, want)
	}
	p.allValid()
}
