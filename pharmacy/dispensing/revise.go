package dispensing

import (
	"github.com/pestle-fhir/pestle/fhir"
)

// revise gives a resource with some members changed: names and values in turn,
// as for [fhir.Obj]. An empty value takes the member out; members that are not
// named stay as they are.
func revise(r *fhir.Resource, pairs ...any) *fhir.Resource {
	changed := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		changed[pairs[i].(string)] = pairs[i+1]
	}
	var out []any
	for m := range r.Root().Members() {
		if value, ok := changed[m.Name()]; ok {
			out = append(out, m.Name(), value)
			delete(changed, m.Name())
		} else {
			out = append(out, m.Name(), m)
		}
	}
	for i := 0; i < len(pairs); i += 2 {
		if value, ok := changed[pairs[i].(string)]; ok {
			out = append(out, pairs[i], value)
		}
	}
	return fhir.Obj(out...).Resource()
}

// without is an element's extensions but for those of one url, and the given
// ones behind them.
func without(n node, url string, more ...fhir.Value) []any {
	var out []any
	for e := range n.Get("extension").Items() {
		if e.Get("url").Text() != url {
			out = append(out, e)
		}
	}
	for _, v := range more {
		out = append(out, v)
	}
	return out
}
