package redaction

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// Replace refuses to write a whole resource in the place of one of which the
// principal is shown a part: what they were not shown would be lost.
func (r *Redactor) Replace(typ string) error {
	if r.whole(typ) {
		return nil
	}
	return fhir.E("update", fhir.Forbidden, fhir.Issue{
		Message: "The caller's role is shown " + typ + " in part, and cannot replace it whole: what is hidden would be lost.", Rule: "redaction",
		Fix: "Send a PATCH of what is to change.",
	})
}

// Patched changes a resource by what a patch makes of the part that is shown: the
// patch sees nothing else, so that it neither copies nor tests what is hidden.
// Where it changes what is not shown as it is, it is refused.
func (r *Redactor) Patched(before *fhir.Resource, apply func(*fhir.Resource) (*fhir.Resource, error)) (*fhir.Resource, error) {
	if r.whole(before.Type()) {
		return apply(before)
	}
	part, err := fhir.Parse(bytesOf(r.shown(before.Root())))
	if err != nil {
		return nil, err
	}
	after, err := apply(part)
	if err != nil {
		return nil, err
	}
	return r.merged(before, part, after)
}

// merged is before, with what differs between part and after.
func (r *Redactor) merged(before, part, after *fhir.Resource) (*fhir.Resource, error) {
	names := memberNames(part, after)
	changed := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return same(part.Get(name), after.Get(name)) })
	for _, name := range changed {
		if err := r.changes(before, part, name); err != nil {
			return nil, err
		}
	}
	var members []any
	for m := range before.Root().Members() {
		if !slices.Contains(changed, m.Name()) {
			members = append(members, m.Name(), m)
			continue
		}
		members = append(members, m.Name(), after.Get(m.Name()))
	}
	for _, name := range changed {
		if !before.Get(name).Exists() {
			members = append(members, name, after.Get(name))
		}
	}
	return fhir.Parse(fhir.Obj(members...).JSON())
}

// changes refuses a change of a member of which the principal is not shown all.
func (r *Redactor) changes(before, part *fhir.Resource, name string) error {
	typ := before.Type()
	element := strings.TrimPrefix(name, "_")
	if t := r4.TypeOf(typ); t != nil && !strings.HasPrefix(name, "_") {
		if s, p := r.sight(t, element); p != nil && (s.how == show || s.how == coded) && same(before.Get(name), part.Get(name)) {
			return nil
		}
	}
	return fhir.E("patch", fhir.Forbidden, fhir.Issue{
		Message: "The caller's role is not shown all of this element, and cannot change it.", Expression: typ + "." + element, Rule: "redaction",
		Fix: "Have it changed by who is shown it whole.",
	})
}

func memberNames(resources ...*fhir.Resource) (names []string) {
	for _, r := range resources {
		for m := range r.Root().Members() {
			if !slices.Contains(names, m.Name()) {
				names = append(names, m.Name())
			}
		}
	}
	return names
}

// same reports whether two members hold the same text, or neither is there.
func same(a, b fhir.Node) bool {
	return a.Exists() == b.Exists() && (!a.Exists() || bytes.Equal(compact(a), compact(b)))
}

func compact(n fhir.Node) []byte {
	var out bytes.Buffer
	if err := json.Compact(&out, n.Raw()); err != nil {
		return n.Raw()
	}
	return out.Bytes()
}
