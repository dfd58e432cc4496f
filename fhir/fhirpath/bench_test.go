package fhirpath

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

func readResource(t testing.TB, file string) *fhir.Resource {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	r, err := fhir.Parse(data)
	require.NoError(t, err)
	return r
}

// locate follows property names from the root, with types.
func locate(t testing.TB, r *fhir.Resource, names ...string) Item {
	it := ResourceItem(r)
	for _, name := range names {
		p := it.typ.Property(name)
		require.NotNil(t, p, name)
		n := it.node.Get(name)
		if n.Kind() == fhir.Array {
			n = n.Item(0)
		}
		it = TypedItem(n, p.Of)
		if p.Of.Name == "Resource" {
			it = NodeItem(n, "")
		}
	}
	return it
}

// BenchmarkInvariants evaluates rules that every write meets.
func BenchmarkInvariants(b *testing.B) {
	patient := readResource(b, "testdata/patient.json")
	bundle := readResource(b, "testdata/bundle.json")
	for _, c := range []struct {
		name, expr string
		focus      Item
	}{
		{"ele-1", "hasValue() or (children().count() > id.count())", locate(b, patient, "name", "family")},
		{"ele-1-complex", "hasValue() or (children().count() > id.count())", locate(b, patient, "name")},
		{"ext-1", "extension.exists() != value.exists()", locate(b, patient, "extension")},
		{"dom-2", "contained.contained.empty()", ResourceItem(patient)},
		{"dom-3", r4.TypeOf("Patient").Constraints[1].Expression, ResourceItem(patient)},
		{"pat-1", "name.exists() or telecom.exists() or address.exists() or organization.exists()", locate(b, patient, "contact")},
		{"per-1", "start.hasValue().not() or end.hasValue().not() or (start <= end)", locate(b, patient, "name", "period")},
		{"ref-1", "reference.startsWith('#').not() or (reference.substring(1).trace('url') in %rootResource.contained.id.trace('ids'))", locate(b, patient, "managingOrganization")},
		{"bdl-3", "entry.all(request.exists() = (%resource.type = 'batch' or %resource.type = 'transaction' or %resource.type = 'history'))", ResourceItem(bundle)},
		{"bdl-7", "(type = 'history') or entry.where(fullUrl.exists()).select(fullUrl&resource.meta.versionId).isDistinct()", ResourceItem(bundle)},
	} {
		b.Run(c.name, func(b *testing.B) {
			e := MustCompile(c.expr)
			ctx := context.Background()
			b.ReportAllocs()
			for b.Loop() {
				if ok, err := e.Test(ctx, c.focus, nil); err != nil || !ok {
					b.Fatal(ok, err)
				}
			}
		})
	}
}

// BenchmarkExtraction evaluates search parameters.
func BenchmarkExtraction(b *testing.B) {
	patient := ResourceItem(readResource(b, "testdata/patient.json"))
	for _, expr := range []string{
		"Patient.birthDate",
		"Patient.name.family",
		"Patient.identifier",
		"Patient.telecom.where(system='email')",
		"(Patient.deceased as dateTime)",
		"Patient.deceased.exists() and Patient.deceased != false",
		"Patient.generalPractitioner.where(resolve() is Organization)",
	} {
		b.Run(strings.ReplaceAll(expr, " ", ""), func(b *testing.B) {
			e := MustCompile(expr)
			ctx := context.Background()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Eval(ctx, patient, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		MustCompile("(type = 'history') or entry.where(fullUrl.exists()).select(fullUrl&resource.meta.versionId).isDistinct()")
	}
}
