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
	x.allowance = newAllowance(s.config.MaxAnswers, x)
	if err := s.roomFor(c, b.Get("entry")); err != nil {
		return err
	}
	list, issues := entries(b, x)
	if kind == "batch" {
		return s.batch(c, list, issues)
	}
	if err := refused(kind, list, issues); err != nil {
		return err
	}
	return s.transaction(c, list)
}

// Of a Bundle that is carried out, each entry is a request, which takes about
// entryWeight bytes besides its resource.
const (
	maxEntries  = 100_000
	entryWeight = 2 << 10
)

// roomFor reserves memory for the entries.
func (s *Server) roomFor(c *gin.Context, list fhir.Node) error {
	n := list.Len()
	if n > maxEntries {
		return fhir.E("bundle", fhir.TooLong, fhir.Issue{
			Message: "The Bundle has more entries than the server takes at once.", Expression: "Bundle.entry", Position: list.Position(),
			Expected: "at most " + number(maxEntries), Found: number(n), Fix: "Send them in several Bundles.",
		})
	}
	x := exchangeOf(c)
	if n > heavyEntries {
		if err := x.toil(c.Request.Context()); err != nil {
			return err
		}
	}
	return x.hold(c.Request.Context(), int64(n)*entryWeight)
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
	case b.Type() == "":
		issue.Expression, issue.Found, issue.Fix = "", "no resourceType", `Add "resourceType".`
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
