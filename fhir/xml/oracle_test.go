package xml

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/oracle"
)

func difference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return x[i] + "\n  != " + y[i]
		}
	}
	return "length"
}

// TestOracleFromJSON writes the official and NHS examples as XML and reads
// them back: the tree must be the same.
func TestOracleFromJSON(t *testing.T) {
	passed, total := 0, 0
	var misses []string
	for _, f := range oracle.Files(t, ".json", "examples/r4", "examples/eps") {
		r, err := fhir.Parse(f.Data)
		require.NoError(t, err)
		if r.Type() == "" {
			continue
		}
		total++
		var back *fhir.Resource
		text, err := Encode(r)
		if err == nil {
			back, err = Decode(text)
		}
		if err == nil && oracle.Sorted(back.JSON()) == oracle.Sorted(r.JSON()) {
			passed++
			continue
		}
		misses = append(misses, f.Name)
		if err == nil {
			t.Logf("%s: %s", f.Name, difference(oracle.Sorted(r.JSON()), oracle.Sorted(back.JSON())))
		} else {
			t.Logf("%s: %v", f.Name, err)
		}
	}
	oracle.Report(t, "xml-from-json", passed, total, misses)
}

// TestOracleFromXML reads every XML resource there is, writes it as XML,
// compact and indented, and reads that: the tree must be the same. Files that
// break the rules of FHIR's XML are reported and all the same read.
func TestOracleFromXML(t *testing.T) {
	passed, total, reported := 0, 0, 0
	var misses []string
	for _, f := range oracle.Files(t, ".xml", "examples/ukcore", "suites/fhirpath", "suites/validator") {
		if !isFHIR(f.Data) {
			continue
		}
		total++
		r, err := Decode(f.Data)
		if err != nil {
			reported++
			t.Logf("%s: %v", f.Name, err)
		}
		if r != nil {
			err = again(r)
		}
		if err == nil {
			passed++
			continue
		}
		misses = append(misses, f.Name)
	}
	t.Logf("%d files break a rule of FHIR's XML", reported)
	oracle.Report(t, "xml-from-xml", passed, total, misses)
}

func isFHIR(data []byte) bool {
	s, err := NewScanner(data)
	for err == nil {
		var t Token
		if t, err = s.Next(); t.Kind == Start {
			return t.Space == Namespace
		}
	}
	return true
}

type differs string

func (d differs) Error() string { return string(d) }

func again(r *fhir.Resource) error {
	for _, write := range []func(*fhir.Resource) ([]byte, error){Encode, EncodeIndent} {
		text, err := write(r)
		if err != nil {
			return err
		}
		back, err := Decode(text)
		if err != nil {
			return err
		}
		if a, b := oracle.Sorted(r.JSON()), oracle.Sorted(back.JSON()); a != b {
			return differs(difference(a, b))
		}
	}
	return nil
}
