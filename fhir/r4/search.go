package r4

import (
	"slices"
	"sort"
	"strings"
	"sync"
)

// SearchParam is a search parameter of the specification.
type SearchParam struct {
	Code       string // the name in a query
	Type       string // token, string, date, reference, quantity, number, uri, composite, special
	URL        string
	Expression string // FHIRPath; empty for those that no expression defines (_text, near)
	Base       []string
	Target     []string // resource types that a reference parameter may point to
	Components []SearchComponent
}

// SearchComponent is one part of a composite parameter.
type SearchComponent struct {
	Definition string // URL of the parameter that the part is compared as
	Expression string // relative to what the composite's expression selects
}

type searchBase struct {
	name   string
	params []*SearchParam // ordered by code
}

// SearchParams lists the parameters of a resource type with those of every
// resource, ordered by code; none for an unknown type.
func SearchParams(resourceType string) []*SearchParam { return searchLists()[resourceType] }

// SearchParameter finds a parameter of a resource type, its own or one of every
// resource; nil if there is none.
func SearchParameter(resourceType, code string) *SearchParam {
	params := SearchParams(resourceType)
	i, ok := slices.BinarySearchFunc(params, code, func(p *SearchParam, code string) int { return strings.Compare(p.Code, code) })
	if !ok {
		return nil
	}
	return params[i]
}

// SearchParamByURL finds a parameter by its canonical URL; nil if there is none.
func SearchParamByURL(url string) *SearchParam {
	i := sort.Search(len(searchTable), func(i int) bool { return searchTable[i].URL >= url })
	if i < len(searchTable) && searchTable[i].URL == url {
		return &searchTable[i]
	}
	return nil
}

var searchLists = sync.OnceValue(func() map[string][]*SearchParam {
	own := make(map[string][]*SearchParam, len(searchBases))
	for i := range searchBases {
		own[searchBases[i].name] = searchBases[i].params
	}
	lists := make(map[string][]*SearchParam, len(resourceTypes))
	for _, name := range resourceTypes {
		var list []*SearchParam
		for t := TypeOf(name); t != nil; t = TypeOf(t.Base) {
			list = append(list, own[t.Name]...)
			list = append(list, laterParams[t.Name]...)
		}
		slices.SortFunc(list, func(a, b *SearchParam) int { return strings.Compare(a.Code, b.Code) })
		lists[name] = list
	}
	return lists
})
