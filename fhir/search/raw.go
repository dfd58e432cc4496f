package search

import (
	_ "embed"
	"errors"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// ReadQuery reads a query string. A semicolon is a character like any other
// (RFC 3986 section 3.4), so that _format=application/fhir+json;fhirVersion=4.0
// is one parameter. What it escapes is text in UTF-8 (R4, RESTful API, general
// considerations), for no resource holds anything else: such a condition would find
// nothing.
func ReadQuery(raw string) (url.Values, error) {
	query, err := url.ParseQuery(strings.ReplaceAll(raw, ";", "%3B"))
	for name, values := range query {
		if err == nil && (!isText(name) || slices.ContainsFunc(values, func(v string) bool { return !isText(v) })) {
			err = errors.New("search: a query that is no text in UTF-8")
		}
	}
	return query, err
}

// isText reports whether a string is UTF-8 without NUL, which JSON and XML cannot
// both hold.
func isText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// Given leaves out the parameters without a value, which are ignored:
// https://hl7.org/fhir/R4/search.html#errors
func Given(query url.Values) url.Values {
	out := make(url.Values, len(query))
	for name, values := range query {
		for _, value := range values {
			if value != "" {
				out[name] = append(out[name], value)
			}
		}
	}
	return out
}

// addedTSV lists what is added to queries on their way to a server.
//
//go:embed added.tsv
var addedTSV string

var added, addedPrefixes = readAdded(addedTSV)

func readAdded(table string) (names map[string]bool, prefixes []string) {
	names = map[string]bool{}
	for line := range strings.Lines(table) {
		name, _, ok := strings.Cut(line, "\t")
		switch prefix, open := strings.CutSuffix(name, "*"); {
		case !ok || strings.HasPrefix(name, "#"):
		case open:
			prefixes = append(prefixes, prefix)
		default:
			names[name] = true
		}
	}
	return names, prefixes
}

// Added reports whether a parameter is one that caches, trackers and client
// libraries add to a query by themselves. It selects nothing, so it is ignored.
func Added(name string) bool {
	if added[name] {
		return true
	}
	for _, prefix := range addedPrefixes {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// Shapes reports whether a parameter is only about how an answer is written.
func Shapes(name string) bool { return name == "_format" || name == "_pretty" }

// shapers are the parameters, besides those that [Shapes] names, by which client
// libraries ask every request for less: they change what is answered and not
// what is found.
var shapers = map[string]bool{"_summary": true, "_elements": true, "_total": true, "_count": true}

// Selecting is a query string without the parameters that select nothing; the
// rest of it is unchanged. Nobody who asks for a format or a page size, and no
// cache, means a condition by that.
func Selecting(raw string) string {
	var kept []string
	for _, part := range strings.Split(raw, "&") {
		name, _, _ := strings.Cut(part, "=")
		if plain, err := url.QueryUnescape(name); err == nil && (Shapes(plain) || shapers[plain] || Added(plain)) {
			continue
		}
		kept = append(kept, part)
	}
	return strings.Join(kept, "&")
}
