package search

import (
	"strings"
	"sync"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// Values returns the entries of a resource under some parameters, those that
// [Extract] would return, at the cost of these parameters alone. A parameter
// with a dot, such as that of [Inside], adds the entries of the contained
// resources to which the parameter before it refers. The order is that of the
// parameters, and an entry may come twice.
func Values(r *fhir.Resource, params ...string) []Entry {
	s := sink{place: -1}
	within := false
	for i, param := range params {
		within = within || strings.Contains(param, ".")
		code := codeOf(param)
		if !has(params[:i], code) {
			programOf(r.Type(), code).run(&s, r.Root())
		}
	}
	if within {
		s.visits()
	}
	return s.entries
}

// codeOf is the search parameter by which entries are made: "code" of
// "code:text" and of "code:Medication.form".
func codeOf(param string) string {
	code, _, _ := strings.Cut(param, ":")
	return code
}

func has(params []string, code string) bool {
	for _, param := range params {
		if codeOf(param) == code {
			return true
		}
	}
	return false
}

var ofOne sync.Map // [2]string of type and code -> *program

// programOf is the program of one parameter, compiled on first use; empty where
// the type has no such parameter.
func programOf(resourceType, code string) *program {
	key := [2]string{resourceType, code}
	if p, ok := ofOne.Load(key); ok {
		return p.(*program)
	}
	p := &program{kinds: map[string]typeSet{}}
	param := Parameter(resourceType, code)
	if param == nil {
		return p // not kept: the caller's text may be anything
	}
	p.compile(r4.TypeOf(resourceType), param)
	found, _ := ofOne.LoadOrStore([2]string{r4.TypeOf(resourceType).Name, param.Code}, p)
	return found.(*program)
}

// Single reports whether a resource has at most one entry under a parameter:
// its paths lead to one element that does not repeat, and each of whose types
// has one key.
func Single(resourceType, param string) bool {
	if param == LastUpdated {
		return true
	}
	return programOf(resourceType, param).single
}

// oneKey are the kinds of parameters and the types under which a value has
// exactly one key.
var oneKey = map[string]string{
	"date":      "date dateTime instant Period Timing",
	"number":    "decimal integer positiveInt unsignedInt Range",
	"token":     "code boolean id uri url canonical oid uuid",
	"string":    "string markdown code id uri url canonical",
	"reference": "Reference",
	"uri":       "uri url canonical oid uuid",
}

// oneEntry reports whether the values of a parameter that were planted make one
// entry at most.
func (p *planter) oneEntry(kind string, types typeSet) bool {
	if p.repeats || len(p.ends) != 1 {
		return false
	}
	for typ := range types {
		if !has(strings.Fields(oneKey[kind]), typ) {
			return false
		}
	}
	return true
}
