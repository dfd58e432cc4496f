package search

import (
	"bytes"
	"context"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// FuzzParse asks any query of any type: it must not panic, what it refuses must
// be said with a message, what it accepts must have ranges in order and a self
// link that is read the same again.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"Patient?name=eve&birthdate=ge1970-01&identifier=urn:x|1,2%5C,3", "Observation?code-value-quantity=http://loinc.org|8480-6$gt100||mm[Hg]",
		"MedicationRequest?subject:Patient.name=a&_include=*&_sort=-_lastUpdated,_id&_count=3&_elements=status&_total=none&_summary=text",
		"Patient?_has:Observation:patient:code=1&_id=a&active:not=true&family:contains=%C3%A9&_lastUpdated=ap2020-02-30T25:61",
		"RiskAssessment?probability=ne1.50e-3,lt-0,100000000000000000000", "ValueSet?url:below=http://a/b/&url:above=urn:x", "Observation?subject=http://x/Patient/1/_history/2,#a,Group/",
		"Patient?identifier:of-type=a|b|c&deceased:missing=true", "Nothing?x=y", "Patient?_page=AAAA",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		typ, query, _ := strings.Cut(line, "?")
		values, err := url.ParseQuery(query)
		if err != nil || len(query) > 4096 {
			return
		}
		q, _, err := Parse(typ, values, testOptions)
		if err != nil {
			for _, issue := range issuesOf(err) {
				if issue.Message == "" || issue.Expected == "" {
					t.Fatalf("an issue that helps nobody: %+v", issue)
				}
			}
			return
		}
		for _, c := range q.Clauses {
			for _, r := range c.Ranges {
				if string(r.Lo) > string(r.Hi) || r.Exact && len(r.Lo) == 0 {
					t.Fatalf("%s: the range %q to %q", c.Param, r.Lo, r.Hi)
				}
				r.Holds(r.Lo)
			}
		}
		again, _, err := Parse(typ, q.Self(), testOptions)
		if err != nil || again.Self().Encode() != q.Self().Encode() || len(again.Clauses) != len(q.Clauses) {
			t.Fatalf("the self link %v is not read the same: %v", q.Self(), err)
		}
	})
}

// FuzzSpan reads any text as a date: what it accepts is not empty and its key
// is read back.
func FuzzSpan(f *testing.F) {
	for _, seed := range []string{"2024", "2024-02-29", "2024-02-29T23:59:60.123456789+14:00", "0001-01-01T00:00:00Z", "9999-12-31T24:00", "2024-1", "2024-02-29T1:2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at, ok := parseSpan(s)
		if !ok {
			return
		}
		if at.start >= at.end {
			t.Fatalf("%q is empty: %v", s, at)
		}
		if got := readSpan(appendSpan(nil, at)); got != at {
			t.Fatalf("%q: %v is read back as %v", s, at, got)
		}
	})
}

// FuzzExtract indexes any resource, however malformed: every key must be one
// whole key of its parameter's kind, and the entries in order, each once.
func FuzzExtract(f *testing.F) {
	files, err := filepath.Glob("testdata/match/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, member := range archive.Files {
			f.Add(member.Data)
		}
	}
	f.Add([]byte(`{"resourceType":"Patient","name":"x","identifier":{"value":1},"deceasedBoolean":"y","birthDate":[],"telecom":[null,{}],"contact":[[{}]]}`))
	f.Add([]byte(`{"resourceType":"Observation","valueQuantity":[],"component":{"code":{"coding":"x"}},"effectivePeriod":{"start":"2020","end":"2019"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := fhir.Parse(data)
		if err != nil {
			return
		}
		entries, err := Extract(context.Background(), r)
		if err != nil {
			return
		}
		for i, e := range entries {
			typ, name := owner(r.Type(), e.Param)
			code, modifier, _ := strings.Cut(name, ":")
			if code == Every {
				continue // added of what is contained
			}
			param := r4.SearchParameter(typ, code)
			kind := map[string]string{"text": "string", "identifier": "token"}[modifier]
			if modifier == "" {
				kind = param.Type
			}
			if end := keyEnd(kind, e.Key); kind != "composite" && modifier != "of-type" && end != len(e.Key) || len(e.Key) > MaxKey {
				t.Fatalf("%s: the key %q ends at %d", e.Param, e.Key, end)
			}
			if i > 0 && (entries[i-1].Param > e.Param || entries[i-1].Param == e.Param && bytes.Compare(entries[i-1].Key, e.Key) >= 0) {
				t.Fatalf("%v is behind %v", e, entries[i-1])
			}
		}
	})
}
