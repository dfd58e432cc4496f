package register

import (
	"time"

	"github.com/pestle-fhir/pestle/fhir"
)

// parts are the extensions within one extension, in the order in which they are
// added; what is empty is left out.
type parts struct{ list []any }

func (p *parts) value(name, kind string, v fhir.Value) {
	if !v.IsZero() {
		p.list = append(p.list, fhir.Obj("url", name, kind, v))
	}
}

func (p *parts) text(name, kind, text string) {
	if text != "" {
		p.list = append(p.list, fhir.Obj("url", name, kind, text))
	}
}

func (p *parts) flag(name string, f Flag) {
	if f != NotRecorded {
		p.list = append(p.list, fhir.Obj("url", name, "valueBoolean", f == Yes))
	}
}

func (p *parts) reference(name, ref string) {
	if ref != "" {
		p.list = append(p.list, fhir.Obj("url", name, "valueReference", fhir.Obj("reference", ref)))
	}
}

// within adds parts of a part.
func (p *parts) within(name string, inner parts) {
	if len(inner.list) > 0 {
		p.list = append(p.list, fhir.Obj("url", name, "extension", fhir.List(inner.list...)))
	}
}

func (p *parts) extension(url string) fhir.Value {
	return fhir.Obj("url", url, "extension", fhir.List(p.list...))
}

// instant writes a time as FHIR does.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(fhir.InstantLayout)
}

// current reads the resource of a reference to this server, nil where there is none.
func current(state fhir.State, reference string) (*fhir.Resource, error) {
	typ, id := local(reference)
	if typ == "" {
		return nil, nil
	}
	v, err := state.Current(typ, id)
	if err != nil || v == nil || v.Deleted() {
		return nil, err
	}
	return v.Resource()
}
