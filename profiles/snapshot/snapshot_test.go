package snapshot

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/internal/oracle"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// TestOraclePublished regenerates the snapshots that the UK Core STU2 package
// carries and compares them element by element.
func TestOraclePublished(t *testing.T) {
	set := definition.NewSet()
	require.NoError(t, set.Load(filepath.Join(oracle.Dir(t), "definitions", "fhir.r4.ukcore.stu2-2.0.2.tgz")))
	g := New(set)
	passed, total := 0, 0
	var misses []string
	for _, url := range slices.Sorted(maps.Keys(set.Structures)) {
		s := set.Structures[url]
		if strings.Contains(url, "|") {
			continue
		}
		total++
		list, err := g.Generate(s)
		if err != nil {
			misses = append(misses, s.Name)
			t.Log(err)
			continue
		}
		if diff := compare(s.Snapshot, list); len(diff) > 0 {
			misses = append(misses, s.Name)
			if os.Getenv("DIFF") != "" {
				t.Logf("%s\n  %s", s.Name, strings.Join(diff, "\n  "))
			}
			continue
		}
		passed++
	}
	oracle.Report(t, "snapshot-ukcore-stu2", passed, total, misses)
}

func compare(want, got []*definition.Element) (out []string) {
	a, b := facts(want), facts(got)
	for i, line := range a {
		if !slices.Contains(b, line) {
			out = append(out, fmt.Sprintf("- %3d %s", i, line))
		}
	}
	for i, line := range b {
		if !slices.Contains(a, line) {
			out = append(out, fmt.Sprintf("+ %3d %s", i, line))
		}
	}
	if len(out) == 0 && !slices.Equal(a, b) {
		out = append(out, "the order differs")
	}
	return out
}

// facts are the elements a line each.
func facts(list []*definition.Element) (out []string) {
	for _, e := range list {
		low, _ := e.Bounds()
		line := fmt.Sprintf("%s %d..%s", e.ID, low, e.Max)
		if e.Slicing != nil {
			line += fmt.Sprintf(" slicing%v", *e.Slicing)
		}
		for _, t := range e.Types {
			code := t.Code
			if strings.Count(e.Path, ".") == 1 && e.Last() == "id" && code == "id" {
				code = "string" // R4 prints the type of Resource.id as string and means id (a known erratum)
			}
			line += " " + code
			slices.Sort(t.Profiles)
			targets := slices.Sorted(slices.Values(t.TargetProfiles))
			if len(t.Profiles)+len(targets) > 0 {
				line += fmt.Sprintf("%v->%v", t.Profiles, targets)
			}
		}
		if e.ContentReference != "" {
			line += " " + e.ContentReference[strings.IndexByte(e.ContentReference, '#'):]
		}
		if e.Binding != nil && e.Binding.Strength != "example" {
			vs, _ := definition.SplitCanonical(e.Binding.ValueSet)
			line += " from " + vs + " " + e.Binding.Strength
		}
		for name, v := range map[string]*definition.Value{"fixed": e.Fixed, "pattern": e.Pattern} {
			if v != nil {
				line += " " + name + v.Type + "=" + string(v.Node.Raw())
			}
		}
		out = append(out, line)
	}
	return out
}
