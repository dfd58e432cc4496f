package server

import (
	"context"
	"regexp"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/search"
	"github.com/pestle-fhir/pestle/server/auth"
)

// sees reports whether a caller who may read a version's type may read the
// version: a Binary is for those who may read its security context too.
// https://hl7.org/fhir/R4/binary.html#security
func (x *exchange) sees(v *fhir.Version) bool { return x.permitVersion(v) == nil }

// reads reports whether a caller may read a version.
func (x *exchange) reads(v *fhir.Version) bool {
	return x.maySome(v.Type, auth.Read) && x.reaches(v) && x.sees(v)
}

// reaches reports whether the caller's token reaches a version that the store did
// not show for reading: what a write has made.
func (x *exchange) reaches(v *fhir.Version) bool {
	queries, all := x.identity.Scopes.Within(v.Type, byte(auth.Read))
	if all || v.Deleted() {
		return true
	}
	r, err := v.Resource()
	if err != nil || r == nil {
		return false
	}
	w, err := search.ParseWithin(v.Type, queries, search.Options{Own: x.own})
	return err == nil && w.Holds(v.ID, r)
}

// permitVersion refuses a version that the caller may not read although its type
// is allowed.
func (x *exchange) permitVersion(v *fhir.Version) error {
	if v.Type != "Binary" || v.Deleted() || v.Damage != "" { // then there is no content to see
		return nil
	}
	r, err := v.Resource()
	if err != nil {
		return err
	}
	return x.permitContext(r.Root())
}

// permitUpdate refuses an update or deletion with conditional references that
// the caller may not search for, or of a Binary in a security context that the
// caller may not read.
func (s *Server) permitUpdate(c *gin.Context, change fhir.Change) error {
	x := exchangeOf(c)
	if x.identity.Hidden != nil && change.Method == fhir.Update {
		if err := x.identity.Hidden.Replace(change.Type); err != nil {
			return err
		}
	}
	if err := x.permitWritten(c.Request.Context(), change.Resource); err != nil || change.Type != "Binary" {
		return err
	}
	if change.Condition != "" {
		return nil // see permitCondition
	}
	current, err := s.config.Repository.Read(c.Request.Context(), change.Type, change.ID)
	if fhir.KindOf(err) == fhir.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	return x.permitVersion(current)
}

// permitContext refuses a Binary in a security context that the caller may not
// read: one that is here has to be shown to them, and one that is elsewhere has to be of
// a type that they may read. A context that cannot be told asks for the right to read all.
// A server that asks nobody who they are judges none.
func (x *exchange) permitContext(resource fhir.Node) error {
	reference := resource.Get("securityContext")
	if x.identity.Requester.Unbound || !reference.Exists() || resource.Get("resourceType").Text() != "Binary" {
		return nil
	}
	found := target.FindStringSubmatch(reference.Get("reference").Text())
	if found == nil {
		return x.permit("*", auth.Read)
	}
	base, typ, id := found[1], found[2], found[3]
	if base != "" && (x.own == nil || !x.own(base)) {
		return x.permit(typ, auth.Read)
	}
	if err := x.permitSome(typ, auth.Read); err != nil {
		return err
	}
	context, err := x.repository.Read(x.into(x.working()), typ, id)
	if fhir.KindOf(err) == fhir.NotFound || err == nil && !x.reaches(context) {
		return fhir.E("read", fhir.Forbidden, fhir.Issue{
			Message: "The Binary is for those who may read its security context, and the caller is not shown that.", Expression: "Binary.securityContext", Rule: "security-context"})
	}
	return err
}

// working is the context of the request with its time limit.
func (x *exchange) working() context.Context {
	if x.limited != nil {
		return x.limited
	}
	return context.Background()
}

// target is a reference to a resource by type and id, here or elsewhere.
var target = regexp.MustCompile(`^(?:(https?://.+)/)?([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?$`)
