package fhir

import "strings"

// Placeholder is the normal form of an address that means something within one
// Bundle alone, urn:uuid: or urn:oid:; "" for any other. Neither the scheme nor
// the digits of a UUID depend on case (RFC 8141 section 3.1, RFC 9562 section 4).
func Placeholder(address string) string {
	const longest = len("urn:uuid:")
	head := strings.ToLower(address[:min(len(address), longest)])
	if head == "urn:uuid:" || strings.HasPrefix(head, "urn:oid:") {
		return strings.ToLower(address)
	}
	return ""
}

// Link is what an address of a resource consists of, as a reference writes it:
// http://a.test/fhir/Patient/1/_history/2#part.
type Link struct {
	Target   string // the resource; a placeholder in its normal form
	Version  string // of _history, "" for a link to whatever version is current
	Fragment string // what follows #
}

// LinkOf takes an address apart.
func LinkOf(address string) Link {
	var l Link
	l.Target, l.Fragment, _ = strings.Cut(address, "#")
	l.Target, l.Version, _ = strings.Cut(l.Target, "/_history/")
	if p := Placeholder(l.Target); p != "" {
		l.Target = p
	}
	return l
}
