package loinc

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/profiles/definition"
	"github.com/pestle-fhir/pestle/profiles/terminology"
)

// released is a folder with a release of our own: codes and names that LOINC does not have.
func released(t testing.TB) string {
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("LoincTable/Loinc.csv", "\ufeff\"LOINC_NUM\",\"COMPONENT\",\"PROPERTY\",\"SYSTEM\",\"STATUS\",\"LONG_COMMON_NAME\",\"SHORTNAME\",\"VersionLastChanged\",\"EXTERNAL_COPYRIGHT_NOTICE\"\n"+
		`"90002-1","Blue","Hue","Label","ACTIVE","Blue of label","Blue Lbl","2.9",""`+"\n"+
		`"90001-3","Red ""bright""","Hue","Label","DEPRECATED","Red of label","Red Lbl","2.78",""`+"\n"+
		`"90003-9","Weight","Mass","Box","DISCOURAGED","Weight of box","","2.10","Somebody's"`+"\n")
	write("AccessoryFiles/AnswerFile/AnswerList.csv", "AnswerListId,AnswerListName,AnswerStringId,DisplayText\nLL1-1,Hues,LA1-1,Pale\nLL1-1,Hues,LA2-1,Dark\nLL2-1,Nothing,,\n")
	return dir
}

// TestTable: terms, answers, filters and value sets of a release.
func TestTable(t *testing.T) {
	table, err := Load(released(t))
	require.NoError(t, err)
	assert.Equal(t, 3, table.Len())
	assert.Equal(t, "2.78", table.Version(), "2.78 is after 2.9")
	c, ok := table.Lookup("90001-3")
	require.True(t, ok)
	assert.Equal(t, "Red of label", c.Display)
	assert.True(t, c.Inactive)
	assert.Equal(t, []definition.Property{{Code: "COMPONENT", Type: "String", Value: `Red "bright"`}, {Code: "PROPERTY", Type: "String", Value: "Hue"}, {Code: "SYSTEM", Type: "String", Value: "Label"}, {Code: "STATUS", Type: "String", Value: "DEPRECATED"}}, c.Properties)
	assert.Equal(t, "Red Lbl", c.Designations[0].Value)
	s := terminology.New(terminology.Config{})
	s.Add(table)
	for _, q := range []struct{ url, want string }{
		{"http://loinc.org/vs", "90001-3 90002-1 90003-9"}, {"http://loinc.org/vs/LL1-1", "LA1-1 LA2-1"}, {"http://loinc.org/vs/LL2-1", "?"}, {"http://loinc.org/vs/LL9-9", "?"}, {"http://loinc.org/vsx", "?"},
	} {
		x, err := s.Expand(q.url, "", 0, -1)
		if q.want == "?" {
			assert.Error(t, err, q.url)
			continue
		}
		require.NoError(t, err, q.url)
		var codes []string
		for _, c := range x.Contains {
			codes = append(codes, c.Code)
		}
		assert.Equal(t, q.want, strings.Join(codes, " "), q.url)
	}
	for filter, want := range map[definition.Filter]string{
		{Property: "PROPERTY", Op: "=", Value: "hue"}: "90001-3 90002-1", {Property: "COMPONENT", Op: "regex", Value: "W.*|B.*"}: "90002-1 90003-9", {Property: "copyright", Op: "=", Value: "3rdParty"}: "90003-9",
		{Property: "STATUS", Op: "=", Value: "ACTIVE"}: "90002-1", {Property: "parent", Op: "=", Value: "LP1-1"}: "?", {Property: "COMPONENT", Op: "regex", Value: "("}: "?",
	} {
		p, err := table.Select([]definition.Filter{filter})
		if want == "?" {
			assert.Error(t, err, filter)
			continue
		}
		require.NoError(t, err)
		var codes []string
		for c := range p.All {
			assert.True(t, p.Has(c.Code))
			codes = append(codes, c.Code)
		}
		assert.Equal(t, want, strings.Join(codes, " "), filter)
	}
	for code, want := range map[string]terminology.Verdict{"90002-1": terminology.In, "LA1-1": terminology.In, "LL1-1": terminology.In, "90009-9": terminology.Out, "LA9-9": terminology.Out, "LP1-1": terminology.Unknown} {
		_, verdict := s.Exists(System, "", code)
		assert.Equal(t, want, verdict, code)
	}
	assert.Equal(t, terminology.In, s.Member("http://loinc.org/vs/LL1-1", System, "", "LA2-1").Verdict)
	assert.Equal(t, terminology.Out, s.Member("http://loinc.org/vs/LL1-1", System, "", "90002-1").Verdict)
}

// TestLoadRefuses: what is not a release, with the place.
func TestLoadRefuses(t *testing.T) {
	_, err := Load(t.TempDir())
	assert.ErrorContains(t, err, "has no file Loinc.csv")
	for text, says := range map[string]string{
		"A,B\n1,2\n": "line 1: expected a column LOINC_NUM", "LOINC_NUM\nfrog\n": `line 2: expected a code such as 8867-4, found "frog"`, "LOINC_NUM\n1-1\n1-1\n": "there twice", "": "EOF",
	} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "Loinc.csv"), []byte(text), 0o600))
		_, err := Load(dir)
		assert.ErrorContains(t, err, says)
	}
}

// TestLoadsARelease: as many terms as a release has take little memory.
func TestLoadsARelease(t *testing.T) {
	var b strings.Builder
	b.WriteString("LOINC_NUM,COMPONENT,PROPERTY,TIME_ASPCT,SYSTEM,SCALE_TYP,STATUS,LONG_COMMON_NAME,SHORTNAME,RELATEDNAMES2\n")
	for i := range 105_000 {
		fmt.Fprintf(&b, "%d-%d,Component number %d,MCnc,Pt,Ser/Plas,Qn,ACTIVE,Component number %d mass per volume in serum or plasma,Comp %d SerPl,%s\n", i+1, i%10, i, i, i, strings.Repeat("other name; ", 20))
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Loinc.csv"), []byte(b.String()), 0o600))
	b.Reset()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	table, err := Load(dir)
	require.NoError(t, err)
	runtime.GC()
	runtime.ReadMemStats(&after)
	assert.Equal(t, 105_000, table.Len())
	assert.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(40<<20))
	runtime.KeepAlive(table)
}

// FuzzLoad: no file breaks the reader.
func FuzzLoad(f *testing.F) {
	f.Add("LOINC_NUM,STATUS\n1-1,ACTIVE\n", "AnswerListId,AnswerListName,AnswerStringId,DisplayText\nLL1-1,x,LA1-1,y\n")
	f.Add("\"LOINC_NUM\n", "\x00")
	f.Fuzz(func(t *testing.T, terms, answers string) {
		table := &Table{answers: map[string]string{}, lists: map[string][]string{}, names: map[string]string{}}
		if table.readTerms(strings.NewReader(terms)) == nil && table.readAnswers(strings.NewReader(answers)) == nil {
			for _, code := range table.codes {
				_, ok := table.Lookup(code)
				require.True(t, ok)
			}
		}
	})
}
