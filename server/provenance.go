package server

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/server/auth"
)

// provenanceHeader carries the Provenance of a write, in JSON and without its
// target: https://hl7.org/fhir/R4/provenance.html#header
const provenanceHeader = "X-Provenance"

// attributable are the interactions that take X-Provenance. The others refuse
// it: what is sent with a write is not silently left out.
var attributable = []string{"create", "update", "update-conditional", "patch", "patch-conditional"}

func takesProvenance(interaction string, r *http.Request) error {
	if len(r.Header.Values(provenanceHeader)) == 0 || r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil
	}
	fix := "Post the Provenance by itself, or as an entry of the transaction."
	if !slices.Contains(attributable, interaction) {
		return badProvenance(fhir.Issue{
			Message: "The interaction " + interaction + " does not take " + provenanceHeader + ".", Expected: strings.Join(attributable, ", "), Fix: fix})
	}
	if len(r.Header.Values("If-None-Exist")) > 0 {
		return badProvenance(fhir.Issue{
			Message: provenanceHeader + " goes with no If-None-Exist: where that finds a resource, nothing is written that it could be about.", Fix: fix})
	}
	return nil
}

// maxProvenance is how long the header may be, in bytes.
const maxProvenance = 32 << 10

func badProvenance(issue fhir.Issue) error {
	if issue.Expression == "" {
		issue.Expression = provenanceHeader
	}
	return fhir.E("provenance", fhir.Invalid, issue)
}

// attributed is a change with the Provenance that the request carries, if any.
// The two are one commit, and the Provenance is about the version that is
// current after it: also where the change makes none.
func (s *Server) attributed(c *gin.Context, change fhir.Change) ([]fhir.Change, error) {
	values := c.Request.Header.Values(provenanceHeader)
	if len(values) == 0 {
		return []fhir.Change{change}, nil
	}
	if err := exchangeOf(c).permitSome("Provenance", auth.Create); err != nil {
		return nil, err
	}
	change.FullURL = "urn:uuid:" + s.config.NewID()
	provenance, err := provenanceOf(strings.Join(values, ","), change.FullURL)
	if err != nil {
		return nil, err
	}
	if err := exchangeOf(c).permitWritten(c.Request.Context(), provenance); err != nil {
		return nil, err
	}
	ctx := fhir.WithLinks(c.Request.Context(), map[string]bool{change.FullURL: true})
	if _, err := s.check(ctx, provenance); err != nil {
		return nil, err
	}
	return []fhir.Change{change, {Method: fhir.Create, Type: "Provenance", Resource: provenance}}, nil
}

// provenanceOf reads the header and gives the Provenance its target: the
// version that the change with a full URL leads to.
func provenanceOf(text, fullURL string) (*fhir.Resource, error) {
	if len(text) > maxProvenance {
		return nil, badProvenance(fhir.Issue{Message: "The Provenance in " + provenanceHeader + " is too large for a header.",
			Expected: fmt.Sprintf("at most %d bytes", maxProvenance), Found: fmt.Sprint(len(text)), Fix: "Post the Provenance by itself, or as an entry of the transaction."})
	}
	r, err := fhir.Parse([]byte(text))
	if err != nil {
		return nil, placed(err, provenanceHeader)
	}
	if r.Type() != "Provenance" {
		return nil, badProvenance(fhir.Issue{Message: "The header " + provenanceHeader + " carries a Provenance in JSON.", Expected: "Provenance", Found: r.Type()})
	}
	if target := r.Get("target"); target.Exists() {
		return nil, badProvenance(fhir.Issue{
			Message: "The target of a Provenance in " + provenanceHeader + " is what the request writes.", Expression: "Provenance.target", Fix: "Leave target out."})
	}
	members := []any{"resourceType", "Provenance", "target", fhir.List(fhir.Obj("reference", fullURL+"/_history/1"))}
	for m := range r.Root().Members() {
		if m.Name() != "resourceType" {
			members = append(members, m.Name(), m)
		}
	}
	return fhir.Obj(members...).Resource().Located(func(int) fhir.Position { return fhir.Position{} }), nil // places in a header are none in what was sent
}
