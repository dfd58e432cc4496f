package dmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/profiles/definition"
	"github.com/pestle-fhir/pestle/profiles/terminology"
	"github.com/pestle-fhir/pestle/profiles/terminology/snomed"
)

// The products of testdata, which is a release of our own.
const (
	vtm    = "211999999106"
	oldVTM = "221999999100"
	vmp    = "231999999102"
	liquid = "241999999105"
	amp    = "251999999107"
	oldAMP = "261999999109"
	vmpp   = "271999999104"
	ampp   = "281999999101"
)

func load(t testing.TB) *Dictionary {
	d, err := Load("testdata")
	require.NoError(t, err)
	return d
}

func TestLookup(t *testing.T) {
	d := load(t)
	assert.Equal(t, "20261124", d.Version())
	c, ok := d.Lookup(vmp)
	require.True(t, ok)
	assert.Equal(t, "Examplamine 30mg tablets", c.Display)
	assert.Equal(t, []string{"VMP", vtm}, c.Parents)
	var facts []string
	for _, p := range c.Properties {
		facts = append(facts, p.Code+"="+p.Value)
	}
	assert.Equal(t, []string{"VTMID=" + vtm, "PRES_STATCD=0001", "BASISCD=0001", "UDFS=1.000", "UDFS_UOMCD=311999999104", "ISID=291999999103",
		"strength=291999999103: 30.0 mg", "FORMCD=311999999104", "ROUTECD=321999999105", "CATCD=0002", "controlledDrugCategory=Schedule 2"}, facts)
	assert.Equal(t, "previous", c.Designations[0].Use.Code)
	c, _ = d.Lookup(liquid)
	assert.Equal(t, "Examplamine 5mg/5ml oral solution sugar free & colour free", c.Display)
	c, _ = d.Lookup(amp)
	assert.Equal(t, "Examplate 30mg tablets (Clinic Pharma Ltd)", c.Display)
	c, _ = d.Lookup(oldVTM)
	assert.True(t, c.Inactive)
	c, _ = d.Lookup("VMP")
	assert.True(t, c.Abstract)
	_, ok = d.Lookup("1")
	assert.False(t, ok)
}

// TestWithoutOneAbove wants what stands above a product under its own name,
// where another one is missing.
func TestWithoutOneAbove(t *testing.T) {
	l := &loader{known: map[string]uint32{}, units: map[string]string{}, terms: map[string]string{}}
	require.NoError(t, records(strings.NewReader("<P><AMP><APID>"+amp+"</APID><NM>a</NM></AMP><AMPP><APPID>"+ampp+"</APPID><APID>"+amp+"</APID><NM>p</NM></AMPP></P>"), l.record))
	c, ok := l.dictionary().Lookup(ampp)
	require.True(t, ok)
	assert.Equal(t, []definition.Property{{Code: "APID", Type: "Code", Value: amp}}, c.Properties)
}

func TestHierarchy(t *testing.T) {
	d := load(t)
	for _, pair := range [][2]string{{vtm, vmp}, {vtm, amp}, {vmp, amp}, {vtm, ampp}, {vmpp, ampp}, {"AMP", amp}} {
		assert.True(t, d.Subsumes(pair[0], pair[1]), pair)
		assert.False(t, d.Subsumes(pair[1], pair[0]), pair)
	}
	count := func(f ...definition.Filter) (n int) {
		s, err := d.Select(f)
		require.NoError(t, err)
		for c := range s.All {
			assert.True(t, s.Has(c.Code))
			n++
		}
		return n
	}
	assert.Equal(t, 3, count(definition.Filter{Property: "parent", Op: "=", Value: "VMP"}))
	assert.Equal(t, 2, count(definition.Filter{Property: "parent", Op: "=", Value: vtm}))
	assert.Equal(t, 7, count(definition.Filter{Property: "concept", Op: "is-a", Value: vtm}), "it, two VMPs, two AMPs and two packs")
	assert.Equal(t, 1, count(definition.Filter{Property: "CATCD", Op: "=", Value: "0002"}))
	assert.Equal(t, 2, count(definition.Filter{Property: "VPID", Op: "=", Value: vmp}, definition.Filter{Property: "parent", Op: "=", Value: "AMP"}))
	_, err := d.Select([]definition.Filter{{Property: "concept", Op: "regex", Value: "1"}})
	assert.Error(t, err)
}

func TestIntoSnomed(t *testing.T) {
	b := snomed.NewBuilder()
	load(t).Into(b)
	e := b.Edition()
	s := terminology.New(terminology.Config{})
	s.Add(e)
	const products = "(^999000541000001108 |actual products| OR ^999000561000001109 |virtual products|)"
	set := &definition.ValueSet{URL: "urn:products", Include: []definition.Selection{{System: snomed.System, Filters: []definition.Filter{{Property: "constraint", Op: "=", Value: products}}}}}
	for code, want := range map[string]terminology.Verdict{vmp: terminology.In, amp: terminology.In, vtm: terminology.Out, ampp: terminology.Out, oldAMP: terminology.Out,
		"71999999100": terminology.Unknown, // it may be of a later release
		"71999999101": terminology.Out,     // its check digit is wrong
	} {
		assert.Equal(t, want, s.MemberOf(set, snomed.System, "", code).Verdict, code)
	}
	assert.True(t, e.Subsumes(vtm, ampp))
	c, _ := e.Lookup(amp)
	assert.Equal(t, "Examplate 30mg tablets (Clinic Pharma Ltd)", c.Display)
}

func TestBrokenFiles(t *testing.T) {
	_, err := Load(t.TempDir())
	assert.ErrorContains(t, err, "expected the folder or zip of a dm+d release")
	for text, want := range map[string]string{
		"<A><B><C>1</C></B>": "line 1: the file ends within A",
		"<!DOCTYPE x><A/>":   "line 1: a document type is not read here",
		"<A></B>":            "closes nothing",
		"<V><VTM><VTMID>x</VTMID><NM>n</NM></VTM></V>": `line 1: VTMID: expected an identifier of up to 18 digits, found "x"`,
	} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "f_vtm2_3241126.xml"), []byte(text), 0o600))
		_, err := Load(dir)
		assert.ErrorContains(t, err, want, text)
	}
}

func FuzzRecords(f *testing.F) {
	data, err := os.ReadFile("testdata/release/f_vmp2_3241126.xml")
	require.NoError(f, err)
	f.Add(string(data))
	f.Fuzz(func(t *testing.T, text string) {
		l := &loader{known: map[string]uint32{}, units: map[string]string{}, terms: map[string]string{}}
		if records(strings.NewReader(text), l.record) == nil {
			l.dictionary().Lookup("1")
		}
	})
}
