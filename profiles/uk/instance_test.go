package uk

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/profiles"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// element is a node of a snapshot's tree.
type element struct {
	*definition.Element
	name, slice string // last step of the id: value[x], and the slice
	parent      *element
	kids        []*element
	base        *r4.Element // of the R4 type, nil for a root
	holder      *r4.Type    // the type whose element it is
}

const hl7 = "http://hl7.org/fhir/StructureDefinition/"

// treeOf hangs a snapshot together.
func treeOf(s *definition.Structure) *element {
	root := &element{Element: s.Snapshot[0], name: s.Type, holder: r4.TypeOf(s.Type)}
	byID := map[string]*element{s.Snapshot[0].ID: root}
	for _, e := range s.Snapshot[1:] {
		dot := strings.LastIndexByte(e.ID, '.')
		n := &element{Element: e, parent: byID[e.ID[:dot]]}
		n.name, n.slice, _ = strings.Cut(e.ID[dot+1:], ":")
		if holder := n.parent.valueType(); holder != nil {
			n.holder = holder
			n.base = holder.Element(strings.TrimSuffix(n.name, "[x]"))
		}
		n.parent.kids = append(n.parent.kids, n)
		byID[e.ID] = n
	}
	return root
}

// code is the type that a generated value of the element has.
func (n *element) code() string {
	if n.base == nil {
		if n.holder != nil {
			return n.holder.Name
		}
		return ""
	}
	for _, t := range n.Types {
		if r4.TypeOf(t.Code) != nil && (t.Code != "Reference" || len(n.Types) == 1) {
			return t.Code
		}
	}
	return n.base.Types[0]
}

// valueType is the R4 type of the element's value: of a backbone that by its
// path.
func (n *element) valueType() *r4.Type {
	if n.base != nil && len(n.base.Types) == 1 && n.base.Types[0] != "Resource" {
		return r4.TypeOf(n.base.Types[0])
	}
	return r4.TypeOf(n.code())
}

func (n *element) repeats() bool { return n.base.Repeats() }

// property is the name under which JSON holds the element.
func (n *element) property() string {
	base, choice := strings.CutSuffix(n.name, "[x]")
	if !choice {
		return base
	}
	code := n.code()
	return base + strings.ToUpper(code[:1]) + code[1:]
}

// slot is where a generated value stands.
type slot struct {
	object map[string]any
	key    string
	at     int // of an item; -1 for a single value
}

// maker generates one instance.
type maker struct {
	l     *profiles.Library
	need  map[*element]bool // with all above them
	slots map[*element]slot
	used  map[*element]bool // slices of which a value was made
	depth int
	root  map[string]any // the resource that is being made
	trees map[string]*element
}

func newMaker(l *profiles.Library, trees map[string]*element, targets ...*element) *maker {
	m := &maker{l: l, need: map[*element]bool{}, slots: map[*element]slot{}, used: map[*element]bool{}, trees: trees}
	for _, n := range targets {
		for ; n != nil; n = n.parent {
			m.need[n] = true
		}
	}
	return m
}

func (m *maker) tree(canonical string) *element {
	if t, ok := m.trees[canonical]; ok {
		return t
	}
	var t *element
	if s, err := m.l.Structure(canonical); err == nil && s != nil {
		t = treeOf(s)
	}
	m.trees[canonical] = t
	return t
}

// resource makes a resource that conforms to the profile of the tree.
func (m *maker) resource(t *element) map[string]any {
	outer := m.root
	m.root = map[string]any{"resourceType": t.name}
	out := m.root
	m.fill(out, t)
	m.root = outer
	mend(out)
	return out
}

// fill gives an object the elements that have to be there or are needed.
func (m *maker) fill(obj map[string]any, n *element) {
	if m.depth++; m.depth > 12 {
		m.depth--
		return
	}
	defer func() { m.depth-- }()
	for _, k := range m.kidsOf(n) {
		if k.slice != "" || k.base == nil {
			continue
		}
		m.element(obj, k)
	}
}

// kidsOf gives the elements below one: its own, else those of its type.
func (m *maker) kidsOf(n *element) []*element {
	if len(n.kids) > 0 {
		return n.kids
	}
	if n.ContentReference != "" {
		at := n
		for at.parent != nil {
			at = at.parent
		}
		for _, step := range strings.Split(n.ContentReference, ".")[1:] {
			at = at.kid(step)
		}
		return at.kids
	}
	if t := m.typeTree(n); t != nil {
		return t.kids
	}
	return nil
}

func (n *element) kid(name string) *element {
	i := slices.IndexFunc(n.kids, func(k *element) bool { return k.name == name && k.slice == "" })
	return n.kids[i]
}

// typeTree is the tree of the element's type, or of the profile on it.
func (m *maker) typeTree(n *element) *element {
	code := n.code()
	for _, t := range n.Types {
		if t.Code == code && len(t.Profiles) > 0 && m.tree(t.Profiles[0]) != nil {
			return m.tree(t.Profiles[0])
		}
	}
	return m.tree(hl7 + code)
}

// element makes the values of one element: those of its slices, and where none
// of them makes enough one more.
func (m *maker) element(obj map[string]any, k *element) {
	low, high := k.Bounds()
	made := 0
	for _, s := range k.parent.slicesOf(k) {
		min, max := s.Bounds()
		if max == 0 && !m.need[s] {
			continue
		}
		count := min
		if m.need[s] {
			count = max1(min)
		}
		for range count {
			m.put(obj, s)
			made++
		}
	}
	settled := k.Fixed != nil || k.Pattern != nil || k.parent.slice != "" && k.slice == "" && k.fixes()
	if (m.need[k] || settled && high != 0) && made == 0 {
		low = max1(low)
	}
	if high == 0 && !m.need[k] {
		return
	}
	for ; made < low; made++ {
		m.put(obj, k)
	}
	if made > 0 {
		if _, there := m.slots[k]; !there {
			m.slots[k] = slot{obj, k.property(), 0}
			if !k.repeats() {
				m.slots[k] = slot{obj, k.property(), -1}
			}
		}
	}
}

// fixes reports whether a value is fixed at or below the element.
func (n *element) fixes() bool {
	return n.Fixed != nil || n.Pattern != nil || slices.ContainsFunc(n.kids, (*element).fixes)
}

// likes are the elements that stand for it where it or what is above it is not
// sliced: what is asked of all values is asked of those of a slice.
func (n *element) likes() (out []*element) {
	if n.parent == nil {
		return nil
	}
	for _, p := range append(n.parent.likes(), n.parent) {
		for _, k := range p.kids {
			if k.name == n.name && (k.slice == n.slice || k.slice == "") && k != n {
				out = append(out, k)
			}
		}
	}
	return out
}

func max1(n int) int { return max(n, 1) }

func (n *element) slicesOf(k *element) (out []*element) {
	for _, s := range n.kids {
		if s.name == k.name && s.slice != "" {
			out = append(out, s)
		}
	}
	return out
}

// put makes one value and notes where it stands.
func (m *maker) put(obj map[string]any, n *element) {
	key := n.property()
	m.used[n] = true
	if n.base.Choice { // one type alone may be there
		for _, p := range n.holder.Properties() {
			if p.Element == n.base && p.JSON != key {
				delete(obj, p.JSON)
			}
		}
	}
	at := slot{obj, key, -1}
	if obj[key] != nil && !n.repeats() && n.Fixed == nil && n.Pattern == nil && len(n.kids) == 0 {
		m.slots[n] = at // it has come with what is around it
		return
	}
	v, beside := m.value(n)
	if n.repeats() {
		list, _ := obj[key].([]any)
		at.at = len(list)
		obj[key] = append(list, v)
		if beside != nil {
			others, _ := obj["_"+key].([]any)
			for len(others) < at.at {
				others = append(others, nil)
			}
			obj["_"+key] = append(others, beside)
		}
	} else {
		obj[key] = v
		if beside != nil {
			obj["_"+key] = beside
		}
	}
	if _, there := m.slots[n]; !there {
		m.slots[n] = at
	}
}

// value makes a value of the element; beside is what the sibling of a primitive
// has to hold.
func (m *maker) value(n *element) (v any, beside map[string]any) {
	t := n.valueType()
	if t.Kind == r4.Primitive {
		beside = map[string]any{}
		m.primitiveParts(beside, n)
		if len(beside) == 0 {
			beside = nil
		}
		return m.primitive(n, t), beside
	}
	if n.Fixed != nil {
		return decode(n.Fixed.Node.Raw()), nil
	}
	if t.Kind == r4.Resource {
		return m.inner(n), nil
	}
	obj := map[string]any{}
	if n.Pattern != nil {
		obj = decode(n.Pattern.Node.Raw()).(map[string]any)
	}
	switch t.Name {
	case "Reference":
		m.reference(obj, n)
	case "Extension":
		if url := extensionURL(n); url != "" {
			obj["url"] = url
		}
	}
	if n.Pattern == nil {
		m.coded(obj, n, t)
	}
	m.fill(obj, n)
	for _, like := range n.likes() {
		for _, k := range like.kids {
			if k.Fixed != nil && !n.bare(k.name) {
				delete(obj, k.property())
			}
			if low, _ := k.Bounds(); (low > 0 || k.Fixed != nil) && k.slice == "" && obj[k.property()] == nil {
				m.element(obj, k)
			}
		}
	}
	m.complete(obj, n, t)
	return obj, nil
}

// primitiveParts makes the extensions that are needed of a primitive.
func (m *maker) primitiveParts(beside map[string]any, n *element) {
	for _, k := range n.kids {
		if k.name == "extension" && k.slice == "" {
			m.element(beside, k)
		}
		if k.name == "id" && m.need[k] {
			beside["id"] = "x"
		}
	}
}

// inner makes a resource within another.
func (m *maker) inner(n *element) any {
	if n.parent.slice == "messageHeader" {
		return m.resource(m.tree(nhs + "MessageHeader"))
	}
	for _, t := range n.Types {
		if len(t.Profiles) > 0 && m.tree(t.Profiles[0]) != nil {
			return m.resource(m.tree(t.Profiles[0]))
		}
		if t.Code != "Resource" {
			return m.resource(m.tree(hl7 + t.Code))
		}
	}
	return m.resource(m.tree(hl7 + "Basic"))
}

// extensionURL is the url of the extension that a slice stands for.
func extensionURL(n *element) string {
	for _, k := range n.kids {
		if k.name == "url" && k.Fixed != nil {
			return k.Fixed.Node.Text()
		}
	}
	for _, t := range n.Types {
		for _, p := range t.Profiles {
			return p
		}
	}
	return n.slice
}

// reference points to a resource of a type that is allowed; to a contained one
// where the profile wants that.
func (m *maker) reference(obj map[string]any, n *element) {
	for _, k := range n.kids {
		if k.name == "reference" && k.Max == "0" {
			return
		}
	}
	target, tree := "Patient", (*element)(nil)
	contained := false
	for _, t := range n.Types {
		if t.Code != "Reference" {
			continue
		}
		contained = slices.Equal(t.Aggregation, []string{"contained"})
		for _, p := range t.TargetProfiles {
			if tree = m.tree(p); tree != nil {
				target = tree.name
				if target == "Resource" {
					target = "Patient"
				}
				break
			}
		}
	}
	if n.base != nil && len(n.base.Targets) > 0 && tree == nil && n.base.Targets[0] != "Resource" {
		target = n.base.Targets[0]
	}
	if !contained {
		obj["reference"] = target + "/1"
		return
	}
	obj["reference"] = "#" + strings.ToLower(target)
	list, _ := m.root["contained"].([]any)
	for _, c := range list {
		if c.(map[string]any)["id"] == strings.ToLower(target) {
			return
		}
	}
	if tree == nil {
		tree = m.tree(hl7 + target)
	}
	root := m.root
	root["contained"] = append(list, nil) // so that circles end
	at := len(list)
	c := newMaker(m.l, m.trees).resource(tree)
	c["id"] = strings.ToLower(target)
	root["contained"].([]any)[at] = c
}
