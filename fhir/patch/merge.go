package patch

import (
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
)

// Merge applies a JSON Merge Patch (RFC 7396), the text of an object: its
// members replace those of the resource, null removes one, and objects are
// merged member by member. An array is replaced as a whole. An element that
// loses its last member goes too, for FHIR has no empty ones.
func Merge(r *fhir.Resource, doc []byte) (*fhir.Resource, error) {
	change, err := read(doc)
	if err != nil {
		return nil, err
	}
	if change.Kind() != fhir.Object {
		return nil, notOne(fhir.Position{Line: 1, Column: 1}, "A JSON Merge Patch is an object.", `{"status": "on-hold"}`, change.Kind().String())
	}
	root := merged(valueOf(r.Root()), change)
	root.prune()
	if root.size() > MaxSize {
		return nil, tooLarge()
	}
	return root.resource()
}

// merged is a value with a change merged into it, nil for no value:
// RFC 7396 section 2. An object that takes the place of a value or array is kept
// when it is empty: the patch has the wrong type there, and removes nothing.
func merged(target *value, change fhir.Node) *value {
	if change.Kind() != fhir.Object {
		return valueOf(change)
	}
	if target == nil {
		target = newObject()
	} else if target.kind != fhir.Object {
		if result := merged(nil, change); len(result.members) > 0 {
			return result
		}
		return valueOf(change)
	}
	target.open()
	at := make(map[string]int, len(target.members))
	for i, m := range target.members {
		at[m.name] = i
	}
	for m := range change.Members() {
		i, there := at[m.Name()]
		switch {
		case m.Kind() == fhir.Null && there:
			target.members[i].value = nil
		case m.Kind() == fhir.Null:
		case there:
			target.members[i].value = merged(target.members[i].value, m)
		default:
			added := newMember(m)
			added.value = merged(nil, m)
			target.members = append(target.members, added)
		}
	}
	target.members = slices.DeleteFunc(target.members, func(m member) bool { return m.value == nil })
	return target
}
