package profiles

import (
	"context"
	"fmt"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/fhirpath"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// walk is one validation of one resource.
type walk struct {
	ctx    context.Context
	now    time.Time // as of which is judged
	v      *Validator
	r      *fhir.Resource
	scope  *scope // of the innermost resource
	tally  fhir.Tally
	faulty nodeSet // values whose form is wrong, of which nothing else is said
	steps  int
	read   narrativeText
	noted  map[string]bool // URLs of unknown extensions that were noted
	ended  bool
	// asked are the profiles that the caller asks for, program is the one that
	// is being applied, held says which node has been held to which.
	asked   []string
	program *program
	held    map[held]bool
	// trials counts the trials under way, whose issues nobody will read, and
	// tried is what was held in them.
	trials int
	tried  []held
	// unclaimed says that nobody but the policy asks for the profile.
	unclaimed bool
	// formOnly leaves out the rules.
	formOnly bool
}

// scope is what is known of the resource around an element.
type scope struct {
	node  fhir.Node // the resource
	typ   *r4.Type
	outer *scope          // the resource that holds it, nil for the outermost
	root  fhir.Node       // of a contained resource its container, else the resource
	ids   map[string]bool // of elements met so far
	// every indexes what the resource holds, once asked for.
	every map[string]bool
	env   *fhirpath.Env
	// bundle indexes the entries, once asked for, of a Bundle.
	bundle *bundle
}

// resource checks a node where a resource has to stand. Its slot is nil for
// the outermost one.
func (w *walk) resource(n fhir.Node, at *slot) {
	if n.Kind() != fhir.Object {
		w.wrongKind(n, "a resource, as a JSON object")
		return
	}
	name := n.Get("resourceType")
	t := r4.TypeOf(name.Text())
	if name.Kind() != fhir.String || !r4.IsResource(name.Text()) {
		w.unknownType(n, name)
		return
	}
	outer := w.scope
	w.scope = &scope{node: n, typ: t, outer: outer, root: n}
	if at != nil && at.Element.Name == "contained" {
		w.scope.root = outer.root
	}
	w.object(n, w.v.shapeOf(t).ready(w.v))
	w.profiled(n, t)
	w.scope = outer
}

// stride is how many objects are walked, and values held to a profile, between
// two looks at the context.
const stride = 1024

// goesOn reports whether there is still time.
func (w *walk) goesOn() bool {
	if w.steps++; w.steps%stride == 0 && w.ctx.Err() != nil {
		w.ended = true
	}
	return !w.ended
}

// object checks the members of an object against the shape of its type, then
// runs the checks of the type.
func (w *walk) object(n fhir.Node, s *shape) {
	if !w.goesOn() {
		return
	}
	var seen uint64
	for m := n.First(); m.Exists(); m = m.Next() {
		name := m.Name()
		if name[0] == '_' {
			seen |= w.sibling(m, s)
			continue
		}
		i := s.typ.Place(name)
		if i < 0 {
			if name != "resourceType" || s.typ.Kind != r4.Resource {
				w.unknown(m, s.typ)
			}
			continue
		}
		p := &s.slots[i]
		bit := uint64(1) << p.element
		if p.Element.Choice && seen&bit != 0 && s.another(n, m, i, false) {
			w.twoVariants(n, m, p)
		}
		seen |= bit
		w.property(m, p)
	}
	if missing := s.required &^ seen; missing != 0 {
		w.missing(n, s, missing)
	}
	w.run(n, s.typ, s.checks, s.rules)
}

// property checks the value of one member: an array where the element
// repeats, else a single value.
func (w *walk) property(m fhir.Node, p *slot) {
	if m.Kind() != fhir.Array {
		if p.repeats && m.Kind() != fhir.Null {
			w.notArray(m, p)
		}
		w.value(m, p)
		return
	}
	if !p.repeats {
		w.notSingle(m, p)
	}
	count := 0
	var beside companion
	for item := m.First(); item.Exists(); item = item.Next() {
		if item.Kind() == fhir.Null && p.format != nil {
			w.nullItem(m, item, beside.at(m, count), p)
		} else {
			w.value(item, p)
		}
		count++
	}
	if count == 0 {
		w.add(m, fhir.Issue{Code: fhir.Invalid, Rule: "empty-array", Message: "The array is empty.",
			Expected: "at least one item", Fix: "Leave " + m.Name() + " out."})
	}
	if p.repeats && p.Element.Max > 0 && count > p.Element.Max {
		w.add(m, fhir.Issue{Code: fhir.Structure, Rule: "cardinality", Message: p.Element.Name + " is there too often.",
			Expected: fmt.Sprintf("at most %d", p.Element.Max), Found: fmt.Sprint(count)})
	}
}

// value checks one value of an element.
func (w *walk) value(n fhir.Node, p *slot) {
	switch {
	case p.format != nil:
		w.primitive(n, p)
	case p.Of.Kind == r4.Resource:
		w.resource(n, p)
		return
	case n.Kind() != fhir.Object:
		w.wrongKind(n, "a "+p.Type+", as a JSON object")
		return
	case !n.First().Exists():
		w.emptyObject(n, n)
		return
	default:
		w.object(n, p.shape.ready(w.v))
	}
	w.run(n, p.Of, p.checks, p.rules)
}

func (w *walk) run(n fhir.Node, t *r4.Type, checks, rules []check) {
	for _, c := range checks {
		c(w, n, t)
	}
	if w.formOnly {
		return
	}
	for _, c := range rules {
		c(w, n, t)
	}
}
