package dispensing

import "github.com/pestle-fhir/pestle/fhir"

// same reports whether two elements say the same, whatever the order of their
// properties; two that are absent are the same.
func same(a, b node) bool {
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case fhir.Absent, fhir.Null:
		return true
	case fhir.Object:
		if a.Len() != b.Len() {
			return false
		}
		for m := range a.Members() {
			if !same(m, b.Get(m.Name())) {
				return false
			}
		}
		return true
	case fhir.Array:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !same(a.Item(i), b.Item(i)) {
				return false
			}
		}
		return true
	}
	return a.Text() == b.Text()
}
