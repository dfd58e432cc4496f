package search

import (
	"bytes"
	"strings"

	"github.com/pestle-fhir/pestle/fhir/r4"
)

// reading turns one alternative of a value into ranges of keys. Its methods
// give what was expected where the value is malformed.
type reading struct {
	*parser
	typ      string // the resource type that is searched
	param    *r4.SearchParam
	types    typeSet
	modifier string
}

func (v reading) ranges(kind, value string) (ranges []Range, expected string) {
	if value == "" {
		return nil, describe(v.param)
	}
	switch kind {
	case "token":
		return v.token(value)
	case "string":
		return v.text(value)
	case "date":
		return v.date(value)
	case "reference":
		return v.reference(value)
	case "uri":
		return v.uri(unescape(value))
	case "number":
		return v.number(value)
	case "quantity":
		return v.quantity(value)
	case "composite":
		return v.composite(value)
	}
	return nil, "a parameter of a kind that can be searched"
}

func (v reading) token(value string) ([]Range, string) {
	switch v.modifier {
	case "text":
		v.modifier = ""
		return v.text(value)
	case "of-type":
		parts := split(value, '|')
		if len(parts) != 3 || parts[1] == "" || parts[2] == "" {
			return nil, "type system|type code|value"
		}
		return []Range{exactly(appendOfType(nil, unescape(parts[0]), unescape(parts[1]), unescape(parts[2])))}, ""
	}
	return tokenRanges(value, v.types)
}

func tokenRanges(value string, types typeSet) ([]Range, string) {
	parts := split(value, '|')
	for i := range parts {
		parts[i] = unescape(parts[i])
	}
	switch {
	case len(parts) == 1:
		return anySystem(parts[0], types)
	case len(parts) > 2:
		return nil, "code, system|code, |code or system|, where a | of the value itself is written \\|"
	case parts[0] == "" && parts[1] == "":
		return nil, "code, system|code, |code or system|"
	case parts[1] == "":
		return []Range{systemOnly(parts[0])}, ""
	}
	return inSystem(parts[0], parts[1], types), ""
}

// forms says which flags the keys of a parameter with values of these types
// can have.
func (t typeSet) forms() (implicitly, folding, exact bool) {
	for typ := range t {
		switch typ {
		case "code", "boolean", "id", "uri", "url", "canonical", "oid", "uuid":
			implicitly = true
		case "Identifier", "Reference":
			exact = true
		case "ContactPoint", "string", "markdown":
			folding = true
		default:
			folding, exact = true, true
		}
	}
	return implicitly, folding, exact
}

func anySystem(code string, types typeSet) ([]Range, string) {
	implicitly, folding, exact := types.forms()
	if len(types) == 1 && types["boolean"] && code != "true" && code != "false" {
		return nil, "true or false"
	}
	var out []Range
	if implicitly {
		out = append(out, exactly(appendCode(nil, implicit, "", code)))
	}
	if folding {
		out = append(out, variants(append(appendTerm(nil, cut(fold(code))), foldCase)))
	}
	if exact {
		out = append(out, variants(append(appendTerm(nil, cut(code)), exactCase)))
	}
	return out, ""
}

// inSystem: system "" asks for codes that have none. Implicit systems are not
// compared: the element takes its codes from where it does.
func inSystem(system, code string, types typeSet) []Range {
	implicitly, folding, exact := types.forms()
	var out []Range
	if implicitly {
		out = append(out, exactly(appendCode(nil, implicit, "", code)))
	}
	if folding && !distinguishesCase(system) {
		out = append(out, exactly(appendCode(nil, foldCase, system, code)))
	}
	if exact {
		out = append(out, exactly(appendCode(nil, exactCase, system, code)))
	}
	return out
}

func systemOnly(system string) Range {
	digest := appendDigest(nil, system)
	r := everything()
	r.Match = func(key []byte) bool {
		end := termEnd(key)
		return end >= 0 && len(key) == end+1+digestLen && bytes.Equal(key[end+1:], digest)
	}
	return r
}

func (v reading) text(value string) ([]Range, string) {
	value = unescape(value)
	f := fold(value)
	switch {
	case f == "":
		return nil, "a text that is not blank"
	case v.modifier == "exact":
		return []Range{exactly(appendString(nil, value))}, ""
	case len(f) > maxText:
		return nil, "at most 512 bytes of text, or the whole text with :exact"
	case v.modifier == "contains":
		r := everything()
		r.Match = func(key []byte) bool {
			text, _ := readTerm(key)
			return strings.Contains(text, f)
		}
		return []Range{r}, ""
	}
	return []Range{beginning(appendStem(nil, f))}, ""
}

func (v reading) date(value string) ([]Range, string) {
	p, rest, ok := splitPrefix(value)
	if !ok {
		return nil, describeDates
	}
	want, ok := parseSpan(unescape(rest))
	if !ok {
		return nil, describeDates
	}
	return dateRanges(p, want, v.Now), ""
}

func (v reading) number(value string) ([]Range, string) {
	p, rest, ok := splitPrefix(value)
	if !ok {
		return nil, describeNumbers
	}
	want, ok := parseNumber(p, rest)
	if !ok {
		return nil, describeNumbers
	}
	return numberRanges(p, want, nil), ""
}

const describeQuantities = "number, number|system|code or number||unit, with or without a prefix (eq ne gt lt ge le sa eb ap)"

func (v reading) quantity(value string) ([]Range, string) {
	p, rest, ok := splitPrefix(value)
	parts := split(rest, '|')
	if !ok || len(parts) != 1 && len(parts) != 3 {
		return nil, describeQuantities
	}
	want, ok := parseNumber(p, parts[0])
	if !ok {
		return nil, describeQuantities
	}
	var system, code string
	if len(parts) == 3 {
		system, code = unescape(parts[1]), unescape(parts[2])
	}
	return numberRanges(p, want, unitTest(system, code)), ""
}

// unitTest is the test of a unit: by system and code, or without a system by
// code or by the unit as a text.
func unitTest(system, code string) func([]byte) bool {
	wantCode, wantSystem := appendDigest(nil, code), appendDigest(nil, system)
	at := func(unit []byte, i int) []byte { return unit[i*digestLen : (i+1)*digestLen] }
	switch {
	case system == "" && code == "":
		return nil
	case system == "":
		return func(u []byte) bool { return bytes.Equal(at(u, 0), wantCode) || bytes.Equal(at(u, 2), wantCode) }
	case code == "":
		return func(u []byte) bool { return bytes.Equal(at(u, 1), wantSystem) }
	}
	return func(u []byte) bool { return bytes.Equal(at(u, 0), wantCode) && bytes.Equal(at(u, 1), wantSystem) }
}

func (v reading) uri(value string) ([]Range, string) {
	switch v.modifier {
	case "below":
		return []Range{exactly(appendURI(nil, value)), beginning(appendStem(nil, strings.TrimSuffix(value, "/")+"/"))}, ""
	case "above":
		return above(value), ""
	}
	out := []Range{exactly(appendURI(nil, value))}
	if v.types["canonical"] && !strings.Contains(value, "|") {
		out = append(out, variants(appendStem(nil, value+"|")))
	}
	return out, ""
}

// above is the URI itself and all from which it descends by its path; a URN
// has none.
func above(uri string) []Range {
	out := []Range{exactly(appendURI(nil, uri))}
	_, path, ok := strings.Cut(uri, "://")
	for ok {
		i := strings.LastIndexByte(path, '/')
		if i < 0 {
			return out
		}
		path = path[:i]
		scheme, _, _ := strings.Cut(uri, "://")
		out = append(out, exactly(appendURI(nil, scheme+"://"+path)), exactly(appendURI(nil, scheme+"://"+path+"/")))
	}
	return out
}

func (v reading) reference(value string) ([]Range, string) {
	if v.modifier == "identifier" {
		return tokenRanges(value, typeSet{"Identifier": true})
	}
	text := unescape(value)
	if isID(text) {
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
