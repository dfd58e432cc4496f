package inputs

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// query checks the query string, and counts its names. The expression of a problem
// is the name of the parameter. A parameter without a
// value there is not given, as in a search.
func (c *checker) query(query url.Values) map[string]int {
	seen := map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if search.Added(name) {
			continue
		}
		p := named(c.op.Parameters, name)
		if p == nil || !c.inQuery(p) {
			c.add("OP-1", fhir.Node{}, c.untaken(name, p))
			continue
		}
		values := slices.DeleteFunc(slices.Clone(query[name]), func(text string) bool { return text == "" })
		if seen[name] = len(values); len(values) > 1 && !p.Repeated {
			issue := repeated("parameter", name)
			issue.Expression = name
			c.add("OP-3", fhir.Node{}, issue)
		}
		for _, text := range values {
			if !slices.ContainsFunc(p.Kinds, func(kind string) bool { return written(kind, text) }) {
				c.add("OP-2", fhir.Node{}, fhir.Issue{Code: fhir.ValueCode, Message: "The parameter " + name + " is malformed.",
					Expected: forms[p.Kinds[0]], Found: text, Expression: name})
				continue
			}
			c.supported(fhir.Node{}, name, p, text)
		}
	}
	return seen
}

// inQuery reports whether a parameter may be in the query string: one of a
// primitive type, of an operation that takes them there.
func (c *checker) inQuery(p *fhir.Parameter) bool {
	return (c.op.Idempotent || c.op.Query) && slices.ContainsFunc(p.Kinds, IsPrimitive)
}

// untaken refuses a name in the query string.
func (c *checker) untaken(name string, declared *fhir.Parameter) fhir.Issue {
	var there []fhir.Parameter
	for i := range c.op.Parameters {
		if c.inQuery(&c.op.Parameters[i]) {
			there = append(there, c.op.Parameters[i])
		}
	}
	issue := unknown("parameter", name, there)
	if declared != nil || len(there) == 0 {
		issue.Message = "The operation takes no parameter " + name + " in the query string."
	}
	if declared != nil {
		issue.Expected, issue.Fix = "the parameter in the body, as Parameters", ""
	}
	issue.Expression = name
	return issue
}

// IsPrimitive reports whether a kind is a value that a query string can hold.
func IsPrimitive(kind string) bool { return forms[kind] != "" }

// forms are the primitive kinds, with how each is written.
var forms = map[string]string{
	"valueString": "text", "valueCode": "a code, without spaces around it", "valueUri": "a URI", "valueCanonical": "a canonical URL", "valueUrl": "a URL",
	"valueId": "an id", "valueBoolean": "true or false", "valueInteger": "a whole number", "valueUnsignedInt": "a whole number from 0",
	"valuePositiveInt": "a whole number from 1", "valueDate": "a date, such as 2026-11-05", "valueDateTime": "a date or a time, such as 2026-11-05T09:00:00Z",
}

// written reports whether a text of a query string can be a value of a kind.
func written(kind, text string) bool {
	switch kind {
	case "valueBoolean":
		return text == "true" || text == "false"
	case "valueInteger", "valueUnsignedInt", "valuePositiveInt":
		n, err := strconv.ParseInt(text, 10, 32)
		return err == nil && (kind == "valueInteger" || n > 0 || n == 0 && kind == "valueUnsignedInt")
	case "valueCode":
		return strings.TrimSpace(text) == text
	case "valueUri", "valueCanonical", "valueUrl", "valueId":
		return !strings.ContainsAny(text, " \t\r\n")
	}
	return IsPrimitive(kind)
}
