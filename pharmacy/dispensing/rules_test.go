package dispensing

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/epstest"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

type obj = map[string]any

// TestARefusedMessageStoresNothing has one that breaks a rule of every family.
func TestARefusedMessageStoresNothing(t *testing.T) {
	w := newWorld(t, today, Options{})
	_, err := w.send(epstest.Change(t, epstest.Acute(1).Message(), func(m obj) {
		epstest.Nth(m, "MedicationRequest", 0)["status"] = "draft"
		epstest.Nth(m, "Patient", 0)["deceasedDateTime"] = "2015-02-07"
	}))
	require.ElementsMatch(t, []string{"0001", "P4"}, epstest.RulesOf(err))
	require.Equal(t, "PATIENT_DECEASED", epstest.DetailsOf(err)[0])
	require.Zero(t, w.db.Head(), "something was stored")
}

func TestNotifyRules(t *testing.T) {
	w := newWorld(t, today, Options{})
	s := epstest.Acute(1)
	_, err := w.send(s.Message())
	require.NoError(t, err)
	w.settle()
	_, err = w.on(s.Order, 1, w.s.acceptTask)
	require.NoError(t, err)
	reply, err := w.on(s.Order, 1, w.s.dispenseTask, "all:Boolean", true)
	require.NoError(t, err)
	whole := reply.Resource.Sub(message.Parameter(reply.Resource, "notification").Get("resource"))
	rules := slices.Concat(message.CommonRules, message.NotifyRules)
	require.Empty(t, message.Examine(message.Read(whole, prescription.BuiltInLaw), rules))

	const dispense = "MedicationDispense"
	reason := func(code string) obj {
		return obj{"url": nhs.ExtNonDispensing, "valueCoding": obj{"system": nhs.CSNotDispensed, "code": code}}
	}
	for rule, edit := range map[string]func(m obj){
		"D0": func(m obj) { epstest.Remove(m, dispense) },
		"D1": func(m obj) { epstest.Nth(m, dispense, 1)["whenHandedOver"] = "2026-11-25T09:30:00Z" },
		"D2": func(m obj) { epstest.In(epstest.Nth(m, dispense, 1), "performer", "actor")["reference"] = "#other" },
		"D3": func(m obj) {
			epstest.In(epstest.Nth(m, dispense, 0), "contained", "practitioner")["reference"] = "Practitioner/1"
		},
		"D4": func(m obj) {
			epstest.In(epstest.Nth(m, dispense, 0), "contained", "organization")["reference"] = "urn:uuid:0"
		},
		"D5":    func(m obj) { delete(epstest.Nth(m, "Organization", 0), "extension") },
		"DN-4":  func(m obj) { epstest.In(epstest.Nth(m, dispense, 0), "type", "coding")["code"] = "0002" },
		"DN-18": func(m obj) { epstest.Nth(m, dispense, 0)["status"] = "entered-in-error" },
		"D6": func(m obj) {
			for i, code := range []string{"0001", "0002"} {
				d := epstest.Nth(m, dispense, i)
				d["extension"] = append(d["extension"].([]any), reason(code))
			}
		},
	} {
		issues := message.Examine(message.Read(epstest.Change(t, whole, edit), prescription.BuiltInLaw), rules)
		require.True(t, slices.ContainsFunc(issues, func(i fhir.Issue) bool { return i.Rule == rule }), "%s: %v", rule, issues)
		for _, i := range issues {
			require.NotContains(t, i.Text(), "{", "an issue quotes no JSON")
		}
	}
	empty := epstest.Change(t, whole, func(m obj) { epstest.Nth(m, dispense, 0)["performer"] = []any{} })
	require.Equal(t, "D2", message.Examine(message.Read(empty, prescription.BuiltInLaw), message.NotifyRules)[0].Rule)
}

func TestTaskRules(t *testing.T) {
	st := &stage{world: newWorld(t, today, Options{})}
	back := st.taskOf(epstest.Acute(1), "rejected", nhs.CSReturn, "0003", "x")
	away := st.taskOf(epstest.Acute(1), "in-progress", nhs.CSWithdraw, "MU", "x")
	for _, task := range []*fhir.Resource{back, away} {
		require.Empty(t, message.Examine(task, message.TaskRules))
		require.True(t, isEPSTask(task))
	}
	operation := (&Service{}).Intakes()[0].Operation
	require.Equal(t, []string{"Task/$return", "Task/$withdraw"}, []string{operation(back), operation(away)}, "as roles grant them")
	for _, c := range []struct {
		rule string
		of   *fhir.Resource
		edit func(m obj)
	}{
		{"T1", back, func(m obj) { m["resourceType"] = "Basic" }},
		{"T2", back, func(m obj) { m["intent"] = "plan" }},
		{"T3", back, func(m obj) { epstest.In(m, "requester")["reference"] = "PractitionerRole/1" }},
		{"T4", back, func(m obj) { epstest.In(m, "contained", "practitioner")["reference"] = "Practitioner/1" }},
		{"T5", back, func(m obj) { m["status"] = "completed" }},
		{"T6", away, func(m obj) { epstest.In(m, "code", "coding")["code"] = "fulfill" }},
		{"T6", away, func(m obj) { epstest.In(m, "statusReason", "coding")["system"] = nhs.CSReturn }},
		{"T7", back, func(m obj) { epstest.In(m, "statusReason", "coding")["system"] = nhs.CSWithdraw }},
		{"T8", back, func(m obj) { delete(m, "groupIdentifier") }},
	} {
		issues := message.Examine(epstest.Change(t, c.of, c.edit), message.TaskRules)
		require.True(t, slices.ContainsFunc(issues, func(i fhir.Issue) bool { return i.Rule == c.rule }), "%s: %v", c.rule, issues)
	}
}
