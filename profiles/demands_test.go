package profiles

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

// demanding is a profile with what extensions of element definitions can ask for.
const demanding = `{"resourceType":"StructureDefinition","url":"https://clinic.example/demanding","name":"Demanding","status":"draft","fhirVersion":"4.0.1","abstract":false,
 "type":"Patient","kind":"resource","derivation":"constraint","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient","differential":{"element":[
 {"id":"Patient.text","path":"Patient.text","extension":[{"url":"http://hl7.org/fhir/StructureDefinition/narrative-language-control","valueCode":"_resource"},
  {"url":"http://hl7.org/fhir/StructureDefinition/narrative-source-control","valueCode":"error"}]},
 {"id":"Patient.active","path":"Patient.active","extension":[{"url":"http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition.mustHaveValue","valueBoolean":true}]},
 {"id":"Patient.gender","path":"Patient.gender"},
 {"id":"Patient.birthDate","path":"Patient.birthDate","minValueDuration":{"value":130,"unit":"a","system":"http://unitsofmeasure.org","code":"a"},"maxValueQuantity":{"value":0,"code":"d","system":"http://unitsofmeasure.org"},
  "extension":[{"url":"http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition.valueAlternatives","valueCanonical":"http://hl7.org/fhir/StructureDefinition/data-absent-reason"}]},
 {"id":"Patient.name.family","path":"Patient.name.family","extension":[{"url":"http://hl7.org/fhir/StructureDefinition/minLength","valueInteger":2},{"url":"http://hl7.org/fhir/StructureDefinition/regex","valueString":"[A-Z].*|é"}]},
 {"id":"Patient.maritalStatus","path":"Patient.maritalStatus","binding":{"strength":"example","valueSet":"http://hl7.org/fhir/ValueSet/marital-status",
  "extension":[{"url":"http://hl7.org/fhir/tools/StructureDefinition/additional-binding","extension":[{"url":"purpose","valueCode":"required"},{"url":"valueSet","valueCanonical":"http://hl7.org/fhir/ValueSet/administrative-gender"}]}]}},
 {"id":"Patient.photo","path":"Patient.photo","extension":[{"url":"http://hl7.org/fhir/StructureDefinition/maxSize","valueDecimal":3}]}]}}`

// TestDemands sends a patient for each demand as it should be, and as it should not.
func TestDemands(t *testing.T) {
	v := New(WithLibrary(libraryOf(definitions(t, demanding,
		`{"resourceType":"CodeSystem","url":"http://hl7.org/fhir/administrative-gender","name":"G","status":"active","content":"complete","caseSensitive":true,"concept":[{"code":"male"}]}`,
		`{"resourceType":"ValueSet","url":"http://hl7.org/fhir/ValueSet/administrative-gender","name":"G","status":"active","compose":{"include":[{"system":"http://hl7.org/fhir/administrative-gender"}]}}`))))
	const absent = `{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}`
	div := func(inner string) string {
		return `"language":"cy","text":{"status":"additional","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">` + strings.ReplaceAll(inner, `"`, `\"`) + `</div>"}`
	}
	for _, c := range []struct{ content, rules string }{
		{`"active":true`, ""},
		{`"_active":` + absent, "value-required Patient.active"},
		{`"birthDate":"1990-02"`, ""},
		{`"_birthDate":` + absent, ""},
		{`"_birthDate":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/patient-birthTime","valueDateTime":"2020-01-01"}]}`, "value-required Patient.birthDate"},
		{`"birthDate":"1850-01-01"`, "value-range Patient.birthDate"},
		{`"birthDate":"` + time.Now().AddDate(0, 0, 3).Format("2006-01-02") + `"`, "value-range Patient.birthDate"},
		{`"name":[{"family":"Ng"}]`, ""},
		{`"name":[{"family":"N"}]`, "min-length Patient.name[0].family"},
		{`"name":[{"family":"ng"}]`, "regex Patient.name[0].family"},
		{`"photo":[{"contentType":"text/plain","data":"QUJD"}]`, ""},
		{`"photo":[{"contentType":"text/plain","data":"QUJDRA=="}]`, "max-size Patient.photo[0]"},
		{`"photo":[{"contentType":"text/plain","url":"https://clinic.example/1","size":4}]`, "max-size Patient.photo[0]"},
		{`"maritalStatus":{"coding":[{"system":"http://hl7.org/fhir/administrative-gender","code":"male"}]}`, ""},
		{`"maritalStatus":{"coding":[{"system":"https://clinic.example/s","code":"x"}]}`, "binding Patient.maritalStatus"},
		{div(`<div lang="cy" xml:lang="cy" class="generated"><p>Enw</p></div><p class="boilerplate">x</p>`), ""},
		{div(`<div lang="cy" xml:lang="cy"><p>Enw</p></div>`), "narrative-source Patient.text"},
		{div(`<div lang="en" xml:lang="en" class="original"><p>Name</p></div>`), "narrative-language Patient.text"},
		{div(`<p class="original">Name</p>more`), "narrative-source Patient.text, narrative-language Patient.text"},
	} {
		r, err := fhir.Parse([]byte(`{"resourceType":"Patient","meta":{"profile":["https://clinic.example/demanding"]},` + c.content + `}`))
		require.NoError(t, err)
		var got []string
		for _, i := range v.Validate(context.Background(), r) {
			if i.IsError() {
				got = append(got, i.Rule+" "+i.Expression)
			}
		}
		assert.Equal(t, c.rules, strings.Join(got, ", "), c.content)
	}
}

// TestDecimalPlaces counts the digits after the point, whatever the exponent.
func TestDecimalPlaces(t *testing.T) {
	for number, want := range map[string]int{"1": 0, "1.50": 2, "-0.001": 3, "1.5e3": 1, "1E-7": 0} {
		assert.Equal(t, want, decimalPlaces(number), number)
	}
}

// TestRelativeBound sets bounds from a leap day: a year before is the last of February's
// days that 2023 has and one more, as the calendar of time.AddDate goes on.
func TestRelativeBound(t *testing.T) {
	now := time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)
	for unit, want := range map[string]string{"a": "2023-03-01", "mo": "2024-01-29", "wk": "2024-02-22", "d": "2024-02-28", "h": "2024-02-29", "furlong": ""} {
		at, ok := later(now, -1, unit)
		if want == "" {
			assert.False(t, ok, unit)
			continue
		}
		assert.Equal(t, want, at.Format("2006-01-02"), unit)
	}
}

// TestBoundsAsOfATime: what is relative to now, in a bound or in an invariant, is judged as
// of the time that the context has.
func TestBoundsAsOfATime(t *testing.T) {
	v := New(WithLibrary(libraryOf(definitions(t, strings.Replace(demanding, `{"id":"Patient.gender","path":"Patient.gender"}`,
		`{"id":"Patient","path":"Patient","constraint":[{"key":"born-before","severity":"error","human":"x","expression":"birthDate <= today()"}]}`, 1)))))
	r, err := fhir.Parse([]byte(`{"resourceType":"Patient","meta":{"profile":["https://clinic.example/demanding"]},"birthDate":"2040-06-01"}`))
	require.NoError(t, err)
	for day, want := range map[string][]string{"2040-06-01": nil, "2040-05-31": {"born-before", "value-range"}, "2170-05-31": nil, "2170-06-02": {"value-range"}} {
		at, err := time.Parse(time.DateOnly, day)
		require.NoError(t, err)
		var got []string
		for _, i := range v.Validate(fhir.AtMoment(context.Background(), at.Add(12*time.Hour)), r) {
			if i.IsError() {
				got = append(got, i.Rule)
			}
		}
		slices.Sort(got)
		assert.Equal(t, want, got, day)
	}
}

// TestDemandsOfTheBase derives a profile from that one: what the base demands holds,
// where the derived one says nothing else.
func TestDemandsOfTheBase(t *testing.T) {
	l := libraryOf(definitions(t, demanding, `{"resourceType":"StructureDefinition","url":"https://clinic.example/derived","name":"D","status":"draft","fhirVersion":"4.0.1","abstract":false,
	 "type":"Patient","kind":"resource","derivation":"constraint","baseDefinition":"https://clinic.example/demanding","differential":{"element":[{"id":"Patient.name.family","path":"Patient.name.family","extension":[{"url":"http://hl7.org/fhir/StructureDefinition/minLength","valueInteger":3}]}]}}`))
	r, err := fhir.Parse([]byte(`{"resourceType":"Patient","meta":{"profile":["https://clinic.example/derived"]},"name":[{"family":"Ng"},{"family":"ngo"}]}`))
	require.NoError(t, err)
	var got []string
	for _, i := range New(WithLibrary(l)).Validate(context.Background(), r) {
		if i.IsError() {
			got = append(got, i.Rule+" "+i.Expression)
		}
	}
	assert.Equal(t, []string{"min-length Patient.name[0].family", "regex Patient.name[1].family"}, got)
}

// TestFixedAgain has a profile fix what its base fixes otherwise.
func TestFixedAgain(t *testing.T) {
	const extension = `{"resourceType":"StructureDefinition","url":"https://clinic.example/%","name":"E","status":"draft","fhirVersion":"4.0.1","abstract":false,"type":"Extension","kind":"complex-type","derivation":"constraint",
	 "context":[{"type":"element","expression":"Patient"}],"baseDefinition":"@","differential":{"element":[{"id":"Extension","path":"Extension"},{"id":"Extension.url","path":"Extension.url","fixedUri":"https://clinic.example/$"}]}}`
	base := strings.NewReplacer("%", "base", "@", "http://hl7.org/fhir/StructureDefinition/Extension", "$", "base").Replace(extension)
	v := New(WithLibrary(libraryOf(definitions(t, base))))
	for url, errors := range map[string]string{"derived": "profile-fixed StructureDefinition.differential.element[1]", "base": ""} {
		r, err := fhir.Parse([]byte(strings.NewReplacer("%", "derived", "@", "https://clinic.example/base", "$", url).Replace(extension)))
		require.NoError(t, err)
		var got []string
		for _, i := range v.Validate(context.Background(), r) {
			if i.IsError() {
				got = append(got, i.Rule+" "+i.Expression)
			}
		}
		assert.Equal(t, errors, strings.Join(got, ", "), url)
	}
}
