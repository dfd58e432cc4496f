package message

import (
	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/pharmacy/dispensing/prescription"
	"github.com/pestle-fhir/pestle/pharmacy/nhs"
)

// issued is the order of a line, o as it is stored, as a dispenser sees it: the state
// of the line and, of repeat dispensing, which issue this is. EPS calls such an issue
// the reflex of the original order.
func issued(p *prescription.Prescription, mr *fhir.Resource, l *prescription.Line, o *prescription.Order) *fhir.Resource {
	root := mr.Root()
	status := fhir.Obj("url", nhs.ExtDispensing, "extension", fhir.List(fhir.Obj("url", "dispenseStatus", "valueCoding", nhs.CodingValue(nhs.Coding(nhs.CSLineStatus, string(l.Status))))))
	pairs := []any{"extension", fhir.List(append(notes(p, root, o), status)...)}
	if o != nil {
		pairs = append(pairs, "status", o.Resource.Get("status").Text(), "statusReason", o.Resource.Get("statusReason"))
	}
	if p.Issues > 1 {
		pairs = append(pairs,
			"intent", "reflex-order",
			"basedOn", fhir.List(fhir.Obj("extension", fhir.List(p.RepeatInformation()), "identifier", nhs.IdentifierValue(nhs.IDItem, l.Item))),
			"dispenseRequest", fhir.Obj(replaced(root.Get("dispenseRequest"), "numberOfRepeatsAllowed", 0)...))
	}
	return fhir.Revise(mr, pairs...)
}

// notes are the order's extensions with what the service adds to them.
func notes(p *prescription.Prescription, mr node, o *prescription.Order) []any {
	list := nhs.WithoutExtension(mr, nhs.ExtHistory)
	if o != nil {
		if h := nhs.Extension(o.Resource.Root(), nhs.ExtHistory); h.Exists() {
			list = append(list, h)
		}
	}
	list = dropped(list, nhs.ExtDispensing)
	if p.Issues == 1 {
		return list
	}
	repeat := nhs.Extension(mr, nhs.ExtUKRepeat)
	parts := []any{fhir.Obj("url", "numberOfPrescriptionsIssued", "valueUnsignedInt", p.Issue)}
	for e := range repeat.Get("extension").Items() {
		if e.Get("url").Text() != "numberOfPrescriptionsIssued" {
			parts = append(parts, e)
		}
	}
	return append(dropped(list, nhs.ExtUKRepeat), fhir.Obj("url", nhs.ExtUKRepeat, "extension", fhir.List(parts...)))
}

// dropped is a list of extensions without those of a url.
func dropped(list []any, url string) []any {
	var out []any
	for _, e := range list {
		if n, ok := e.(node); !ok || n.Get("url").Text() != url {
			out = append(out, e)
		}
	}
	return out
}

// replaced is the members of an object with one of them changed or added.
func replaced(object node, name string, value any) []any {
	var pairs []any
	found := false
	for m := range object.Members() {
		if m.Name() == name {
			pairs, found = append(pairs, name, value), true
		} else {
			pairs = append(pairs, m.Name(), m)
		}
	}
	if !found {
		pairs = append(pairs, name, value)
	}
	return pairs
}
