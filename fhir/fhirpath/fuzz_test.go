package fhirpath

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// seeds are the expressions of the tables.
func seeds(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txt")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, line := range strings.Split(string(data), "\n") {
			if line != "" && !strings.ContainsAny(line[:1], "#=!") {
				f.Add(line)
			}
		}
	}
}

// FuzzParse: no expression makes the parser or the checker panic, and each
// error is one that a caller can report, within the source.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, src string) {
		e, err := Compile(src)
		if err != nil {
			var failure *fhir.Error
			if !errors.As(err, &failure) || len(failure.Issues) != 1 || failure.Issues[0].Position.IsZero() {
				t.Fatalf("%q: %v", src, err)
			}
			return
		}
		e.Check("Patient")
		e.Check("")
	})
}

// FuzzEval: no expression makes the evaluation panic or hang, and each error
// is one that a caller can report.
func FuzzEval(f *testing.F) {
	seeds(f)
	patient := ResourceItem(readResource(f, "testdata/patient.json"))
	f.Fuzz(func(t *testing.T, src string) {
		e, err := Compile(src)
		if err != nil {
			return
		}
		env := &Env{MaxSteps: 20_000, Now: time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC), Terminology: colours{}, Profiles: baseProfiles{}, Resolver: directory{}}
		began := time.Now()
		c, err := e.Eval(context.Background(), patient, env)
		if took := time.Since(began); took > 5*time.Second {
			t.Fatalf("%q took %v", src, took)
		}
		var failure *fhir.Error
		if err != nil && !errors.As(err, &failure) {
			t.Fatalf("%q: %v", src, err)
		}
		for _, it := range c {
			if it.IsZero() {
				t.Fatalf("%q: a zero item in the result", src)
			}
			_ = it.String()
		}
		if _, err := e.Test(context.Background(), patient, env); err != nil && !errors.As(err, &failure) {
			t.Fatalf("%q: %v", src, err)
		}
	})
}
