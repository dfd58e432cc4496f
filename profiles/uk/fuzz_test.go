package uk

import (
	"context"
	"path"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/pestle-fhir/pestle/fhir"
)

// FuzzValidate: whatever is sent, the validator answers, the same each time.
func FuzzValidate(f *testing.F) {
	archive, err := txtar.ParseFile("testdata/mistakes.txtar")
	require.NoError(f, err)
	for _, file := range archive.Files {
		if path.Ext(file.Name) == ".json" {
			f.Add(file.Data)
		}
	}
	v := validator()
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := fhir.Parse(data)
		if err != nil {
			return
		}
		first := v.Validate(context.Background(), r)
		require.Equal(t, first, v.Validate(context.Background(), r))
		for _, i := range first {
			require.NotEmpty(t, i.Text())
		}
	})
}
