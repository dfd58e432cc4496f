package xml

import (
	"github.com/pestle-fhir/pestle/fhir/r4"
)

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
