package prices

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

var update = flag.Bool("update", false, "write the expected output anew")

// TestFiles reads the files in testdata: each is followed by what is wrong with it,
// or by what it says.
func TestFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, name := range files {
		a, err := txtar.ParseFile(name)
		require.NoError(t, err)
		for i := 0; i+1 < len(a.Files); i += 2 {
			got := read(a.Files[i].Data)
			if *update {
				a.Files[i+1].Data = []byte(got)
				continue
			}
			require.Equal(t, string(a.Files[i+1].Data), got, "%s: %s", name, a.Files[i].Name)
		}
		if *update {
			require.NoError(t, os.WriteFile(name, txtar.Format(a), 0o600))
		}
	}
}

// read says what a file says, or what is wrong with it.
func read(data []byte) string {
	var out strings.Builder
	on := nhs.ReadDate("2026-11-20")
	var issues []fhir.Issue
	var rows [][]string
	switch kind := KindOf(data); kind {
	case PriceList:
		var l *List
		l, issues = ReadList(data)
		rows = l.RowsOn("VNE51", "X99CL", on)
	case TermsList:
		var terms *Terms
		terms, issues = ReadTerms(data)
		rows = (&Book{Terms: terms}).For("VNE51", "X99CL", on).Rows()
	case VATRates:
		var v *VAT
		if v, issues = ReadVAT(data); v != nil {
			rows = v.RowsOn(on)
		}
	default:
		return "no kind\n"
	}
	for _, i := range issues {
		fmt.Fprintf(&out, "%d:%d: %s: %s\n", i.Position.Line, i.Position.Column, i.Code, i.Text())
	}
	if issues == nil {
		for _, r := range rows {
			fmt.Fprintln(&out, strings.Join(r, " | "))
		}
	}
	return out.String()
}

// TestMoney: an amount is read as it is written, to the penny.
func TestMoney(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "0.01": 1, "0.1": 10, "42.5": 4250, "42.50": 4250, "999999.99": 99999999, "-3": -300} {
		got, ok := ReadPounds(text)
		require.True(t, ok, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "£1", "1.234", "1e3", "1,000", "1000000000", ".5", "5.", " 1", "NaN"} {
		_, ok := ReadPounds(text)
		require.False(t, ok, text)
	}
	require.Equal(t, "-£1.05", Sterling(-105))
	require.Equal(t, "£0.00", Sterling(0))
}

// TestBounds: what has no bound is not reckoned with, and the most that can be is right
// to the penny: 999,999.99 x 999,999 / 0.01.
func TestBounds(t *testing.T) {
	for _, text := range []string{"0", "-1", "1e3", "1000000", "0.0000001", "1e999999999", "", "x", "28 ", strings.Repeat("9", 1000)} {
		_, ok := Quantity(text)
		require.False(t, ok, text)
	}
	require.Equal(t, int64(9_999_989_900_000_100), share(mostPence-1, decimal.NewFromInt(999_999), smallest))
	for _, size := range []string{"0.001", "1e9", "1000000"} {
		_, issues := ReadList([]byte("pharmacy,clinic,from,until,code,medicine,size,unit,price,per,vat\n*,*,2026-01-01,,322237000,x," + size + ",tablet,1.00,pro-rata,other\n"))
		require.True(t, fhir.HasErrors(issues), size)
	}
	_, issues := ReadList([]byte("pharmacy,clinic,from,until,code,medicine,size,unit,price,per,vat\n*,*,2026-01-01,,322237000,x,1,tablet,1000000.00,pro-rata,other\n"))
	require.True(t, fhir.HasErrors(issues))
}

// TestShare: by hand, in pence.
//
//	100 × 1 / 3 = 33.33 -> 33        100 × 2 / 3 = 66.67 -> 67
//	  1 × 1 / 2 = 0.5   -> 1           3 × 1 / 2 = 1.5   -> 2, a half goes away from zero
//	 49 × 1 / 100 = 0.49 -> 0         50 × 1 / 100 = 0.5 -> 1
func TestShare(t *testing.T) {
	for _, c := range []struct{ pence, quantity, size, want int64 }{{100, 1, 3, 33}, {100, 2, 3, 67}, {1, 1, 2, 1}, {3, 1, 2, 2}, {49, 1, 100, 0}, {50, 1, 100, 1}, {4250, 28, 28, 4250}} {
		require.Equal(t, c.want, share(c.pence, decimal.NewFromInt(c.quantity), decimal.NewFromInt(c.size)), c)
	}
	for _, c := range []struct{ quantity, size, want int64 }{{1, 30, 1}, {30, 30, 1}, {31, 30, 2}, {60, 30, 2}} {
		require.Equal(t, c.want, packs(decimal.NewFromInt(c.quantity), decimal.NewFromInt(c.size)), c)
	}
	require.Equal(t, int64(2), packs(decimal.RequireFromString("30.1"), decimal.NewFromInt(30)))
}

// TestBuiltInVAT: prescribed medicines are zero-rated, a delivery apart from them has
// the standard rate of its day.
func TestBuiltInVAT(t *testing.T) {
	for _, c := range []struct{ kind, day, rate string }{
		{PrescribedMedicine, "2026-11-20", "0"}, {DeliveredGoods, "2026-11-20", "0"}, {DeliveryService, "2026-11-20", "20"}, {OtherSupply, "2026-11-20", "20"},
		{OtherSupply, "2011-01-03", "17.5"}, {OtherSupply, "2011-01-04", "20"}, {OtherSupply, "2009-01-01", "15"},
	} {
		r, ok := BuiltinVAT().On(c.kind, nhs.ReadDate(c.day))
		require.True(t, ok, c)
		require.Equal(t, c.rate, r.Rate, c)
	}
	_, ok := BuiltinVAT().On(OtherSupply, nhs.ReadDate("1990-01-01"))
	require.False(t, ok, "before the first day nothing holds")
}

// TestUndecidable: what cannot be priced says why, and has no parts.
func TestUndecidable(t *testing.T) {
	list, issues := ReadList([]byte("pharmacy,clinic,from,until,code,medicine,size,unit,price,per,vat\n*,*,2026-01-01,2026-06-30,9404811000001106,Lisdexamfetamine 30mg capsules,28,capsule,42.50,pro-rata,prescribed-medicine\n"))
	require.Empty(t, issues)
	b := &Book{List: list, ListName: "list", VAT: BuiltinVAT(), VATName: "rates"}
	dear, issues := ReadList([]byte("pharmacy,clinic,from,until,code,medicine,size,unit,price,per,vat\n*,*,2026-01-01,,9404811000001106,x,1,capsule,999999.99,pro-rata,other\n"))
	require.Empty(t, issues)
	code := []string{"9404811000001106"}
	for name, l := range map[string]Line{
		"No price of":            b.For("A", "B", nhs.ReadDate("2026-07-01")).Medicine(code, decimal.NewFromInt(1), "capsule"),
		"is priced by":           b.For("A", "B", nhs.ReadDate("2026-06-30")).Medicine(code, decimal.NewFromInt(1), "ml"),
		"how much of":            b.For("A", "B", nhs.ReadDate("2026-06-30")).Medicine(code, decimal.Zero, "capsule"),
		"is the quantity right?": (&Book{List: dear, VAT: BuiltinVAT()}).For("A", "B", nhs.ReadDate("2026-06-30")).Medicine(code, decimal.NewFromInt(999), "capsule"),
		"No rate of VAT for":     (&Book{List: list, VAT: &VAT{}}).For("A", "B", nhs.ReadDate("2026-06-30")).Medicine(code, decimal.NewFromInt(1), "capsules"),
	} {
		require.Contains(t, l.Reason, name)
		require.Empty(t, l.Parts)
	}
	require.Empty(t, b.For("A", "B", nhs.ReadDate("2026-06-30")).Medicine(code, decimal.NewFromInt(1), "Capsules").Reason)
}

func fuzzFile(f *testing.F, kind Kind) {
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(f, err)
	for _, name := range files {
		a, err := txtar.ParseFile(name)
		require.NoError(f, err)
		for i := 0; i < len(a.Files); i += 2 {
			f.Add(a.Files[i].Data)
		}
	}
	f.Add([]byte(strings.Join(Columns(kind), ",") + "\n\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, issues := ReadList(data)
		require.Equal(t, list == nil, fhir.HasErrors(issues))
		terms, issues := ReadTerms(data)
		require.Equal(t, terms == nil, fhir.HasErrors(issues))
		rates, issues := ReadVAT(data)
		require.Equal(t, rates == nil, fhir.HasErrors(issues))
		for _, i := range issues {
			require.NotEmpty(t, i.Message)
			require.Positive(t, i.Position.Line)
		}
	})
}

func FuzzReadList(f *testing.F)  { fuzzFile(f, PriceList) }
func FuzzReadTerms(f *testing.F) { fuzzFile(f, TermsList) }
func FuzzReadVAT(f *testing.F)   { fuzzFile(f, VATRates) }
