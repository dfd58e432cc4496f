package dispensing

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/epstest"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// fewCodes are the codes of a claim that a test needs.
type fewCodes struct {
	words string
	last  time.Time // for amending a claim
}

func (fewCodes) CodesOn(_ fhir.State, system string, _ time.Time) ([]string, error) {
	return map[string][]string{nhs.CSExemption: {"0001", "0005"}, nhs.CSEndorsement: {"NDEC"}}[system], nil
}

func (c fewCodes) AmendableUntil(fhir.State, time.Time) (time.Time, error) { return c.last, nil }

func (c fewCodes) ChargeAssumed(fhir.State, string, string, time.Time) (string, error) {
	return c.words, nil
}

// TestWhatASupplyTellsTheClaim tries what $dispense says of the charge and of
// endorsements, and what it forgets.
func TestWhatASupplyTellsTheClaim(t *testing.T) {
	w := newWorld(t, today, Options{Codes: fewCodes{words: "The claim says that the charge was paid."}})
	s := epstest.Acute(1)
	_, err := w.send(s.Message())
	require.NoError(t, err)
	w.settle()
	_, err = w.on(s.Order, 1, w.s.acceptTask)
	require.NoError(t, err)
	endorsed := func(concept fhir.Value) []any {
		return []any{"item", fhir.List(epstest.Part("number", "String", s.Items[0].Number), epstest.Part("endorsement", "CodeableConcept", concept))}
	}
	head := w.db.Head()
	for _, c := range []struct {
		rule  string
		pairs []any
	}{
		{"DN-16", []any{"all:Boolean", true, "exemption:Code", "9999"}},
		{"DN-16", []any{"all:Boolean", true, "exemption:Code", "0005", "exemptionEvidence:Code", "seen"}},
		{"DN-16", []any{"all:Boolean", true, "exemptionEvidence:Code", "evidence-seen"}},
		{"DN-17", endorsed(nhs.Concept(nhs.Coding(nhs.CSEndorsement, "ZZ")))},
		{"DN-17", endorsed(fhir.Obj("text", "no dispenser endorsement"))},
		{"DN-5", []any{"item", fhir.List(epstest.Part("number", "String", s.Items[0].Number), epstest.Part("status", "Code", "0006"))}},
	} {
		_, err := w.on(s.Order, 1, w.s.dispenseTask, c.pairs...)
		require.Equal(t, []string{c.rule}, slices.Compact(epstest.RulesOf(err)), "%v", c.pairs)
	}
	require.Equal(t, head, w.db.Head(), "something was stored")
	reply, err := w.on(s.Order, 1, w.s.dispenseTask, "all:Boolean", true)
	require.NoError(t, err)
	require.Contains(t, string(reply.Resource.JSON()), "DN-21", "the caller is told what the claim will say")
}

// TestClaimCompletedTooSoonOrTooLate tries what is said for a claim after the supply.
func TestClaimCompletedTooSoonOrTooLate(t *testing.T) {
	codes := &fewCodes{}
	w := newWorld(t, today, Options{Codes: codes})
	s := epstest.Acute(1)
	_, err := w.send(s.Message())
	require.NoError(t, err)
	w.settle()
	_, err = w.on(s.Order, 1, w.s.acceptTask)
	require.NoError(t, err)
	refused := func(rule string, pairs ...any) {
		head := w.db.Head()
		_, err := w.on(s.Order, 1, w.s.completeClaim, pairs...)
		require.Equal(t, []string{rule}, epstest.RulesOf(err), "%v", pairs)
		require.Equal(t, head, w.db.Head(), "something was stored")
	}
	refused("CC-1")
	refused("CC-3", "exemption:Code", "0005")
	_, err = w.on(s.Order, 1, w.s.dispenseTask, "all:Boolean", true)
	require.NoError(t, err)
	refused("DN-16", "exemption:Code", "9999")
	refused("DN-17", "item", fhir.List(epstest.Part("number", "String", s.Items[0].Number), epstest.Part("endorsement", "CodeableConcept", fhir.Obj("text", "none"))))
	refused("0014", "item", fhir.List(epstest.Part("number", "String", "none such"), epstest.Part("endorsement", "CodeableConcept", nhs.Concept(nhs.Coding(nhs.CSEndorsement, "NDEC")))))
	codes.last = nhs.Midnight(w.now).AddDate(0, 0, -1)
	refused("CC-4", "exemption:Code", "0005")
	codes.last = nhs.Midnight(w.now)
	_, err = w.on(s.Order, 1, w.s.completeClaim, "exemption:Code", "0005")
	require.NoError(t, err)

	private := epstest.Acute(2)
	private.Type = "0901"
	_, err = w.send(private.Message())
	require.NoError(t, err)
	w.settle()
	_, err = w.on(private.Order, 1, w.s.acceptTask)
	require.NoError(t, err)
	s = private
	refused("CC-2", "exemption:Code", "0005")
}
