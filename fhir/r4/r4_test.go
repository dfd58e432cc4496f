package r4

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPropertyFindsEveryProperty(t *testing.T) {
	assert.Greater(t, len(Types()), 600)
	for i := range Types() {
		typ := &Types()[i]
		require.Same(t, typ, TypeOf(typ.Name))
		for j := range typ.Properties() {
			p := &typ.Properties()[j]
			require.Same(t, p, typ.Property(p.JSON), "%s.%s", typ.Name, p.JSON)
			require.Same(t, p.Of, TypeOf(p.Type))
			require.Equal(t, p.Element, typ.Element(p.Element.Name))
		}
		assert.Nil(t, typ.Property("noSuchElement"))
		assert.Nil(t, typ.Property(""))
	}
	assert.Nil(t, TypeOf("Patience"))
}

func TestElements(t *testing.T) {
	patient := TypeOf("Patient")
	contact := patient.Property("contact")
	assert.Equal(t, "Patient.contact", contact.Type)
	assert.Equal(t, Backbone, contact.Of.Kind)
	assert.True(t, contact.Element.Repeats())
	assert.Equal(t, "pat-1", contact.Element.Constraints[0].Key)

	value := TypeOf("Observation").Property("valueQuantity")
	assert.Equal(t, "Quantity", value.Type)
	assert.True(t, value.Element.Choice)
	assert.Equal(t, "value", value.Element.Name)
	assert.Nil(t, TypeOf("Observation").Property("value"))
	assert.Equal(t, value.Element, TypeOf("Observation").Element("value"))

	nested := TypeOf("Questionnaire.item").Property("item")
	assert.Equal(t, "Questionnaire.item", nested.Type, "content reference")
	assert.Len(t, nested.Element.Constraints, 11, "its invariants go with it")

	gender := patient.Element("gender")
	assert.Equal(t, "required", gender.Binding.Strength)
	assert.True(t, gender.Binding.Codes.Has("female"))
	assert.False(t, gender.Binding.Codes.Has("f"))

	assert.Equal(t, []string{"Organization", "Practitioner", "PractitionerRole"}, patient.Element("generalPractitioner").Targets)
	assert.Equal(t, "id", patient.Element("id").Types[0])
	assert.True(t, TypeOf("Extension").Element("url").Attribute)
	assert.True(t, TypeOf("MedicationRequest.dispenseRequest").Element("quantity").Simple)
}

func TestDerivation(t *testing.T) {
	assert.True(t, TypeOf("Patient").Is("DomainResource"))
	assert.True(t, TypeOf("Age").Is("Quantity"))
	assert.True(t, TypeOf("uuid").Is("uri"))
	assert.False(t, TypeOf("Bundle").Is("DomainResource"))
}

func TestResourceTypes(t *testing.T) {
	assert.Len(t, ResourceTypes(), 146)
	assert.True(t, IsResource("MedicationRequest"))
	assert.False(t, IsResource("DomainResource"))
	assert.False(t, IsResource("HumanName"))
}

func TestEveryInvariantSaysWhatToChange(t *testing.T) {
	for i := range constraintTable {
		c := &constraintTable[i]
		assert.NotEmpty(t, c.Human, c.Key)
		assert.NotEmpty(t, c.Expression, c.Key)
		assert.Contains(t, []string{"error", "warning"}, c.Severity, c.Key)
	}
}

func TestCodes(t *testing.T) {
	set, ok := Codes("http://hl7.org/fhir/ValueSet/administrative-gender")
	require.True(t, ok)
	assert.True(t, set.Contains("http://hl7.org/fhir/administrative-gender", "other"))
	assert.False(t, set.Contains("http://example.org", "other"))
	_, ok = Codes("http://hl7.org/fhir/ValueSet/mimetypes")
	assert.False(t, ok)
	for i := range codeSetTable {
		found, _ := Codes(codeSetTable[i].URL)
		assert.Same(t, &codeSetTable[i], found)
	}
}

func TestSearchParams(t *testing.T) {
	birthdate := SearchParameter("Patient", "birthdate")
	require.NotNil(t, birthdate)
	assert.Equal(t, "date", birthdate.Type)
	assert.NotNil(t, SearchParameter("Patient", "_id"))
	assert.NotNil(t, SearchParameter("Patient", "_text"))
	assert.Nil(t, SearchParameter("Bundle", "_text"), "a Bundle is no DomainResource")
	assert.Nil(t, SearchParameter("Nobody", "_id"))
	assert.Equal(t, birthdate, SearchParamByURL(birthdate.URL))
	assert.Len(t, SearchParameter("Observation", "code-value-quantity").Components, 2)
}

func TestCompartments(t *testing.T) {
	assert.Len(t, Compartments(), 5)
	assert.Equal(t, []string{"subject"}, CompartmentParams("Patient", "MedicationRequest"))
	assert.Empty(t, CompartmentParams("Patient", "Organization"))
}

func TestExtensions(t *testing.T) {
	birthPlace := ExtensionByURL("http://hl7.org/fhir/StructureDefinition/patient-birthPlace")
	require.NotNil(t, birthPlace)
	assert.Equal(t, []string{"Address"}, birthPlace.Types)
	assert.Equal(t, []ExtensionContext{{"element", "Patient"}}, birthPlace.Contexts)
	nationality := ExtensionByURL("http://hl7.org/fhir/StructureDefinition/patient-nationality")
	require.NotNil(t, nationality.Part("code"))
	assert.Equal(t, []string{"CodeableConcept"}, nationality.Part("code").Types)
	for i := range extensionTable {
		assert.Same(t, &extensionTable[i], ExtensionByURL(extensionTable[i].URL))
	}
}

func BenchmarkProperty(b *testing.B) {
	b.ReportAllocs()
	patient := TypeOf("Patient")
	for b.Loop() {
		patient.Property("birthDate")
		patient.Property("managingOrganization")
	}
}

func BenchmarkTypeOf(b *testing.B) {
	for b.Loop() {
		TypeOf("MedicationRequest")
	}
}
