package search

import (
	"strings"
)

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
