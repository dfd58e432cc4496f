package reimbursement

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// plain is a clinic's Claim, not of EPS.
func plain(items ...any) fhir.Value {
	return fhir.Obj("resourceType", "Claim", "status", "active",
		"type", fhir.Obj("coding", fhir.List(fhir.Obj("system", nhs.CSClaimType, "code", "pharmacy"))),
		"use", "claim", "patient", fhir.Obj("display", "A patient"), "created", "2026-11-20",
		"provider", fhir.Obj("display", "A clinic"),
		"priority", fhir.Obj("coding", fhir.List(fhir.Obj("system", nhs.CSPriority, "code", "normal"))),
		"insurance", fhir.List(fhir.Obj("sequence", 1, "focal", true, "coverage", fhir.Obj("display", "An insurer"))),
		"item", fhir.List(items...))
}

func plainItem(sequence int, code, value, unit string) fhir.Value {
	return fhir.Obj("sequence", sequence, "productOrService", fhir.Obj("coding", fhir.List(fhir.Obj("system", nhs.CSSNOMED, "code", code, "display", "A product"))),
		"quantity", fhir.Obj("value", fhir.Raw(value), "unit", unit))
}

func (w *world) submit(body fhir.Value) (*fhir.Resource, error) {
	reply, err := w.s.submitOperation(w.ctx, w.call(body.Resource()))
	if err != nil {
		return nil, err
	}
	w.valid(reply.Resource)
	return reply.Resource, nil
}

func TestSubmitIsAnsweredWithTheMoney(t *testing.T) {
	w := newWorld(t).sample()
	claim := plain(plainItem(1, "39732311000001104", "21", "capsule"), plainItem(2, "999", "1", "box"))
	for _, body := range []fhir.Value{
		claim,
		fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(fhir.Obj("name", "resource", "resource", claim))),
		fhir.Obj("resourceType", "Bundle", "type", "collection", "entry", fhir.List(fhir.Obj("resource", claim))),
	} {
		r, err := w.submit(body)
		require.NoError(t, err)
		require.Equal(t, "partial", r.Get("outcome").Text())
		require.Equal(t, "1.12", r.Get("item").Item(0).Get("adjudication").Item(0).Path("amount", "value").Text())
		require.Equal(t, "An insurer", r.Root().Path("insurer", "display").Text())
		require.False(t, r.Root().Path("meta", "tag").Exists(), "it belongs to no month")
	}
	head := w.db.Head()
	w.settle()
	require.Equal(t, head, w.db.Head(), "the follower finds nothing to add")
}

func TestPlainClaimsAreAnswered(t *testing.T) {
	w := newWorld(t).sample()
	dental := plain(fhir.Obj("sequence", 1, "productOrService", fhir.Obj("text", "A filling"), "net", fhir.Obj("value", fhir.Raw("45.00"), "currency", "GBP")))
	for id, body := range map[string]fhir.Value{"a": plain(plainItem(1, "39732311000001104", "21", "capsule")), "b": dental} {
		r := withID(body.Resource(), id)
		_, err := w.db.Commit(w.ctx, &fhir.Transaction{Changes: []fhir.Change{{Method: fhir.Update, Type: "Claim", ID: id, Resource: r}}})
		require.NoError(t, err)
	}
	w.settle()
	require.Equal(t, "complete", w.get("ClaimResponse", ResponseID("a")).Get("outcome").Text())
	require.Equal(t, "partial", w.get("ClaimResponse", ResponseID("b")).Get("outcome").Text())

	// a changed Claim is answered anew, a deleted one leaves its answer alone
	changed := withID(plain(plainItem(1, "39732311000001104", "42", "capsule")).Resource(), "a")
	for _, c := range []fhir.Change{{Method: fhir.Update, Type: "Claim", ID: "a", Resource: changed}, {Method: fhir.Delete, Type: "Claim", ID: "a"}} {
		_, err := w.db.Commit(w.ctx, &fhir.Transaction{Changes: []fhir.Change{c}})
		require.NoError(t, err)
		w.settle()
	}
	require.Equal(t, 2, w.versions("ClaimResponse", ResponseID("a")))
}

func TestSubmitOfAnEPSClaim(t *testing.T) {
	w, rx, claim := ready(t)
	r, err := w.s.submitOperation(w.ctx, w.call(amend(t, claim, message1, "")))
	require.NoError(t, err)
	_, response := w.claimed(rx)
	require.Equal(t, string(response.JSON()), string(r.Resource.JSON()))
	_, err = w.s.submitOperation(w.ctx, w.call(amend(t, claim, message2, "")))
	require.Equal(t, fhir.Duplicate, fhir.KindOf(err))
}

func TestSubmitOfNothing(t *testing.T) {
	w := newWorld(t)
	_, err := w.s.submitOperation(w.ctx, w.call(nil))
	require.Equal(t, fhir.Required, fhir.KindOf(err))
	for _, body := range []fhir.Value{
		fhir.Obj("resourceType", "Parameters"),
		fhir.Obj("resourceType", "Patient"),
		fhir.Obj("resourceType", "Bundle", "type", "collection", "entry", fhir.List(fhir.Obj("resource", plain()), fhir.Obj("resource", plain()))),
	} {
		_, err = w.submit(body)
		require.Equal(t, fhir.Invalid, fhir.KindOf(err))
	}
}
