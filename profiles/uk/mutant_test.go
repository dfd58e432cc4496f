package uk

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/profiles"
	"github.com/pestle-fhir/pestle/profiles/terminology"
)

// constraint is one thing that a profile asks beyond R4.
type constraint struct {
	kind string // min, max, fixed …
	n    *element
	key  string // of an invariant
	// of is the slice that the element tells from others: breaking it makes the
	// value one of no slice.
	of *element
}

func (c constraint) String() string {
	return strings.TrimSpace(c.n.ID + " " + c.kind + " " + c.key)
}

// constraintsOf lists what a profile asks beyond R4.
func constraintsOf(root *element) (out []constraint) {
	var walk func(n *element)
	walk = func(n *element) {
		out = append(out, n.constraints()...)
		if n.Max == "0" && n.parent != nil {
			return // nobody will meet what is asked below
		}
		for _, k := range n.kids {
			walk(k)
		}
	}
	walk(root)
	return out
}

func (n *element) constraints() (out []constraint) {
	add := func(kind string, there bool) {
		if there {
			out = append(out, constraint{kind: kind, n: n, of: n.discriminates()})
		}
	}
	for _, x := range n.Constraints {
		if r4.ConstraintByKey(x.Key) == nil {
			out = append(out, constraint{kind: "invariant", n: n, key: x.Key})
		}
	}
	if n.base == nil {
		return out
	}
	low, high := n.Bounds()
	if n.slice == "" {
		add("min", low > n.base.Min)
		add("max", high >= 0 && (n.base.Max < 0 || high < n.base.Max))
	} else {
		add("min", low > 0)
		add("max", high >= 0 && n.base.Max != 1)
	}
	add("fixed", n.Fixed != nil && n.name != "url")
	add("pattern", n.Pattern != nil)
	add("max-length", n.MaxLength > 0)
	var codes []string
	for _, t := range n.Types {
		codes = append(codes, t.Code)
		add("type-profile", t.Code != "Extension" && slices.ContainsFunc(t.Profiles, func(p string) bool { return !strings.HasPrefix(p, hl7) }) && len(n.Types) == 1)
		add("target", t.Code == "Reference" && n.wrongTarget() != "")
		add("target-profile", t.Code == "Reference" && slices.ContainsFunc(t.TargetProfiles, func(p string) bool { return !strings.HasPrefix(p, hl7) }))
		add("aggregation", len(t.Aggregation) > 0 && len(t.Aggregation) < 3)
	}
	add("type", n.slice == "" && len(codes) > 0 && (len(n.base.Types) > 1 && len(codes) < len(n.base.Types) || n.base.Types[0] == "Resource" && !slices.Contains(codes, "Resource")))
	if b := n.Binding; b != nil && b.Strength == "required" {
		url, _, _ := strings.Cut(b.ValueSet, "|")
		add("binding", n.base.Binding == nil || n.base.Binding.ValueSet != url || n.base.Binding.Strength != "required")
	}
	add("closed", n.Slicing != nil && n.Slicing.Rules == "closed")
	return out
}

// discriminates gives the slice that the element, or what is below it, tells from
// others; nil when it tells none.
func (n *element) discriminates() *element {
	path := "$this"
	for s := n; s.parent != nil; s = s.parent {
		if s.slice != "" && s != n {
			for _, k := range s.parent.kids {
				if k.name != s.name || k.slice != "" || k.Slicing == nil {
					continue
				}
				for _, d := range k.Slicing.Discriminators {
					if d.Path == "$this" || d.Path == path || strings.HasPrefix(d.Path, path+".") || strings.HasPrefix(path, d.Path+".") {
						return s
					}
				}
			}
		}
		if path == "$this" {
			path = s.name
		} else {
			path = s.name + "." + path
		}
	}
	return nil
}

// wrongTarget is a type that R4 lets the reference point to and the profile
// does not; "" where there is none.
func (n *element) wrongTarget() string {
	allowed := n.targets()
	candidates := n.base.Targets
	if slices.Contains(candidates, "Resource") || len(candidates) == 0 {
		candidates = []string{"Basic", "Patient", "Binary"}
	}
	for _, t := range candidates {
		if len(allowed) > 0 && !slices.Contains(allowed, t) && !slices.Contains(allowed, "Resource") {
			return t
		}
	}
	return ""
}

// targets are the resource types that the reference may point to.
func (n *element) targets() (out []string) {
	for _, t := range n.Types {
		for _, p := range t.TargetProfiles {
			name, core := strings.CutPrefix(p, hl7)
			if s := Definitions().Structures[p]; !core && s != nil {
				name = s.Type
			} else if !core {
				return nil
			}
			out = append(out, name)
		}
	}
	return out
}

// place is a node of an instance: the member of an object, an item of it, or
// the object itself where key is empty.
type place struct {
	object map[string]any
	key    string
	at     int
}

// broken is a mutant: where it has to be caught, and by which rules.
type broken struct {
	at    place
	rules []string
}

// spoil breaks one constraint in an instance that its maker has made. It
// reports false where that cannot be done alone.
func spoil(c constraint, m *maker, root map[string]any) (b broken, ok bool) {
	s, there := m.slots[c.n]
	if !there {
		return b, false
	}
	self := place(s)
	for _, like := range c.n.likes() {
		if low, _ := like.Bounds(); c.kind == "min" && low > like.base.Min && like.slice == "" && c.n.slice == "" {
			return b, false // the unsliced element asks for the same
		}
	}
	if c.of != nil && (c.kind == "min" || c.kind == "fixed" || c.kind == "pattern" || c.kind == "binding") {
		low, _ := c.of.Bounds()
		holder, there := m.slots[c.of]
		if low == 0 || !there {
			return b, false
		}
		defer func() { b = broken{place{object: holder.object}, []string{"cardinality"}} }()
	}
	switch c.kind {
	case "min":
		return spoilMin(c.n, m, s)
	case "max":
		return spoilMax(c.n, s)
	case "fixed", "pattern":
		s.set(other(c.n, s.get()))
		return broken{self, []string{c.kind, "extension-url"}}, true
	case "max-length":
		s.set(strings.Repeat("x", c.n.MaxLength+1))
		return broken{self, []string{"max-length"}}, true
	case "type":
		return spoilType(c.n, m, s)
	case "target":
		ref, _ := s.get().(map[string]any)
		ref["reference"] = c.n.wrongTarget() + "/1"
		return broken{self, []string{"reference-target", "aggregation"}}, ref != nil
	case "binding":
		return broken{self, []string{"binding"}}, c.n.code() != "Extension" && spoilCode(c.n, m, s)
	case "type-profile":
		return spoilProfile(c.n, m, s)
	}
	return b, false
}

func (s slot) get() any {
	if s.at < 0 {
		return s.object[s.key]
	}
	return s.object[s.key].([]any)[s.at]
}

func (s slot) set(v any) {
	if s.at < 0 {
		s.object[s.key] = v
		return
	}
	s.object[s.key].([]any)[s.at] = v
}

func spoilMin(n *element, m *maker, s slot) (broken, bool) {
	if s.at >= 0 && n.slice != "" {
		list := slices.Delete(slices.Clone(s.object[s.key].([]any)), s.at, s.at+1)
		s.object[s.key] = list
		if len(list) == 0 {
			delete(s.object, s.key)
		}
	} else {
		delete(s.object, s.key)
		delete(s.object, "_"+s.key)
	}
	if n.name == "url" {
		return broken{}, false // R4 asks for it too
	}
	if empty(s.object) {
		s.object["extension"] = []any{map[string]any{"url": "https://example.org/filler", "valueString": "x"}}
	}
	return broken{place{object: s.object}, []string{"cardinality"}}, true
}

func empty(obj map[string]any) bool {
	for k := range obj {
		if k != "id" && k != "resourceType" {
			return false
		}
	}
	return true
}

func spoilMax(n *element, s slot) (broken, bool) {
	_, high := n.Bounds()
	if high == 0 {
		return broken{place(s), []string{"cardinality"}}, true
	}
	list, ok := s.object[s.key].([]any)
	if !ok {
		return broken{}, false
	}
	v := list[s.at]
	count := 1
	if n.slice == "" {
		count = len(list)
	}
	for ; count <= high; count++ {
		list = append(list, clone(v))
	}
	s.object[s.key] = list
	return broken{place{s.object, s.key, len(list) - 1}, []string{"cardinality"}}, true
}

// other is another value of the same type.
func other(n *element, v any) any {
	switch v := v.(type) {
	case bool:
		return !v
	case json.Number:
		return json.Number("77")
	case map[string]any:
		out := clone(v).(map[string]any)
		for _, k := range []string{"code", "coding", "system", "value", "reference", "display"} {
			if x, there := out[k]; there {
				out[k] = other(n, x)
				return out
			}
		}
	case []any:
		return []any{other(n, v[0])}
	case string:
		if n.base.Binding != nil && n.base.Binding.Codes != nil && n.base.Types[0] == "code" {
			for _, system := range n.base.Binding.Codes.Systems {
				for _, c := range system.Codes {
					if c != v {
						return c
					}
				}
			}
		}
		if strings.HasPrefix(v, "http") {
			return "https://example.org/other"
		}
		return v + "x"
	}
	return v
}

func spoilType(n *element, m *maker, s slot) (broken, bool) {
	if n.base.Types[0] == "Resource" {
		s.set(map[string]any{"resourceType": "Basic", "id": "other", "code": map[string]any{"text": "x"}})
		return broken{place(s), []string{"type"}}, true
	}
	allowed := map[string]bool{}
	for _, t := range n.Types {
		allowed[t.Code] = true
	}
	for _, t := range append([]string{"boolean", "string", "integer", "dateTime", "decimal", "uri"}, n.base.Types...) {
		if allowed[t] || !slices.Contains(n.base.Types, t) {
			continue
		}
		of := n.holder.Property(strings.TrimSuffix(n.name, "[x]") + strings.ToUpper(t[:1]) + t[1:])
		v := samples[t]
		if v == nil {
			if t != "CodeableConcept" && t != "Reference" && t != "Period" && t != "Quantity" {
				continue
			}
			v = map[string]any{"CodeableConcept": map[string]any{"text": "x"}, "Reference": map[string]any{"reference": firstTarget(n.base) + "/1"},
				"Period": map[string]any{"start": "2026-01-01"}, "Quantity": map[string]any{"value": 1}}[t]
		}
		delete(s.object, s.key)
		delete(s.object, "_"+s.key)
		s.object[of.JSON] = v
		return broken{place{s.object, of.JSON, -1}, []string{"type", "extension-value"}}, true
	}
	return broken{}, false
}

func firstTarget(e *r4.Element) string {
	if len(e.Targets) == 0 || e.Targets[0] == "Resource" {
		return "Patient"
	}
	return e.Targets[0]
}

// spoilCode puts a code that is not of the value set.
func spoilCode(n *element, m *maker, s slot) bool {
	wrong := func(system any) bool {
		text, _ := system.(string)
		return m.l.Terminology().Member(n.Binding.ValueSet, text, "", "no-such-code").Verdict == terminology.Out
	}
	switch v := s.get().(type) {
	case string:
		if b := n.base.Binding; b != nil && b.Codes != nil {
			for _, system := range b.Codes.Systems {
				for _, c := range system.Codes {
					if m.l.Terminology().Member(n.Binding.ValueSet, "", "", c).Verdict == terminology.Out {
						s.set(c)
						return true
					}
				}
			}
			return false
		}
		if !wrong("") {
			return false
		}
		s.set("no-such-code")
		return true
	case map[string]any:
		codings, concept := v["coding"].([]any)
		if !concept {
			if !wrong(v["system"]) {
				return false
			}
			v["code"] = "no-such-code"
			return true
		}
		for _, c := range codings {
			c := c.(map[string]any)
			if !wrong(c["system"]) {
				return false
			}
			c["code"] = "no-such-code"
		}
		return true
	}
	return false
}

// spoilProfile breaks something that the profile of a data type asks.
func spoilProfile(n *element, m *maker, s slot) (broken, bool) {
	obj, _ := s.get().(map[string]any)
	t := m.tree(n.Types[0].Profiles[0])
	if obj == nil || t == nil {
		return broken{}, false
	}
	for _, k := range t.kids {
		low, high := k.Bounds()
		there := obj[k.property()] != nil
		switch {
		case k.slice == "" && low > k.base.Min && there:
			delete(obj, k.property())
			if empty(obj) {
				obj["extension"] = []any{map[string]any{"url": "https://example.org/filler", "valueString": "x"}}
			}
			return broken{place{obj, "", -1}, []string{"cardinality"}}, true
		case k.Fixed != nil && there && !k.base.Repeats():
			obj[k.property()] = other(k, obj[k.property()])
			return broken{place{obj, k.property(), -1}, []string{"fixed"}}, true
		case high == 0 && k.base.Max != 0 && !there:
			v, _ := m.value(k)
			at := -1
			if k.base.Repeats() {
				v, at = []any{v}, 0
			}
			obj[k.property()] = v
			return broken{place{obj, k.property(), at}, []string{"cardinality"}}, true
		}
	}
	return broken{}, false
}

func same(a, b map[string]any) bool {
	return a != nil && b != nil && reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
}

// expression is the FHIRPath of a place in an instance, as issues write it.
func (p place) expression(root map[string]any, r *fhir.Resource) string {
	n, ok := locate(root, p.object, r.Root())
	if !ok {
		return "?"
	}
	if p.key != "" {
		n = n.Get(p.key)
		if p.at >= 0 {
			n = n.Item(p.at)
		}
	}
	return profiles.Expression(n)
}

// locate finds the node of an object.
func locate(v any, object map[string]any, n fhir.Node) (fhir.Node, bool) {
	switch v := v.(type) {
	case map[string]any:
		if same(v, object) {
			return n, true
		}
		for k, x := range v {
			if hit, ok := locate(x, object, n.Get(k)); ok {
				return hit, true
			}
		}
	case []any:
		for i, x := range v {
			if hit, ok := locate(x, object, n.Item(i)); ok {
				return hit, true
			}
		}
	}
	return fhir.Node{}, false
}

func parse(root map[string]any) *fhir.Resource {
	data, err := json.Marshal(root)
	if err != nil {
		panic(err)
	}
	r, err := fhir.Parse(data)
	if err != nil {
		panic(fmt.Sprintf("%v: %s", err, data))
	}
	return r
}
