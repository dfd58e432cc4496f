package profiles

import (
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir/fhirpath"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/profiles/definition"
)

// program is a profile compiled: what it asks beyond its R4 type, on a tree of
// element positions. Positions that ask nothing are left out.
type program struct {
	canonical string
	structure *definition.Structure
	root      *position
}

// position is one element of a profile.
type position struct {
	el     *definition.Element
	name   string   // as FHIRPath names it: value for value[x]
	way    string   // the path to it in JSON names, for messages
	typ    *r4.Type // of the value; nil where a choice is open
	choice bool

	min, max int                 // max -1 is *
	counted  bool                // the profile narrows the cardinality
	types    []string            // that remain of the R4 element's types; nil where all do
	profiles map[string][]string // type -> canonicals, one of which a value has to conform to
	targets  []string            // canonicals, one of which a referenced resource has to conform to
	where    []string            // a referenced resource has to be: contained, bundled, referenced; nil for anywhere
	rules    []rule
	binding  *definition.Binding

	slicing *slicing
	kids    []*position
	// like is the same element where what is above it is not sliced: what is
	// asked there is asked here too.
	like *position
}

func (p *position) idle() bool {
	return !p.counted && p.types == nil && p.profiles == nil && p.targets == nil && p.where == nil &&
		p.rules == nil && p.binding == nil && p.slicing == nil && p.kids == nil && p.el.Fixed == nil && p.el.Pattern == nil && p.el.MaxLength == 0 &&
		p.el.MinValue == nil && p.el.MaxValue == nil && p.el.Demands == nil
}

// compile makes the program of a structure. The library is locked.
func (l *Library) compile(s *definition.Structure) *program {
	list, err := l.snap.Generate(s)
	if err != nil || len(list) == 0 {
		return &program{canonical: s.Canonical(), structure: s, root: &position{el: &definition.Element{}, max: -1,
			rules: []rule{{Constraint: definition.Constraint{Key: definitionRule, Severity: "error"}, err: err}}}}
	}
	c := compiler{url: s.URL, byID: map[string]*position{}}
	root := c.position(list[0], nil, r4.TypeOf(s.Type))
	root.way = s.Type
	root.counted = false // how often the resource or extension stands is for those to say that hold it
	for _, e := range list[1:] {
		c.add(e)
	}
	c.prune(root)
	return &program{canonical: s.Canonical(), structure: s, root: root}
}

// defaultSlice is the name of the slice that takes what is of no other.
const defaultSlice = "@default"

type compiler struct {
	url  string
	byID map[string]*position
}

// add hangs an element under the one that its id names.
func (c *compiler) add(e *definition.Element) {
	dot := strings.LastIndexByte(e.ID, '.')
	if dot < 0 {
		return // a snapshot that says nowhere
	}
	parent := c.byID[e.ID[:dot]]
	if parent == nil {
		return
	}
	step := e.ID[dot+1:]
	name, slice, sliced := strings.Cut(step, ":")
	base := strings.TrimSuffix(name, "[x]")
	var element *r4.Element
	if parent.typ != nil {
		element = parent.typ.Element(base)
	}
	p := c.position(e, element, nil)
	p.name, p.choice = base, strings.HasSuffix(name, "[x]")
	p.way = p.wayUnder(parent)
	p.like = c.likeOf(parent, step)
	if !sliced {
		parent.kids = append(parent.kids, p)
		return
	}
	head := c.byID[e.ID[:dot+1]+name]
	if p.like == nil {
		p.like = head
	}
	if i := strings.LastIndexByte(slice, '/'); i > 0 {
		head = c.byID[e.ID[:dot+1]+name+":"+slice[:i]]
	}
	if head == nil {
		return
	}
	if head.slicing == nil {
		head.slicing = &slicing{Slicing: definition.Slicing{Rules: "open"}}
	}
	if p.choice && p.types == nil && len(e.Types) == 1 {
		p.types = []string{e.Types[0].Code}
	}
	p.counted = p.min > 0 || p.max >= 0
	if slice == defaultSlice || strings.HasSuffix(slice, "/"+defaultSlice) {
		head.slicing.fallback = p
		return
	}
	head.slicing.slices = append(head.slicing.slices, p)
}

// likeOf finds the element of that step under the sliced element whose slice the
// parent is or stands in.
func (c *compiler) likeOf(parent *position, step string) *position {
	if parent.like == nil {
		return nil
	}
	return c.byID[parent.like.el.ID+"."+step]
}

// position compiles what one element asks beyond the R4 element.
func (c *compiler) position(e *definition.Element, base *r4.Element, typ *r4.Type) *position {
	p := &position{el: e, name: e.Last(), typ: typ}
	p.min, p.max = e.Bounds()
	c.byID[e.ID] = p
	if base != nil {
		p.counted = p.min > base.Min || base.Max < 0 && p.max >= 0 || base.Max >= 0 && p.max >= 0 && p.max < base.Max
	}
	c.typed(p, base)
	if b := e.Binding; b != nil && (b.Strength == "required" || b.Strength == "extensible" || b.Max != "" || b.More != nil) {
		url, _ := definition.SplitCanonical(b.ValueSet)
		if base == nil || base.Binding == nil || base.Binding.ValueSet != url || base.Binding.Strength != b.Strength || b.More != nil {
			p.binding = b
		}
	}
	if e.Slicing != nil {
		p.slicing = &slicing{Slicing: *e.Slicing}
	}
	for _, x := range e.Constraints {
		if x.Expression == "" || ofR4(x) {
			continue
		}
		r := rule{Constraint: x}
		r.expr, r.err = fhirpath.Cached(x.Expression)
		p.rules = append(p.rules, r)
	}
	return p
}

// ofR4 reports whether a constraint is one of R4's own, which is checked with
// the base. A profile may use one of its keys for a rule of its own.
func ofR4(x definition.Constraint) bool {
	c := r4.ConstraintByKey(x.Key)
	name, core := strings.CutPrefix(x.Source, canonicalBase)
	return c != nil && (c.Expression == x.Expression || core && r4.TypeOf(name) != nil)
}

// typed compiles the types of an element.
func (c *compiler) typed(p *position, base *r4.Element) {
	var codes []string
	for _, t := range p.el.Types {
		if core := coreResources(t); core != nil {
			codes = append(codes, core...)
		} else {
			codes = append(codes, t.Code)
		}
		for _, profile := range t.Profiles {
			if name, ok := strings.CutPrefix(profile, canonicalBase); ok && (r4.TypeOf(name) != nil || name == "SimpleQuantity" || name == "MoneyQuantity") {
				continue
			}
			if p.profiles == nil {
				p.profiles = map[string][]string{}
			}
			p.profiles[t.Code] = append(p.profiles[t.Code], profile)
		}
		if t.Code == "Reference" {
			c.reference(p, t, base)
		}
	}
	if p.typ == nil && base != nil && len(base.Types) == 1 {
		p.typ = r4.TypeOf(base.Types[0])
	}
	if p.typ == nil && len(codes) == 1 {
		p.typ = r4.TypeOf(codes[0])
	}
	if base != nil && len(base.Types) > 1 && len(codes) > 0 && len(codes) < len(base.Types) {
		p.types = codes
	}
	if base != nil && len(base.Types) == 1 && base.Types[0] == "Resource" && len(codes) > 0 && !slices.Contains(codes, "Resource") {
		p.types = codes
	}
}

// coreResources are the resource types that a type is narrowed to by bare
// profiles of R4: Resource(DocumentManifest).
func coreResources(t definition.Type) (out []string) {
	for _, profile := range t.Profiles {
		name, core := strings.CutPrefix(profile, canonicalBase)
		if !core || !r4.IsResource(name) || name == t.Code {
			return nil
		}
		out = append(out, name)
	}
	return out
}

const canonicalBase = "http://hl7.org/fhir/StructureDefinition/"

func (c *compiler) reference(p *position, t definition.Type, base *r4.Element) {
	narrowed := false
	for _, target := range t.TargetProfiles {
		name, core := strings.CutPrefix(target, canonicalBase)
		if !core || base == nil || !slices.Contains(base.Targets, name) {
			narrowed = true
		}
	}
	if narrowed || base != nil && len(t.TargetProfiles) > 0 && len(t.TargetProfiles) < len(base.Targets) {
		p.targets = t.TargetProfiles
	}
	p.where = t.Aggregation
}

// prune drops the positions that ask nothing.
func (c *compiler) prune(p *position) {
	keep := func(k *position) bool {
		c.prune(k)
		return !k.idle()
	}
	kids := p.kids[:0]
	for _, k := range p.kids {
		if keep(k) {
			kids = append(kids, k)
		}
	}
	if p.kids = kids; len(kids) == 0 {
		p.kids = nil
	}
	if s := p.slicing; s != nil {
		for _, k := range s.slices {
			c.prune(k)
		}
		if s.fallback != nil {
			c.prune(s.fallback)
		}
		if len(s.slices) == 0 && s.fallback == nil && s.Rules != "closed" {
			p.slicing = nil
		}
	}
}
