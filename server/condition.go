package server

import (
	"net/http"
	"strings"
	"time"

	"github.com/pestle-fhir/pestle/fhir"
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

// ifMatch reads an If-Match: one version, "" when there is none.
func ifMatch(value, expression string) (string, error) {
	if value == "" {
		return "", nil
	}
	if version, ok := versionOf(value); ok && !strings.ContainsAny(version, `",`) {
		return version, nil
	}
	return "", fhir.E("update", fhir.Invalid, fhir.Issue{
		Message: "If-Match does not name a version.", Expression: expression, Expected: `one weak entity tag such as W/"3"`, Found: value,
	})
}

// unchanged reports whether the client already has the version: If-None-Match
// before If-Modified-Since, as RFC 9110 section 13.2.2 orders them.
func unchanged(h http.Header, v *fhir.Version) bool {
	if tags := h.Get("If-None-Match"); tags != "" {
		for _, tag := range strings.Split(tags, ",") {
			if version, ok := versionOf(tag); ok && version == v.VersionID || strings.TrimSpace(tag) == "*" {
				return true
			}
		}
		return false
	}
	text := h.Get("If-Modified-Since")
	if text == "" {
		return false
	}
	since, err := http.ParseTime(text)
	return err == nil && !v.LastUpdated.Truncate(time.Second).After(since)
}

// ifNoneExist reads the condition of a create, "" when there is none. A header
// that says nothing is a mistake: without its condition the create would make
// what the client meant to avoid.
func ifNoneExist(h http.Header) (string, error) {
	values := h.Values("If-None-Exist")
	query := condition(strings.TrimSpace(strings.Join(values, "&")))
	if len(values) > 0 && query == "" {
		return "", fhir.E("create", fhir.Invalid, fhir.Issue{
			Message: "If-None-Exist names no search.", Expected: "search parameters such as identifier=system|value",
		})
	}
	return query, nil
}

// condition reads the search of a conditional write: "identifier=a|b", also
// with a question mark or the type before it.
func condition(query string) string {
	before, after, ok := strings.Cut(query, "?")
	if ok && !strings.ContainsAny(before, "=&") {
		return after
	}
	return query
}
