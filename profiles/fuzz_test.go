package profiles

import (
	"context"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/pestle-fhir/pestle/fhir"
)

// FuzzValidate feeds the validator whatever parses: it must neither panic nor
// hang, and every issue must name a place.
func FuzzValidate(f *testing.F) {
	for _, name := range []string{"testdata/structure.txtar", "testdata/rules.txtar"} {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			f.Add(file.Data)
		}
	}
	v := New()
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := fhir.Parse(data)
		if err != nil {
			return
		}
		for _, i := range v.Validate(context.Background(), r) {
			if i.Position.IsZero() && i.Rule != "more-issues" {
				t.Errorf("no position: %+v", i)
			}
			if i.Rule == "" || i.Message == "" {
				t.Errorf("no rule or message: %+v", i)
			}
		}
	})
}
