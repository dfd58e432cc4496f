package terminology

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

const (
	r4vs = "http://hl7.org/fhir/ValueSet/"
	v3   = "http://terminology.hl7.org/CodeSystem/v3-"
)

func TestTableRoundTrip(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, Write(&b, base()))
	again, err := Read(&b)
	require.NoError(t, err)
	assert.Equal(t, base(), again)
	assert.Greater(t, len(again.CodeSystems), 1000)
	assert.Greater(t, len(again.ValueSets), 1000)
}

func TestMember(t *testing.T) {
	s := New(Config{})
	for _, c := range []struct {
		set, system, code string
		want              Verdict
	}{
		{r4vs + "administrative-gender", "", "female", In},
		{r4vs + "administrative-gender", "http://hl7.org/fhir/administrative-gender", "female", In},
		{r4vs + "administrative-gender", "http://hl7.org/fhir/other", "female", Out},
		{r4vs + "administrative-gender", "", "Female", Out},
		{r4vs + "administrative-gender|4.0.1", "", "male", In},
		{r4vs + "all-languages", "urn:ietf:bcp:47", "en-GB", In},
		{r4vs + "all-languages", "", "en_GB", Out},
		{r4vs + "mimetypes", "", "application/fhir+json", In},
		{r4vs + "mimetypes", "", "json", Out},
		{r4vs + "currencies", "", "GBP", In},
		{r4vs + "currencies", "", "GBX", Out},
		{"http://terminology.hl7.org/ValueSet/v3-PersonalRelationshipRoleType", v3 + "RoleCode", "MTH", In},
		{"http://terminology.hl7.org/ValueSet/v3-PersonalRelationshipRoleType", v3 + "RoleCode", "HOSP", Out},
		{r4vs + "procedure-code", "http://snomed.info/sct", "71388002", Unknown},
		{r4vs + "no-such-thing", "", "x", Unknown},
	} {
		a := s.Member(c.set, c.system, "", c.code)
		assert.Equal(t, c.want, a.Verdict, "%s %s#%s: %s", c.set, c.system, c.code, a.Reason)
	}
	assert.Equal(t, "SNOMED CT is not loaded", s.Member(r4vs+"procedure-code", "http://snomed.info/sct", "", "71388002").Reason)
	assert.Equal(t, []string{"female"}, s.Member(r4vs+"administrative-gender", "", "", "femal").Nearest[:1])
}

// TestRequiredBindings holds the code sets of the R4 tables against what the
// value sets select: two ways to the same codes.
func TestRequiredBindings(t *testing.T) {
	s := New(Config{})
	seen, compared := map[string]bool{}, 0
	for _, typ := range r4.Types() {
		for _, e := range typ.Elements {
			b := e.Binding
			if b == nil || b.Codes == nil || seen[b.ValueSet] {
				continue
			}
			seen[b.ValueSet] = true
			x, err := s.Expand(b.ValueSet, "", 0, -1)
			if err != nil {
				continue
			}
			compared++
			for _, c := range x.Contains {
				assert.True(t, b.Codes.Contains(c.System, c.Code), "%s: %s#%s", b.ValueSet, c.System, c.Code)
			}
			for _, sys := range b.Codes.Systems {
				for _, code := range sys.Codes {
					assert.Equal(t, In, s.Member(b.ValueSet, sys.System, "", code).Verdict, "%s: %s#%s", b.ValueSet, sys.System, code)
				}
			}
		}
	}
	assert.Greater(t, compared, 150)
}

func TestExpandPages(t *testing.T) {
	s := New(Config{})
	all, err := s.Expand(r4vs+"administrative-gender", "", 0, -1)
	require.NoError(t, err)
	require.Equal(t, 4, all.Total)
	page, err := s.Expand(r4vs+"administrative-gender", "", 1, 2)
	require.NoError(t, err)
	assert.Equal(t, all.Contains[1:3], page.Contains)
	hits, err := s.Expand(r4vs+"administrative-gender", "MALE", 0, -1)
	require.NoError(t, err)
	assert.Len(t, hits.Contains, 2)
	_, err = s.Expand(r4vs+"procedure-code", "", 0, -1)
	assert.Equal(t, fhir.NotSupported, fhir.KindOf(err))
	_, err = s.Expand(r4vs+"none", "", 0, -1)
	assert.Equal(t, fhir.NotFound, fhir.KindOf(err))
}

func TestSubsumption(t *testing.T) {
	s := New(Config{})
	for _, c := range []struct {
		a, b string
		want Relation
	}{{"PRN", "MTH", Subsumes}, {"MTH", "PRN", SubsumedBy}, {"MTH", "MTH", Equivalent}, {"MTH", "FTH", NotSubsumed}} {
		got, err := s.Subsumption(v3+"RoleCode", "", c.a, c.b)
		require.NoError(t, err)
		assert.Equal(t, c.want, got)
	}
	_, err := s.Subsumption(v3+"RoleCode", "", "NOPE", "MTH")
	assert.Equal(t, fhir.NotFound, fhir.KindOf(err))
	_, err = s.Subsumption("http://snomed.info/sct", "", "1", "2")
	assert.Equal(t, fhir.NotSupported, fhir.KindOf(err))
}

func TestCompose(t *testing.T) {
	set := definition.NewSet()
	set.AddCodeSystem(&definition.CodeSystem{URL: "urn:cs", Version: "2", Content: "complete", Concepts: []definition.Concept{
		{Code: "A", Display: "Alpha", Children: []definition.Concept{{Code: "A1"}, {Code: "A2", Children: []definition.Concept{{Code: "A2x"}}}}},
		{Code: "B", Properties: []definition.Property{{Code: "colour", Value: "red"}}},
		{Code: "C", Properties: []definition.Property{{Code: "colour", Value: "blue"}, {Code: "inactive", Value: "true"}}},
	}})
	set.AddCodeSystem(&definition.CodeSystem{URL: "urn:more", Content: "supplement", Supplements: "urn:cs|2", Concepts: []definition.Concept{
		{Code: "B", Designations: []definition.Designation{{Language: "cy", Value: "Be"}}}}})
	filter := func(p, op, v string) *definition.ValueSet {
		return &definition.ValueSet{URL: "urn:vs:" + op + v, Include: []definition.Selection{{System: "urn:cs", Filters: []definition.Filter{{Property: p, Op: op, Value: v}}}}}
	}
	s := New(Config{Definitions: set})
	codes := func(v *definition.ValueSet) string {
		x, err := s.ExpandDefinition(v, Query{})
		require.NoError(t, err)
		out := ""
		for _, c := range x.Contains {
			out += c.Code + " "
		}
		return out
	}
	assert.Equal(t, "A A1 A2 A2x ", codes(filter("concept", "is-a", "A")))
	assert.Equal(t, "A1 A2 A2x ", codes(filter("concept", "descendent-of", "A")))
	assert.Equal(t, "B C ", codes(filter("concept", "is-not-a", "A")))
	assert.Equal(t, "A A2 A2x ", codes(filter("concept", "generalizes", "A2x")))
	assert.Equal(t, "B ", codes(filter("colour", "=", "red")))
	assert.Equal(t, "B C ", codes(filter("colour", "in", "red,blue")))
	assert.Equal(t, "A A1 A2 A2x ", codes(filter("colour", "exists", "false")))
	assert.Equal(t, "A1 A2 ", codes(filter("code", "regex", "A[0-9]")))

	both := &definition.ValueSet{URL: "urn:vs", Include: []definition.Selection{{System: "urn:cs"}},
		Exclude: []definition.Selection{{System: "urn:cs", Concepts: []definition.Concept{{Code: "B"}}}}}
	assert.Equal(t, "A A1 A2 A2x C ", codes(both))
	set2 := definition.NewSet()
	set2.AddValueSet(both)
	s.Define(set2)
	assert.Equal(t, In, s.Member("urn:vs", "urn:cs", "", "a2X").Verdict, "the system does not mind case")
	assert.Equal(t, Out, s.Member("urn:vs", "urn:cs", "", "B").Verdict)
	set3 := definition.NewSet()
	set3.AddValueSet(filter("concept", "is-a", "A"))
	set3.AddValueSet(filter("concept", "is-a", "A2"))
	s.Define(set3)
	common := &definition.ValueSet{URL: "urn:common", Include: []definition.Selection{{ValueSets: []string{"urn:vs:is-aA", "urn:vs:is-aA2"}}}}
	assert.Equal(t, "A2 A2x ", codes(common))
	assert.Equal(t, In, s.MemberOf(common, "urn:cs", "", "A2x").Verdict)
	assert.Equal(t, Out, s.MemberOf(common, "urn:cs", "", "A1").Verdict, "it is in the first of them alone")
	c, _, err := s.Lookup("urn:cs", "", "b")
	require.NoError(t, err)
	assert.Equal(t, "Be", c.Designations[0].Value)
}

func BenchmarkBase(b *testing.B) {
	for b.Loop() {
		if _, err := Read(bytes.NewReader(r4table)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMember(b *testing.B) {
	s := New(Config{})
	for b.Loop() {
		s.Member("http://terminology.hl7.org/ValueSet/v3-PersonalRelationshipRoleType", v3+"RoleCode", "", "MTH")
	}
}
