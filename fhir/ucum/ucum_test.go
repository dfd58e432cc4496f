package ucum

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
)

var update = flag.Bool("update", false, "rewrite the results in testdata/cases.txt")

// TestCases runs testdata/cases.txt: a line is a question, the line behind it
// the answer after "=> ". "canon 5 mg/dL" asks for the canonical form, "convert
// 5 mg/dL g/L" for an amount in another unit, "compare 1 kg 999 g" for an order.
func TestCases(t *testing.T) {
	const file = "testdata/cases.txt"
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	var out []string
	for _, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		if strings.HasPrefix(line, "=> ") {
			continue
		}
		out = append(out, line)
		if line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, "=> "+answer(strings.Fields(line)))
		}
	}
	got := strings.Join(out, "\n") + "\n"
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	require.Equal(t, string(data), got)
}

func answer(f []string) string {
	var result string
	var err error
	amount := decimal.RequireFromString(f[1])
	switch f[0] {
	case "canon":
		var d decimal.Decimal
		var unit string
		d, unit, err = Canonical(amount, f[2])
		result = d.String() + " " + unit
	case "convert":
		var d decimal.Decimal
		d, err = Convert(amount, f[2], f[3])
		result = d.String()
	case "compare":
		var c int
		c, err = Compare(amount, f[2], decimal.RequireFromString(f[3]), f[4])
		result = fmt.Sprint(c)
	}
	var e *fhir.Error
	if errors.As(err, &e) {
		return "error: " + e.Issues[0].Text()
	}
	return result
}

// TestTable: every unit of the table has a canonical form, is comparable with
// itself, and where it is metric takes a prefix.
func TestTable(t *testing.T) {
	for _, a := range atoms {
		u, err := Parse(a.code)
		require.NoError(t, err, a.code)
		require.True(t, u.Comparable(u))
		if !a.metric {
			continue
		}
		k, err := Parse("k" + a.code)
		require.NoError(t, err, a.code)
		require.Equal(t, u.Canonical(), k.Canonical())
	}
	for _, p := range prefixes {
		require.True(t, Valid(p.code+"m"), p.code)
	}
}

// TestThereAndBack: a conversion and its reverse give the amount, to the
// digits that are kept.
func TestThereAndBack(t *testing.T) {
	amount := decimal.RequireFromString("12.345")
	for i := range atoms {
		for j := range atoms {
			a, b := atoms[i].code, atoms[j].code
			if !CanCompare(a, b) || strings.Contains(atoms[j].function, "tan") {
				continue // an angle of more than a quarter turn has no slope of its own
			}
			there, err := Convert(amount, a, b)
			if err != nil || there.IsZero() {
				continue // out of the range of a logarithm
			}
			back, err := Convert(there, b, a)
			require.NoError(t, err)
			digits := int32(20)
			if atoms[i].function != "" || atoms[j].function != "" {
				digits = 3 // logarithms go through floating point
			}
			require.True(t, back.Sub(amount).Abs().LessThanOrEqual(decimal.New(1, -digits)), "%s to %s: %s, back %s", a, b, there, back)
		}
	}
}

// FuzzParse: no text makes the parser panic, and what is accepted has a
// canonical form that is a unit itself, of the same kind.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"mg/dL", "10*3/uL", "{a}/m2", "m[H2O]", "kg.m/s2", "(a.b)/(c)", "10^-9", "[in_i'H2O]", "Cel", "/min", "%", "B[10.nV]", "m-2", "1/((s))"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, code string) {
		u, err := Parse(code)
		if err != nil {
			return
		}
		c, err := Parse(u.Canonical())
		if err != nil && len(u.Canonical()) <= maxLength && !strings.ContainsFunc(u.Canonical(), func(r rune) bool { return r == '-' || r >= '5' }) {
			t.Fatalf("%q has the canonical form %q: %v", code, u.Canonical(), err)
		}
		if err == nil && !c.Comparable(u) {
			t.Fatalf("%q and its canonical form %q", code, u.Canonical())
		}
	})
}

func BenchmarkCompare(b *testing.B) {
	x, y := decimal.RequireFromString("5.25"), decimal.RequireFromString("0.4")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compare(x, "mg/dL", y, "g/L"); err != nil {
			b.Fatal(err)
		}
	}
}
