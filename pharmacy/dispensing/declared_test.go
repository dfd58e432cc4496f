package dispensing

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/epstest"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// sample is a value for each kind of parameter.
var sample = map[string]any{
	"valueCode": "x", "valueString": "x", "valueBoolean": true, "valueDate": "2026-11-24", "valueDateTime": "2026-11-05T09:00:00+00:00",
	"valueCoding": fhir.Obj("code", "x"), "valueQuantity": fhir.Obj("value", 1, "unit", "tablet"),
	"valueCodeableConcept": fhir.Obj("coding", fhir.List(fhir.Obj("system", nhs.CSEndorsement, "code", "NDEC"))),
	"valueIdentifier":      fhir.Obj("value", "x"), "valueReference": fhir.Obj("reference", "MedicationRequest/x"),
	"Organization": fhir.Obj("resourceType", "Organization", "name", "x"), "PractitionerRole": fhir.Obj("resourceType", "PractitionerRole"),
}

// TestDeclaredIsTaken calls every operation on a Task with each parameter that
// its definition declares, in each kind, and with one that it does not: what is
// declared is read, and nothing else.
func TestDeclaredIsTaken(t *testing.T) {
	w := newWorld(t, today, Options{})
	s := epstest.Acute(1)
	_, err := w.send(s.Message())
	require.NoError(t, err)
	w.settle()
	seen := 0
	for _, op := range w.s.Operations() {
		if op.Type != "Task" {
			continue
		}
		require.True(t, len(op.Parameters) > 0 || op.Name == progressOp, op.Name)
		ask := func(parameter fhir.Value) []string {
			call := w.call(fhir.Obj("resourceType", "Parameters", "parameter", fhir.List(parameter)).Resource())
			if op.Instance {
				call.ID = TaskID(s.Order, 1)
			}
			_, err := w.operation(op.Name)(w.ctx, call)
			if err == nil {
				return nil
			}
			return epstest.RulesOf(err)
		}
		for _, p := range op.Parameters {
			assert.NotEmpty(t, p.Doc, "%s %s", op.Name, p.Name)
			for _, kind := range p.Kinds {
				if kind == "part" {
					for _, q := range p.Parts {
						assert.NotEmpty(t, q.Doc, "%s %s %s", op.Name, p.Name, q.Name)
						for _, of := range q.Kinds {
							rules := ask(fhir.Obj("name", p.Name, "part", fhir.List(given(q.Name, of))))
							assert.NotContains(t, rules, "OP-1", "%s %s %s", op.Name, q.Name, of)
							assert.NotContains(t, rules, "OP-2", "%s %s %s", op.Name, q.Name, of)
							seen++
						}
					}
					assert.Contains(t, ask(fhir.Obj("name", p.Name, "part", fhir.List(given("undeclared", "valueString")))), "OP-1", op.Name)
					continue
				}
				rules := ask(given(p.Name, kind))
				assert.NotContains(t, rules, "OP-1", "%s %s %s", op.Name, p.Name, kind)
				assert.NotContains(t, rules, "OP-2", "%s %s %s", op.Name, p.Name, kind)
				seen++
			}
			assert.Contains(t, ask(given(p.Name, "valueBase64Binary")), "OP-2", "%s %s", op.Name, p.Name)
		}
		assert.Contains(t, ask(given("undeclared", "valueString")), "OP-1", op.Name)
	}
	assert.Greater(t, seen, 25)
}

func given(name, kind string) fhir.Value {
	switch kind {
	case "Organization", "PractitionerRole":
		return fhir.Obj("name", name, "resource", sample[kind])
	case "valueBase64Binary":
		return fhir.Obj("name", name, kind, "eA==")
	}
	return fhir.Obj("name", name, kind, sample[kind])
}
