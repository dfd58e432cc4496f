package profiles

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/processor"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// logged is a history of definitions in memory.
type logged struct {
	seq    fhir.Seq
	byType map[string][]*fhir.Version
	read   int
}

func (l *logged) write(typ, id, json string) {
	v := &fhir.Version{Type: typ, ID: id, VersionID: "1", Seq: l.seq + 1, Method: fhir.Update}
	if json != "" {
		v.JSON = []byte(json)
	} else {
		v.Method = fhir.Delete
	}
	if l.seq++; l.byType == nil {
		l.byType = map[string][]*fhir.Version{}
	}
	l.byType[typ] = append(l.byType[typ], v)
}

// History returns the newest versions first.
func (l *logged) History(_ context.Context, q fhir.HistoryQuery) (*fhir.History, error) {
	h := &fhir.History{AsOf: l.seq}
	for _, v := range slices.Backward(l.byType[q.Type]) {
		if q.Before != (fhir.LogPlace{}) && v.Seq >= q.Before.Seq {
			continue
		}
		if len(h.Versions) == q.Count {
			h.Next = fhir.LogPlace{Seq: h.Versions[q.Count-1].Seq}
			break
		}
		l.read++
		h.Versions = append(h.Versions, v)
	}
	return h, nil
}

// definitions of each type, by number; the number of a profile's base is in it.
var numbered = map[string]string{
	"ValueSet":   `{"resourceType":"ValueSet","url":"https://clinic.example/v%[1]d","version":"1","compose":{"include":[{"system":"https://clinic.example/c%[1]d"}]}}`,
	"CodeSystem": `{"resourceType":"CodeSystem","url":"https://clinic.example/c%[1]d","content":"complete","concept":[{"code":"a"}]}`,
	"ConceptMap": `{"resourceType":"ConceptMap","url":"https://clinic.example/m%[1]d"}`,
	"StructureDefinition": `{"resourceType":"StructureDefinition","url":"https://clinic.example/p%[1]d","type":"Patient","kind":"resource","derivation":"constraint",
		"baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient","differential":{"element":[{"id":"Patient.name","path":"Patient.name","min":1}]}}`,
}

// TestStoredDefinitionsOfEverySize: a definition that is taken over costs the same,
// whether it is the first one or there are thousands.
func TestStoredDefinitionsOfEverySize(t *testing.T) {
	for typ, text := range numbered {
		l := libraryOf(definition.NewSet())
		log := &logged{}
		s := &Stored{Library: l, From: log}
		took := func(from, n int) time.Duration {
			best := time.Hour
			for k := range n {
				log.write(typ, fmt.Sprint(from+k), fmt.Sprintf(text, from+k))
				start := processor.Time()
				require.NoError(t, s.Sync(context.Background()))
				if typ == "StructureDefinition" {
					require.NotNil(t, l.program(fmt.Sprintf("https://clinic.example/p%d", from+k)))
				}
				best = min(best, processor.Time()-start)
			}
			return best
		}
		few := took(0, 20)
		took(20, 1960)
		many := took(1980, 20)
		require.Less(t, many, 4*few+50*time.Microsecond, typ)
		require.Less(t, log.read, 20*2000, "versions read")
	}
}

// TestStoredDefinitionsOfOneURL: the one written last answers, and when it goes,
// the one before.
func TestStoredDefinitionsOfOneURL(t *testing.T) {
	title := func(text string) string {
		return `{"resourceType":"ValueSet","url":"https://clinic.example/v","version":"1","title":"` + text + `"}`
	}
	l := libraryOf(definition.NewSet())
	log := &logged{}
	s := &Stored{Library: l, From: log}
	for _, step := range []struct{ id, json, bare, version string }{
		{"a", title("first"), "first", "first"},
		{"b", title("second"), "second", "second"},
		{"c", `{"resourceType":"ValueSet","url":"https://clinic.example/v","title":"bare"}`, "bare", "second"},
		{"b", "", "bare", "first"},
		{"c", `{"resourceType":"ValueSet","url":"https://clinic.example/other"}`, "first", "first"},
	} {
		log.write("ValueSet", step.id, step.json)
		require.NoError(t, s.Sync(context.Background()))
		assert.Equal(t, step.bare, l.terms.ValueSet("https://clinic.example/v").Title, "%+v", step)
		assert.Equal(t, step.version, l.terms.ValueSet("https://clinic.example/v|1").Title, "%+v", step)
	}
}

// TestBuiltInAfterStored: where a later program has a definition of a url that is
// stored, or the operator adds one, that one holds, whatever is stored after it. It
// is told, and the stored one is back once the other is gone.
func TestBuiltInAfterStored(t *testing.T) {
	const url = "https://clinic.example/"
	structure := func(element string) string {
		return fmt.Sprintf(`{"resourceType":"StructureDefinition","url":"%sp","type":"Patient","kind":"resource","derivation":"constraint","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient",
			"differential":{"element":[{"id":"Patient.%[2]s","path":"Patient.%[2]s","min":1}]}}`, url, element)
	}
	values := func(title string) string {
		return `{"resourceType":"ValueSet","url":"` + url + `v","version":"1","title":"` + title + `"}`
	}
	l := libraryOf(definition.NewSet())
	log := &logged{}
	s := &Stored{Library: l, From: log}
	has := func(element, title string) {
		t.Helper()
		p, err := l.Structure(url + "p")
		require.NoError(t, err)
		require.True(t, slices.ContainsFunc(p.Snapshot, func(e *definition.Element) bool { return e.Path == "Patient."+element && e.Min != nil && *e.Min == 1 }))
		require.Equal(t, title, l.terms.ValueSet(url+"v").Title)
		require.Equal(t, title, l.terms.ValueSet(url+"v|1").Title)
	}
	log.write("StructureDefinition", "p", structure("name"))
	log.write("ValueSet", "v", values("stored"))
	require.NoError(t, s.Sync(t.Context()))
	has("name", "stored")
	l.Define(definitions(t, structure("gender"), values("configured")))
	has("gender", "configured")
	log.write("StructureDefinition", "p", structure("birthDate"))
	log.write("ValueSet", "v", values("again"))
	require.ErrorContains(t, s.Sync(t.Context()), "StructureDefinition/p has no effect")
	has("gender", "configured")
	started := &Stored{Library: libraryOf(definitions(t, structure("gender"), values("configured"))), From: log}
	require.ErrorContains(t, started.Sync(t.Context()), "ValueSet/v has no effect")
	l.Replace(libraryOf(definition.NewSet()))
	has("birthDate", "again")
}

// TestWhatDoesNotChangeStaysCompiled: a program is made anew when its own
// definition changes, or one that it is built on, also one that was missing.
func TestWhatDoesNotChangeStaysCompiled(t *testing.T) {
	const url = "https://clinic.example/"
	profile := func(id, base, element string) string {
		return fmt.Sprintf(`{"resourceType":"StructureDefinition","url":"%s%s","type":"Patient","kind":"resource","derivation":"constraint","baseDefinition":"%s",
			"differential":{"element":[{"id":"Patient.%[4]s","path":"Patient.%[4]s","min":1}]}}`, url, id, base, element)
	}
	const patient = "http://hl7.org/fhir/StructureDefinition/Patient"
	l := libraryOf(definition.NewSet())
	log := &logged{}
	s := &Stored{Library: l, From: log}
	store := func(id, json string) {
		log.write("StructureDefinition", id, json)
		require.NoError(t, s.Sync(context.Background()))
	}
	store("child", profile("child", url+"base", "name"))
	store("other", profile("other", patient, "name"))
	broken, other := l.program(url+"child"), l.program(url+"other")
	require.Equal(t, definitionRule, broken.root.rules[0].Key)

	store("base", profile("base", patient, "gender"))
	child := l.program(url + "child")
	require.NotSame(t, broken, child)
	require.Empty(t, child.root.rules)
	store("base", profile("base", patient, "birthDate"))
	require.NotSame(t, child, l.program(url+"child"))
	require.Same(t, other, l.program(url+"other"))

	log.write("ValueSet", "v", fmt.Sprintf(numbered["ValueSet"], 1))
	require.NoError(t, s.Sync(context.Background()))
	require.Same(t, other, l.program(url+"other"))
}
