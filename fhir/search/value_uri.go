package search

import (
	"fmt"
	"strings"
)

func (v reading) uri(value string) ([]Range, string) {
	switch v.modifier {
	case "below":
		return []Range{exactly(appendURI(nil, value)), beginning(appendStem(nil, strings.TrimSuffix(value, "/")+"/"))}, ""
	case "above":
		if strings.Count(value, "/") > maxSlashes {
			return nil, fmt.Sprintf("a URI with at most %d slashes", maxSlashes)
		}
		return above(value), ""
	}
	out := []Range{exactly(appendURI(nil, value))}
	if v.types["canonical"] && !strings.Contains(value, "|") {
		out = append(out, variants(appendStem(nil, value+"|")))
	}
	return out, ""
}

// maxSlashes bounds the ancestors of a URI, each of which is a key to look for.
const maxSlashes = 100

// above is the URI itself and all from which it descends by its path; a URN
// has none.
func above(uri string) []Range {
	out := []Range{exactly(appendURI(nil, uri))}
	scheme, path, ok := strings.Cut(uri, "://")
	for ok {
		i := strings.LastIndexByte(path, '/')
		if i < 0 {
			return out
		}
		path = path[:i]
		out = append(out, exactly(appendURI(nil, scheme+"://"+path)), exactly(appendURI(nil, scheme+"://"+path+"/")))
	}
	return out
}
