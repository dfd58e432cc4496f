package profiles

import (
	"fmt"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// slicing is how the slices of an element are told apart, and the slices.
type slicing struct {
	definition.Slicing
	slices []*position
}

// slice gives every value to the first slice that it belongs to, holds it to
// that, and counts.
func (w *walk) slice(parent occurrence, all []occurrence, p *position) {
	s := p.slicing
	members := make([][]occurrence, len(s.slices))
	last := -1
	for i, o := range all {
		at := w.sliceOf(o, s)
		if at < 0 {
			w.unsliced(o, p, i, len(all))
			continue
		}
		if s.Ordered && at < last {
			w.say(o.place(), fhir.Issue{Code: fhir.Structure, Rule: "slice-order", Message: "The slices of " + p.name + " stand in an order.",
				Expected: s.slices[at].el.SliceName + " before " + s.slices[last].el.SliceName})
		}
		last = max(last, at)
		members[at] = append(members[at], o)
	}
	for i, slice := range s.slices {
		if slice.counted {
			near := ""
			if len(members[i]) < slice.min {
				near = w.nearMiss(all, s, slice)
			}
			w.count(parent, members[i], slice, near)
		}
		for _, o := range members[i] {
			w.hold(o, slice)
		}
		if slice.slicing != nil {
			w.slice(parent, members[i], slice)
		}
	}
}

// sliceOf gives the place of the slice that a value belongs to, -1 for none.
func (w *walk) sliceOf(o occurrence, s *slicing) int {
	if len(s.Discriminators) == 0 {
		return -1
	}
	for i, slice := range s.slices {
		if w.belongs(o, s, slice) == "" {
			return i
		}
	}
	return -1
}

// belongs reports why a value is not of a slice, "" when it is.
func (w *walk) belongs(o occurrence, s *slicing, slice *position) string {
	for _, d := range s.Discriminators {
		if why := w.discriminate(o, d, slice); why != "" {
			return why
		}
	}
	return ""
}

// discriminate decides by one discriminator; the answer is why not.
func (w *walk) discriminate(o occurrence, d definition.Discriminator, slice *position) string {
	if d.Type == "value" && d.Path == "url" && slice.name == "extension" || slice.name == "modifierExtension" {
		return sameURL(o, slice)
	}
	if holder, ok := strings.CutSuffix(d.Path, ".resourceType"); ok { // a name of JSON: FHIRPath would say type
		d = definition.Discriminator{Type: "type", Path: holder}
	}
	values, positions := w.follow([]occurrence{o}, d.Path, slice)
	switch d.Type {
	case "exists":
		want := len(positions) == 0 || positions[0].max != 0
		if (len(values) > 0) != want {
			return d.Path + " is " + map[bool]string{true: "missing", false: "there"}[want]
		}
		return ""
	case "type":
		return ofType(values, d, positions)
	case "profile":
		return w.ofProfile(values, d, positions)
	}
	for _, v := range values {
		for _, p := range positions {
			if w.matches(v, p) {
				return ""
			}
		}
	}
	return valueReason(d, values, positions)
}

func sameURL(o occurrence, slice *position) string {
	want := slice.el.SliceName
	if c := slice.profiles["Extension"]; len(c) > 0 {
		want, _ = definition.SplitCanonical(c[0])
	}
	for _, k := range slice.kids {
		if k.name == "url" && k.el.Fixed != nil {
			want = k.el.Fixed.Node.Text()
		}
	}
	if got := o.node.Get("url").Text(); got != want {
		return fmt.Sprintf("its url is %q, not %q", got, want)
	}
	return ""
}

func valueReason(d definition.Discriminator, values []occurrence, positions []*position) string {
	want := ""
	for _, p := range positions {
		if v := firstValue(p); v != "" {
			want = v
		}
	}
	if len(values) == 0 {
		return fmt.Sprintf("%s is missing, expected %s", d.Path, want)
	}
	return fmt.Sprintf("%s is %s, expected %s", d.Path, foundValue(values[0].node), want)
}

// firstValue is a value that is fixed at or below a position, as JSON.
func firstValue(p *position) string {
	switch {
	case p.el.Fixed != nil:
		return short(string(p.el.Fixed.Node.Raw()))
	case p.el.Pattern != nil:
		return short(string(p.el.Pattern.Node.Raw()))
	case p.binding != nil:
		return "a code of " + p.binding.ValueSet
	}
	for _, k := range p.kids {
		if v := firstValue(k); v != "" {
			return k.name + " " + v
		}
	}
	return ""
}

// fixes reports whether a position or one below it fixes a value.
func fixes(p *position) bool {
	if p.el.Fixed != nil || p.el.Pattern != nil {
		return true
	}
	for _, k := range p.kids {
		if fixes(k) {
			return true
		}
	}
	return p.slicing != nil && len(p.slicing.slices) > 0 && fixes(p.slicing.slices[0]) && p.slicing.slices[0].min > 0
}

// matches reports whether a value has what is fixed at and below a position. A
// position that fixes nothing is told by its required binding.
func (w *walk) matches(o occurrence, p *position) bool {
	if v := p.el.Fixed; v != nil {
		return equal(v.Node, o.node)
	}
	if v := p.el.Pattern; v != nil {
		return includes(v.Node, o.node)
	}
	if !fixes(p) {
		if p.binding != nil && p.binding.Strength == "required" {
			return w.bound(o, p.binding)
		}
		return o.place().Exists()
	}
	for _, k := range p.kids {
		if !fixes(k) {
			continue
		}
		hit := false
		for _, v := range o.occurrences(k.name, k.choice) {
			if w.matches(v, k) {
				hit = true
				break
			}
		}
		if !hit {
			return false
		}
	}
	if p.slicing != nil {
		return w.matchesSlices(o, p)
	}
	return true
}

func (w *walk) matchesSlices(o occurrence, p *position) bool {
	for _, s := range p.slicing.slices {
		if s.min > 0 && fixes(s) && !w.matches(o, s) {
			return false
		}
	}
	return true
}

func ofType(values []occurrence, d definition.Discriminator, positions []*position) string {
	var want []string
	for _, p := range positions {
		want = append(want, p.types...)
		if p.types == nil && p.typ != nil {
			want = append(want, p.typ.Name)
		}
	}
	got := "nothing"
	for _, v := range values {
		if v.typ == nil {
			continue
		}
		got = v.typ.Name
		for _, t := range want {
			if v.typ.Is(t) {
				return ""
			}
		}
	}
	return fmt.Sprintf("the type of %s is %s, expected %s", d.Path, got, anyOf(want, 4))
}

func (w *walk) ofProfile(values []occurrence, d definition.Discriminator, positions []*position) string {
	for _, v := range values {
		for _, p := range positions {
			var canonicals []string
			for _, list := range p.profiles {
				canonicals = append(canonicals, list...)
			}
			for _, c := range append(canonicals, p.targets...) {
				if w.conforms(v, c) {
					return ""
				}
			}
		}
	}
	return d.Path + " conforms to another profile"
}

// conforms tries a profile. One that is not known, or a bare type, is told by
// the type.
func (w *walk) conforms(o occurrence, canonical string) bool {
	if name, ok := strings.CutPrefix(canonical, canonicalBase); ok && r4.TypeOf(name) != nil {
		return o.typ != nil && o.typ.Is(name)
	}
	p := w.v.library.program(canonical)
	if p == nil || o.typ == nil || !o.typ.Is(p.structure.Type) {
		return false
	}
	return !fhir.HasErrors(w.try(func() { w.conform(o.node, o.typ, p) }))
}

// follow goes along a discriminator's path, in the data and in the profile at
// once.
func (w *walk) follow(at []occurrence, path string, slice *position) ([]occurrence, []*position) {
	positions := []*position{slice}
	for _, step := range splitPath(path) {
		switch {
		case step == "$this":
		case step == "resolve()":
			at = w.resolveAll(at)
			positions = w.targetRoots(positions)
		case strings.HasPrefix(step, "ofType("):
			want := strings.TrimSuffix(strings.TrimPrefix(step, "ofType("), ")")
			var left []occurrence
			for _, o := range at {
				if o.typ != nil && o.typ.Is(want) {
					left = append(left, o)
				}
			}
			at = left
		case strings.HasPrefix(step, "extension("):
			url := strings.Trim(strings.TrimSuffix(strings.TrimPrefix(step, "extension("), ")"), `'"`)
			at, positions = extensionStep(at, positions, url, w.v.library)
		default:
			at, positions = w.step(at, positions, step)
		}
	}
	return at, positions
}

// splitPath takes a path apart at the dots outside parentheses.
func splitPath(path string) (steps []string) {
	depth, from := 0, 0
	for i, c := range path {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == '.' && depth == 0:
			steps = append(steps, path[from:i])
			from = i + 1
		}
	}
	return append(steps, path[from:])
}

func (w *walk) step(at []occurrence, positions []*position, name string) ([]occurrence, []*position) {
	var values []occurrence
	for _, o := range at {
		choice := false
		if o.typ != nil {
			e := o.typ.Element(name)
			choice = e != nil && e.Choice
		}
		values = append(values, o.occurrences(name, choice)...)
	}
	var next []*position
	for _, p := range positions {
		for _, k := range w.kidsOf(p) {
			if k.name == name {
				next = append(next, k)
			}
		}
	}
	return values, next
}

// kidsOf gives the positions below one, and where it has none those of the
// profiles that its type names.
func (w *walk) kidsOf(p *position) []*position {
	kids := p.kids
	for _, canonicals := range p.profiles {
		for _, c := range canonicals {
			if of := w.v.library.program(c); of != nil {
				kids = append(kids[:len(kids):len(kids)], of.root.kids...)
			}
		}
	}
	return kids
}

func extensionStep(at []occurrence, positions []*position, url string, l *Library) ([]occurrence, []*position) {
	var values []occurrence
	for _, o := range at {
		for _, x := range o.occurrences("extension", false) {
			if x.node.Get("url").Text() == url {
				values = append(values, x)
			}
		}
	}
	var next []*position
	for _, p := range positions {
		for _, k := range p.kids {
			if k.name == "extension" && k.slicing != nil {
				for _, s := range k.slicing.slices {
					if sameURL(occurrence{}, s) != "" && len(s.profiles["Extension"]) == 1 && s.profiles["Extension"][0] == url {
						next = append(next, s)
					}
				}
			}
		}
	}
	if next == nil {
		if x := l.program(url); x != nil {
			next = []*position{x.root}
		}
	}
	return values, next
}

// unsliced judges a value that belongs to no slice.
func (w *walk) unsliced(o occurrence, p *position, i, n int) {
	s := p.slicing
	if s.Rules != "closed" && (s.Rules != "openAtEnd" || i == n-1) || len(s.slices) == 0 && s.Rules != "closed" {
		return
	}
	var names []string
	var reasons []string
	for _, slice := range s.slices {
		names = append(names, slice.el.SliceName)
		reasons = append(reasons, "not "+slice.el.SliceName+" because "+w.belongs(o, s, slice))
	}
	if s.Rules == "openAtEnd" {
		return
	}
	w.say(o.place(), fhir.Issue{Code: fhir.Structure, Rule: "slice", Message: "The profile allows only its slices of " + p.name + ", and this is none of them.",
		Expected: anyOf(names, 8), Found: anyOf(reasons, 3)})
}

// nearMiss says of a slice that is missing which values might have been meant
// for it, and why they are not of it.
func (w *walk) nearMiss(all []occurrence, s *slicing, slice *position) string {
	for i, o := range all {
		if w.sliceOf(o, s) < 0 {
			if why := w.belongs(o, s, slice); why != "" {
				return fmt.Sprintf("%s[%d] is not of the slice %s because %s.", slice.name, i, slice.el.SliceName, why)
			}
		}
	}
	want := ""
	for _, d := range s.Discriminators {
		_, positions := w.follow(nil, d.Path, slice)
		for _, p := range positions {
			if v := firstValue(p); v != "" {
				want = " with " + d.Path + " " + v
			}
		}
	}
	if want == "" {
		return ""
	}
	return "Add " + slice.name + want + "."
}
