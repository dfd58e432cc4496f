package uk

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/ucum"
	"github.com/pestle-fhir/pestle/fhir/xml"
	"github.com/pestle-fhir/pestle/internal/oracle"
	"github.com/pestle-fhir/pestle/profiles"
	"github.com/pestle-fhir/pestle/profiles/terminology"
)

// examples are the resources of the EPS messages that the NHS accepted and of UK
// Core, by type; of each type some that differ most in size.
func examples(t *testing.T) map[string][]map[string]any {
	out := map[string][]map[string]any{}
	seen := map[string]bool{}
	add := func(r *fhir.Resource) {
		v := decode(r.JSON()).(map[string]any)
		var keep func(v map[string]any)
		keep = func(v map[string]any) {
			name, _ := v["resourceType"].(string)
			if key := name + strings.Join(keys(v), ","); !seen[key] || name == "MedicationRequest" && len(out[name]) < 60 {
				seen[key] = true
				out[name] = append(out[name], v)
			}
			entries, _ := v["entry"].([]any)
			for _, e := range entries {
				if r, ok := e.(map[string]any)["resource"].(map[string]any); ok {
					keep(r)
				}
			}
		}
		keep(v)
	}
	walkFiles(t, filepath.Join(oracle.Dir(t), "examples", "eps"), func(path string, data []byte) {
		if filepath.Ext(path) == ".json" && !strings.Contains(path, "400") && !strings.Contains(path, "errors/") {
			if r, err := fhir.Parse(data); err == nil && r.Type() != "" {
				add(r)
			}
		}
	})
	walkFiles(t, filepath.Join(oracle.Dir(t), "examples", "ukcore"), func(path string, data []byte) {
		if r, _ := xml.Decode(data); r != nil {
			add(r)
		}
	})
	return out
}

// breeder makes mutants and judges what the validator says of them.
type breeder struct {
	t     *testing.T
	l     *profiles.Library
	v     *profiles.Validator
	trees map[string]*element

	total, caught   int
	parents, sound  int
	implied         int
	kinds, failures map[string]int
	examples        map[string][]map[string]any // by type, that the NHS accepted
	misses          []string
}

// besides are the rules that a mutant may break too. It may leave a rule unjudged:
// two items where that takes one. A code that a binding forbids may be unknown to
// its system, another one may not go with its display, and R4 asks for a fullUrl.
var besides = []string{"not-judged", "unknown-code", "display", "full-url"}

func (b *breeder) errors(r *fhir.Resource, profile string) (out []fhir.Issue) {
	var asked []string
	if profile != "" {
		asked = []string{profile}
	}
	for _, i := range b.v.Validate(context.Background(), r, asked...) {
		if i.IsError() && !slices.Contains(besides, i.Rule) {
			out = append(out, i)
		}
	}
	return out
}

// TestOracleMutants breaks every constraint of every built-in profile, each in
// an instance of its own.
func TestOracleMutants(t *testing.T) {
	oracle.Dir(t)
	l := profiles.NewLibrary(Definitions(), terminology.New(terminology.Config{Definitions: Definitions(), UCUM: ucum.Valid})) // without the named rules
	l.SetSeverity(Severities)
	l.SetEvolving(evolving...)
	b := &breeder{t: t, l: l, v: profiles.New(profiles.WithLibrary(l)), trees: map[string]*element{}, kinds: map[string]int{}, failures: map[string]int{}, examples: examples(t)}
	for _, url := range slices.Sorted(maps.Keys(Definitions().Structures)) {
		if !strings.Contains(url, "|") && (os.Getenv("ONLY") == "" || strings.HasSuffix(url, os.Getenv("ONLY"))) {
			b.structure(url)
		}
	}
	t.Logf("parents %d of %d, implied %d, kinds %v, failures %v", b.sound, b.parents, b.implied, b.kinds, b.failures)
	require.LessOrEqual(t, b.parents-b.sound, 17, "constraints for which no valid instance was made: those that the definitions themselves contradict")
	require.LessOrEqual(t, b.implied, 398, "constraints that cannot be broken alone: discriminators of slices, codes of SNOMED CT, what an invariant says too")
	oracle.Report(t, "uk-mutants", b.caught, b.total, b.misses)
}

func (b *breeder) structure(url string) {
	s, err := b.l.Structure(url)
	if err != nil || s == nil {
		b.t.Fatalf("%s: %v", url, err)
	}
	trees := newMaker(b.l, b.trees)
	h := hostOf(b.l, trees, s)
	if h == nil {
		b.t.Logf("no host for %s %v", url, s.Contexts)
		return
	}
	root := trees.tree(url)
	for _, c := range constraintsOf(root) {
		b.constraint(url, h, root, c)
	}
	if s.IsExtension() {
		self := constraint{kind: "part", n: root}
		if parent, mutant, at, ok := b.parted(h, root); ok {
			b.judge(url, h.profile, self, parent, mutant, broken{at, []string{"extension-part"}})
		}
		self.kind = "context"
		if mutant, at, ok := b.misplaced(s, root); ok {
			parent, _ := h.make(b.l, b.trees, root, root)
			b.judge(url, "", self, parent, mutant, broken{at, []string{"extension-context"}})
		}
	}
}

// special are the kinds of constraint that take more than one resource, or a
// search.
func (b *breeder) special(url string, h *host, root *element, c constraint) bool {
	var parent, mutant map[string]any
	var at place
	var ok bool
	rule := c.kind
	switch c.kind {
	case "aggregation":
		parent, mutant, at, ok = b.aggregated(h, root, c)
	case "target-profile":
		parent, mutant, at, ok = b.targeted(h, root, c)
		rule = "cardinality"
	case "closed":
		parent, mutant, at, ok = b.another(h, root, c)
		rule = "slice"
	case "invariant":
		b.search(url, h, root, c)
		return true
	default:
		return false
	}
	if !ok {
		b.implied++
		b.log("CANNOT", bare(url)+" "+c.String(), nil, nil)
		return true
	}
	profile := h.profile
	if c.kind != "closed" {
		profile = "" // the resource in the Bundle names it
	}
	b.judge(url, profile, c, parent, mutant, broken{at, []string{rule}})
	return true
}

// search breaks an invariant.
func (b *breeder) search(url string, h *host, root *element, c constraint) {
	name := bare(url) + " " + c.String()
	own, _ := h.make(b.l, b.trees, root, c.n)
	rich, _ := h.make(b.l, b.trees, root, append(c.n.named(c.key), c.n)...)
	var parents []map[string]any
	kinds := map[string]int{}
	for _, p := range append([]map[string]any{own, rich}, b.examples[root.name]...) {
		kind := fmt.Sprint(p["courseOfTherapyType"], p["intent"])
		if kinds[kind] < 4 && len(b.errors(parse(p), h.profile)) == 0 {
			kinds[kind]++
			parents = append(parents, p)
		}
	}
	b.parents++
	if len(parents) > 0 {
		b.sound++
	}
	alone, fired := b.invariant(h, c, parents)
	switch {
	case alone:
		b.total++
		b.caught++
		b.kinds[c.kind]++
	case fired:
		b.implied++ // whatever breaks it breaks something else too
		b.log("CANNOT", name, nil, nil)
	case len(parents) > 0:
		b.total++
		b.failures[c.kind]++
		b.misses = append(b.misses, name)
		b.log("MISS", name, nil, nil)
	default:
		b.log("PARENT", name, own, b.errors(parse(own), h.profile))
	}
}

func bare(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }

func (b *breeder) constraint(url string, h *host, root *element, c constraint) {
	if b.special(url, h, root, c) {
		return
	}
	target := c.n
	if _, high := c.n.Bounds(); c.kind == "max" && high == 0 {
		target = c.n.parent
	}
	parent, _ := h.make(b.l, b.trees, root, target)
	instance, m := h.make(b.l, b.trees, root, c.n)
	broken, ok := spoil(c, m, instance)
	if !ok {
		b.implied++
		b.log("CANNOT", bare(url)+" "+c.String(), nil, nil)
		return
	}
	tidy(instance)
	b.judge(url, h.profile, c, parent, instance, broken)
}

// judge holds the parent and the mutant to the profile.
func (b *breeder) judge(url, profile string, c constraint, parent, mutant map[string]any, broken broken) {
	name := bare(url) + " " + c.String()
	b.parents++
	if errs := b.errors(parse(parent), profile); len(errs) > 0 {
		b.log("PARENT", name, parent, errs)
		return
	}
	b.sound++
	r := parse(mutant)
	want := broken.at.expression(mutant, r)
	errs := b.errors(r, profile)
	if len(errs) > 1 && said(c, broken, want, slices.DeleteFunc(slices.Clone(errs), func(i fhir.Issue) bool { return i.Code == fhir.Invariant })) {
		b.implied++ // an invariant says the same, so neither can be broken alone
		return
	}
	b.total++
	if said(c, broken, want, errs) {
		b.caught++
		b.kinds[c.kind]++
		return
	}
	b.failures[c.kind]++
	b.misses = append(b.misses, name)
	b.log("MISS at "+want, name, mutant, errs)
}

// said reports whether the errors say what was broken, at its place, and nothing
// else. Where the lot of an element is missing of which several slices have to
// be there, each of those says so; where there are too many of an element, any of
// them may be the one.
func said(c constraint, b broken, want string, errs []fhir.Issue) bool {
	for _, i := range errs {
		at := i.Expression == want || c.kind == "max" && item.ReplaceAllString(i.Expression, "") == item.ReplaceAllString(want, "")
		if !at || !slices.Contains(b.rules, i.Rule) {
			return false
		}
	}
	return len(errs) == 1 || len(errs) > 1 && c.kind == "min" && c.n.Slicing != nil
}

var item = regexp.MustCompile(`\[\d+\]$`)

// tidy drops contained resources that nothing refers to any more.
func tidy(root map[string]any) {
	list, _ := root["contained"].([]any)
	text, _ := json.Marshal(root)
	list = slices.DeleteFunc(list, func(c any) bool {
		id, _ := c.(map[string]any)["id"].(string)
		return !strings.Contains(string(text), `"#`+id+`"`)
	})
	if root["contained"] = list; len(list) == 0 {
		delete(root, "contained")
	}
}

func (b *breeder) log(what, name string, instance map[string]any, errs []fhir.Issue) {
	if os.Getenv("DIFF") == "" {
		return
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %s", what, name)
	for _, i := range errs {
		fmt.Fprintf(&text, "\n    %s %s: %s", i.Rule, i.Expression, i.Text())
	}
	if instance != nil && os.Getenv("DIFF") == "2" {
		fmt.Fprintf(&text, "\n    %s", parse(instance).JSON())
	}
	b.t.Log(text.String())
}
