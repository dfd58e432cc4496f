package snapshot

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// Generator makes snapshots of the structures of a set, each once. It is not
// safe for concurrent use; what it returns is not to be changed.
type Generator struct {
	sets []*definition.Set // from the top
	done map[string][]*definition.Element
	base map[string]*definition.Structure
	busy []string                   // canonicals that are being worked on, to find circles
	own  map[string][]string        // the canonicals that are done, by url
	uses map[string]map[string]bool // the canonicals of those that were built of a url
	// watched is the structure of which watcher is told, see [Generator.Watch].
	watched *definition.Structure
	watcher Watcher
}

// Watcher is told how the differential of a structure meets its base.
type Watcher struct {
	// Element is called with each element of the differential and what the base
	// has in its place, which is not to be kept.
	Element func(base, own *definition.Element)
	// Unsliced is called with each slice that is new of an element that nothing slices.
	Unsliced func(own *definition.Element)
}

// Watch is Generate of a structure that was not generated before, telling w.
func (g *Generator) Watch(s *definition.Structure, w Watcher) error {
	g.watched, g.watcher = s, w
	_, err := g.Generate(s)
	g.watched = nil
	return err
}

// New returns a generator over the definitions of sets, of which earlier ones lie
// on top of later ones.
func New(sets ...*definition.Set) *Generator {
	return &Generator{sets: sets, done: map[string][]*definition.Element{}, base: map[string]*definition.Structure{}, own: map[string][]string{}, uses: map[string]map[string]bool{}}
}

// Lookup finds a structure by its canonical: of the set, of the R4 types, or an
// extension of the specification; nil if there is none.
func (g *Generator) Lookup(canonical string) *definition.Structure {
	url, _ := definition.SplitCanonical(canonical)
	g.used(url)
	for _, set := range g.sets {
		if s, ok := set.Structures[canonical]; ok {
			return s
		}
		if s, ok := set.Structures[url]; ok {
			return s
		}
	}
	if s, ok := g.base[url]; ok {
		return s
	}
	var s *definition.Structure
	if name, ok := strings.CutPrefix(url, hl7); ok && !strings.Contains(name, ".") {
		s = Base(name)
	}
	if s == nil {
		s = baseExtension(url)
	}
	if s != nil {
		g.base[s.URL] = s
	}
	return s
}

// used notes that what is being worked on asked for a url, whether or not there
// is anything of it: there may be later.
func (g *Generator) used(url string) {
	if len(g.busy) == 0 {
		return
	}
	if g.uses[url] == nil {
		g.uses[url] = map[string]bool{}
	}
	g.uses[url][g.busy[len(g.busy)-1]] = true
}

// Forget drops the snapshots of urls whose definitions have changed, and of all
// that were built of them. It returns the urls of both.
func (g *Generator) Forget(urls ...string) []string {
	gone := map[string]bool{}
	var list []string
	for len(urls) > 0 {
		url := urls[len(urls)-1]
		urls = urls[:len(urls)-1]
		if gone[url] {
			continue
		}
		gone[url] = true
		list = append(list, url)
		for canonical := range g.uses[url] {
			delete(g.done, canonical)
			built, _ := definition.SplitCanonical(canonical)
			urls = append(urls, built)
		}
		delete(g.uses, url)
		for _, canonical := range g.own[url] {
			delete(g.done, canonical)
		}
		delete(g.own, url)
		delete(g.base, url)
	}
	return list
}

// Generate gives the snapshot of a structure. The error names the element of
// the differential that does not fit its base.
func (g *Generator) Generate(s *definition.Structure) ([]*definition.Element, error) {
	key := s.Canonical()
	if list, ok := g.done[key]; ok {
		return list, nil
	}
	if err := shallow(s); err != nil {
		return nil, err
	}
	if len(s.Differential) == 0 && len(s.Snapshot) > 0 {
		return s.Snapshot, nil
	}
	if slices.Contains(g.busy, key) {
		return nil, fmt.Errorf("snapshot: %s is based on itself, by way of %s", key, strings.Join(g.busy, ", "))
	}
	g.busy = append(g.busy, key)
	defer func() { g.busy = g.busy[:len(g.busy)-1] }()
	base := g.Lookup(s.Base)
	if base == nil {
		return nil, fmt.Errorf("snapshot: %s: its base %s is not known", key, s.Base)
	}
	list, err := g.Generate(base)
	if err != nil {
		return nil, err
	}
	root := tree(list).clone()
	if diff := tree(s.Differential); diff != nil {
		m := merger{g: g, root: tree(list), room: maxElements - len(list)}
		if s == g.watched {
			m.watcher = g.watcher
		}
		if err := m.merge(root, diff); err != nil {
			return nil, fmt.Errorf("snapshot: %s: %w", key, err)
		}
	}
	var out []*definition.Element
	root.flatten(s.Type, s.Type, &out)
	g.done[key] = out
	g.own[s.URL] = append(g.own[s.URL], key)
	return out, nil
}

// merger applies one differential.
type merger struct {
	g       *Generator
	root    *node // the base's tree untouched, for content references
	room    int   // for more elements
	watcher Watcher
}

// maxElements is how many elements a snapshot may have. A differential can name
// twice what its base names twice, and so on, until it fills the memory.
const maxElements = 20_000

// take copies a part of a tree, as far as there is room for it.
func (m *merger) take(n *node) (*node, error) {
	if m.room -= n.size(); m.room < 0 {
		return nil, fmt.Errorf("%s: the snapshot has more than %d elements", n.el.Path, maxElements)
	}
	return n.clone(), nil
}

// shallow refuses elements that stand deeper than any JSON may nest.
func shallow(s *definition.Structure) error {
	for _, list := range [...][]*definition.Element{s.Differential, s.Snapshot} {
		for _, e := range list {
			if strings.Count(e.ID, ".") > fhir.MaxDepth || strings.Count(e.Path, ".") > fhir.MaxDepth {
				return fmt.Errorf("snapshot: %s: an element stands deeper than %d levels: %.80s …", s.Canonical(), fhir.MaxDepth, e.Path)
			}
		}
	}
	return nil
}

// merge constrains a node and what is below it by a differential's node.
func (m *merger) merge(n, diff *node) error {
	if m.watcher.Element != nil {
		m.watcher.Element(n.el, diff.el)
	}
	constrain(n.el, diff.el)
	if err := m.profiled(n, diff); err != nil {
		return err
	}
	if len(diff.kids) == 0 {
		return nil
	}
	if err := m.unfold(n); err != nil {
		return err
	}
	pristine := map[string]*node{} // sliced elements as they were before this differential
	for _, d := range diff.kids {
		if d.slice == "" {
			if k := n.kid(d.name, ""); k != nil {
				pristine[d.name] = k.clone()
			}
		}
	}
	for _, d := range diff.kids {
		k, err := m.target(n, d, pristine)
		if err != nil {
			return err
		}
		if err := m.merge(k, d); err != nil {
			return err
		}
	}
	return nil
}

// target is the node of the base that a node of the differential constrains;
// a slice that is new is made.
func (m *merger) target(n, d *node, pristine map[string]*node) (*node, error) {
	if k := n.kid(d.name, d.slice); k != nil {
		return k, nil
	}
	head := n.kid(d.name, "")
	if head == nil {
		if choice := choiceOf(n, d.name); choice != nil {
			d.name, d.slice = choice.name, d.name
			if k := n.kid(d.name, d.slice); k != nil {
				return k, nil
			}
			head = choice
			if head.el.Slicing == nil {
				head.el.Slicing = &definition.Slicing{Rules: "open", Discriminators: []definition.Discriminator{{Type: "type", Path: "$this"}}}
			}
		} else {
			return nil, fmt.Errorf("%s has no element %s", n.el.Path, d.name)
		}
	}
	if d.slice == "" {
		return head, nil
	}
	of, from := "", head
	if i := strings.LastIndexByte(d.slice, '/'); i > 0 {
		of = d.slice[:i]
		if from = n.kid(d.name, of); from == nil {
			return nil, fmt.Errorf("%s: there is no slice %s to slice again", d.el.Path, of)
		}
	} else if p := pristine[d.name]; p != nil {
		from = p
	}
	if m.watcher.Unsliced != nil && head.el.Slicing == nil && !strings.HasSuffix(d.name, "[x]") && d.name != "extension" && d.name != "modifierExtension" {
		m.watcher.Unsliced(d.el)
	}
	s, err := m.take(from)
	if err != nil {
		return nil, err
	}
	s.slice = d.slice
	s.el.Slicing, s.el.Min = nil, new(int)
	if head.el.Slicing == nil && (d.name == "extension" || d.name == "modifierExtension") {
		head.el.Slicing = byURL()
	}
	narrow(s, d)
	n.insertSlice(s, of)
	return s, nil
}

// narrow gives the slice of a choice the type that its name says.
func narrow(s, d *node) {
	base, choice := strings.CutSuffix(s.name, "[x]")
	if !choice || len(d.el.Types) > 0 {
		return
	}
	for _, t := range s.el.Types {
		if d.slice == base+strings.ToUpper(t.Code[:1])+t.Code[1:] {
			s.el.Types = []definition.Type{t}
			return
		}
	}
}

// choiceOf finds the choice element of which a name such as valueString is one
// type.
func choiceOf(n *node, name string) *node {
	for _, k := range n.kids {
		if base, ok := strings.CutSuffix(k.name, "[x]"); ok && k.slice == "" && strings.HasPrefix(name, base) {
			for _, t := range k.el.Types {
				if name == base+strings.ToUpper(t.Code[:1])+t.Code[1:] {
					return k
				}
			}
		}
	}
	return nil
}

// profiled takes over what the profile of an extension says of its root: how
// often it may stand, and its invariants.
func (m *merger) profiled(n, diff *node) error {
	if n.name != "extension" && n.name != "modifierExtension" || len(diff.el.Types) != 1 || len(diff.el.Types[0].Profiles) != 1 {
		return nil
	}
	s := m.g.Lookup(diff.el.Types[0].Profiles[0])
	if s == nil {
		return nil // an extension that is not known here keeps the bounds of the element
	}
	list, err := m.g.Generate(s)
	if err != nil {
		return err
	}
	root := list[0]
	if diff.el.Max == "" && root.Max != "" {
		n.el.Max = root.Max
	}
	if diff.el.Min == nil && root.Min != nil {
		min := *root.Min
		n.el.Min = &min
	}
	return nil
}

// unfold gives a node the children of its type.
func (m *merger) unfold(n *node) error {
	if len(n.kids) > 0 {
		return nil
	}
	if _, ref, ok := strings.Cut(n.el.ContentReference, "#"); ok {
		at := m.root
		for _, step := range strings.Split(ref, ".")[1:] {
			if at = at.kid(step, ""); at == nil {
				return fmt.Errorf("%s: its content reference #%s leads nowhere", n.el.Path, ref)
			}
		}
		c, err := m.take(at)
		if err != nil {
			return err
		}
		n.kids, n.el.Types, n.el.ContentReference = c.kids, c.el.Types, ""
		return nil
	}
	if len(n.el.Types) == 0 {
		return fmt.Errorf("%s has no type whose elements could be constrained", n.el.Path)
	}
	code := n.el.Types[0].Code
	for _, t := range n.el.Types[1:] {
		if t.Code != code {
			return fmt.Errorf("%s may have several types: constrain one of them by a slice", n.el.Path)
		}
	}
	canonical := hl7 + code
	if p := n.el.Types[0].Profiles; len(p) == 1 && len(n.el.Types) == 1 && m.g.Lookup(p[0]) != nil {
		canonical = p[0]
	}
	s := m.g.Lookup(canonical)
	if s == nil {
		return fmt.Errorf("%s: its type %s is not known", n.el.Path, canonical)
	}
	list, err := m.g.Generate(s)
	if err != nil {
		return err
	}
	c, err := m.take(tree(list))
	if err != nil {
		return err
	}
	n.kids = c.kids
	return nil
}

// constrain applies what a differential's element says.
func constrain(e, d *definition.Element) {
	if d.Min != nil {
		e.Min = d.Min
	}
	if d.Max != "" {
		e.Max = d.Max
	}
	if d.Slicing != nil {
		s := *d.Slicing
		e.Slicing = &s
	}
	if len(d.Types) > 0 {
		e.Types = retype(e.Types, d.Types)
	}
	if d.Fixed != nil {
		e.Fixed = d.Fixed
	}
	if d.Pattern != nil {
		e.Pattern = d.Pattern
	}
	if d.MinValue != nil {
		e.MinValue = d.MinValue
	}
	if d.MaxValue != nil {
		e.MaxValue = d.MaxValue
	}
	if d.MaxLength > 0 {
		e.MaxLength = d.MaxLength
	}
	e.Demands = e.Demands.And(d.Demands)
	if d.Binding != nil {
		e.Binding = rebind(e.Binding, d.Binding)
	}
	if d.MustSupport != nil {
		e.MustSupport = d.MustSupport
	}
	if d.Modifier != nil {
		e.Modifier = d.Modifier
	}
	if d.Summary != nil {
		e.Summary = d.Summary
	}
	if d.Short != "" {
		e.Short = d.Short
	}
	for _, c := range d.Constraints {
		if !slices.ContainsFunc(e.Constraints, func(o definition.Constraint) bool { return o.Key == c.Key }) {
			e.Constraints = append(e.Constraints, c)
		}
	}
}

// retype narrows the types. A reference for which the differential names no
// targets keeps those of the base.
func retype(base, diff []definition.Type) []definition.Type {
	out := slices.Clone(diff)
	for i := range out {
		if len(out[i].TargetProfiles) > 0 {
			continue
		}
		for _, b := range base {
			if b.Code == out[i].Code && len(b.TargetProfiles) > 0 {
				out[i].TargetProfiles = b.TargetProfiles
			}
		}
	}
	return out
}

// rebind puts a binding in the place of another; what it leaves out stays.
func rebind(base, diff *definition.Binding) *definition.Binding {
	b := *diff
	if base == nil {
		return &b
	}
	if b.Strength == "" {
		b.Strength = base.Strength
	}
	if b.ValueSet == "" {
		b.ValueSet = base.ValueSet
	}
	if b.Max == "" {
		b.Max = base.Max
	}
	b.More = slices.Concat(base.More, diff.More)
	return &b
}
