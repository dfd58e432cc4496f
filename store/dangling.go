package store

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/r4"
)

// A placeholder, urn:uuid: or urn:oid:, means something within one Bundle
// alone. Stored in a reference it would point to nothing for ever, so a
// reference by one that no entry has is refused. Three things stay as they came:
// what the current version holds already, since other changes must not wait for
// it; a Provenance, whose signature is about what it names, under that name; and
// in the parts of a message the contained copies of what another message said
// (EPS dispense notifications contain the prescription's MedicationRequest with
// the addresses that it had there).

// unresolved refuses a reference by a placeholder that names no entry.
func (p *planner) unresolved(c *fhir.Change, s *step, n fhir.Node, message bool) {
	text := n.Text()
	if fhir.Placeholder(fhir.LinkOf(text).Target) == "" || signed(n) || message && copied(n) {
		return
	}
	if s.before != nil && !s.before.Deleted() && bytes.Contains(s.before.JSON, []byte(`"`+text+`"`)) {
		return
	}
	p.refused.add(c, fhir.Processing, false, fhir.Issue{
		Code: fhir.NotFound, Expression: within(c, n), Position: n.Position(),
		Message:  fmt.Sprintf("No entry has the fullUrl %s that the reference names.", text),
		Expected: "the fullUrl of an entry, or the address of a resource on this server",
		Fix:      "Send the resource in the same transaction under this fullUrl, or correct the reference.",
	})
}

// signed reports whether a reference is one of a Provenance.
func signed(n fhir.Node) bool {
	return anyAround(n, func(up fhir.Node) bool { return up.Get("resourceType").Text() == "Provenance" })
}

// copied reports whether a reference is one of a contained resource.
func copied(n fhir.Node) bool {
	return anyAround(n, func(up fhir.Node) bool { return up.Name() == "contained" })
}

func anyAround(n fhir.Node, test func(fhir.Node) bool) bool {
	for up := n.Parent(); up.Exists(); up = up.Parent() {
		if test(up) {
			return true
		}
	}
	return false
}

// judged are the types of a Bundle whose references are between its own
// entries. The others are answers, which may be parts of more.
var judged = map[string]bool{"document": true, "message": true, "collection": true, "transaction": true, "batch": true}

// bundle refuses a Bundle that is stored as it is for references by
// placeholders that none of its own entries has.
func (p *planner) bundle(c *fhir.Change, s *step) {
	kind := s.resource.Get("type").Text()
	if !judged[kind] {
		return
	}
	own := map[string]bool{}
	for entry := range s.resource.Get("entry").Items() {
		own[fhir.LinkOf(entry.Get("fullUrl").Text()).Target] = true
	}
	eachPrimitive(s.resource.Root(), nil, func(n fhir.Node, holder *r4.Type, property *r4.Property) {
		if isReference(holder, property) && !own[fhir.LinkOf(n.Text()).Target] {
			p.unresolved(c, s, n, c.Message || kind == "message")
		}
	})
}

// mayRefer reports whether a text may hold a placeholder.
func mayRefer(json []byte) bool {
	for {
		i := bytes.IndexByte(json, ':')
		if i < 0 {
			return false
		}
		if i >= len("urn") && strings.EqualFold(string(json[i-len("urn"):i]), "urn") {
			return true
		}
		json = json[i+1:]
	}
}
