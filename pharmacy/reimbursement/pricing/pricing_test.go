package pricing

import (
	"flag"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/pestle-fhir/pestle/pharmacy/reimbursement/tariff"
)

var update = flag.Bool("update", false, "rewrite the expected answers")

// TestScripts prices the prescriptions of testdata. A script may bring its own
// edition, concessions, products, flags and fees; without them it has the
// sample. A prescription reads
//
//	day 2026-11-10
//	exemption 0001, or claimed where a claim names none
//	line CODE | NAME | ORDERED UNIT | SUPPLIED UNIT [CODE NAME]; … | charges | schedule | CODE TEXT; …
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			require.NoError(t, err)
			book := book(t, archive)
			want := map[string]string{}
			for _, f := range archive.Files {
				want[f.Name] = string(f.Data)
			}
			var files []txtar.File
			for _, f := range archive.Files {
				if strings.HasSuffix(f.Name, ".out") {
					continue
				}
				files = append(files, f)
				if name, ok := strings.CutSuffix(f.Name, ".rx"); ok {
					got := show(Assess(prescription(t, string(f.Data)), book))
					files = append(files, txtar.File{Name: name + ".out", Data: []byte(got)})
					if !*update {
						require.Equal(t, want[name+".out"], got, f.Name)
					}
				}
			}
			archive.Files = files
			if *update {
				require.NoError(t, os.WriteFile(file, txtar.Format(archive), 0o644))
			}
		})
	}
}

func book(t *testing.T, a *txtar.Archive) *Book {
	month, _ := tariff.ParseMonth("2026-11")
	data := map[string][]byte{}
	for _, s := range tariff.Samples(month) {
		data[string(s.Kind)] = s.Data
	}
	for _, f := range a.Files {
		data[f.Name] = f.Data
	}
	b := &Book{Fees: tariff.BuiltinFees(), FeesName: "fees", Exemptions: tariff.BuiltinExemptions(), Endorsements: tariff.BuiltinEndorsements(), EditionName: "edition",
		ConcessionsName: "concessions", ProductsName: "products", FlagsName: "flags"}
	b.Edition, _ = tariff.ReadEdition(data["part-viiia"], tariff.Source{Month: month})
	require.NotNil(t, b.Edition)
	b.Products, _ = tariff.ReadProducts(data["product-prices"])
	b.Flags, _ = tariff.ReadFlags(data["product-flags"])
	if c := data["price-concessions"]; c != nil {
		b.Concessions, _ = tariff.ReadConcessions(c, b.Edition)
		require.NotNil(t, b.Concessions)
	}
	if f := data["fee-schedule"]; f != nil {
		b.Fees, _ = tariff.ReadFees(f)
		require.NotNil(t, b.Fees)
	}
	if gap := data["no-edition"]; gap != nil {
		b.Edition, b.NoEdition = nil, strings.TrimSpace(string(gap))
	}
	return b
}

func prescription(t *testing.T, text string) (p Prescription) {
	for l := range strings.Lines(text) {
		word, rest, _ := strings.Cut(strings.TrimSpace(l), " ")
		switch word {
		case "day":
			day, err := time.Parse(time.DateOnly, rest)
			require.NoError(t, err)
			p.Day = day
		case "exemption":
			p.Exemption = rest
			p.Claimed = true
		case "claimed":
			p.Claimed = true
		case "line":
			p.Lines = append(p.Lines, line(t, rest))
		}
	}
	return p
}

func line(t *testing.T, text string) Line {
	f := strings.Split(text, "|")
	for i := range f {
		f[i] = strings.TrimSpace(f[i])
	}
	f = append(f, "", "", "", "", "", "")
	l := Line{Prescribed: Product{f[0], f[1]}, Ordered: quantity(t, f[2])}
	for _, s := range strings.Split(f[3], ";") {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		amount, product, _ := strings.Cut(s, "[")
		supply := Supply{Product: l.Prescribed, Quantity: quantity(t, amount)}
		if product != "" {
			code, name, _ := strings.Cut(strings.Trim(product, "[]"), " ")
			supply.Product = Product{code, name}
		}
		l.Supplies = append(l.Supplies, supply)
	}
	l.Charges, _ = strconv.Atoi(f[4])
	l.Schedule, _ = strconv.Atoi(f[5])
	for _, e := range strings.Split(f[6], ";") {
		if code, info, _ := strings.Cut(strings.TrimSpace(e), " "); code != "" {
			l.Endorsements = append(l.Endorsements, Endorsement{code, info})
		}
	}
	return l
}

func quantity(t *testing.T, text string) Quantity {
	n, unit, _ := strings.Cut(strings.TrimSpace(text), " ")
	value, ok := new(big.Rat).SetString(n)
	require.True(t, ok, "quantity %q", text)
	return Quantity{value, unit}
}

func show(a *Assessment) string {
	var b strings.Builder
	for i, l := range a.Lines {
		fmt.Fprintf(&b, "line %d: %s %s\n", i+1, l.Outcome, l.Group)
		if l.Group == tariff.NoDeduction {
			fmt.Fprintf(&b, "  group by %s\n", l.GroupRule)
		}
		if l.Reason.Code != "" {
			fmt.Fprintf(&b, "  reason %s: %s\n", l.Reason.Code, l.Reason.Text)
		}
		for _, f := range l.Figures {
			fmt.Fprintf(&b, "  %-14s %9s  %s [%s] %s\n", f.Category, Pounds(f.Pence), f.Rule, f.Edition, f.Working)
		}
		for _, n := range l.Notes {
			fmt.Fprintf(&b, "  note: %s\n", n)
		}
	}
	for _, n := range a.Notes {
		fmt.Fprintf(&b, "note: %s\n", n)
	}
	fmt.Fprintf(&b, "payable %s\n", Pounds(a.Payable()))
	return b.String()
}

func TestRound(t *testing.T) {
	for in, want := range map[string]int64{"0": 0, "1/2": 1, "49/100": 0, "3/2": 2, "-1/2": -1, "-3/2": -2, "-49/100": 0, "1070/3": 357, "1071/2": 536} {
		r, _ := new(big.Rat).SetString(in)
		got, ok := Round(r, "half-up")
		require.True(t, ok)
		require.Zero(t, got.Cmp(rat(want)), "%s -> %s", in, got)
	}
	_, ok := Round(rat(1), "bankers")
	require.False(t, ok)
}

func TestPounds(t *testing.T) {
	for in, want := range map[string]string{"0": "0.00", "124/100": "0.0124", "72": "0.72", "-990": "-9.90", "123456": "1234.56", "1/3": "0.003333"} {
		r, _ := new(big.Rat).SetString(in)
		require.Equal(t, want, Pounds(r))
	}
}

func TestUnits(t *testing.T) {
	for _, c := range []struct {
		n, from, to, want string
		like              bool
	}{
		{"20", "tablet", "capsule", "20", false},
		{"20", "Tablets", "tablet", "20", true},
		{"0.2", "litre", "ml", "200", true},
		{"500", "mg", "gram", "1/2", true},
		{"1", "box", "boxes", "1", true},
		{"1", "pack", "tablet", "", false},
		{"5", "ml", "tablet", "", false},
		{"5", "", "tablet", "", false},
	} {
		got, like, ok := quantity(t, c.n+" "+c.from).in(c.to)
		require.Equal(t, c.want != "", ok, "%+v", c)
		if ok {
			require.Equal(t, c.want, got.RatString(), "%+v", c)
			require.Equal(t, c.like, like, "%+v", c)
		}
	}
}

// TestLeft: a rest is there once, in whatever order its movements come and the
// prescriptions are priced.
func TestLeft(t *testing.T) {
	on := func(day, quantity int64) Leftover {
		return Leftover{time.Date(2026, 11, int(day), 0, 0, 0, 0, time.UTC), rat(quantity)}
	}
	for name, c := range map[string]struct {
		moves []Leftover
		want  int64
	}{
		"used":                {[]Leftover{on(1, 6), on(2, -4)}, 2},
		"used the same day":   {[]Leftover{on(1, -4), on(1, 6)}, 2},
		"used later":          {[]Leftover{on(1, 6), on(20, -4)}, 2},
		"added later":         {[]Leftover{on(20, 6)}, 0},
		"added and used then": {[]Leftover{on(1, 6), on(20, 6), on(21, -7)}, 0},
		"lost":                {[]Leftover{on(-250, 6), on(1, 2), on(2, -1)}, 1},
	} {
		require.Equal(t, rat(c.want).RatString(), left(c.moves, on(10, 0).Day, 6).RatString(), name)
	}
}

func TestCountCharges(t *testing.T) {
	one := []Supply{{Quantity: Quantity{big.NewRat(1, 1), "tablet"}}}
	names := []string{
		"Methylphenidate 18mg modified-release tablets", "Methylphenidate 27mg modified-release tablets", "Methylphenidate 10mg tablets",
		"Paracetamol 500mg tablets", "Paracetamol 500mg soluble tablets", "Co-codamol 30mg/500mg tablets", "Co-codamol 8mg/500mg tablets",
		"Salbutamol 100micrograms/dose inhaler CFC free", "Fentanyl 25micrograms/hour transdermal patches", "Fentanyl 12micrograms/hour transdermal patches",
		"Hydrocortisone 1% cream", "Hydrocortisone 2.5% cream",
	}
	var lines []Line
	for _, n := range names {
		lines = append(lines, Line{Prescribed: Product{Name: n}, Supplies: one})
	}
	lines = append(lines, Line{Prescribed: Product{Name: "Aspirin 75mg tablets"}})
	require.Equal(t, []int{1, 0, 1, 1, 1, 1, 0, 1, 1, 0, 1, 0, 0}, CountCharges(lines))
}
