package server

import (
	"net/http"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// etag is the ETag of a version: https://hl7.org/fhir/R4/http.html#versioning.
func etag(versionID string) string { return `W/"` + versionID + `"` }

// versionOf reads an ETag; the mark of weakness may lack.
func versionOf(tag string) (string, bool) {
	tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
	if len(tag) < 3 || tag[0] != '"' || tag[len(tag)-1] != '"' {
		return "", false
	}
	return tag[1 : len(tag)-1], true
}

// ifMatch reads an If-Match into [fhir.Change.IfMatch]: a list of entity tags,
// or * (RFC 9110 section 13.1.1).
func ifMatch(values []string, expression string) (string, error) {
	value := strings.TrimSpace(strings.Join(values, ","))
	if value == "" && len(values) == 0 || value == "*" {
		return value, nil
	}
	var versions []string
	for _, tag := range strings.Split(value, ",") {
		if strings.TrimSpace(tag) == "" && strings.Trim(value, ", \t") != "" {
			continue // an empty element of a list, RFC 9110 section 5.6.1
		}
		version, ok := versionOf(tag)
		if !ok || strings.ContainsAny(version, "\" *") {
			return "", fhir.E("update", fhir.Invalid, fhir.Issue{
				Message: "If-Match does not name a version.", Expression: expression,
				Expected: `entity tags such as W/"3", separated by commas, or *`, Found: value,
			})
		}
		versions = append(versions, version)
	}
	return strings.Join(versions, " "), nil
}

// ifNoneMatch reads the If-None-Match of an update, which can only ask that
// there be no resource yet. Another value is refused: an update that ignored it
// would overwrite what the client meant to keep.
func ifNoneMatch(values []string, expression string) (bool, error) {
	value := strings.TrimSpace(strings.Join(values, ","))
	if value == "" || value == "*" {
		return value == "*", nil
	}
	return false, fhir.E("update", fhir.Invalid, fhir.Issue{
		Message: "An update does not take entity tags in If-None-Match.", Expression: expression, Expected: "*", Found: value,
		Fix: "Send the version that the update was made from in If-Match.",
	})
}

// unchanged reports whether the client already has the version in the format
// that it asks for: If-None-Match before If-Modified-Since, as RFC 9110 section
// 13.2.2 orders them.
//
// The ETag of a resource is its version, in every format alike. So a cache that
// repeats it may hold the other format, and the answer is 304 only in JSON,
// which every cache gets unless it asks for something else (see
// [exchange.stamp]). A tag without its W/ is none that the server sent for a
// resource: it is a version that the client knows.
func (x *exchange) unchanged(h http.Header, v *fhir.Version) bool {
	if tags := h.Get("If-None-Match"); tags != "" {
		for _, tag := range strings.Split(tags, ",") {
			version, ok := versionOf(tag)
			weak := strings.HasPrefix(strings.TrimSpace(tag), "W/")
			if strings.TrimSpace(tag) == "*" || ok && version == v.VersionID && x.tells(v, weak) {
				return true
			}
		}
		return false
	}
	text := h.Get("If-Modified-Since")
	if text == "" || !x.content && x.format.codec.Name != jsonCodec.Name {
		return false
	}
	since, err := http.ParseTime(text)
	return err == nil && !v.LastUpdated.Truncate(time.Second).After(since)
}

// tells reports whether a tag of the right version is of the representation
// that is asked for.
func (x *exchange) tells(v *fhir.Version, weak bool) bool {
	switch {
	case x.content:
		return !weak
	case x.format.codec.Name != jsonCodec.Name:
		return !weak && v.Type != "Binary"
	}
	return weak || v.Type != "Binary"
}

// ifNoneExist reads the condition of the create of a type, "" when there is
// none. A header that says nothing is a mistake, and so is one about another
// type: without its condition the create would make what the client meant to
// avoid.
func ifNoneExist(h http.Header, typ string) (string, error) {
	var queries []string
	values := h.Values("If-None-Exist")
	for _, value := range values {
		of, query := condition(strings.TrimSpace(value))
		if of != "" && of != typ {
			return "", fhir.E("create", fhir.Invalid, fhir.Issue{
				Message: "If-None-Exist searches another type than the one that is created.", Expected: typ + "?[search]", Found: value,
			})
		}
		queries = append(queries, query)
	}
	query := search.Selecting(strings.Join(queries, "&"))
	if len(values) > 0 && query == "" {
		return "", fhir.E("create", fhir.Invalid, fhir.Issue{
			Message: "If-None-Exist names no search.", Expected: "search parameters such as identifier=system|value",
		})
	}
	return query, nil
}

// condition reads the search of a conditional write: "identifier=a|b", also
// with a question mark, the type or the whole address before it.
func condition(value string) (typ, query string) {
	before, after, ok := strings.Cut(value, "?")
	if ok && !strings.ContainsAny(before, "=&") {
		return before[strings.LastIndexByte(before, '/')+1:], after
	}
	return "", value
}
