package snomed

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/profiles/definition"
	"github.com/pestle-fhir/pestle/profiles/terminology"
	"github.com/pestle-fhir/pestle/profiles/uk"
)

// The concepts of testdata, which is a release of our own.
const (
	root    = "138875005"
	colour  = "11999999107"
	warm    = "21999999101"
	red     = "31999999103"
	crimson = "41999999106"
	blue    = "51999999108"
	purple  = "61999999105"
	puce    = "71999999100"
	labels  = "81999999102"
	grey    = "101999999100"
	bare    = "111999999102"
	none    = "501999999105"
)

func load(t testing.TB, location string) *Edition {
	b := NewBuilder()
	require.NoError(t, b.Load(location))
	return b.Edition()
}

func TestLoad(t *testing.T) {
	e := load(t, "testdata")
	assert.Equal(t, 12, e.Len())
	assert.Equal(t, "http://snomed.info/sct/91999999104/version/20261101", e.Version())
	c, ok := e.Lookup(red)
	require.True(t, ok)
	assert.Equal(t, "Red", c.Display)
	assert.Equal(t, []string{warm}, c.Parents)
	assert.False(t, c.Inactive)
	var designations []string
	for _, d := range c.Designations {
		designations = append(designations, d.Language+" "+d.Use.Display+" "+d.Value)
	}
	assert.Equal(t, []string{"en-GB Preferred Red", "cy Synonym Coch", "en Fully specified name Red colour (qualifier value)"}, designations)
	for code, display := range map[string]string{grey: "Grey", bare: "Colour without a synonym", puce: "Puce", root: "SNOMED CT Concept"} {
		c, _ := e.Lookup(code)
		assert.Equal(t, display, c.Display)
		assert.Equal(t, code == puce, c.Inactive)
	}
	_, ok = e.Lookup(none)
	assert.False(t, ok)
}

func TestZip(t *testing.T) {
	pack := func(into *zip.Writer, files fs.FS) {
		require.NoError(t, into.AddFS(files))
		require.NoError(t, into.Close())
	}
	var inner, outer bytes.Buffer
	pack(zip.NewWriter(&inner), os.DirFS("testdata"))
	z := zip.NewWriter(&outer)
	w, err := z.Create("uk/SnomedCT_ClinicRF2.zip")
	require.NoError(t, err)
	_, err = w.Write(inner.Bytes())
	require.NoError(t, err)
	require.NoError(t, z.Close())
	path := filepath.Join(t.TempDir(), "release.zip")
	require.NoError(t, os.WriteFile(path, outer.Bytes(), 0o600))
	assert.Equal(t, 12, load(t, path).Len())
}

func TestSubsumes(t *testing.T) {
	e := load(t, "testdata")
	for _, c := range []struct {
		a, b string
		want bool
	}{{root, purple, true}, {warm, purple, true}, {blue, purple, true}, {red, crimson, true}, {crimson, red, false}, {red, red, false}, {warm, blue, false}, {colour, puce, false}, {none, red, false}} {
		assert.Equal(t, c.want, e.Subsumes(c.a, c.b), "%s %s", c.a, c.b)
	}
}

func TestComplete(t *testing.T) {
	e := load(t, "testdata")
	for code, want := range map[string]bool{none: true, "501999999106": true, "red": true, "22298006": true, "999000561000001109": false, red + ":1=2": false} {
		assert.Equal(t, want, e.Complete(code), code)
	}
}

func codes(t *testing.T, e *Edition, property, op, value string) string {
	s, err := e.Select([]definition.Filter{{Property: property, Op: op, Value: value}})
	require.NoError(t, err, value)
	var out []string
	for c := range s.All {
		assert.True(t, s.Has(c.Code))
		out = append(out, c.Display)
	}
	if s.Partial != "" {
		out = append(out, "("+s.Partial+")")
	}
	return strings.Join(out, ", ")
}

func TestConstraint(t *testing.T) {
	e := load(t, "testdata")
	for src, want := range map[string]string{
		red:                                 "Red",
		"<< " + red:                         "Red, Crimson, Purple",
		"< " + red + " |Red colour|":        "Crimson, Purple",
		"descendantOf " + warm:              "Red, Crimson, Purple",
		"DescendantOrSelfOf " + blue:        "Blue, Purple",
		"<! " + colour:                      "Warm colour, Blue, Grey, Colour without a synonym",
		"childOrSelfOf " + warm:             "Warm colour, Red",
		"> " + crimson:                      "SNOMED CT Concept, Colour, Warm colour, Red",
		">> " + warm:                        "SNOMED CT Concept, Colour, Warm colour",
		">! " + purple:                      "Red, Blue",
		"^ " + labels + " |Label colours|":  "Red, Blue, Puce",
		"memberOf " + labels:                "Red, Blue, Puce",
		"^ (<< " + labels + ")":             "Red, Blue, Puce",
		"<< ^ " + labels:                    "Red, Crimson, Blue, Purple, Puce",
		"<< " + red + " AND << " + blue:     "Purple",
		"<< " + red + ", << " + blue:        "Purple",
		red + " or " + blue + " OR " + puce: "Red, Blue, Puce",
		"<< " + warm + " MINUS << " + red:   "Warm colour",
		"(" + red + " OR (<< " + blue + ")) MINUS " + purple + "/* not this */": "Red, Blue",
		red + " OR " + none: "Red, (the concept " + none + " is not in the part of SNOMED CT that is loaded)",
		"^ " + none:         "(the reference set " + none + " is not in the part of SNOMED CT that is loaded)",
	} {
		assert.Equal(t, want, codes(t, e, "constraint", "=", src), src)
	}
	assert.Len(t, strings.Split(codes(t, e, "constraint", "=", "*"), ", "), 11, "all that are active")
	assert.Equal(t, "Red, Crimson, Purple", codes(t, e, "concept", "is-a", red))
	assert.Equal(t, "Crimson, Purple", codes(t, e, "concept", "descendent-of", red))
	assert.Equal(t, "Red, Blue, Puce", codes(t, e, "concept", "in", labels))
	assert.Equal(t, "Red", codes(t, e, "parent", "=", warm))
	assert.Equal(t, "Crimson", codes(t, e, "sufficientlyDefined", "=", "true"))
	assert.Equal(t, "Puce", codes(t, e, "inactive", "=", "true"))
	_, err := e.Select([]definition.Filter{{Property: "constraint", Op: "=", Value: red + " MINUS " + none}})
	assert.EqualError(t, err, "the concept "+none+" is not in the part of SNOMED CT that is loaded")
}

func TestMistakes(t *testing.T) {
	for src, want := range map[string]string{
		"":                              "offset 0: expected a concept, found the end",
		"<< ":                           "offset 3: expected a concept, found the end",
		"(11999999107":                  "offset 12: expected )",
		"11999999107 |open":             "offset 12: the term is not closed: expected |",
		"11999999107 11999999107":       "offset 12: expected AND, OR, MINUS or the end, found 11999999107",
		"11999999107: 1 = 2":            "offset 13: an identifier has 6 to 18 digits, found 1",
		"<< 11999999107 {{ term = x }}": `offset 15: the filter is not supported: expected term = "…", active = true or false, or + HISTORY`,
		"kindOf 11999999107":            "offset 0: the word kindOf is not understood: expected an operator such as descendantOf, memberOf, AND, OR or MINUS",
		"11999999107 AND 11999999107 OR 11999999107":      "offset 28: OR behind AND: put parentheses around the part that belongs together",
		"11999999107 MINUS 11999999107 MINUS 11999999107": "offset 30: MINUS behind MINUS: put parentheses around the part that belongs together",
		"1234": "offset 0: an identifier has 6 to 18 digits, found 1234",
		"|x|":  "offset 0: a term stands behind the identifier of its concept",
		"/* x": "offset 0: the comment is not closed: expected */",
		"%":    `offset 0: the character '%' has no meaning here`,
	} {
		_, err := parseECL(src)
		if assert.Error(t, err, src) {
			assert.Equal(t, "the expression constraint cannot be read at "+want, err.Error())
		}
	}
}

// TestCompiled wants the latest expression to be at hand, however many there
// were, so that a value set's is not worked out again for each code.
func TestCompiled(t *testing.T) {
	e := load(t, "testdata")
	for i := range maxCompiled + 10 {
		src := red + strings.Repeat(" ", i)
		_, err := e.compile(src)
		require.NoError(t, err)
		require.NotNil(t, e.compiled[src])
		assert.LessOrEqual(t, len(e.compiled), maxCompiled)
	}
}

// TestService asks through the terminology service.
func TestService(t *testing.T) {
	e := load(t, "testdata")
	s := terminology.New(terminology.Config{})
	s.Add(e)
	for set, want := range map[string]terminology.Verdict{
		System + "?fhir_vs":                           terminology.In,
		System + "?fhir_vs=isa/" + warm:               terminology.In,
		System + "?fhir_vs=isa/" + blue:               terminology.Out,
		System + "?fhir_vs=refset/" + labels:          terminology.In,
		System + "?fhir_vs=ecl/%3C%3C%20" + warm:      terminology.In,
		System + "/91999999104?fhir_vs=isa/" + warm:   terminology.In,
		System + "/91?fhir_vs=isa/" + warm:            terminology.Unknown, // no edition
		System + "?fhir_vs=nothing":                   terminology.Unknown,
		"http://hl7.org/fhir/ValueSet/procedure-code": terminology.Unknown, // 71388002 is not in the release
	} {
		assert.Equal(t, want, s.Member(set, System, "", red).Verdict, set)
	}
	assert.Equal(t, terminology.In, s.Member(System+"?fhir_vs", System, System+"/91999999104", red).Verdict)
	x, err := s.Expand(System+"?fhir_vs=isa/"+colour, "colour warm", 0, 10)
	require.NoError(t, err)
	assert.Equal(t, 1, x.Total)
	x, err = s.ExpandDefinition(s.ValueSet(System+"?fhir_vs=isa/"+colour), terminology.Query{Text: "coch", Language: "cy"})
	require.NoError(t, err)
	require.Equal(t, 1, x.Total)
	assert.Equal(t, "Coch", x.Contains[0].Display)
	x, err = s.ExpandDefinition(s.ValueSet(System+"?fhir_vs=isa/"+grey), terminology.Query{Language: "en-US"})
	require.NoError(t, err)
	assert.Equal(t, "Gray", x.Contains[0].Display)
}

func TestBrokenFiles(t *testing.T) {
	b := NewBuilder()
	read := func(kind int, text string) error { return b.read(strings.NewReader(text), &tables[kind]) }
	head := strings.Join(tables[0].columns, "\t") + "\n"
	assert.ErrorContains(t, read(0, "id\ttime\n"), "expected the header")
	assert.ErrorContains(t, read(0, head+"1\t2\n"), "line 2: expected 5 columns, found 2")
	assert.ErrorContains(t, read(0, head+"x\t20260101\t1\t1\t1\n"), `line 2: id: expected a number of up to 18 digits, found "x"`)
	assert.ErrorContains(t, read(0, head+"1\t20260101\tyes\t1\t1\n"), `line 2: active: expected 0 or 1, found "yes"`)
	assert.ErrorContains(t, NewBuilder().Load(t.TempDir()), "expected the folder or zip of a release in RF2")
}

func FuzzECL(f *testing.F) {
	for _, src := range []string{"<< 138875005", "(11999999107 OR 21999999101 |x|) MINUS ^ 81999999102", "memberOf 1 or *", "/*", "<<<!>>"} {
		f.Add(src)
	}
	e := load(f, "testdata")
	f.Fuzz(func(t *testing.T, src string) {
		if _, err := e.compile(src); err == nil && len(e.compiled) > 100 {
			clear(e.compiled)
		}
	})
}

func FuzzRow(f *testing.F) {
	f.Add(0, "138875005\t20020131\t1\t900000000000207008\t900000000000074008")
	f.Add(2, "680946014\t20020131\t1\t1\t138875005\ten\t900000000000003001\tSNOMED CT Concept\t900000000000020002")
	f.Add(3, "1\t20020131\t1\t1\t2\t3\t0\t116680003\t900000000000011006\t900000000000451002")
	f.Fuzz(func(t *testing.T, kind int, text string) {
		b := NewBuilder()
		at := &tables[uint(kind)%uint(len(tables))]
		_ = b.read(strings.NewReader(strings.Join(at.columns, "\t")+"\n"+text), at)
		b.Add(1, "x", false)
		b.Edition().Lookup("1")
	})
}

// synthetic makes a release of n concepts shaped like SNOMED CT: three names
// each, one and a half parents, ten levels.
func synthetic(n int) *Builder {
	r := rand.New(rand.NewPCG(1, 2))
	b := NewBuilder()
	b.owned[0] = true
	for i := range n {
		id := ID(1_000_000+i)*1000 + 5
		b.concepts = append(b.concepts, conceptRow{id, 20260101, active})
		for k, text := range []string{"Disorder number " + strconv.Itoa(i) + " of structure of region (disorder)", "Disorder number " + strconv.Itoa(i), "Disease " + strconv.Itoa(i) + " of structure of region"} {
			row := nameRow{id: uint64(i*3+k)*100 + 11, concept: id, date: 20260101, kind: uint8(1 - min(k, 1)), active: true}
			b.name(row, text)
			b.preferred[row.id] = 1
		}
		if i == 0 {
			continue
		}
		for k := range 1 + r.IntN(2) {
			parent := max(0, i/4-2*k)
			b.isA = append(b.isA, isARow{id: uint64(len(b.isA) + 1), from: id, to: ID(1_000_000+parent)*1000 + 5, date: 20260101, active: true})
		}
	}
	return b
}

// BenchmarkEdition puts an edition of the size of SNOMED CT together, and says
// what it takes in memory then.
func BenchmarkEdition(b *testing.B) {
	const n = 400_000
	var before, after runtime.MemStats
	var mb float64
	for b.Loop() {
		b.StopTimer()
		runtime.GC()
		runtime.ReadMemStats(&before)
		builder := synthetic(n)
		b.StartTimer()
		e := builder.Edition()
		b.StopTimer()
		builder = nil
		runtime.GC()
		runtime.ReadMemStats(&after)
		mb += float64(after.HeapAlloc-before.HeapAlloc) / 1e6
		require.Equal(b, n, e.Len())
		b.StartTimer()
	}
	b.ReportMetric(mb/float64(b.N), "MB")
}

// BenchmarkConstraint works an expression out over an edition of that size.
func BenchmarkConstraint(b *testing.B) {
	e := synthetic(400_000).Edition()
	src := "<< " + e.ids[0].String() + " MINUS << " + e.ids[5].String()
	for b.Loop() {
		clear(e.compiled)
		_, err := e.compile(src)
		require.NoError(b, err)
	}
}

func BenchmarkSubsumes(b *testing.B) {
	e := synthetic(50_000).Edition()
	a, d := e.ids[10].String(), e.ids[49_000].String()
	for b.Loop() {
		e.Subsumes(a, d)
	}
}

func BenchmarkLoad(b *testing.B) {
	var text bytes.Buffer
	text.WriteString(strings.Join(tables[2].columns, "\t") + "\n")
	for i := range 20_000 {
		fmt.Fprintf(&text, "%d\t20260101\t1\t900000000000207008\t%d\ten\t900000000000013009\tDisorder number %d of structure\t900000000000448009\n", i*100+11, 1000000+i, i)
	}
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		require.NoError(b, NewBuilder().read(bytes.NewReader(text.Bytes()), &tables[2]))
	}
}

// TestDefinitions reads every constraint of the definitions that are built in.
func TestDefinitions(t *testing.T) {
	read := 0
	for _, v := range uk.Definitions().ValueSets {
		for _, sel := range append(v.Include, v.Exclude...) {
			for _, f := range sel.Filters {
				if sel.System == System && f.Property == "constraint" {
					_, err := parseECL(f.Value)
					assert.NoError(t, err, v.URL)
					read++
				}
			}
		}
	}
	assert.Greater(t, read, 50)
}
