package profiles

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// leaf is a primitive value within a value, with the way to it.
type leaf struct{ path, value string }

// settled lists what a profile fixes of a value or first below it.
func settled(p *position) []leaf {
	switch {
	case p.el.Fixed != nil:
		return leaves(nil, "", p.el.Fixed.Node)
	case p.el.Pattern != nil:
		return leaves(nil, "", p.el.Pattern.Node)
	}
	for _, k := range p.kids {
		if list := settled(k); list != nil {
			for i := range list {
				list[i].path = strings.TrimSuffix(k.name+"."+list[i].path, ".")
			}
			return list
		}
	}
	return nil
}

// leaves takes a value apart: coding.system "http://…", coding.code "M".
func leaves(into []leaf, path string, n fhir.Node) []leaf {
	switch n.Kind() {
	case fhir.Object:
		for m := n.First(); m.Exists(); m = m.Next() {
			into = leaves(into, strings.TrimPrefix(path+"."+m.Name(), "."), m)
		}
	case fhir.Array:
		for m := n.First(); m.Exists(); m = m.Next() {
			into = leaves(into, path, m)
		}
	default:
		into = append(into, leaf{path, n.Brief()})
	}
	return into
}

// inWords joins leaves: coding.system "http://…" and coding.code "M".
func inWords(list []leaf) string {
	parts := make([]string, len(list))
	for i, l := range list {
		parts[i] = strings.TrimPrefix(l.path+" "+l.value, " ")
	}
	return strings.Join(parts, " and ")
}

// differences lists the leaves that a value lacks, and what it has in their
// place. An item of an array is compared with the one most like it.
func differences(path string, want, got fhir.Node) (lacking, there []leaf) {
	switch {
	case includes(want, got):
	case want.Kind() == fhir.Object && got.Kind() == fhir.Object:
		for m := want.First(); m.Exists(); m = m.Next() {
			l, t := differences(strings.TrimPrefix(path+"."+m.Name(), "."), m, got.Get(m.Name()))
			lacking, there = append(lacking, l...), append(there, t...)
		}
	case want.Kind() == fhir.Array && got.Kind() == fhir.Array:
		for m := want.First(); m.Exists(); m = m.Next() {
			l, t := differences(path, m, likest(m, got))
			lacking, there = append(lacking, l...), append(there, t...)
		}
	default:
		lacking = leaves(nil, path, want)
		if got.Exists() {
			there = leaves(nil, path, got)
		}
	}
	return lacking, there
}

// likest is the item of an array that has the most members of another value.
func likest(want, array fhir.Node) (best fhir.Node) {
	most := -1
	for v := array.First(); v.Exists(); v = v.Next() {
		alike := 0
		for m := want.First(); m.Exists(); m = m.Next() {
			if includes(m, v.Get(m.Name())) {
				alike++
			}
		}
		if alike > most {
			best, most = v, alike
		}
	}
	return best
}
