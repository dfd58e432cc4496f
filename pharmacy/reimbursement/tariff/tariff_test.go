package tariff

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/tools/txtar"

	"github.com/pestle-fhir/pestle/fhir"
)

var update = flag.Bool("update", false, "rewrite the expected answers")

// TestReaders reads every file of testdata and shows what was understood and
// what was refused. The comment of a script may name the file ("file: NAME")
// and the month ("month: 2026-11") that the loader gave.
func TestReaders(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			require.NoError(t, err)
			got := read(t, string(archive.Comment), archive.Files[0])
			if *update {
				archive.Files = append(archive.Files[:1], txtar.File{Name: "out", Data: []byte(got)})
				require.NoError(t, os.WriteFile(file, txtar.Format(archive), 0o644))
				return
			}
			require.Equal(t, string(archive.Files[1].Data), got)
		})
	}
}

func read(t *testing.T, comment string, f txtar.File) string {
	var b strings.Builder
	var issues []fhir.Issue
	source := Source{}
	for l := range strings.Lines(comment) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(l), "file: "); ok {
			source.File = v
		}
		if v, ok := strings.CutPrefix(strings.TrimSpace(l), "month: "); ok {
			m, err := ParseMonth(v)
			require.NoError(t, err)
			source.Month = m
		}
	}
	switch Kind(f.Name) {
	case PartVIIIA:
		var e *Edition
		e, issues = ReadEdition(bytes.ReplaceAll(f.Data, []byte("\n"), []byte("\r\n")), source)
		if e != nil {
			fmt.Fprintf(&b, "edition %s %q\n", e.Month, e.Title)
			for _, p := range e.Packs {
				fmt.Fprintf(&b, "line %d %s|%s|%s|%s|%s|%s|%dp\n", p.Line, p.Medicine, p.Size.RatString(), p.Unit, p.VMP, p.VMPP, p.Category, p.Price)
			}
		}
	case PriceConcessions:
		sample, _ := ReadEdition(sampleEdition, Source{Month: NewMonth(2026, time.November)})
		var c Concessions
		c, issues = ReadConcessions(f.Data, sample)
		for _, p := range sample.Packs {
			if got, ok := c[p.VMPP]; ok {
				fmt.Fprintf(&b, "%s %s %dp\n", got.VMPP, got.Medicine, got.Price)
			}
		}
	case ProductPrices:
		var l *Products
		if l, issues = ReadProducts(f.Data); l != nil {
			for _, p := range l.Packs {
				fmt.Fprintf(&b, "%s %s %s %s %dp\n", p.AMP, p.Medicine, p.Size.RatString(), p.Unit, p.Price)
			}
		}
	case ProductFlags:
		var l Flags
		l, issues = ReadFlags(f.Data)
		fmt.Fprintln(&b, len(l), "flagged")
	case FeeSchedule:
		_, issues = ReadFees(f.Data)
	case ExemptionList:
		_, issues = ReadExemptions(f.Data)
	case EndorsementList:
		_, issues = ReadEndorsements(f.Data)
	case SubmissionDates:
		var c Calendar
		c, issues = ReadCalendar(f.Data)
		fmt.Fprintln(&b, len(c), "months")
	}
	for _, i := range issues {
		fmt.Fprintf(&b, "%s %d:%d %s: %s\n", i.Severity, i.Position.Line, i.Position.Column, i.Code, i.Text())
	}
	return b.String()
}

func TestFindMonth(t *testing.T) {
	for text, want := range map[string]string{
		"September Drug Tariff Part VIIIA":    "0 September",
		"Part VIIIA Nov 20 updated":           "2020 November",
		"Part%20VIIIA%20May%2023.xls.csv":     "2023 May",
		"Part VIIIA December 20251.xls_0.csv": "2025 December",
		"Part VIIIA Sept 2025.xls.csv":        "2025 September",
		"drug_tariff_2026-04-01.parquet":      "2026 April",
		"part-viiia-2026-11.csv":              "2026 November",
		"202611":                              "2026 November",
		"tariff.csv":                          "0 %!Month(0)",
		"Sample Drug Tariff Part VIIIA: made-up prices for the server": "0 %!Month(0)",
	} {
		got := findMonth(text)
		require.Equal(t, want, fmt.Sprintf("%d %s", got.year, got.month), text)
	}
}

func TestCheckDigit(t *testing.T) {
	for _, id := range []string{"42267511000001104", "994511000001109", "322341003", "39732311000001104"} {
		require.True(t, checkDigitHolds(id), id)
	}
	for _, id := range []string{"42267511000001100", "322341004", "39732311000001140"} {
		require.False(t, checkDigitHolds(id), id)
	}
}

func TestFeesAt(t *testing.T) {
	_, issues := ReadFees(feesFile)
	require.Empty(t, issues)
	f := BuiltinFees()
	for day, want := range map[string]string{
		"2021-07-31": "127", "2021-08-01": "129", "2022-03-31": "129", "2022-04-01": "127",
		"2025-03-31": "127", "2025-04-01": "146", "2026-04-30": "146", "2026-05-01": "152", "2030-01-01": "152",
	} {
		d, err := time.Parse(time.DateOnly, day)
		require.NoError(t, err)
		fee, ok := f.At(SingleActivityFee, d)
		require.True(t, ok, day)
		require.Equal(t, want, fee.Value, day)
	}
	_, ok := f.Of(GroupOfCategory, "H", NewMonth(2026, 11).First())
	require.False(t, ok, "the group of category H is not known")
	old, ok := f.Before(PrescriptionCharge, NewMonth(2026, 11).First())
	require.True(t, ok)
	require.Equal(t, "965", old.Value)
}

func TestExemptionMeanings(t *testing.T) {
	l := BuiltinExemptions()
	before, after := time.Date(2024, 8, 7, 0, 0, 0, 0, time.UTC), time.Date(2024, 8, 8, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		age  int
		day  time.Time
		want string
	}{{15, before, "0002"}, {60, before, "0004"}, {15, after, "0002"}, {60, after, "0002"}, {16, after, ""}, {59, before, ""}} {
		e, _ := l.ByAge(c.age, c.day)
		require.Equal(t, c.want, e.Code, "%+v", c)
	}
	e, ok := l.At("0008", before)
	require.True(t, ok)
	require.Contains(t, e.Text, "War Pension")
	e, _ = l.At("0008", after)
	require.Contains(t, e.Text, "Ministry of Defence")
	_, ok = l.At("0016", before)
	require.False(t, ok)
	e, _ = l.ByEndorsement("CC", after)
	require.Equal(t, "0010", e.Code)
}

func TestSamples(t *testing.T) {
	for _, m := range []Month{NewMonth(2026, 11), NewMonth(2021, 1)} {
		for _, s := range Samples(m) {
			switch s.Kind {
			case PartVIIIA:
				e, issues := ReadEdition(s.Data, Source{})
				require.Empty(t, issues)
				require.Equal(t, m, e.Month)
				require.Contains(t, string(s.Data), "\r\n")
			case ProductPrices:
				_, issues := ReadProducts(s.Data)
				require.Empty(t, issues)
			case ProductFlags:
				_, issues := ReadFlags(s.Data)
				require.Empty(t, issues)
			}
		}
	}
}

// FuzzReadEdition: no file makes the reader panic, and an edition that it gives
// has sound packs, none of them twice.
func FuzzReadEdition(f *testing.F) {
	f.Add(sampleEdition)
	f.Add([]byte("Medicine,Pack size,,VMP Snomed Code,VMPP Snomed Code,Drug Tariff Category,Basic Price\nA,1,ml,322341003,322341003,Part VIIIA Category A,1\n"))
	f.Add([]byte("\xef\xbb\xbf\"a\nb\",,\r\n\"\"\""))
	f.Add([]byte("May 20,,\nMedicine,Pack size,,VMP Snomed Code,VMPP Snomed Code,Drug Tariff Category,Basic Price\n,,,,,,\nTeva\xb5g,0.5,ml,42267511000001104,994511000001109,part viiia  category m,2172"))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, issues := ReadEdition(data, Source{Month: NewMonth(2026, 11)})
		require.Equal(t, e == nil, fhir.HasErrors(issues))
		if e == nil {
			return
		}
		seen := map[string]bool{}
		for _, p := range e.Packs {
			require.False(t, seen[p.VMPP])
			seen[p.VMPP] = true
			require.Positive(t, p.Price)
			require.Positive(t, p.Size.Sign())
			require.NotEmpty(t, p.Category)
			require.NotEmpty(t, e.Of(p.VMP))
		}
	})
}

// FuzzReadFees: the same for the fee schedule.
func FuzzReadFees(f *testing.F) {
	f.Add(feesFile)
	f.Add([]byte("rule,from,value,unit,mark,source\na,2026-01-01,1,pence,V,x\na,2026-01-01,2,pence,V,x\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		fees, issues := ReadFees(data)
		require.Equal(t, fees == nil, fhir.HasErrors(issues))
	})
}

func BenchmarkReadEdition(b *testing.B) {
	lines := strings.SplitAfter(string(sampleEdition), "\r\n")
	var big strings.Builder
	big.WriteString(strings.Join(lines[:3], ""))
	for i := range 3500 {
		fmt.Fprintf(&big, "Medicine %d tablets,28,tablet,42267511000001104,%d,Part VIIIA Category M,2172\r\n", i, 100000000+i)
	}
	data := []byte(big.String())
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		ReadEdition(data, Source{Month: NewMonth(2026, 11)})
	}
}

// TestDeductionRates: the rates that OpenPrescribing estimates with since April
// 2024, and the groups that they are for.
func TestDeductionRates(t *testing.T) {
	f, day := BuiltinFees(), time.Date(2024, 4, 1, 0, 0, 0, 0, time.UTC)
	for group, want := range map[string]string{"generic": "0.20", "brand": "0.05", "appliance": "0.0985", "no-deduction": "0"} {
		fee, ok := f.Of(Deduction, group, day)
		require.True(t, ok, group)
		require.Equal(t, want, fee.Value, group)
	}
	for category, want := range map[string]string{"A": "generic", "M": "generic", "C": "brand", UnlistedCategory: "brand"} {
		fee, ok := f.Of(GroupOfCategory, category, day)
		require.True(t, ok, category)
		require.Equal(t, want, fee.Value, category)
	}
	_, ok := f.Of(Deduction, "generic", time.Date(2023, 12, 31, 0, 0, 0, 0, time.UTC))
	require.False(t, ok, "the rates of the years of change are not known")
}

// TestEncodings: a file is the same in every encoding that spreadsheets save, with
// either line end, any separator and its columns in any order; what is cut short or
// is not text is refused by name.
func TestEncodings(t *testing.T) {
	const file = "Medicine,Pack size,Price,VMPP Snomed Code\r\n\"Betamethasone valerate, 0.1% cream\",100,\"£1,200.00\",99990051000001108\r\nPrednisolone 5mg tablets – new,28,£2,99990291000001106\r\n"
	month, _ := ReadEdition(sampleEdition, Source{Month: NewMonth(2026, time.November)})
	encode := func(e encoding.Encoding) []byte {
		b, err := e.NewEncoder().Bytes([]byte(file))
		require.NoError(t, err)
		return b
	}
	reordered := "Price;VMPP Snomed Code;Pack size;Medicine\n£1,200.00;99990051000001108;100;Betamethasone valerate, 0.1% cream\n£2;99990291000001106;28;Prednisolone 5mg tablets – new\n"
	for name, data := range map[string][]byte{
		"UTF-8":               []byte(file),
		"UTF-8 with a mark":   []byte("\xef\xbb\xbf" + file),
		"line feeds":          []byte(strings.ReplaceAll(file, "\r\n", "\n")),
		"carriage returns":    []byte(strings.ReplaceAll(file, "\r\n", "\r")),
		"Windows-1252":        encode(charmap.Windows1252),
		"UTF-16, little":      encode(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)),
		"UTF-16, big":         encode(unicode.UTF16(unicode.BigEndian, unicode.UseBOM)),
		"UTF-16 without mark": encode(unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)),
		"big without mark":    encode(unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)),
		"semicolons":          []byte(reordered),
		"tabs":                []byte(strings.ReplaceAll(reordered, ";", "\t")),
	} {
		require.Equal(t, PriceConcessions, KindOf(data), name)
		got, issues := ReadConcessions(data, month)
		require.Len(t, got, 2, "%s: %v", name, issues)
		require.Equal(t, int64(120000), got["99990051000001108"].Price, name)
		require.Equal(t, "Betamethasone valerate, 0.1% cream", got["99990051000001108"].Medicine, name)
		require.Equal(t, "Prednisolone 5mg tablets – new", got["99990291000001106"].Medicine, name)
	}
	wide := encode(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM))
	for want, data := range map[string][]byte{
		"UTF-16 and was cut short": wide[:len(wide)-1],
		"bytes of 0":               []byte(file + "Prednisolone\x00,28,£2,\n"),
		"as CSV from here on":      []byte(file + "\"Prednisolone,28,£2\n"),
	} {
		got, issues := ReadConcessions(data, month)
		require.Nil(t, got)
		require.Contains(t, issues[0].Text(), want)
	}
}

// large is an edition of so many packs.
func large(packs int) []byte {
	var b bytes.Buffer
	b.WriteString("November 2026 Drug Tariff Part VIIIA,,,,,,\r\n,,,,,,\r\nMedicine,Pack size,,VMP Snomed Code,VMPP Snomed Code,Drug Tariff Category,Basic Price\r\n")
	for i := range packs {
		fmt.Fprintf(&b, "\"Medicine number %d, 500mg modified-release tablets\",%d,tablet,%s,%s,Part VIIIA Category %c,%d\r\n", i/2, 28+28*(i%2), checked(10000000+i/2), checked(90000000+i), "ACM"[i%3], 100+i%5000)
	}
	return b.Bytes()
}

// checked is a number with the check digit of SNOMED CT.
func checked(n int) string {
	for digit := range 10 {
		if id := fmt.Sprintf("%d%d", n, digit); checkDigitHolds(id) {
			return id
		}
	}
	panic("no digit fits")
}

// TestLargeEdition: an edition of 300,000 packs holds at most 120 MB once it is read.
func TestLargeEdition(t *testing.T) {
	data := large(300_000)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	e, issues := ReadEdition(data, Source{})
	require.NotNil(t, e, "%v", issues)
	require.Len(t, e.Packs, 300_000)
	runtime.GC()
	runtime.ReadMemStats(&after)
	held := int64(after.HeapAlloc-before.HeapAlloc) >> 20
	t.Logf("%d MB read, %d MB held", len(data)>>20, held)
	require.Less(t, held, int64(120))
	runtime.KeepAlive(e)
}

// TestExemptionOfAnotherAge: an exemption by age of a patient who is not of that age.
func TestExemptionOfAnotherAge(t *testing.T) {
	for code, want := range map[string]bool{"0002": true, "0005": false, "0001": false} {
		e, ok := BuiltinExemptions().At(code, time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC))
		require.True(t, ok, code)
		require.Equal(t, want, e.OtherThan(32), code)
		require.False(t, e.OtherThan(60), code)
	}
}
