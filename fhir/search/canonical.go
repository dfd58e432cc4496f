package search

import (
	"slices"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// canonical reports whether values of the parameter are canonical URLs, which
// lead to the resources that have that url.
func (t typeSet) canonical() bool { return t["canonical"] }

// Canonicals are the clauses that the resources of a type meet to which the key
// of a canonical leads, by their url and, where it names one, their version:
// https://hl7.org/fhir/R4/references.html#canonical. It returns none where the
// parameter has no canonicals or the type has no url.
func Canonicals(resourceType, param string, key []byte, target string) []Clause {
	r, ok := readReference(key)
	if !ok || !HasCanonicals(resourceType, param, target) {
		return nil
	}
	out := []Clause{{Param: "url", Ranges: []Range{exactly(appendURI(nil, r.text()))}}}
	if r.version != "" {
		out = append(out, Clause{Param: "version", Ranges: []Range{exactly(appendCode(nil, foldCase, "", r.version))}})
	}
	return out
}

// text is the reference as it was written, without its version.
func (r reference) text() string {
	switch {
	case r.url != "":
		return r.url
	case r.base == "":
		return r.typ + "/" + r.id
	}
	return r.base + "/" + r.typ + "/" + r.id
}

func hasURL(typ string) bool {
	p := programFor(typ)
	return p != nil && p.kinds["url"] != nil && p.kinds["version"] != nil
}

// HasCanonicals reports whether a parameter may lead to resources of a type by
// their url.
func HasCanonicals(resourceType, param, target string) bool {
	typ, code := owner(resourceType, param)
	return kindsOf(typ, code).canonical() && hasURL(target)
}

// CanonicalsTo is the range of the entries that lead to a resource by its
// canonical URL, for a parameter that [HasCanonicals]. ok is false where it has
// no URL.
func CanonicalsTo(target *fhir.Resource) (Range, bool) {
	version := target.Get("version").Text()
	r, ok := parseCanonical(target.Get("url").Text())
	if !ok {
		return Range{}, false
	}
	out := variants(appendUnversioned(nil, r))
	out.Match = func(key []byte) bool {
		r, ok := readReference(key)
		return ok && (r.version == "" || version != "" && fold(r.version) == fold(cut(version)))
	}
	return out, true
}

// CanonicalTargets are the types to which canonicals under a parameter may
// lead by their url.
func CanonicalTargets(resourceType, param string) []string {
	typ, code := owner(resourceType, param)
	def := Parameter(typ, code)
	if def == nil || !programFor(typ).kinds[code].canonical() {
		return nil
	}
	targets := def.Target
	if len(targets) == 0 {
		targets = r4.ResourceTypes()
	}
	return slices.DeleteFunc(slices.Clone(targets), func(t string) bool { return !hasURL(t) })
}
