package xml

import (
	"context"
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
// as far as it goes, so that validation can add what it finds; of more than
// [fhir.MaxListed] it says how many. Either is an [*fhir.Error].
func Decode(data []byte) (*fhir.Resource, error) { return DecodeContext(context.Background(), data) }

// DecodeContext is Decode with an end: when ctx is over before the document is,
// it returns the error of ctx.
func DecodeContext(ctx context.Context, data []byte) (*fhir.Resource, error) {
	return read(ctx, data, true)
}

// DecodeUnordered is Decode for XML that was made from JSON and edited: the
// order of elements does not matter.
func DecodeUnordered(data []byte) (*fhir.Resource, error) {
	return read(context.Background(), data, false)
}

func read(ctx context.Context, data []byte, ordered bool) (*fhir.Resource, error) {
	s, err := NewScanner(data)
	if err != nil {
		return nil, err
	}
	d := decoder{ctx: ctx, scan: s, ordered: ordered, elements: make([]element, 0, len(data)/48+8)}
	if err := d.document(); err != nil {
		return nil, err
	}
	w := jsonWriter{elements: d.elements, buf: make([]byte, 0, len(data))}
	w.object(0)
	r, err := fhir.ParseContext(ctx, w.buf)
	if err != nil {
		return nil, err
	}
	places := w.places
	r = r.Located(func(offset int) fhir.Position {
		i, found := slices.BinarySearchFunc(places, uint32(offset), func(p place, at uint32) int { return int(p.json) - int(at) })
		if !found {
			i--
		}
		if i < 0 {
			return s.Position(0)
		}
		return s.Position(int(places[i].xml))
	})
	if d.faults.Errors() > 0 {
		return r, &fhir.Error{Op: "xml", Kind: fhir.Structure, Issues: d.faults.Issues()}
	}
	return r, nil
}

type decoder struct {
	ctx      context.Context
	scan     *Scanner
	elements []element
	ordered  bool // elements out of order are faults
	faults   fhir.Tally
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

// stride is how many elements are read between two looks at the context.
const stride = 1 << 12

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
	if self%stride == stride-1 && d.ctx.Err() != nil {
		return d.ctx.Err()
	}
	d.elements = append(d.elements, e)
	faults := d.faults.Errors()
	d.attributes(t, self)
	children, err := d.content(self)
	d.elements[self].next = int32(len(d.elements))
	if err == nil && children == 0 && d.faults.Errors() == faults {
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
