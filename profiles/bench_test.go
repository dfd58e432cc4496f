package profiles

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/fhir/go/fhirversion"
	"github.com/google/fhir/go/jsonformat"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/oracle"
)

// BenchmarkR4 compares, over the official examples, what a server has to do
// for each write. MB/s is of the resources' JSON.
func BenchmarkR4(b *testing.B) {
	files, err := filepath.Glob(filepath.Join(oracle.Dir(b), "examples/r4/*.json"))
	require.NoError(b, err)
	um, err := jsonformat.NewUnmarshaller("UTC", fhirversion.R4)
	require.NoError(b, err)
	var docs [][]byte
	size := 0
	for _, f := range files {
		data, err := os.ReadFile(f)
		require.NoError(b, err)
		if _, err := um.UnmarshalR4(data); err == nil { // what google/fhir can read
			docs = append(docs, data)
			size += len(data)
		}
	}
	run := func(name string, do func(data []byte)) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				for _, d := range docs {
					do(d)
				}
			}
		})
	}
	v := New()
	run("parse", func(d []byte) { _, _ = fhir.Parse(d) })
	run("parse+structure", func(d []byte) {
		r, _ := fhir.Parse(d)
		v.Structure(context.Background(), r)
	})
	run("parse+validate", func(d []byte) {
		r, _ := fhir.Parse(d)
		v.Validate(context.Background(), r)
	})
	run("encoding/json", func(d []byte) {
		var x any
		_ = json.Unmarshal(d, &x)
	})
	run("google/fhir", func(d []byte) { _, _ = um.UnmarshalR4(d) })
}
