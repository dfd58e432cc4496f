package ownership

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// Every type has a row with a reason, and no other: a type that nobody thought of
// is a decision too.
func TestTableHasEveryType(t *testing.T) {
	for _, typ := range r4.ResourceTypes() {
		require.NotEmpty(t, table[typ].reason, typ)
	}
	require.Len(t, table, len(r4.ResourceTypes()))
	require.False(t, (*Rules)(nil).Public("NewInR6"))
}

// What may belong to a patient is seen by its owners alone.
func TestPatientCompartmentIsOwned(t *testing.T) {
	compartments := r4.Compartments()
	i := slices.IndexFunc(compartments, func(c r4.Compartment) bool { return c.Code == "Patient" })
	require.Greater(t, len(compartments[i].Members), 60)
	for _, m := range compartments[i].Members {
		require.False(t, table[m.Type].public, m.Type)
	}
	for _, typ := range []string{"Patient", "Bundle", "Binary", "Device", "Task", "Communication", "AuditEvent", "MessageHeader", "Subscription"} {
		require.False(t, table[typ].public, typ)
	}
}

// Every path of the table leads to references, identifiers or choices of R4.
func TestPathsExist(t *testing.T) {
	for typ, row := range table {
		for _, p := range slices.Concat(row.named, row.inherits, row.shares, row.changed) {
			of, kind := r4.TypeOf(typ), ""
			for _, member := range p.members {
				require.NotNil(t, of, "%s %v", typ, p)
				property := of.Property(member)
				require.NotNil(t, property, "%s %v", typ, p)
				of, kind = property.Of, property.Type
			}
			require.Contains(t, []string{"Reference", "Identifier"}, kind, "%s %v", typ, p)
			for _, to := range p.types {
				require.True(t, to == "*" || r4.IsResource(to), "%s %v", typ, p)
			}
		}
	}
}

// Types that inherit from each other have no cycle, so that no resource is its own
// reason for an owner.
func TestInheritanceHasNoCycle(t *testing.T) {
	var visit func(typ string, way []string)
	visit = func(typ string, way []string) {
		require.NotContains(t, way, typ)
		for _, p := range table[typ].inherits {
			for _, to := range p.types {
				if to == "*" {
					require.Equal(t, "Provenance", typ, "one type alone inherits from every other")
					continue
				}
				require.NotEqual(t, "Patient", to, "whose records are many")
				visit(to, append(slices.Clone(way), typ))
			}
		}
		for other, row := range table {
			for _, p := range row.inherits {
				require.NotContains(t, p.types, "Provenance", other)
			}
		}
	}
	for typ := range table {
		visit(typ, nil)
	}
}

func TestSight(t *testing.T) {
	rules := New("fa565")
	for _, c := range []struct {
		who  fhir.Principal
		want string
		all  bool
	}{
		{fhir.Principal{}, "", true},
		{fhir.Principal{Agent: "a", Unbound: true, OnBehalf: "FA565"}, "", true},
		{fhir.Principal{Agent: "a", SeesAll: true, OnBehalf: "FA565"}, "", true},
		{fhir.Principal{Agent: "a", OnBehalf: "FA565"}, "@site,FA565", false},
		{fhir.Principal{Agent: "a", OnBehalf: "abc01", Delegates: []string{"FA565", "A83008"}}, "@site,A83008,ABC01,FA565", false},
		{fhir.Principal{Agent: "a", OnBehalf: "X99PH"}, "X99PH", false},
		{fhir.Principal{Agent: "a"}, "", false},
	} {
		got, all := rules.Sight(c.who)
		require.Equal(t, c.all, all)
		require.Equal(t, c.want, strings.Join(got, ","))
	}
	got, _ := New("").Sight(fhir.Principal{Agent: "a", OnBehalf: "FA565"})
	require.Equal(t, []string{"FA565"}, got, "a server that serves no pharmacy")
}

// A text cannot name the pharmacy of the server, nor lead the table astray.
func TestCraftedNames(t *testing.T) {
	for _, text := range []string{
		`{"resourceType":"Task","owner":{"identifier":{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"@site"}}}`,
		`{"resourceType":"Task","owner":{"identifier":{"system":"https://fhir.nhs.uk/Id/ods-organization-code","value":"A B"}}}`,
		`{"resourceType":"Task","owner":"FA565","requester":[[1]],"input":{"valueReference":3}}`,
		`{"resourceType":"Task","owner":{"reference":"#"},"contained":[{"id":""}]}`,
		`{"resourceType":"Task","owner":{"reference":"#a"},"contained":[{"resourceType":"HealthcareService","id":"a","providedBy":{"reference":"#b"}},{"resourceType":"PractitionerRole","id":"b","organization":{"reference":"#a"}}]}`,
	} {
		r, err := fhir.Parse([]byte(text))
		require.NoError(t, err)
		own := New("").Of(&fhir.Version{Type: "Task", Requester: fhir.Principal{Agent: "a", OnBehalf: "x\x00y"}}, r)
		require.Empty(t, own.Named, text)
		require.Empty(t, own.Writers)
	}
}
