package fsh

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/pestle-fhir/pestle/profiles/definition"
)

var update = flag.Bool("update", false, "write the expected output anew")

// TestScripts compiles the files of each script and compares what comes of
// them: the definitions as lines of facts, or the error.
func TestScripts(t *testing.T) {
	scripts, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, scripts)
	for _, name := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			require.NoError(t, err)
			files := fstest.MapFS{}
			var want string
			for _, f := range a.Files {
				if f.Name == "want" {
					want = string(f.Data)
				} else {
					files[f.Name] = &fstest.MapFile{Data: f.Data}
				}
			}
			set, err := Read(files, Options{Canonical: "https://clinic.example"})
			got := ""
			if err != nil {
				got = err.Error() + "\n"
			} else {
				got = show(set)
			}
			if *update && got != want {
				for i := range a.Files {
					if a.Files[i].Name == "want" {
						a.Files[i].Data = []byte(got)
					}
				}
				require.NoError(t, os.WriteFile(name, txtar.Format(a), 0o644))
				return
			}
			assert.Equal(t, want, got)
		})
	}
}

func show(set *definition.Set) string {
	var b strings.Builder
	for _, key := range sorted(set.Structures) {
		s := set.Structures[key]
		fmt.Fprintf(&b, "%s is a %s on %s %v\n", s.Canonical(), s.Type, s.Base, s.Contexts)
		for _, e := range s.Differential {
			fmt.Fprintf(&b, "  %s", e.ID)
			if e.Min != nil || e.Max != "" {
				low := ""
				if e.Min != nil {
					low = fmt.Sprint(*e.Min)
				}
				fmt.Fprintf(&b, " %s..%s", low, e.Max)
			}
			if e.Slicing != nil {
				fmt.Fprintf(&b, " slicing%v", *e.Slicing)
			}
			for _, t := range e.Types {
				fmt.Fprintf(&b, " %s%v%v%v", t.Code, t.Profiles, t.TargetProfiles, t.Aggregation)
			}
			if e.Fixed != nil {
				fmt.Fprintf(&b, " fixed%s=%s", e.Fixed.Type, e.Fixed.Node.Raw())
			}
			if e.Pattern != nil {
				fmt.Fprintf(&b, " pattern%s=%s", e.Pattern.Type, e.Pattern.Node.Raw())
			}
			if e.Binding != nil {
				fmt.Fprintf(&b, " from {%s %s %s}", e.Binding.Strength, e.Binding.ValueSet, e.Binding.Max)
			}
			if e.MustSupport != nil {
				fmt.Fprintf(&b, " MS=%v", *e.MustSupport)
			}
			for _, c := range e.Constraints {
				fmt.Fprintf(&b, " obeys %s(%s): %s", c.Key, c.Severity, c.Expression)
			}
			b.WriteByte('\n')
		}
	}
	for _, key := range sorted(set.ValueSets) {
		v := set.ValueSets[key]
		text, _ := json.Marshal(map[string]any{"include": v.Include, "exclude": v.Exclude})
		fmt.Fprintf(&b, "%s %s\n", v.URL, text)
	}
	for _, key := range sorted(set.CodeSystems) {
		c := set.CodeSystems[key]
		text, _ := json.Marshal(c.Concepts)
		fmt.Fprintf(&b, "%s %s\n", c.URL, text)
	}
	return b.String()
}

func sorted[T any](m map[string]T) []string {
	var out []string
	for k := range m {
		if !strings.Contains(k, "|") {
			out = append(out, k)
		}
	}
	for i := range out { // few: insertion sort
		for j := i; j > 0 && out[j] < out[j-1]; j-- {
			out[j], out[j-1] = out[j-1], out[j]
		}
	}
	return out
}

// TestMistakes reads one mistake each and wants its place and what would have
// been right.
func TestMistakes(t *testing.T) {
	for src, want := range map[string]string{
		"Profil: X":            `x.fsh:1:1: Profil: is no declaration that is supported here: expected Alias, Profile, Extension, Invariant, RuleSet, ValueSet or CodeSystem`,
		"Instance: X":          `x.fsh:1:1: Instance: is no declaration that is supported here: expected Alias, Profile, Extension, Invariant, RuleSet, ValueSet or CodeSystem`,
		"Profile: X\n* a 1..1": `x.fsh:1:10: the profile X has no Parent`,
		"Profile: X\nParent: Patient\n* nme 1..1":                    `x.fsh:3:1: Patient has no element nme`,
		"Profile: X\nParent: Nothing\n* name 1..1":                   `x.fsh:1:10: the parent Nothing of X is no R4 type and no definition that is known here`,
		"Profile: X\nParent: Patient\n* name 1-1":                    `x.fsh:3:8: expected a cardinality, a flag, =, from, only, contains, obeys or ^, found 1-1`,
		"Profile: X\nParent: Patient\n* name 1..1 MS extra":          `x.fsh:3:16: expected the end of the rule, found extra`,
		"Profile: X\nParent: Patient\n* gender = 5":                  `x.fsh:3:1: Patient.gender cannot have this value: its types are code`,
		"Profile: X\nParent: Patient\n* gender from V (mandatory)":   `x.fsh:3:18: expected (required), (extensible), (preferred) or (example), found mandatory`,
		"Profile: X\nParent: Patient\n* deceased[x] only string":     `x.fsh:3:1: Patient.deceased[x] cannot be a string: its types are boolean, dateTime`,
		"Profile: X\nParent: Patient\n* obeys x-1":                   `x.fsh:3:1: there is no invariant x-1`,
		"Profile: X\nParent: Patient\n  * name 1..1":                 `x.fsh:3:3: rules by indentation are not supported: write the whole path`,
		"Profile: X\nParent: Patient\n* ^colour = #red":              `x.fsh:3:1: ^colour of a definition is not supported here`,
		"Profile: X\nParent: Patient\n* name ^colour = #red":         `x.fsh:3:1: ^colour of an element is not supported here`,
		"Profile: X\nParent: Patient\n* insert Y":                    `x.fsh:3:10: there is no rule set Y above`,
		"Profile: X\nParent: Patient\nUsage: #example":               `x.fsh:3:1: Profile has no field Usage: expected one of Parent, Id, Title, Description`,
		"Profile: X\nParent: Patient\n\nProfile: X\nParent: Patient": `x.fsh:4:10: X is declared already, at x.fsh:1`,
		"Alias: $A = urn:a\nAlias: $A = urn:b":                       `x.fsh:2:8: the alias $A stands for urn:a already`,
		"Profile: X\nParent: Patient\nTitle: \"open":                 `x.fsh:3:8: the string is not closed: expected "`,
		"/* open":                      `x.fsh:1:1: the comment is not closed: expected */`,
		"ValueSet: V\n* include codes": `x.fsh:2:16: expected from, found the end of the file`,
		"ValueSet: V\n* #a":            `x.fsh:2:3: expected a code with its system, SYSTEM#code, found #a`,
		"CodeSystem: C\n* #a #b":       `x.fsh:2:1: there is no code above #b as the rule names it`,
		"RuleSet: R(a)\n* name {a}\n\nProfile: X\nParent: Patient\n* insert R(1..1, MS)": `x.fsh:6:10: the rule set R takes 1 parameters, found 2`,
	} {
		_, err := Read(fstest.MapFS{"x.fsh": {Data: []byte(src)}}, Options{Canonical: "https://clinic.example"})
		if assert.Error(t, err, src) {
			assert.Equal(t, want, err.Error(), src)
		}
	}
}

func FuzzRead(f *testing.F) {
	scripts, _ := filepath.Glob("testdata/*.txtar")
	for _, name := range scripts {
		a, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range a.Files {
			f.Add(string(file.Data))
		}
	}
	f.Fuzz(func(t *testing.T, src string) {
		_, err := Read(fstest.MapFS{"x.fsh": {Data: []byte(src)}}, Options{Canonical: "https://clinic.example"})
		var e *Error
		if err != nil && (!errors.As(err, &e) || e.Line < 1 || e.Col < 1) {
			t.Fatalf("an error without a place: %v", err)
		}
	})
}
