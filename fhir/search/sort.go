package search

import "github.com/pestle-fhir/pestle/fhir/r4"

// SortKey gives the part of an entry's key by which a sort order compares:
// bytes that sort as the values do. Of dates that is the start, downwards the
// end; of codes the code, of texts the folded text.
func SortKey(resourceType string, by Sort, key []byte) []byte {
	kind := "date"
	if param := r4.SearchParameter(resourceType, by.Param); param != nil {
		kind = param.Type
	}
	switch kind {
	case "date":
		if by.Descending {
			return key[9:spanKeyLen]
		}
		return key[1:9]
	case "token", "string":
		if end := termEnd(key); end >= 0 {
			return key[:end]
		}
	case "number", "quantity", "reference":
		return key[1:]
	}
	return key
}

// IsReference reports whether the entries under a parameter are references.
func IsReference(resourceType, code string) bool {
	param := r4.SearchParameter(resourceType, code)
	return param != nil && param.Type == "reference"
}

// References lists the reference parameters of a resource type.
func References(resourceType string) []string { return referenceParams(resourceType) }
