package fhir

// Revise returns a resource with some members changed: names and values in turn,
// as for [Obj]. An empty value takes the member out; members that are not named
// stay as they are.
func Revise(r *Resource, pairs ...any) *Resource {
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
	return Obj(out...).Resource()
}
