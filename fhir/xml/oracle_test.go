package xml

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/internal/oracle"
)

// files reads every file under a folder with that extension.
func files(t testing.TB, ext string, folders ...string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	root := oracle.Dir(t)
	for _, folder := range folders {
		require.NoError(t, filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ext {
				return err
			}
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			name, err := filepath.Rel(root, path)
			out[name] = data
			return err
		}))
	}
	return out
}

// sorted writes a tree with the properties of every object in order.
func sorted(n fhir.Node) string {
	switch n.Kind() {
	case fhir.Object:
		var members []string
		for m := range n.Members() {
			members = append(members, m.Name()+":"+sorted(m))
		}
		slices.Sort(members)
		return "{" + strings.Join(members, ",\n") + "}"
	case fhir.Array:
		var items []string
		for i := range n.Items() {
			items = append(items, sorted(i))
		}
		return "[" + strings.Join(items, ",\n") + "]"
	case fhir.String:
		return string(fhir.AppendString(nil, n.Text()))
	}
	return string(n.Raw())
}

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
	for name, data := range files(t, ".json", "examples/r4", "examples/eps") {
		r, err := fhir.Parse(data)
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
		if err == nil && sorted(back.Root()) == sorted(r.Root()) {
			passed++
			continue
		}
		misses = append(misses, name)
		if err == nil {
			t.Logf("%s: %s", name, difference(sorted(r.Root()), sorted(back.Root())))
		} else {
			t.Logf("%s: %v", name, err)
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
	for name, data := range files(t, ".xml", "examples/ukcore", "suites/fhirpath", "suites/validator") {
		if !isFHIR(data) {
			continue
		}
		total++
		r, err := Decode(data)
		if err != nil {
			reported++
			t.Logf("%s: %v", name, err)
		}
		if r != nil {
			err = again(r)
		}
		if err == nil {
			passed++
			continue
		}
		misses = append(misses, name)
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
		if a, b := sorted(r.Root()), sorted(back.Root()); a != b {
			return differs(difference(a, b))
		}
	}
	return nil
}
