package uk

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// An invariant is broken by trying: single edits of a valid resource, until one
// breaks it and nothing else.

var quoted = regexp.MustCompile(`'([^']*)'`)

// invariant looks for a mutant of one of the parents that breaks the invariant
// alone. Fired says that one broke it, be it with others.
func (b *breeder) invariant(h *host, c constraint, parents []map[string]any) (alone, fired bool) {
	x := c.n.Constraints[slices.IndexFunc(c.n.Constraints, func(x definition.Constraint) bool { return x.Key == c.key })]
	words := []string{"x", "7", "order", "plan"}
	for _, q := range quoted.FindAllStringSubmatch(x.Expression, -1) {
		if !strings.HasPrefix(q[1], "^") && !slices.Contains(words, q[1]) {
			words = append(words, q[1])
		}
	}
	for _, parent := range parents {
		for _, edit := range edits(parent, x.Expression, words) {
			mutant := clone(parent).(map[string]any)
			if !edit(mutant) {
				continue
			}
			tidy(mutant)
			data, _ := json.Marshal(mutant)
			r, err := fhir.Parse(data)
			if err != nil {
				continue
			}
			one, hit := b.breaks(r, h, c)
			if one {
				return true, true
			}
			fired = fired || hit
		}
	}
	return false, fired
}

// named are the elements below one that the expression of an invariant names.
func (n *element) named(key string) (out []*element) {
	x := n.Constraints[slices.IndexFunc(n.Constraints, func(x definition.Constraint) bool { return x.Key == key })]
	for _, k := range n.kids {
		if k.slice == "" && k.name != "extension" && strings.Contains(x.Expression, strings.TrimSuffix(k.name, "[x]")) {
			out = append(out, k)
		}
	}
	return out
}

// breaks reports whether the validator says, at its place, that the invariant
// does not hold, and whether it has nothing else against the resource.
func (b *breeder) breaks(r *fhir.Resource, h *host, c constraint) (alone, fired bool) {
	hits, others := 0, 0
	for _, i := range b.v.Validate(context.Background(), r, asked(h.profile)...) {
		switch {
		case i.Rule == c.key && i.Element != "" && (h.at != nil || plainPath.ReplaceAllString(i.Expression, "") == strings.ReplaceAll(c.n.Path, "[x]", "")):
			hits++
		case i.IsError() && !slices.Contains(besides, i.Rule):
			others++
		}
	}
	return hits == 1 && others == 0, hits > 0
}

var plainPath = regexp.MustCompile(`\[\d+\]|\.ofType\(\w+\)`)

func asked(profile string) []string {
	if profile == "" {
		return nil
	}
	return []string{profile}
}

// step is a way to a node: property names and indexes.
type step []any

// edits lists what can be changed in a resource by a single change.
func edits(root map[string]any, expression string, words []string) (out []func(map[string]any) bool) {
	var walk func(v any, at step)
	walk = func(v any, at step) {
		switch v := v.(type) {
		case map[string]any:
			for _, k := range keys(v) {
				if k == "resourceType" {
					continue
				}
				way := append(slices.Clone(at), k)
				if strings.Contains(expression, strings.TrimPrefix(k, "value")) {
					out = append(out, remove(way))
				}
				walk(v[k], way)
			}
			out = append(out, only(at), grow(at, words, expression), unit(at))
			for _, w := range words {
				if strings.Contains(w, "/StructureDefinition/") && len(at) == 0 {
					out = append(out, extend(w, map[string]any{"valueReference": map[string]any{"display": "x"}}),
						extend(w, map[string]any{"extension": []any{map[string]any{"url": "numberOfPrescriptionsIssued", "valueUnsignedInt": 1}}}))
				}
			}
		case []any:
			for i := range v {
				walk(v[i], append(slices.Clone(at), i))
			}
		case string:
			if !mentions(expression, at) {
				return
			}
			for _, w := range append([]string{v + "x"}, words...) {
				out = append(out, replace(at, w))
			}
		default:
			out = append(out, replace(at, json.Number("7")))
		}
	}
	walk(root, nil)
	return out
}

// mentions reports whether an expression names the property that a way ends in.
func mentions(expression string, way step) bool {
	for i := len(way) - 1; i >= 0; i-- {
		if name, ok := way[i].(string); ok {
			return strings.Contains(expression, name)
		}
	}
	return false
}

func keys(m map[string]any) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// at follows a way to the container of its last step.
func at(root map[string]any, way step) (any, bool) {
	var v any = root
	for _, s := range way {
		switch s := s.(type) {
		case string:
			m, ok := v.(map[string]any)
			if !ok {
				return nil, false
			}
			v = m[s]
		case int:
			l, ok := v.([]any)
			if !ok || s >= len(l) {
				return nil, false
			}
			v = l[s]
		}
	}
	return v, v != nil
}

func remove(way step) func(map[string]any) bool {
	return func(root map[string]any) bool {
		v, ok := at(root, way[:len(way)-1])
		m, isMap := v.(map[string]any)
		if !ok || !isMap {
			return false
		}
		delete(m, way[len(way)-1].(string))
		return !empty(m)
	}
}

func replace(way step, by any) func(map[string]any) bool {
	return func(root map[string]any) bool {
		v, ok := at(root, way[:len(way)-1])
		if !ok {
			return false
		}
		switch last := way[len(way)-1].(type) {
		case string:
			v.(map[string]any)[last] = by
		case int:
			v.([]any)[last] = by
		}
		return true
	}
}

// only leaves nothing of an object but a display: a reference that names nothing.
func only(way step) func(map[string]any) bool {
	return func(root map[string]any) bool {
		v, ok := at(root, way)
		m, isMap := v.(map[string]any)
		if !ok || !isMap || m["reference"] == nil && m["identifier"] == nil || m["resourceType"] != nil {
			return false
		}
		for k := range m {
			delete(m, k)
		}
		m["display"] = "x"
		return true
	}
}

// extend adds an extension to a resource.
func extend(url string, content map[string]any) func(map[string]any) bool {
	return func(root map[string]any) bool {
		x := map[string]any{"url": url}
		for k, v := range content {
			x[k] = v
		}
		list, _ := root["extension"].([]any)
		root["extension"] = append(list, x)
		return true
	}
}

// unit gives a quantity a unit.
func unit(way step) func(map[string]any) bool {
	return func(root map[string]any) bool {
		v, _ := at(root, way)
		m, isMap := v.(map[string]any)
		if !isMap || m["value"] == nil || m["unit"] != nil {
			return false
		}
		m["unit"] = "x"
		return true
	}
}

// grow adds the identifier that an invariant speaks of, with a bad value.
func grow(way step, words []string, expression string) func(map[string]any) bool {
	return func(root map[string]any) bool {
		v, ok := at(root, way)
		m, isMap := v.(map[string]any)
		if !ok || !isMap || !strings.Contains(expression, "identifier") {
			return false
		}
		i := slices.IndexFunc(words, func(w string) bool { return strings.Contains(w, "/Id/") })
		if i < 0 {
			return false
		}
		id := map[string]any{"system": words[i], "value": "bad value"}
		switch list := m["identifier"].(type) {
		case []any:
			m["identifier"] = append(list, id)
		case nil:
			if len(way) == 0 {
				m["identifier"] = []any{id}
			} else {
				m["identifier"] = id
			}
		default:
			m["identifier"] = id
		}
		return true
	}
}
