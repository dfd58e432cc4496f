package xml

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// Decode makes a resource of its XML. Where the XML is no XML, the error names
// the first mistake. Where it is, but breaks rules of FHIR's XML that JSON has
// no words for, there is both an error with all such places and the resource
// as far as it goes, so that validation can add what it finds. Either is an
// [*fhir.Error].
func Decode(data []byte) (*fhir.Resource, error) {
	s, err := NewScanner(data)
	if err != nil {
		return nil, err
	}
	d := decoder{scan: s, elements: make([]element, 0, len(data)/48+8)}
	if err := d.document(); err != nil {
		return nil, err
	}
	w := jsonWriter{elements: d.elements, buf: make([]byte, 0, len(data))}
	w.object(0)
	r, err := fhir.Parse(w.buf)
	if err != nil {
		return nil, err
	}
	places := w.places
	text := s.text
	r = r.Located(func(offset int) fhir.Position {
		i, found := slices.BinarySearchFunc(places, uint32(offset), func(p place, at uint32) int { return int(p.json) - int(at) })
		if !found {
			i--
		}
		if i < 0 {
			return position(text, 0)
		}
		return position(text, int(places[i].xml))
	})
	if len(d.issues) > 0 {
		return r, &fhir.Error{Op: "xml", Kind: fhir.Structure, Issues: fhir.SortIssues(d.issues)}
	}
	return r, nil
}

// OrderRule is the rule of issues that say that elements are out of order. The
// resource that comes with them is complete.
const OrderRule = "xml-order"

// element is one element of the document, in document order.
type element struct {
	name     string
	typ      *r4.Type     // nil where the tables do not know it
	prop     *r4.Property // nil of a resource and of what the tables do not know
	resource bool
	full     bool  // it holds a resource, which has been read
	mixed    bool  // its children are not in order
	rank     int16 // the place of its property in the order of its parent's type
	depth    int16 // levels of JSON that it opens or is within
	parent   int32
	next     int32 // the element behind its content
	at       int32 // its < in the document
	value    attribute
	id       attribute
	div      string // the narrative, where it is one
}

// attribute is id, value or url, undecoded.
type attribute struct {
	raw string
	at  int32
	set bool
}

func (e *element) primitive() bool {
	if e.typ == nil {
		return e.value.set
	}
	return e.typ.Kind == r4.Primitive
}

func (e *element) is(name string) bool { return e.typ != nil && e.typ.Name == name }

type decoder struct {
	scan     *Scanner
	elements []element
	issues   []fhir.Issue
}

func (d *decoder) document() error {
	for {
		t, err := d.scan.Next()
		switch {
		case err != nil:
			return err
		case t.Kind == EOF:
			return nil
		case t.Kind != Start:
			continue
		}
		if t.Space != Namespace || !r4.IsResource(t.Local) {
			return d.scan.failAs(fhir.Structure, t.Start, "The root element is no resource of R4.",
				`a resource, such as <Patient xmlns="`+Namespace+`">`, describeName(&t))
		}
		if err := d.element(&t, element{typ: r4.TypeOf(t.Local), resource: true, parent: -1}); err != nil {
			return err
		}
	}
}

func describeName(t *Token) string {
	space := "no namespace"
	if t.Space != "" {
		space = "the namespace " + t.Space
	}
	return "<" + t.Name + "> in " + space
}

// element reads an element whose start tag is t, to its end.
func (d *decoder) element(t *Token, e element) error {
	e.name, e.at, e.depth = t.Local, int32(t.Start), 1
	if e.parent >= 0 {
		e.depth += d.elements[e.parent].depth
		if e.prop != nil && e.prop.Element.Repeats() {
			e.depth++
		}
	}
	if e.depth >= fhir.MaxDepth-1 {
		return d.scan.failAs(fhir.TooLong, t.Start, "The elements nest too deep.", fmt.Sprintf("at most %d levels of JSON", fhir.MaxDepth), "<"+t.Name+">")
	}
	self := int32(len(d.elements))
	d.elements = append(d.elements, e)
	faults := len(d.issues)
	d.attributes(t, self)
	children, err := d.content(self)
	d.elements[self].next = int32(len(d.elements))
	if err == nil && children == 0 && len(d.issues) == faults {
		d.checkContent(self)
	}
	return err
}

func (d *decoder) attributes(t *Token, self int32) {
	e := &d.elements[self]
	for _, a := range t.Attrs {
		got := attribute{a.Raw, int32(a.At), true}
		switch {
		case a.Name == "id" && !e.resource:
			e.id = got
		case a.Name == "value" && (e.typ == nil || e.typ.Kind == r4.Primitive):
			e.value = got
		case a.Name == "url" && e.is("Extension"):
			e.value = got
		case a.Space == schemaInstance && a.Local == "schemaLocation":
		default:
			fix := ""
			if e.resource && a.Name == "id" || e.typ != nil && e.typ.Property(a.Name) != nil {
				fix = "Write <" + a.Name + ` value="…"/> inside of it.`
			}
			d.report(self, a.At, "The element has an attribute that FHIR does not know.", d.allowedAttributes(e), a.Name+`="`+short(a.Raw)+`"`, fix)
		}
	}
}

func (d *decoder) allowedAttributes(e *element) string {
	switch {
	case e.resource:
		return "no attribute"
	case e.is("Extension"):
		return "id or url"
	case e.primitive():
		return "id or value"
	}
	return "id"
}

func short(s string) string {
	const enough = 40
	if len(s) > enough {
		return strings.ToValidUTF8(s[:enough], "") + "…"
	}
	return s
}

// content reads the children of an element.
func (d *decoder) content(self int32) (children int, err error) {
	for {
		t, err := d.scan.Next()
		if err != nil {
			return children, err
		}
		switch t.Kind {
		case End:
			return children, nil
		case Start:
			children++
			if err := d.child(&t, self); err != nil {
				return children, err
			}
		case Text, CData:
			if !isSpace(t.Raw) {
				children++
				d.report(self, t.Start, "There is text where FHIR has elements only.", `the value in an attribute: value="…"`,
					strconv.Quote(short(strings.TrimSpace(t.Raw))), "")
			}
		}
	}
}

func (d *decoder) child(t *Token, parent int32) error {
	p := &d.elements[parent]
	switch {
	case t.Space == XHTML && t.Local == "div" && p.is("Narrative"):
		return d.div(t, parent)
	case t.Space != Namespace:
		d.report(parent, t.Start, "The element is in the wrong namespace.", d.expectedSpace(t, p), describeName(t), "")
		return d.scan.Skip()
	case p.prop != nil && p.prop.Type == "Resource" && (p.full || !p.resource):
		return d.resource(t, parent)
	case p.is("Narrative") && t.Local == "div":
		d.report(parent, t.Start, "The element is in the wrong namespace.", `<div xmlns="`+XHTML+`">`, describeName(t), "")
		return d.scan.Skip()
	}
	e := element{parent: parent, rank: math.MaxInt16} // what is unknown goes last
	if p.typ != nil {
		if prop := p.typ.Property(t.Local); prop != nil {
			e.prop, e.typ = prop, prop.Of
			e.rank = rank(p.typ, prop.Element, d.lastRank(parent))
		}
	}
	if e.prop != nil && e.prop.Element.Attribute || e.prop == nil && (t.Local == "id" || t.Local == "resourceType" || t.Local[0] == '_') {
		d.report(parent, t.Start, "There can be no element of this name here.", d.allowedAttributes(p)+" as attribute, and elements of the type", "<"+t.Name+">", "")
		return d.scan.Skip()
	}
	d.order(t, parent, &e)
	return d.element(t, e)
}

func (d *decoder) expectedSpace(t *Token, p *element) string {
	if p.is("Narrative") {
		return `<div xmlns="` + XHTML + `">, or another element of Narrative in the namespace ` + Namespace
	}
	return "<" + t.Local + "> in the namespace " + Namespace
}

// rank is the place of an element within its type, looked for from a place
// where it is likely.
func rank(t *r4.Type, e *r4.Element, from int16) int16 {
	for i := max(int(from), 0); i < len(t.Elements); i++ {
		if &t.Elements[i] == e {
			return int16(i)
		}
	}
	for i := range t.Elements {
		if &t.Elements[i] == e {
			return int16(i)
		}
	}
	return math.MaxInt16
}

// last is the child of an element that was read last, nil before the first.
func (d *decoder) last(parent int32) *element {
	if int(parent) == len(d.elements)-1 {
		return nil
	}
	i := int32(len(d.elements) - 1)
	for d.elements[i].parent != parent {
		i = d.elements[i].parent
	}
	return &d.elements[i]
}

func (d *decoder) lastRank(parent int32) int16 {
	if e := d.last(parent); e != nil {
		return e.rank
	}
	return 0
}

// order checks the place of a child among those before it.
func (d *decoder) order(t *Token, parent int32, e *element) {
	before := d.last(parent)
	if before == nil {
		return
	}
	p := &d.elements[parent]
	switch {
	case e.prop == nil:
		p.mixed = true
	case e.rank < before.rank:
		p.mixed = true
		if before.prop != nil {
			d.report(parent, t.Start, "The elements of "+p.typ.Name+" are out of order.", "<"+t.Local+"> before <"+before.name+">",
				"<"+t.Local+"> behind <"+before.name+">", "XML wants them in the order of the definition; JSON does not.")
			d.issues[len(d.issues)-1].Rule = OrderRule
		}
	case before.prop == e.prop && !e.prop.Element.Repeats():
		d.report(parent, t.Start, "The element is there twice.", "<"+t.Local+"> at most once", "<"+t.Local+"> again", "")
	}
}

// resource reads a resource that stands in an element of another.
func (d *decoder) resource(t *Token, holder int32) error {
	h := &d.elements[holder]
	if h.full {
		d.report(holder, t.Start, "The element holds more than one resource.", "one resource in each <"+h.name+">", "<"+t.Local+"> too", "")
		return d.scan.Skip()
	}
	if !r4.IsResource(t.Local) {
		d.report(holder, t.Start, "The element is no resource of R4.", "a resource, such as <Patient>", describeName(t), "")
		return d.scan.Skip()
	}
	// The holder becomes the resource: in JSON they are one object.
	h.typ, h.resource = r4.TypeOf(t.Local), true
	d.resourceAttributes(t, holder)
	_, err := d.content(holder)
	d.elements[holder].full = true
	return err
}

func (d *decoder) resourceAttributes(t *Token, holder int32) {
	if h := &d.elements[holder]; h.id.set {
		d.report(holder, int(h.id.at), "The element has an attribute that FHIR does not know.", "no attribute", `id="`+short(h.id.raw)+`"`, "")
		h.id = attribute{}
	}
	d.attributes(t, holder)
}

// div reads a narrative: its text as it stands, when it says its namespace
// itself, as FHIR writes it.
func (d *decoder) div(t *Token, parent int32) error {
	prop := d.elements[parent].typ.Property("div")
	e := element{name: "div", prop: prop, typ: prop.Of, parent: parent, at: int32(t.Start), rank: rank(d.elements[parent].typ, prop.Element, 0)}
	d.order(t, parent, &e)
	start := t.Start
	declares := slices.ContainsFunc(t.Decls, func(a Attr) bool { return a.Local == "" })
	if t.Name != "div" || !declares {
		text, err := d.qualifiedDiv(t)
		if err != nil {
			return err
		}
		e.div = text
	} else {
		if err := d.scan.Skip(); err != nil {
			return err
		}
		e.div = d.scan.text[start:d.scan.pos]
	}
	if d.scan.prefixed() {
		if _, err := divXML(e.div); err != nil { // it leans on a prefix from around it
			d.report(parent, start, "The narrative does not stand alone.", "a div that declares the prefixes it uses", describeName(t), "")
			return nil
		}
	}
	e.next = int32(len(d.elements) + 1)
	d.elements = append(d.elements, e)
	return nil
}

func (d *decoder) checkContent(self int32) {
	e := &d.elements[self]
	switch {
	case e.resource && e.parent < 0, e.value.set, e.id.set: // alone, an id is for ele-1 to judge
	case e.primitive():
		d.report(self, int(e.at), "The element has neither a value nor an extension.", `value="…"`, "<"+e.name+"/>", "Leave the element out where there is nothing to say.")
	default:
		d.report(self, int(e.at), "The element is empty.", "content", "<"+e.name+"/>", "Leave the element out where there is nothing to say.")
	}
}

func (d *decoder) report(self int32, at int, message, expected, found, fix string) {
	d.issues = append(d.issues, fhir.Issue{
		Severity: fhir.Err, Code: fhir.Structure, Rule: "xml", Expression: d.expression(self), Position: position(d.scan.text, at),
		Message: message, Expected: expected, Found: found, Fix: fix,
	})
}

// expression is the way to an element, as [fhir.Node.Expression] writes it.
func (d *decoder) expression(self int32) string {
	e := &d.elements[self]
	if e.parent < 0 {
		return e.name
	}
	step := "." + e.name
	if e.prop != nil && e.prop.Element.Repeats() {
		place := 0
		for i := e.parent + 1; i < self; i = max(d.elements[i].next, i+1) {
			if d.elements[i].parent == e.parent && d.elements[i].name == e.name {
				place++
			}
		}
		step += "[" + strconv.Itoa(place) + "]"
	}
	return d.expression(e.parent) + step
}
