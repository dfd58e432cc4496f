package search

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

func (v reading) reference(value string) ([]Range, string) {
	if v.modifier == "identifier" {
		return tokenRanges(value, typeSet{"Identifier": true})
	}
	text := unescape(value)
	if fhir.IsID(text) {
		if v.modifier != "" && v.modifier != "below" {
			return v.local(reference{typ: v.modifier, id: text}), ""
		}
		return v.anyTarget(text), ""
	}
	r, ok := parseReference(text)
	if v.types.canonical() {
		r, ok = parseCanonical(text)
		ok = ok && (r.id != "" || strings.Contains(r.url, ":"))
	}
	switch {
	case !ok || v.typed() && r.url == "" && r.typ != v.modifier:
		return nil, describe(v.param)
	case r.id != "" && v.Own.is(r.base):
		return v.local(r), ""
	}
	return []Range{v.versions(appendUnversioned(nil, r), r.version)}, ""
}

// typed reports whether the modifier is the type of the target.
func (v reading) typed() bool { return v.modifier != "" && v.modifier != "below" }

// anyTarget finds what has the id, of whichever type.
func (v reading) anyTarget(id string) []Range {
	out := variants(appendTerm([]byte{literal}, id))
	out.Match = v.ofServer("")
	return []Range{out}
}

// local finds references to a resource of this server, relative and below any
// base of it.
func (v reading) local(r reference) []Range {
	out := variants(appendTarget(nil, r.typ, r.id))
	out.Match = v.ofServer(r.version)
	return []Range{out}
}

// ofServer tests for references to this server, to a version where one is named.
func (v reading) ofServer(version string) func(key []byte) bool {
	own, test := v.Own, v.versionTest(version)
	return func(key []byte) bool {
		r, ok := readReference(key)
		return ok && own.is(r.base) && test(r.version)
	}
}

// versions finds a reference by its beginning, in the version where one is
// named.
func (v reading) versions(unversioned []byte, version string) Range {
	switch {
	case version == "":
		return variants(unversioned)
	case v.modifier != "below":
		return exactly(appendTerm(unversioned, cut(version)))
	}
	out, test := variants(unversioned), v.versionTest(version)
	out.Match = func(key []byte) bool {
		r, ok := readReference(key)
		return ok && test(r.version)
	}
	return out
}

// versionTest tests the version of a reference; with :below, 2 also finds 2.1:
// https://hl7.org/fhir/R4/references.html#canonical
func (v reading) versionTest(version string) func(string) bool {
	below := v.modifier == "below"
	return func(have string) bool {
		return version == "" || have == cut(version) || below && strings.HasPrefix(have, version+".")
	}
}
