package server

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
)

// compositionDocument is the operation that makes a document of a Composition:
// https://hl7.org/fhir/R4/composition-operation-document.html
var compositionDocument = fhir.Operation{Name: "document", Type: "Composition", Instance: true, Idempotent: true,
	Doc: "Returns a Composition and what it is made of as a Bundle of type document.",
	Parameters: []fhir.Parameter{
		{Name: "persist", Kinds: []string{"valueBoolean"}, Doc: "false; the document is returned and not stored.", Only: []string{"false"}},
		{Name: "graph", Kinds: []string{"valueUri"}, Unsupported: "A document has what the Composition is made of, and no GraphDefinition is followed."},
	}}

// documentPaths are where a Composition refers to what has to be in its document:
// https://hl7.org/fhir/R4/documents.html#content. Other documents (relatesTo) are not.
var documentPaths = [][]string{
	{"subject"}, {"encounter"}, {"author"}, {"attester", "party"}, {"custodian"}, {"event", "detail"},
	{"section", "author"}, {"section", "focus"}, {"section", "entry"},
}

// document answers with the document of a Composition. Each resource is read as any other
// that the caller asks for: what they may not see cannot be in it, and a document that
// lacks something is none, so that all that it lacks is told instead.
func (s *Server) document(c *gin.Context) error {
	x := exchangeOf(c)
	x.interaction = "$document"
	if _, err := s.operationParams(c, compositionDocument.Parameters); err != nil {
		return err
	}
	if x.allowance == nil { // of a batch, all its entries have one together
		x.allowance = newAllowance(s.config.MaxAnswers, x)
	}
	first := s.request(c, reading("Composition", c.Param("id"), ""))
	composition, err := fhir.Parse(first.body.Bytes())
	if err != nil {
		return err
	}
	if first.status != http.StatusOK {
		return s.send(c, first.status, composition.JSON())
	}
	b := newBundle(s.documentHead())
	b.entry(x.base+"/Composition/"+c.Param("id"), composition.JSON(), fhir.Value{})
	added := []string{"Composition/" + c.Param("id")}
	var missing []fhir.Issue
	for _, path := range documentPaths {
		referred(composition.Root(), path, func(n fhir.Node) {
			typ, id := search.Local(n.Get("reference").Text(), x.own)
			if ref := typ + "/" + id; id == "" || slices.Contains(added, ref) {
				return // another server's, contained, or by an identifier; or there
			} else if added = append(added, ref); true {
				part := s.request(c, reading(typ, id, n.Expression()))
				if part.status == http.StatusOK {
					b.entry(x.base+"/"+ref, part.body.Bytes(), fhir.Value{})
					return
				}
				missing = append(missing, fhir.Issue{Severity: fhir.Err, Code: fhir.NotFound, Expression: n.Expression(),
					Message: "The document would lack a resource that the Composition refers to.", Expected: "a resource that the caller may read", Found: n.Get("reference").Text()})
			}
		})
	}
	if missing != nil {
		return &fhir.Error{Op: "document", Kind: fhir.Processing, Issues: missing}
	}
	return s.sendBundle(c, b)
}

// documentHead is the head of a document, which has an identifier and a time of its own.
func (s *Server) documentHead() fhir.Value {
	now := s.now().Format(fhir.InstantLayout)
	return fhir.Obj("resourceType", "Bundle", "id", s.config.NewID(), "meta", fhir.Obj("lastUpdated", now),
		"identifier", fhir.Obj("system", "urn:ietf:rfc:3986", "value", "urn:uuid:"+s.config.NewID()),
		"type", "document", "timestamp", now)
}

// reading is the request for a resource.
func reading(typ, id, expression string) *entry {
	return &entry{expression: expression, method: http.MethodGet, path: typ + "/" + id, typ: typ, id: id, header: http.Header{}}
}

// referred visits the references at a path. Sections have sections.
func referred(n fhir.Node, path []string, visit func(fhir.Node)) {
	if len(path) == 0 {
		visit(n)
		return
	}
	for item := range n.Get(path[0]).Items() {
		referred(item, path[1:], visit)
		if path[0] == "section" {
			referred(item, path, visit)
		}
	}
}
