package server

import (
	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
)

// bundle takes what is posted to the base: a transaction or a batch.
// https://hl7.org/fhir/R4/http.html#transaction
func (s *Server) bundle(c *gin.Context) error {
	b, err := s.needBody(c.Request)
	if err != nil {
		return err
	}
	x := exchangeOf(c)
	kind := b.Get("type").Text()
	if b.Type() != "Bundle" || kind != "transaction" && kind != "batch" {
		return notABundle(b, kind)
	}
	x.interaction = kind
	x.allowance = newAllowance(s.config.MaxAnswers)
	list, issues := entries(b, x)
	if kind == "batch" {
		return s.batch(c, list, issues)
	}
	if err := refused(kind, list, issues); err != nil {
		return err
	}
	return s.transaction(c, list)
}

// refused is the error of a Bundle of which something is wrong, or of an entry.
func refused(kind string, list []entry, issues []fhir.Issue) error {
	var all fhir.Tally
	all.Add(issues...)
	for i := range list {
		all.Add(list[i].issues...)
	}
	if all.Errors() == 0 {
		return nil
	}
	return &fhir.Error{Op: kind, Kind: fhir.Invalid, Issues: all.Issues()}
}

func notABundle(b *fhir.Resource, kind string) error {
	issue := fhir.Issue{
		Message:    "The base address takes a Bundle of type transaction or batch.",
		Expression: "Bundle.type", Position: b.Get("type").Position(), Expected: "transaction or batch", Found: kind,
	}
	switch {
	case b.Type() != "Bundle":
		issue.Expression, issue.Found, issue.Position = b.Type(), b.Type(), b.Get("resourceType").Position()
		issue.Fix = "A single resource is posted to its type: POST " + b.Type() + "."
	case kind == "message":
		issue.Fix = "A message is posted to $process-message."
	default:
		issue.Fix = "A Bundle that is to be kept as it is, is posted to Bundle."
	}
	return fhir.E("bundle", fhir.Invalid, issue)
}
