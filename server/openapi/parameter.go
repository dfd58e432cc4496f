package openapi

import (
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// parameter is one that several interactions share.
type parameter struct {
	name, in, words string
	repeats         bool
	only            []string
}

// sharedOnes are the parameters and headers that are not those of a type.
var sharedOnes = []parameter{
	{"_at", "query", "An instant: what was true then. In a history: the versions that were current in that time.", false, nil},
	{"_contained", "query", "Contained resources are found by chains, not by themselves.", false, []string{"false"}},
	{"_count", "query", "How many there are on a page.", false, nil},
	{"_elements", "query", "The elements that are returned, with commas between them.", false, nil},
	{"_filter", "query", "An expression of the filter grammar.", false, nil},
	{"_format", "query", "The format of the answer, in place of Accept: json or xml.", false, nil},
	{"_has", "query", "A chain in the other direction; the rest of it belongs to the name: _has:Observation:patient:code.", false, nil},
	{"_include", "query", "References that are followed: [type]:[parameter], or *.", true, nil},
	{"_list", "query", "The ids of Lists, with commas between them: what these refer to.", false, nil},
	{"_pretty", "query", "Whether the answer is indented.", false, []string{"true", "false"}},
	{"_revinclude", "query", "References to what matches that are followed: [type]:[parameter].", true, nil},
	{"_since", "query", "An instant: versions since then.", false, nil},
	{"_sort", "query", "Parameters to sort by, with commas between them; with - before one for descending. One may follow references: patient.family.", false, nil},
	{"_summary", "query", "A part of each resource, or how many match.", false, []string{"true", "text", "data", "count", "false"}},
	{"_total", "query", "Whether the number of matches is told.", false, []string{"none", "estimate", "accurate"}},
	{"_type", "query", "Resource types, with commas between them.", false, nil},
	{"mode", "query", "Which part is told.", false, []string{"full", "normative", "terminology"}},
	{"If-Match", "header", `The version that is to be changed: W/"3". Another one is refused with 412.`, false, nil},
	{"If-Modified-Since", "header", "An HTTP date: 304 where nothing is newer.", false, nil},
	{"If-None-Exist", "header", "A search: nothing is created where something matches it.", false, nil},
	{"If-None-Match", "header", `A version that the client has: 304 where it is current. Of a PUT: * to create only.`, false, nil},
	{"Prefer", "header", "return=minimal, return=representation or return=OperationOutcome; handling=strict or handling=lenient; respond-async.", false, nil},
	{"X-Request-ID", "header", "A name of the request, by which a repeat is answered as the first time.", false, nil},
}

// pathOnes are the parameters of paths.
var pathOnes = map[string]string{
	"id":     "The id of the resource.",
	"vid":    "The id of the version.",
	"member": "A resource type, or * for all.",
	"job":    "The id of the job, as in Content-Location.",
	"file":   "The name of the file, as in the manifest.",
}

func sharedParameters() (members []any) {
	for _, p := range sharedOnes {
		schema := []any{"type", "string", "enum", p.only}
		if p.repeats {
			schema = []any{"type", "array", "items", fhir.Obj("type", "string")}
		}
		members = append(members, p.name, fhir.Obj("name", p.name, "in", p.in, "description", p.words, "schema", fhir.Obj(schema...)))
	}
	return members
}

func shared(name string) fhir.Value {
	return fhir.Obj("$ref", "#/components/parameters/"+name)
}

// resultParameters are those that every search has beside those of its type.
func resultParameters() (list []any) {
	for _, name := range []string{"_has", "_filter", "_list", "_sort", "_count", "_total", "_include", "_revinclude", "_contained", "_at", "_summary", "_elements", "_format", "_pretty"} {
		list = append(list, shared(name))
	}
	return list
}

// pathParameters are those in the template of an address.
func pathParameters(address string) (list []any) {
	for segment := range strings.SplitSeq(address, "/") {
		if name, templated := strings.CutPrefix(segment, "{"); templated {
			name = strings.TrimSuffix(name, "}")
			list = append(list, fhir.Obj("name", name, "in", "path", "required", true, "description", pathOnes[name], "schema", fhir.Obj("type", "string")))
		}
	}
	return list
}
