package reimbursement

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// TestClaimsAreThePharmacys: a claim is made, amended, exported, closed and
// repriced by the pharmacy that it is of, or its delegate, whatever it says itself.
func TestClaimsAreThePharmacys(t *testing.T) {
	who := func(org string, delegates ...string) fhir.Principal {
		return fhir.Principal{Agent: "u", OnBehalf: org, Delegates: delegates}
	}
	for _, caller := range []fhir.Principal{who("A83008"), who(""), who("FA565"), who("VNE51"), who("SUPPLIER", "vne51")} {
		w, _, claim := ready(t)
		own := caller.ActsFor("VNE51")
		call := w.call(amend(t, claim, message1, ""))
		call.Requester = caller
		_, err := w.s.receive(w.ctx, call)
		require.Equal(t, own, err == nil, "%v: %v", caller, err)
		if !own {
			require.Equal(t, fhir.Forbidden, fhir.KindOf(err))
			require.Equal(t, 1, w.versions("Claim", claim.ID()))
		}
		call.Body = fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(fhir.Obj("name", "resource", "resource", call.Body))).Resource()
		_, err = w.s.submitOperation(w.ctx, call)
		require.Equal(t, !own, fhir.KindOf(err) == fhir.Forbidden, "%v: %v", caller, err)
		for _, c := range []fhir.Change{{Method: fhir.Update, Resource: claim}, {Method: fhir.Delete}, {Method: fhir.Create, Resource: claim}} {
			if c.Type = "Claim"; c.Method != fhir.Create {
				c.ID = claim.ID()
			}
			_, err := w.db.Commit(w.ctx, &fhir.Transaction{Changes: []fhir.Change{c}, Requester: caller})
			require.Equal(t, map[bool]fhir.Code{true: fhir.BusinessRule, false: fhir.Forbidden}[own], fhir.KindOf(err), "%s by %v: %v", c.Method, caller, err)
		}
		for name, handle := range map[string]func(context.Context, *fhir.Call) (*fhir.Reply, error){"export": w.s.exportOperation, "close": w.s.closeOperation, "reprice": w.s.repriceOperation} {
			call := w.call(nil)
			call.Requester, call.Params, call.Time = caller, url.Values{"month": {"2026-11"}, "org": {"vne51"}}, call.Time.AddDate(0, 2, 0)
			reply, err := handle(w.ctx, call)
			if own {
				require.Contains(t, string(reply.Resource.JSON()), map[string]string{"reprice": `"claims","valueInteger":1`}[name], "%s by %v", name, caller)
				require.NotContains(t, string(reply.Resource.JSON()), "vne51")
			}
			require.Equal(t, !own, fhir.KindOf(err) == fhir.Forbidden, "%s by %v: %v", name, caller, err)
		}
	}
	// One that says to be another's: there is no such prescription.
	w, _, claim := ready(t)
	text := strings.ReplaceAll(string(amend(t, claim, message1, "").JSON()), `"VNE51"`, `"FA565"`)
	theirs, err := fhir.Parse([]byte(text))
	require.NoError(t, err)
	call := w.call(theirs)
	call.Requester = who("FA565")
	_, err = w.s.receive(w.ctx, call)
	require.Contains(t, refused(t, err)[0], "PRESCRIPTION_NOT_FOUND")
}
