package uk

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/internal/oracle"
	"github.com/pestle-fhir/pestle/internal/packed/packedtest"
	"github.com/pestle-fhir/pestle/profiles/definition"
	"github.com/pestle-fhir/pestle/profiles/fsh"
	"github.com/pestle-fhir/pestle/profiles/snapshot"
)

func TestPackedShorthandIsCurrent(t *testing.T) {
	packedtest.Current(t, files, "*.fsh", "ukcore/*.fsh", "nhs/*.fsh")
}

func official(t testing.TB) *definition.Set {
	set := definition.NewSet()
	for _, f := range []string{"ukcore-stu3-xml.tgz", "nhsdigital-xml.tgz"} {
		if err := set.Load(filepath.Join(oracle.Dir(t), "definitions", f)); err != nil {
			t.Log(err)
		}
	}
	return set
}

// TestOracleFacts compares every built-in definition with the one that was
// published: the compiled element rules of profiles, the selections of value
// sets, the codes of code systems.
func TestOracleFacts(t *testing.T) {
	theirs, ours := official(t), Definitions()
	passed, total := 0, 0
	var misses []string
	tally := func(url string, want, got []string) {
		total++
		diff := difference(want, got)
		if len(diff) == 0 {
			passed++
			return
		}
		misses = append(misses, url)
		if os.Getenv("DIFF") != "" {
			t.Logf("%s\n  %s", url, strings.Join(diff, "\n  "))
		}
	}
	a, b := snapshot.New(theirs), snapshot.New(ours)
	for _, url := range slices.Sorted(maps.Keys(ours.Structures)) {
		if strings.Contains(url, "|") {
			continue
		}
		s := ours.Structures[url]
		published := theirs.Structures[url]
		require.NotNil(t, published, url)
		published.Differential = slices.DeleteFunc(published.Differential, idle)
		want, err := a.Generate(published)
		require.NoError(t, err)
		got, err := b.Generate(s)
		require.NoError(t, err)
		tally(url, append(header(published), facts(want)...), append(header(s), facts(got)...))
	}
	for _, url := range slices.Sorted(maps.Keys(ours.ValueSets)) {
		if !strings.Contains(url, "|") {
			tally(url, selections(theirs.ValueSets[url]), selections(ours.ValueSets[url]))
		}
	}
	for _, url := range slices.Sorted(maps.Keys(ours.CodeSystems)) {
		if !strings.Contains(url, "|") {
			tally(url, codes(theirs.CodeSystems[url]), codes(ours.CodeSystems[url]))
		}
	}
	oracle.Report(t, "uk-facts", passed, total, misses)
}

// idle reports whether an element of a differential constrains nothing: some
// are there for their descriptions.
func idle(e *definition.Element) bool {
	bare := definition.Element{ID: e.ID, Path: e.Path, SliceName: e.SliceName, Short: e.Short}
	return e.SliceName == "" && reflect.DeepEqual(*e, bare)
}

func difference(want, got []string) (out []string) {
	for _, l := range want {
		if !slices.Contains(got, l) {
			out = append(out, "- "+l)
		}
	}
	for _, l := range got {
		if !slices.Contains(want, l) {
			out = append(out, "+ "+l)
		}
	}
	return out
}

func header(s *definition.Structure) []string {
	out := []string{"version " + s.Version, "status " + s.Status, "type " + s.Type, "base " + s.Base, fmt.Sprint("abstract ", s.Abstract)}
	for _, c := range s.Contexts {
		out = append(out, "context "+c.Type+" "+c.Expression)
	}
	return out
}

func facts(list []*definition.Element) (out []string) {
	for _, e := range list {
		low, _ := e.Bounds()
		line := fmt.Sprintf("%s %d..%s", e.ID, low, e.Max)
		if e.Slicing != nil {
			line += fmt.Sprintf(" slicing%v", *e.Slicing)
		}
		var types []string
		for _, t := range e.Types {
			types = append(types, fmt.Sprintf("%s%v->%v%v", t.Code, slices.Sorted(slices.Values(t.Profiles)), slices.Sorted(slices.Values(t.TargetProfiles)), t.Aggregation))
		}
		slices.Sort(types)
		line += " " + strings.Join(types, " ") + e.ContentReference
		if e.Binding != nil {
			line += fmt.Sprintf(" from %v", *e.Binding)
		}
		for name, v := range map[string]*definition.Value{"fixed": e.Fixed, "pattern": e.Pattern} {
			if v != nil {
				line += " " + name + v.Type + "=" + string(v.Node.Raw())
			}
		}
		if e.MustSupport != nil && *e.MustSupport {
			line += " MS"
		}
		out = append(out, line)
		for _, c := range e.Constraints {
			out = append(out, strings.Join(strings.Fields(e.ID+" obeys "+c.Key+" "+c.Severity+" "+c.Expression), " "))
		}
	}
	return out
}

func selections(v *definition.ValueSet) (out []string) {
	out = append(out, "version "+v.Version, "status "+v.Status)
	for i, list := range [][]definition.Selection{v.Include, v.Exclude} {
		for _, s := range list {
			line := fmt.Sprint(i, s.System, s.Version, s.Filters, s.ValueSets)
			for _, c := range s.Concepts {
				out = append(out, line+" "+c.Code)
			}
			if len(s.Concepts) == 0 {
				out = append(out, line)
			}
		}
	}
	return out
}

func codes(s *definition.CodeSystem) []string {
	out := []string{"version " + s.Version, "status " + s.Status, fmt.Sprint("case ", s.CaseSensitive), "content " + s.Content}
	var walk func([]definition.Concept, string)
	walk = func(list []definition.Concept, above string) {
		for _, c := range list {
			out = append(out, fmt.Sprint(above, c.Code, " ", strings.Join(strings.Fields(c.Display), " "), c.Properties))
			walk(c.Children, above+c.Code+"/")
		}
	}
	walk(s.Concepts, "")
	return out
}

func BenchmarkDefinitions(b *testing.B) {
	for b.Loop() {
		set, err := fsh.Read(files, fsh.Options{})
		if err != nil {
			b.Fatal(err)
		}
		g := snapshot.New(set)
		for _, s := range set.Structures {
			if _, err := g.Generate(s); err != nil {
				b.Fatal(err)
			}
		}
	}
}
