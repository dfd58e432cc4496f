package dispensing

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/message"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

type obj = map[string]any

// of gives the n-th resource of a type in a message that is being edited.
func of(m obj, typ string, n int) obj {
	for _, e := range m["entry"].([]any) {
		if r := e.(obj)["resource"].(obj); r["resourceType"] == typ {
			if n == 0 {
				return r
			}
			n--
		}
	}
	return nil
}

func each(m obj, typ string, f func(r obj)) {
	for _, e := range m["entry"].([]any) {
		if r := e.(obj)["resource"].(obj); r["resourceType"] == typ {
			f(r)
		}
	}
}

func in(r obj, path ...string) obj {
	for _, p := range path {
		switch v := r[p].(type) {
		case obj:
			r = v
		case []any:
			r = v[0].(obj)
		}
	}
	return r
}

func remove(m obj, typ string) {
	m["entry"] = slices.DeleteFunc(m["entry"].([]any), func(e any) bool { return e.(obj)["resource"].(obj)["resourceType"] == typ })
}

func repeatOrder() script {
	s := acute(1)
	s.therapy, s.repeats = prescription.RepeatDispensing, 3
	return s
}

// orderCases break one rule each.
var orderCases = []struct {
	rule, name string
	of         script
	edit       func(m obj)
}{
	{"B1", "no Bundle", acute(1), func(m obj) { m["resourceType"] = "Basic" }},
	{"FIELD", "no entry", acute(1), func(m obj) { delete(m, "entry") }},
	{"FIELD", "no identifier", acute(1), func(m obj) { delete(m, "identifier") }},
	{"FIELD", "a collection", acute(1), func(m obj) { m["type"] = "collection" }},
	{"B2", "no header", acute(1), func(m obj) { remove(m, "MessageHeader") }},
	{"B2", "unknown event", acute(1), func(m obj) { in(of(m, "MessageHeader", 0), "eventCoding")["code"] = "dispense-notification-update" }},
	{"B3", "a plan", acute(1), func(m obj) { of(m, "MedicationRequest", 0)["intent"] = "plan" }},
	{"B4", "two medications", acute(1), func(m obj) {
		of(m, "MedicationRequest", 0)["medicationReference"] = obj{"reference": "urn:uuid:1"}
	}},
	{"B5", "telecom without use", acute(1), func(m obj) { delete(in(of(m, "PractitionerRole", 0), "telecom"), "use") }},
	{"B5", "telecom without value", acute(1), func(m obj) { delete(in(of(m, "PractitionerRole", 0), "telecom"), "value") }},
	{"B6", "practitioner by identifier", acute(1), func(m obj) {
		of(m, "PractitionerRole", 0)["practitioner"] = obj{"identifier": obj{"system": nhs.IDUser, "value": "1"}}
	}},
	{"B6", "practitioner elsewhere", acute(1), func(m obj) { in(of(m, "PractitionerRole", 0), "practitioner")["reference"] = "urn:uuid:0" }},
	{"B7", "organisation by identifier", acute(1), func(m obj) {
		of(m, "PractitionerRole", 0)["organization"] = obj{"identifier": obj{"system": nhs.IDODS, "value": "1"}}
	}},
	{"B8", "service by identifier", acute(1), func(m obj) {
		of(m, "PractitionerRole", 0)["healthcareService"] = []any{obj{"identifier": obj{"system": nhs.IDODS, "value": "1"}}}
	}},
	{"B9", "no role profile", acute(1), func(m obj) { in(of(m, "PractitionerRole", 0), "identifier")["system"] = nhs.IDUser }},
	{"B9", "two role profiles", acute(1), func(m obj) {
		r := of(m, "PractitionerRole", 0)
		r["identifier"] = append(r["identifier"].([]any), r["identifier"].([]any)[0])
	}},
	{"0010", "no items", acute(1), func(m obj) { remove(m, "MedicationRequest") }},
	{"P1", "other subject", acute(1), func(m obj) { in(of(m, "MedicationRequest", 1), "subject")["display"] = "x" }},
	{"P1", "performer missing on one", acute(1), func(m obj) { delete(in(of(m, "MedicationRequest", 1), "dispenseRequest"), "performer") }},
	{"P1", "other prescription type", acute(1), func(m obj) {
		in(of(m, "MedicationRequest", 1), "extension", "valueCoding")["code"] = "0104"
	}},
	{"P2", "organisation of its own", acute(1), func(m obj) { delete(of(m, "Organization", 0), "partOf") }},
	{"P2", "service in primary care", acute(1), func(m obj) {
		of(m, "PractitionerRole", 0)["healthcareService"] = []any{obj{"reference": orgURL}}
	}},
	{"P3", "GMP number", acute(1), func(m obj) { in(of(m, "Practitioner", 0), "identifier")["system"] = nhs.IDGMP }},
	{"P4", "completed item", acute(1), func(m obj) { of(m, "MedicationRequest", 0)["status"] = "completed" }},
	{"P5", "same number twice", acute(1), func(m obj) {
		of(m, "MedicationRequest", 1)["identifier"] = of(m, "MedicationRequest", 0)["identifier"]
	}},
	{"P5", "no number", acute(1), func(m obj) { delete(of(m, "MedicationRequest", 0), "identifier") }},
	{"P6", "no dosage", acute(1), func(m obj) { delete(of(m, "MedicationRequest", 0), "dosageInstruction") }},
	{"P6", "dosages without sequence", acute(1), func(m obj) {
		of(m, "MedicationRequest", 0)["dosageInstruction"] = []any{obj{"text": "one"}, obj{"text": "then two"}}
	}},
	{"P7", "other repeats", repeatOrder(), func(m obj) { in(of(m, "MedicationRequest", 1), "dispenseRequest")["numberOfRepeatsAllowed"] = 5 }},
	{"P7", "no duration", repeatOrder(), func(m obj) {
		each(m, "MedicationRequest", func(r obj) { delete(in(r, "dispenseRequest"), "expectedSupplyDuration") })
	}},
	{"P8", "mixed with repeat dispensing", repeatOrder(), func(m obj) {
		in(of(m, "MedicationRequest", 1), "courseOfTherapyType", "coding")["code"] = "acute"
	}},
	{"P9", "weeks", repeatOrder(), func(m obj) {
		each(m, "MedicationRequest", func(r obj) { in(r, "dispenseRequest", "expectedSupplyDuration")["code"] = "wk" })
	}},
	{"P10", "no repeats", repeatOrder(), func(m obj) {
		each(m, "MedicationRequest", func(r obj) { delete(in(r, "dispenseRequest"), "numberOfRepeatsAllowed") })
	}},
	{"P11", "use", acute(1), func(m obj) { in(of(m, "Patient", 0), "name")["use"] = "stage" }},
	{"P11", "gender", acute(1), func(m obj) { of(m, "Patient", 0)["gender"] = "f" }},
	{"0019", "a hundred issues", repeatOrder(), func(m obj) {
		each(m, "MedicationRequest", func(r obj) { in(r, "dispenseRequest")["numberOfRepeatsAllowed"] = 99 })
	}},
	{"0001", "deceased", acute(1), func(m obj) { of(m, "Patient", 0)["deceasedBoolean"] = true }},
	{"0003", "unsigned", acute(1), func(m obj) { remove(m, "Provenance") }},
	{"5009", "wrong check character", acute(1), func(m obj) {
		each(m, "MedicationRequest", func(r obj) { in(r, "groupIdentifier")["value"] = "24F5DA-A83008-7EFE6A" })
	}},
	{"5009", "no short form", acute(1), func(m obj) {
		each(m, "MedicationRequest", func(r obj) { in(r, "groupIdentifier")["value"] = "12345" })
	}},
}

func TestOrderRules(t *testing.T) {
	for _, c := range orderCases {
		t.Run(c.rule+" "+c.name, func(t *testing.T) {
			w := newWorld(t, today, Options{})
			whole := c.of.message()
			require.Empty(t, message.Examine(message.Read(whole, prescription.BuiltInLaw), slices.Concat(message.EnvelopeRules, message.CommonRules, message.OrderRules)), "the message is not right to begin with")
			_, err := w.send(change(t, whole, c.edit))
			require.Contains(t, rulesOf(err), c.rule, "%v", err)
			require.Zero(t, w.db.Head(), "something was stored")
		})
	}
}

func TestAllViolationsAtOnce(t *testing.T) {
	m := change(t, acute(1).message(), func(m obj) {
		of(m, "MedicationRequest", 0)["status"] = "draft"
		of(m, "Patient", 0)["deceasedDateTime"] = "2015-02-07"
		delete(in(of(m, "PractitionerRole", 0), "telecom"), "use")
	})
	_, err := newWorld(t, today, Options{}).send(m)
	require.ElementsMatch(t, []string{"0001", "P4", "B5"}, rulesOf(err))
	require.Equal(t, "PATIENT_DECEASED", detailsOf(err)[0], "codes of the service come first")
	var refused *fhir.Error
	require.ErrorAs(t, err, &refused)
	for _, i := range refused.Issues {
		require.NotEmpty(t, i.Expression)
		require.False(t, i.Position.IsZero())
	}
}

func TestCancelRules(t *testing.T) {
	for rule, edit := range map[string]func(m obj){
		"C1": func(m obj) {
			m["entry"] = append(m["entry"].([]any), obj{"fullUrl": "urn:uuid:1", "resource": of(m, "MedicationRequest", 0)})
		},
		"C2": func(m obj) { of(m, "MedicationRequest", 0)["status"] = "active" },
		"C3": func(m obj) { delete(of(m, "MedicationRequest", 0), "statusReason") },
	} {
		_, err := newWorld(t, today, Options{}).send(change(t, acute(1).cancellation(0), edit))
		require.Contains(t, rulesOf(err), rule, "%v", err)
	}
}

func TestNotifyRules(t *testing.T) {
	w := newWorld(t, today, Options{})
	s := acute(1)
	_, err := w.send(s.message())
	require.NoError(t, err)
	w.settle()
	_, err = w.on(s.order, 1, w.s.acceptTask)
	require.NoError(t, err)
	reply, err := w.on(s.order, 1, w.s.dispenseTask, "all:Boolean", true)
	require.NoError(t, err)
	whole := reply.Resource.Sub(message.Parameter(reply.Resource, "notification").Get("resource"))
	rules := slices.Concat(message.CommonRules, message.NotifyRules)
	require.Empty(t, message.Examine(message.Read(whole, prescription.BuiltInLaw), rules))

	const dispense = "MedicationDispense"
	reason := func(code string) obj {
		return obj{"url": nhs.ExtNonDispensing, "valueCoding": obj{"system": nhs.CSNotDispensed, "code": code}}
	}
	for rule, edit := range map[string]func(m obj){
		"D0":    func(m obj) { remove(m, dispense) },
		"D1":    func(m obj) { of(m, dispense, 1)["whenHandedOver"] = "2026-11-25T09:30:00Z" },
		"D2":    func(m obj) { in(of(m, dispense, 1), "performer", "actor")["reference"] = "#other" },
		"D3":    func(m obj) { in(of(m, dispense, 0), "contained", "practitioner")["reference"] = "Practitioner/1" },
		"D4":    func(m obj) { in(of(m, dispense, 0), "contained", "organization")["reference"] = "urn:uuid:0" },
		"D5":    func(m obj) { delete(of(m, "Organization", 0), "extension") },
		"DN-4":  func(m obj) { in(of(m, dispense, 0), "type", "coding")["code"] = "0002" },
		"DN-18": func(m obj) { of(m, dispense, 0)["status"] = "entered-in-error" },
		"D6": func(m obj) {
			for i, code := range []string{"0001", "0002"} {
				d := of(m, dispense, i)
				d["extension"] = append(d["extension"].([]any), reason(code))
			}
		},
	} {
		issues := message.Examine(message.Read(change(t, whole, edit), prescription.BuiltInLaw), rules)
		require.True(t, slices.ContainsFunc(issues, func(i fhir.Issue) bool { return i.Rule == rule }), "%s: %v", rule, issues)
		for _, i := range issues {
			require.NotContains(t, i.Text(), "{", "an issue quotes no JSON")
		}
	}
	empty := change(t, whole, func(m obj) { of(m, dispense, 0)["performer"] = []any{} })
	require.Equal(t, "D2", message.Examine(message.Read(empty, prescription.BuiltInLaw), message.NotifyRules)[0].Rule)
}

func TestTaskRules(t *testing.T) {
	st := &stage{world: newWorld(t, today, Options{})}
	back := st.taskOf(acute(1), "rejected", nhs.CSReturn, "0003", "x")
	away := st.taskOf(acute(1), "in-progress", nhs.CSWithdraw, "MU", "x")
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
		{"T3", back, func(m obj) { in(m, "requester")["reference"] = "PractitionerRole/1" }},
		{"T4", back, func(m obj) { in(m, "contained", "practitioner")["reference"] = "Practitioner/1" }},
		{"T5", back, func(m obj) { m["status"] = "completed" }},
		{"T6", away, func(m obj) { in(m, "code", "coding")["code"] = "fulfill" }},
		{"T6", away, func(m obj) { in(m, "statusReason", "coding")["system"] = nhs.CSReturn }},
		{"T7", back, func(m obj) { in(m, "statusReason", "coding")["system"] = nhs.CSWithdraw }},
		{"T8", back, func(m obj) { delete(m, "groupIdentifier") }},
	} {
		issues := message.Examine(change(t, c.of, c.edit), message.TaskRules)
		require.True(t, slices.ContainsFunc(issues, func(i fhir.Issue) bool { return i.Rule == c.rule }), "%s: %v", c.rule, issues)
	}
}

func TestReleaseRules(t *testing.T) {
	org := fhir.Obj("resourceType", "Organization", "identifier", fhir.List(nhs.IdentifierValue(nhs.IDODS, "VNE51"))).Resource()
	whole := params("owner", org, "agent", agentRole(), "status:Code", "accepted")
	require.Empty(t, message.Examine(whole, message.ReleaseRules))
	for rule, p := range map[string]*fhir.Resource{
		"R1": org,
		"R2": params("agent", agentRole()),
		"R3": params("owner", org),
		"R4": params("owner", org, "agent", change(t, agentRole(), func(m obj) { delete(m, "telecom") })),
		"R5": params("owner", org, "agent", agentRole(), "status:Code", "rejected"),
	} {
		issues := message.Examine(p, message.ReleaseRules)
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
		require.NoError(t, message.CheckTracker(q), good)
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
		require.Equal(t, []string{rule}, rulesOf(message.CheckTracker(q)), bad)
	}
}

// catalogue lists the rules that the package must have: the checks of the EPS
// API, Spine's errors that concern it, the law.
var catalogue = strings.Fields(`
	B1 B2 B3 B4 B5 B6 B7 B8 B9 P1 P2 P3 P4 P5 P6 P7 P8 P9 P10 P11 P12 C1 C2 C3 D1 D2 D3 D4 D5 D6
	T1 T2 T3 T4 T5 T6 T7 R1 R2 R3 R4 Q1 Q2 Q3 Q4
	0001 0002 0003 0004 0005 0006 0010 0012 0013 0014 0019 0021 5009
	R-0003 R-0008 R-5000 MDR-15 MDR-16 HMR-217 HMR-219`)

// TestEveryRuleHasCodeAndTest looks for each id at the line that meets it, and
// in the tests.
func TestEveryRuleHasCodeAndTest(t *testing.T) {
	code, tests := "", ""
	var files []string
	for _, pattern := range []string{"*.go", "message/*.go", "prescription/*.go", "testdata/*.txtar"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		files = append(files, found...)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		text := string(data)
		if i := strings.Index(text, "var catalogue"); i >= 0 {
			text = text[:i]
		}
		if strings.HasSuffix(file, "_test.go") || strings.HasSuffix(file, ".txtar") {
			tests += text
		} else {
			code += text
		}
	}
	for _, id := range catalogue {
		at := regexp.MustCompile(`// [^\n]*\b` + regexp.QuoteMeta(id) + `\b`)
		if !at.MatchString(code) {
			t.Errorf("%s stands at no line of code", id)
		}
		if !regexp.MustCompile(`\b` + regexp.QuoteMeta(id) + `\b`).MatchString(tests) {
			t.Errorf("%s is in no test", id)
		}
	}
}
