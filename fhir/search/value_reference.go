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
		if v.modifier != "" {
			return v.local(reference{typ: v.modifier, id: text}), ""
		}
		return v.anyTarget(text), ""
	}
	url, version, canonical := strings.Cut(text, "|")
	r, ok := parseReference(url)
	if canonical {
		r.version = version
	}
	if !ok || v.modifier != "" && r.url == "" && r.typ != v.modifier {
		return nil, describe(v.param)
	}
	if r.url == "" {
		return v.local(r), ""
	}
	if v.Base != "" && r.url == v.Base+"/"+r.typ+"/"+r.id {
		r.url = ""
		return v.local(r), ""
	}
	return []Range{versioned(appendAddress(nil, r.url), r.version)}, ""
}

// anyTarget finds what has the id, of whichever type; by address too where the
// parameter has few types of target.
func (v reading) anyTarget(id string) []Range {
	out := []Range{variants(appendTerm([]byte{relative}, id))}
	if v.Base == "" || len(v.param.Target) > 8 {
		return out
	}
	for _, typ := range v.param.Target {
		out = append(out, variants(appendAddress(nil, v.Base+"/"+typ+"/"+id)))
	}
	return out
}

// local finds a resource of this server, by its relative reference and by its
// address.
func (v reading) local(r reference) []Range {
	out := []Range{versioned(appendLocal(nil, r.typ, r.id), r.version)}
	if v.Base != "" {
		out = append(out, versioned(appendAddress(nil, v.Base+"/"+r.typ+"/"+r.id), r.version))
	}
	return out
}

func versioned(key []byte, version string) Range {
	if version == "" {
		return variants(key)
	}
	return exactly(appendTerm(key, cut(version)))
}
