package search

// SortKey gives the part of an entry's key by which a sort order compares:
// bytes that sort as the values do. Of a period that is its start, of a code
// the code, of a text the folded text.
func SortKey(resourceType string, by Sort, key []byte) []byte {
	switch sortKind(resourceType, by) {
	case "date":
		if len(key) == spanKeyLen {
			return key[1:9]
		}
	case "number", "quantity":
		if len(key) > 0 {
			return key[1:]
		}
	case "token", "string":
		if end := termEnd(key); end >= 0 {
			return key[:end]
		}
	}
	return key
}

// SortRanges gives the ranges of all entries that a sort order goes by, each of
// which is in the order of the sort keys. A walk of the whole order merges
// them.
func SortRanges(resourceType string, by Sort) []Range {
	var out []Range
	switch sortKind(resourceType, by) {
	case "date":
		for class := range spanClasses {
			out = append(out, beginning([]byte{byte(class)}))
		}
	case "number", "quantity":
		out = append(out, beginning([]byte{point}), beginning([]byte{stretch}))
	default:
		out = append(out, everything())
	}
	return out
}

// SortPlace gives where, in a range that begins at low, the entries begin that
// sort as a key does.
func SortPlace(resourceType string, by Sort, key, low []byte) []byte {
	place := SortKey(resourceType, by, key)
	switch sortKind(resourceType, by) {
	case "date", "number", "quantity":
		if len(low) > 0 {
			return append([]byte{low[0]}, place...)
		}
	}
	return append([]byte{}, place...)
}

func sortKind(resourceType string, by Sort) string {
	if by.Param == ID {
		return "id"
	}
	if param := Parameter(owner(resourceType, by.Param)); param != nil {
		return param.Type
	}
	return ""
}

// IsReference reports whether the entries under a parameter are references.
func IsReference(resourceType, code string) bool {
	param := Parameter(resourceType, code)
	return param != nil && param.Type == "reference"
}

// References lists the reference parameters of a resource type.
func References(resourceType string) []string { return referenceParams(resourceType) }
