package page

import (
	"fmt"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// row is an entry of a Bundle in the table above its JSON.
type row struct {
	Name, Href            string // Task/1
	What, Who, Status, At string
	Mode                  string // include, outcome or deleted, where it is no plain match
}

// issue is an issue of an OperationOutcome.
type issue struct {
	Severity, Code, Text, Where string
	Rule                        string // its id, where it has a page
}

// maxRows is how many entries the table has at most.
const maxRows = 1000

// overview is what a person wants to know before the JSON.
func (s *shown) overview(r *fhir.Resource, to links) {
	switch r.Type() {
	case "Parameters", "CapabilityStatement", "TerminologyCapabilities":
	case "OperationOutcome":
		s.Issues = issuesOf(r.Root())
	case "Bundle":
		s.IsBundle = true
		for entry := range r.Get("entry").Items() {
			if resource := entry.Get("resource"); resource.Get("resourceType").Text() == "OperationOutcome" {
				s.Issues = append(s.Issues, issuesOf(resource)...)
			} else if len(s.Entries) < maxRows {
				s.Entries = append(s.Entries, rowOf(entry, to))
			}
		}
		s.Pages = pages(r, to)
		s.Counted = counted(r, len(s.Entries))
	default:
		if e := rowOfResource(r.Root()); e.What != "" || e.Who != "" || e.Status != "" {
			s.Subject = &e
		}
	}
}

var relations = map[string]string{"first": "First page", "previous": "Previous page", "prev": "Previous page", "next": "Next page", "last": "Last page"}

// pages are the links to other pages of a Bundle.
func pages(r *fhir.Resource, to links) (list []Link) {
	self := ""
	for l := range r.Get("link").Items() {
		relation, address := l.Get("relation").Text(), l.Get("url").Text()
		if relation == "self" {
			self = address
		}
		words, href := relations[relation], to.of("url", address)
		if words != "" && href != "" && address != self {
			list = append(list, Link{words, href})
		}
	}
	return list
}

func counted(r *fhir.Resource, here int) string {
	words := fmt.Sprintf("%d entries on this page", here)
	if here == 1 {
		words = "1 entry on this page"
	}
	if total := r.Get("total").Text(); total != "" {
		words += ", " + total + " in all"
	}
	return words + "."
}

func issuesOf(outcome fhir.Node) (list []issue) {
	for i := range outcome.Get("issue").Items() {
		var where []string
		for e := range i.Get("expression").Items() {
			where = append(where, e.Text())
		}
		list = append(list, issue{
			Severity: i.Get("severity").Text(), Code: i.Get("code").Text(), Where: strings.Join(where, ", "),
			Text: firstText(i, "diagnostics", "details.text", "details.coding.display"), Rule: ruleOf(i),
		})
	}
	return list
}

func ruleOf(i fhir.Node) string {
	for x := range i.Get("extension").Items() {
		if x.Get("url").Text() == "http://hl7.org/fhir/StructureDefinition/operationoutcome-message-id" {
			return x.Get("valueString").Text()
		}
	}
	return ""
}

// ruled leaves out of the issues the rules that have no page.
func (s *shown) ruled(rule func(string) (Rule, bool)) {
	for i := range s.Issues {
		known := false
		if rule != nil {
			_, known = rule(s.Issues[i].Rule)
		}
		if !known {
			s.Issues[i].Rule = ""
		}
	}
}

func rowOf(entry fhir.Node, to links) row {
	resource := entry.Get("resource")
	typ, id := resource.Get("resourceType").Text(), resource.Get("id").Text()
	e := rowOfResource(resource)
	e.Name, e.Mode = strings.Trim(typ+"/"+id, "/"), entry.Path("search", "mode").Text()
	e.At = day(firstText(entry, "response.lastModified", "resource.meta.lastUpdated"))
	version := resource.Path("meta", "versionId").Text()
	switch full := entry.Get("fullUrl").Text(); {
	case typ == "": // a deletion, or an answer without a resource
		e.Name = firstText(entry, "response.location", "request.url")
		e.Status = firstText(entry, "response.status")
		e.Href = to.of("url", e.Name)
		if entry.Path("request", "method").Text() == "DELETE" {
			e.Mode = "deleted"
		}
	case strings.HasPrefix(full, "urn:"):
	case entry.Get("request").Exists() && version != "" && id != "": // of a history: that version
		e.Name += ", version " + version
		e.Href = to.base + "/" + typ + "/" + id + "/_history/" + version
	case to.relative(typ + "/" + id):
		e.Href = to.base + "/" + typ + "/" + id
	}
	return e
}

func rowOfResource(r fhir.Node) row {
	return row{What: whatOf(r), Status: statusOf(r),
		Who: firstText(r, "for.display", "subject.display", "patient.display", "beneficiary.display", "for.reference", "subject.reference", "patient.reference")}
}

// whatOf says in a few words what a resource is about.
func whatOf(r fhir.Node) string {
	if name := r.Get("name"); name.Exists() {
		if text := firstText(r, "name.text"); text != "" {
			return text
		}
		if name.Kind() == fhir.String {
			return name.Text()
		}
		return strings.Join(strings.Fields(strings.Join([]string{firstText(r, "name.prefix"), firstText(r, "name.given"), firstText(r, "name.family")}, " ")), " ")
	}
	return firstText(r, "title", "medicationCodeableConcept.text", "medicationCodeableConcept.coding.display", "medicationReference.display",
		"disposition", "code.text", "code.coding.display", "type.text", "type.coding.display", "eventCoding.display", "vaccineCode.text", "description", "url", "groupIdentifier.value", "identifier.value")
}

func statusOf(r fhir.Node) string {
	status, business := firstText(r, "status"), firstText(r, "businessStatus.coding.display", "businessStatus.text")
	return strings.Trim(status+", "+business, ", ")
}

// firstText is the text of the first path that has one, not longer than a line.
func firstText(n fhir.Node, paths ...string) string {
	for _, path := range paths {
		at := n.Path(strings.Split(path, ".")...)
		if at.Kind() == fhir.Array {
			at = at.First()
		}
		if text := []rune(at.Text()); len(text) > maxLine {
			return string(text[:maxLine]) + "…"
		} else if len(text) > 0 {
			return string(text)
		}
	}
	return ""
}

// maxLine is how many characters a cell of the table or an issue has.
const maxLine = 1000

// day writes an instant as people read it, or leaves it as it is.
func day(instant string) string {
	date, rest, ok := strings.Cut(instant, "T")
	if !ok || len(rest) < 8 {
		return instant
	}
	return date + " " + rest[:8] + strings.TrimLeft(rest[8:], ".0123456789")
}
