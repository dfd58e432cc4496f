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
type fewCodes struct{ words string }

func (fewCodes) CodesOn(_ fhir.State, system string, _ time.Time) ([]string, error) {
	return map[string][]string{nhs.CSExemption: {"0001", "0005"}, nhs.CSEndorsement: {"NDEC"}}[system], nil
}

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
