package reimbursement

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

// ruleOf is the rule of the first issue of a refusal.
func ruleOf(t *testing.T, err error) string {
	t.Helper()
	var e *fhir.Error
	require.True(t, errors.As(err, &e), "%v", err)
	return e.Issues[0].Rule
}

// TestRefusalsNameTheirRules has what no other test names.
func TestRefusalsNameTheirRules(t *testing.T) {
	w, rx, claim := ready(t)
	_, err := w.post(amend(t, claim, message1, "", `"item":[{`, `"item":[{"sequence":2,"productOrService":{"text":"x"}},{`))
	require.Contains(t, refused(t, err), "CL8 TOO_MANY_VALUES_SUBMITTED Claim.item")
	_, err = w.post(amend(t, claim, message1, "", nhs.ExtSequence, "urn:x"))
	require.Contains(t, refused(t, err), "CL12 TOO_FEW_VALUES_SUBMITTED Claim.item[0].detail[0].extension('"+nhs.ExtSequence+"')")

	write := func(method fhir.Method, r *fhir.Resource) error {
		_, err := w.db.Commit(w.ctx, &fhir.Transaction{Derived: true, Changes: []fhir.Change{{Method: method, Type: "Claim", ID: claim.ID(), Resource: r}}})
		return err
	}
	require.Equal(t, "claim-stays", ruleOf(t, write(fhir.Delete, nil)))
	require.Equal(t, "claim-stays", ruleOf(t, write(fhir.Update, amend(t, claim, message1, "", anOrder, "111111-A83008-111111"))))

	month := tariff.MonthOf(nhs.Midnight(w.now))
	_, err = w.s.CloseMonth(w.ctx, CloseRequest{Month: month, Org: rx.org, Time: w.now})
	require.Equal(t, "month-is-over", ruleOf(t, err))

	rx.kind = "0901"
	rx.store(w)
	_, err = w.post(amend(t, claim, message1, ""))
	require.Contains(t, refused(t, err), "CL21 PRESCRIPTION_INVALID_STATE_TRANSITION Claim.prescription", "what is private is not claimed")
}

// TestRepeatsAreThoseAuthorised: 0018.
func TestRepeatsAreThoseAuthorised(t *testing.T) {
	w := newWorld(t).sample()
	rx := acute(anOrder)
	rx.issue, rx.issues = 2, 6
	rx.store(w)
	claim, _ := w.claimed(rx)
	_, err := w.post(amend(t, claim, message1, "", `"numberOfRepeatsAllowed","valueInteger":5`, `"numberOfRepeatsAllowed","valueInteger":7`))
	require.Contains(t, refused(t, err)[0], "0018 MISMATCH_AUTHORISED_REPEAT_COUNT")
}
