package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
	"github.com/pestle-fhir/pestle/store"
	"github.com/pestle-fhir/pestle/store/kv/badger"
)

// commandAct is something that a command is asked to do with a prescription.
type commandAct struct {
	name, refused string // what the refusal says; "" for a lawful act
	line          string // the command, before its file
	files         []string
}

// TestTheCommandLineIsADoor: what is unlawful by every other way is refused by load and
// import too, of a server that has the folder open and of a closed folder, and nothing is
// stored; what is lawful is stored.
func TestTheCommandLineIsADoor(t *testing.T) {
	for _, open := range []bool{true, false} {
		t.Run(map[bool]string{true: "open", false: "closed"}[open], func(t *testing.T) {
			l := &life{orgWorld: newOrgWorld(t)}
			l.task = l.order("X99CL", "FA565", "9990001006")
			require.Equal(t, "200", l.try([]string{"FA565", "POST", "$task/$accept"}))
			acts := append(beforeSupply(l), lawfulActs...)
			taken := l.task
			l.task = l.order("X99CL", "FA565", "9990548609")
			require.Equal(t, "200", l.try([]string{"FA565", "POST", "$task/$accept"}))
			require.Equal(t, "200", l.try(strings.SplitN(`FA565 POST $task/$dispense {"resourceType":"Parameters","parameter":[{"name":"all","valueBoolean":true}]}`, " ", 4)))
			acts = append(afterSupply(l), acts...)
			l.task = taken
			head := l.app.db.Head
			if open {
				ctx, end := context.WithCancel(context.Background())
				done := (&admin{app: l.app, data: l.dir, log: slog.New(slog.DiscardHandler)}).administer(ctx)
				defer func() { end(); <-done }()
			} else {
				l.stop()
				head = func() fhir.Seq { return headOf(t, l.dir) }
			}
			unlawful, lawful := 0, 0
			before := head()
			for i, a := range acts {
				line := a.line
				for j, text := range a.files {
					name := filepath.Join(t.TempDir(), string(rune('a'+j))+map[bool]string{true: ".csv", false: ".json"}[strings.HasPrefix(a.line, "import")])
					require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
					line += " " + name
				}
				code, out := command(t, l.dir, line)
				if a.refused == "" {
					lawful++
					assert.Zero(t, code, "%d %s: %s", i, a.name, out)
					after := head()
					assert.Greater(t, after, before, a.name)
					before = after
					continue
				}
				unlawful++
				assert.Equal(t, 1, code, "%d %s: %s", i, a.name, out)
				assert.Contains(t, out, a.refused, a.name)
				assert.Equal(t, before, head(), "%s: nothing is stored", a.name)
			}
			assert.GreaterOrEqual(t, unlawful, 24)
			assert.GreaterOrEqual(t, lawful, 6)
		})
	}
}

// headOf is the head of a folder that nobody has open.
func headOf(t *testing.T, dir string) fhir.Seq {
	engine, err := badger.OpenReadOnly(dir, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	db, err := store.Open(engine, store.Options{ReadOnly: true})
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	return db.Head()
}

// stored is the current content of what a name of [life.names] stands for.
func (l *life) stored(name string) *fhir.Resource {
	typ, id, _ := strings.Cut(l.names(name), "/")
	return l.resource(typ, id)
}

func (l *life) resource(typ, id string) *fhir.Resource {
	v, err := l.app.db.State(context.Background()).Current(typ, id)
	require.NoError(l.t, err)
	require.NotNil(l.t, v, typ+"/"+id)
	r, err := v.Resource()
	require.NoError(l.t, err)
	return fhir.Revise(r, "meta", "")
}

// byHand writes a supply of the order's controlled drug.
func byHand(l *life, exchange ...string) string {
	text := l.names(`{"resourceType":"MedicationDispense","status":"completed","medicationCodeableConcept":{"text":"Methylphenidate 18mg modified-release tablets"},"subject":{"reference":"$patient"},
 "authorizingPrescription":[{"identifier":{"system":"` + nhs.IDItem + `","value":"$controlled"}}],"quantity":{"value":28,"unit":"tablet","system":"http://snomed.info/sct","code":"428673006"},"whenHandedOver":"2026-11-29"}`)
	return strings.NewReplacer(exchange...).Replace(text)
}

func deleting(ref string) string {
	return `{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"` + ref + `"}}]}`
}

func beforeSupply(l *life) []commandAct {
	const hand, elsewhere = "A supply of a prescription is recorded by the operation", `"meta":{"tag":[{"system":"https://pestle-fhir.github.io/CodeSystem/record-origin","code":"supplied-elsewhere"}]},`
	load := func(name, refused string, text string) commandAct {
		return commandAct{name, refused, "load --references any", []string{text}}
	}
	task, order := l.stored("$task"), l.stored("$item")
	again := regexp.MustCompile(`"(id|fullUrl)":"[^"]*",?`)
	return []commandAct{
		load("a supply by hand", hand, byHand(l)),
		load("more than was ordered", hand, byHand(l, `"value":28,`, `"value":500,`)),
		load("another unit", hand, byHand(l, `"unit":"tablet","system":"http://snomed.info/sct","code":"428673006"`, `"unit":"ml","system":"http://snomed.info/sct","code":"258773002"`)),
		load("another medicine", hand, byHand(l, "Methylphenidate 18mg modified-release", "Paracetamol 500mg")),
		load("a day to come", hand, byHand(l, "2026-11-29", "2036-11-29")),
		load("the mark of another pharmacy, of a prescription", "A record of what another pharmacy supplied is taken on as it came", byHand(l, `"status"`, elsewhere+`"status"`)),
		load("the mark of another pharmacy", "A record of what another pharmacy supplied is taken on as it came", `{"resourceType":"MedicationDispense",`+elsewhere+`"status":"completed","medicationCodeableConcept":{"text":"Methylphenidate"},"quantity":{"value":1},"whenHandedOver":"2026-11-01"}`),
		load("the Task is finished", "The Task", string(fhir.Revise(task, "status", "completed").JSON())),
		load("the Task is ready again", "The Task", string(fhir.Revise(task, "status", "ready", "owner", "").JSON())),
		load("the Task is deleted", "Task", deleting("Task/"+task.ID())),
		load("a Task of a queue", "The Task of a queue follows from its prescription", `{"resourceType":"Task","status":"received","intent":"order","code":{"coding":[{"system":"https://pestle-fhir.github.io/CodeSystem/queue","code":"owing"}]}}`),
		load("another dose", "An order cannot be altered after it was signed", string(fhir.Revise(order, "dosageInstruction", fhir.List(fhir.Obj("text", "Ten at night"))).JSON())),
		load("the order is completed", "The status of an order follows from what becomes of it", string(fhir.Revise(order, "status", "completed").JSON())),
		load("a second prescription of the number", "The prescription has this item already", again.ReplaceAllString(string(order.JSON()), "")),
		load("the message is written anew", "A message that was processed stays as it came", string(fhir.Revise(l.stored("$message"), "timestamp", "2026-01-01T00:00:00Z").JSON())),
		load("an issue of the clinical checks", "is a record that the server makes itself", `{"resourceType":"DetectedIssue","status":"final","code":{"coding":[{"system":"https://pestle-fhir.github.io/CodeSystem/clinical-rule","code":"ALLERGY"}]}}`),
		{"what is from here is not taken on", "comes from another pharmacy", "import --site FA565 --from FA565", []string{"patient,family name,birth date\nP1,Adams,1990-01-01\n"}},
		{"a supply to come is not taken on", "is not valid", "import --site FA565 --from FX123", []string{"patient,family name,birth date\nP1,Adams,1990-01-01\n", "patient,medicine,quantity,unit,supplied\nP1,Morphine,1,tablet,2036-01-01\n"}},
		{"nobody's supply is not taken on", "The patient is not known", "import --site FA565 --from FX123", []string{"patient,medicine,quantity,unit,supplied\nP9,Morphine,1,tablet,2026-01-01\n"}},
	}
}

func afterSupply(l *life) []commandAct {
	supply := l.stored("$supply")
	ids, err := l.app.db.State(context.Background()).Find("ClaimResponse", "_lastUpdated=gt2000")
	require.NoError(l.t, err)
	answer := l.resource("ClaimResponse", ids[0])
	load := func(name, refused string, text string) commandAct {
		return commandAct{name, refused, "load --references any", []string{text}}
	}
	return []commandAct{
		load("supplied again", "A supply of a prescription is recorded by the operation", byHand(l)),
		load("another quantity", "A record of supply is neither altered nor removed", string(fhir.Revise(supply, "quantity", fhir.Obj("value", 1, "unit", "tablet")).JSON())),
		load("not supplied after all", "A record of supply is neither altered nor removed", string(fhir.Revise(supply, "status", "entered-in-error").JSON())),
		load("the record is deleted", "A record of supply is neither altered nor removed", deleting("MedicationDispense/"+supply.ID())),
		load("the claim is deleted", "deleted", deleting(l.names("$claim"))),
		load("another answer to the claim", "is a record that the server makes itself", string(fhir.Revise(answer, "disposition", "Paid twice").JSON())),
	}
}

var lawfulActs = []commandAct{
	{"a patient", "", "load", []string{`{"resourceType":"Patient","name":[{"family":"New"}],"identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9449304130"}]}`}},
	{"a measurement", "", "load", []string{`{"resourceType":"Observation","status":"final","code":{"text":"Pulse"},"valueString":"70"}`}},
	{"a supply without a prescription", "", "load", []string{`{"resourceType":"MedicationDispense","status":"completed","medicationCodeableConcept":{"text":"Paracetamol"},"quantity":{"value":16}}`}},
	{"an order of no prescription", "", "load", []string{`{"resourceType":"MedicationRequest","status":"active","intent":"plan","medicationCodeableConcept":{"text":"Paracetamol"},"subject":{"display":"x"},"substitution":{"allowedBoolean":false}}`}},
	{"a Task of another kind", "", "load", []string{`{"resourceType":"Task","status":"requested","intent":"order","code":{"text":"Ring the patient"}}`}},
	{"what another pharmacy supplied", "", "import --site FA565 --from FX123", []string{"patient,family name,birth date\nP7,Adams,1991-01-01\n", "patient,medicine,quantity,unit,supplied\nP7,Morphine,1,tablet,2026-01-01\n"}},
}
