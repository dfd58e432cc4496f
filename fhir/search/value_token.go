package search

import (
	"bytes"
)

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
