package message

import (
	"net/url"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/epstest"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

func repeatOrder() epstest.Script {
	s := epstest.Acute(1)
	s.Therapy, s.Repeats = prescription.RepeatDispensing, 3
	return s
}

// orderCases break one rule each.
var orderCases = []struct {
	rule, name string
	of         epstest.Script
	edit       func(m obj)
}{
	{"B1", "no Bundle", epstest.Acute(1), func(m obj) { m["resourceType"] = "Basic" }},
	{"FIELD", "no entry", epstest.Acute(1), func(m obj) { delete(m, "entry") }},
	{"FIELD", "no identifier", epstest.Acute(1), func(m obj) { delete(m, "identifier") }},
	{"FIELD", "a collection", epstest.Acute(1), func(m obj) { m["type"] = "collection" }},
	{"B2", "no header", epstest.Acute(1), func(m obj) { epstest.Remove(m, "MessageHeader") }},
	{"B2", "unknown event", epstest.Acute(1), func(m obj) {
		epstest.In(epstest.Nth(m, "MessageHeader", 0), "eventCoding")["code"] = "dispense-notification-update"
	}},
	{"B3", "a plan", epstest.Acute(1), func(m obj) { epstest.Nth(m, "MedicationRequest", 0)["intent"] = "plan" }},
	{"B4", "two medications", epstest.Acute(1), func(m obj) {
		epstest.Nth(m, "MedicationRequest", 0)["medicationReference"] = obj{"reference": "urn:uuid:1"}
	}},
	{"B5", "telecom without use", epstest.Acute(1), func(m obj) { delete(epstest.In(epstest.Nth(m, "PractitionerRole", 0), "telecom"), "use") }},
	{"B5", "telecom without value", epstest.Acute(1), func(m obj) { delete(epstest.In(epstest.Nth(m, "PractitionerRole", 0), "telecom"), "value") }},
	{"B6", "practitioner by identifier", epstest.Acute(1), func(m obj) {
		epstest.Nth(m, "PractitionerRole", 0)["practitioner"] = obj{"identifier": obj{"system": nhs.IDUser, "value": "1"}}
	}},
	{"B6", "practitioner elsewhere", epstest.Acute(1), func(m obj) {
		epstest.In(epstest.Nth(m, "PractitionerRole", 0), "practitioner")["reference"] = "urn:uuid:0"
	}},
	{"B7", "organisation by identifier", epstest.Acute(1), func(m obj) {
		epstest.Nth(m, "PractitionerRole", 0)["organization"] = obj{"identifier": obj{"system": nhs.IDODS, "value": "1"}}
	}},
	{"B8", "service by identifier", epstest.Acute(1), func(m obj) {
		epstest.Nth(m, "PractitionerRole", 0)["healthcareService"] = []any{obj{"identifier": obj{"system": nhs.IDODS, "value": "1"}}}
	}},
	{"B9", "no role profile", epstest.Acute(1), func(m obj) { epstest.In(epstest.Nth(m, "PractitionerRole", 0), "identifier")["system"] = nhs.IDUser }},
	{"B9", "two role profiles", epstest.Acute(1), func(m obj) {
		r := epstest.Nth(m, "PractitionerRole", 0)
		r["identifier"] = append(r["identifier"].([]any), r["identifier"].([]any)[0])
	}},
	{"0010", "no items", epstest.Acute(1), func(m obj) { epstest.Remove(m, "MedicationRequest") }},
	{"P1", "other subject", epstest.Acute(1), func(m obj) { epstest.In(epstest.Nth(m, "MedicationRequest", 1), "subject")["display"] = "x" }},
	{"P1", "performer missing on one", epstest.Acute(1), func(m obj) {
		delete(epstest.In(epstest.Nth(m, "MedicationRequest", 1), "dispenseRequest"), "performer")
	}},
	{"P1", "other prescription type", epstest.Acute(1), func(m obj) {
		epstest.In(epstest.Nth(m, "MedicationRequest", 1), "extension", "valueCoding")["code"] = "0104"
	}},
	{"P2", "organisation of its own", epstest.Acute(1), func(m obj) { delete(epstest.Nth(m, "Organization", 0), "partOf") }},
	{"P2", "service in primary care", epstest.Acute(1), func(m obj) {
		epstest.Nth(m, "PractitionerRole", 0)["healthcareService"] = []any{obj{"reference": epstest.OrgURL}}
	}},
	{"P3", "GMP number", epstest.Acute(1), func(m obj) { epstest.In(epstest.Nth(m, "Practitioner", 0), "identifier")["system"] = nhs.IDGMP }},
	{"P4", "completed item", epstest.Acute(1), func(m obj) { epstest.Nth(m, "MedicationRequest", 0)["status"] = "completed" }},
	{"P5", "same number twice", epstest.Acute(1), func(m obj) {
		epstest.Nth(m, "MedicationRequest", 1)["identifier"] = epstest.Nth(m, "MedicationRequest", 0)["identifier"]
	}},
	{"P5", "no number", epstest.Acute(1), func(m obj) { delete(epstest.Nth(m, "MedicationRequest", 0), "identifier") }},
	{"P6", "no dosage", epstest.Acute(1), func(m obj) { delete(epstest.Nth(m, "MedicationRequest", 0), "dosageInstruction") }},
	{"P6", "dosages without sequence", epstest.Acute(1), func(m obj) {
		epstest.Nth(m, "MedicationRequest", 0)["dosageInstruction"] = []any{obj{"text": "one"}, obj{"text": "then two"}}
	}},
	{"P7", "other repeats", repeatOrder(), func(m obj) {
		epstest.In(epstest.Nth(m, "MedicationRequest", 1), "dispenseRequest")["numberOfRepeatsAllowed"] = 5
	}},
	{"P7", "no duration", repeatOrder(), func(m obj) {
		epstest.Each(m, "MedicationRequest", func(r obj) { delete(epstest.In(r, "dispenseRequest"), "expectedSupplyDuration") })
	}},
	{"P8", "mixed with repeat dispensing", repeatOrder(), func(m obj) {
		epstest.In(epstest.Nth(m, "MedicationRequest", 1), "courseOfTherapyType", "coding")["code"] = "acute"
	}},
	{"P9", "weeks", repeatOrder(), func(m obj) {
		epstest.Each(m, "MedicationRequest", func(r obj) { epstest.In(r, "dispenseRequest", "expectedSupplyDuration")["code"] = "wk" })
	}},
	{"P10", "no repeats", repeatOrder(), func(m obj) {
		epstest.Each(m, "MedicationRequest", func(r obj) { delete(epstest.In(r, "dispenseRequest"), "numberOfRepeatsAllowed") })
	}},
	{"P11", "use", epstest.Acute(1), func(m obj) { epstest.In(epstest.Nth(m, "Patient", 0), "name")["use"] = "stage" }},
	{"P11", "gender", epstest.Acute(1), func(m obj) { epstest.Nth(m, "Patient", 0)["gender"] = "f" }},
	{"0019", "a hundred issues", repeatOrder(), func(m obj) {
		epstest.Each(m, "MedicationRequest", func(r obj) { epstest.In(r, "dispenseRequest")["numberOfRepeatsAllowed"] = 99 })
	}},
	{"0001", "deceased", epstest.Acute(1), func(m obj) { epstest.Nth(m, "Patient", 0)["deceasedBoolean"] = true }},
	{"0003", "unsigned", epstest.Acute(1), func(m obj) { epstest.Remove(m, "Provenance") }},
	{"5009", "wrong check character", epstest.Acute(1), func(m obj) {
		epstest.Each(m, "MedicationRequest", func(r obj) { epstest.In(r, "groupIdentifier")["value"] = "24F5DA-A83008-7EFE6A" })
	}},
	{"5009", "no short form", epstest.Acute(1), func(m obj) {
		epstest.Each(m, "MedicationRequest", func(r obj) { epstest.In(r, "groupIdentifier")["value"] = "12345" })
	}},
}

// judged are the rules that a message breaks.
func judged(m *fhir.Resource) (rules []string) {
	for _, i := range Read(m, prescription.BuiltInLaw).Judge() {
		rules = append(rules, i.Rule)
	}
	return rules
}

func TestOrderRules(t *testing.T) {
	for _, c := range orderCases {
		t.Run(c.rule+" "+c.name, func(t *testing.T) {
			whole := c.of.Message()
			require.Empty(t, judged(whole), "the message is not right to begin with")
			require.Contains(t, judged(epstest.Change(t, whole, c.edit)), c.rule)
		})
	}
}

func TestAllViolationsAtOnce(t *testing.T) {
	m := epstest.Change(t, epstest.Acute(1).Message(), func(m obj) {
		epstest.Nth(m, "MedicationRequest", 0)["status"] = "draft"
		epstest.Nth(m, "Patient", 0)["deceasedDateTime"] = "2015-02-07"
		delete(epstest.In(epstest.Nth(m, "PractitionerRole", 0), "telecom"), "use")
	})
	require.ElementsMatch(t, []string{"0001", "P4", "B5"}, judged(m))
	issues := Read(m, prescription.BuiltInLaw).Judge()
	require.Equal(t, "PATIENT_DECEASED", issues[0].Details.Code, "codes of the service come first")
	for _, i := range issues {
		require.NotEmpty(t, i.Expression)
		require.False(t, i.Position.IsZero())
	}
}

func TestCancelRules(t *testing.T) {
	for rule, edit := range map[string]func(m obj){
		"C1": func(m obj) {
			m["entry"] = append(m["entry"].([]any), obj{"fullUrl": "urn:uuid:1", "resource": epstest.Nth(m, "MedicationRequest", 0)})
		},
		"C2": func(m obj) { epstest.Nth(m, "MedicationRequest", 0)["status"] = "active" },
		"C3": func(m obj) { delete(epstest.Nth(m, "MedicationRequest", 0), "statusReason") },
	} {
		require.Contains(t, judged(epstest.Change(t, epstest.Acute(1).Cancellation(0), edit)), rule)
	}
}

func TestReleaseRules(t *testing.T) {
	org := fhir.Obj("resourceType", "Organization", "identifier", fhir.List(nhs.IdentifierValue(nhs.IDODS, "VNE51"))).Resource()
	whole := epstest.Parameters("owner", org, "agent", epstest.AgentRole(), "status:Code", "accepted")
	require.Empty(t, Examine(whole, ReleaseRules))
	for rule, p := range map[string]*fhir.Resource{
		"R1": org,
		"R2": epstest.Parameters("agent", epstest.AgentRole()),
		"R3": epstest.Parameters("owner", org),
		"R4": epstest.Parameters("owner", org, "agent", epstest.Change(t, epstest.AgentRole(), func(m obj) { delete(m, "telecom") })),
		"R5": epstest.Parameters("owner", org, "agent", epstest.AgentRole(), "status:Code", "rejected"),
	} {
		issues := Examine(p, ReleaseRules)
		require.True(t, slices.ContainsFunc(issues, func(i fhir.Issue) bool { return i.Rule == rule }), "%s: %v", rule, issues)
	}
}

func TestTrackerRules(t *testing.T) {
	for _, good := range []string{
		"identifier=24F5DA-A83008-7EFE6Z", "focus:identifier=" + nhs.IDOrder + "|24F5DA-A83008-7EFE6Z",
		"patient:identifier=" + nhs.IDNHS + "|9449304130&authored-on=ge2022-01-01&authored-on=le2022-12-31&business-status=0001",
	} {
		q, err := url.ParseQuery(good)
		require.NoError(t, err)
		require.NoError(t, CheckTracker(q), good)
	}
	for rule, bad := range map[string]string{
		"Q1": "status=ready",
		"Q2": "identifier=A&identifier=B",
		"Q3": "patient:identifier=" + nhs.IDOrder + "|1",
		"Q5": "identifier=" + nhs.IDOrder + "|24f5da-a83008-7efe6z",
		"Q4": "identifier=A&authored-on=gt2022-01-01",
	} {
		q, err := url.ParseQuery(bad)
		require.NoError(t, err)
		require.Equal(t, []string{rule}, epstest.RulesOf(CheckTracker(q)), bad)
	}
}

type obj = map[string]any
