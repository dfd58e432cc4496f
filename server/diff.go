package server

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/patch"
	"github.com/pestle-fhir/pestle/fhir/r4"
	"github.com/pestle-fhir/pestle/server/auth"
)

// diffs are the operations that compare versions, as they are described. FHIR has none;
// the parameters are those of other servers.
func diffs() []fhir.Operation {
	meta := fhir.Parameter{Name: "includeMeta", Kinds: []string{"valueBoolean"}, Doc: "Whether meta is compared too."}
	return []fhir.Operation{
		{Name: "diff", Type: anyType, Instance: true, Idempotent: true, Doc: "Returns how a version of a resource differs from another, as FHIRPath Patch.", Parameters: []fhir.Parameter{
			{Name: "fromVersion", Kinds: []string{"valueString", "valueId", "valueInteger"}, Doc: "The version that the patch begins with; by default the one before the other."},
			{Name: "toVersion", Kinds: []string{"valueString", "valueId", "valueInteger"}, Doc: "The version that the patch leads to; by default the current one."}, meta}},
		{Name: "diff", Idempotent: true, Doc: "Returns how a resource differs from another of its type, as FHIRPath Patch.", Parameters: []fhir.Parameter{
			{Name: "from", Kinds: []string{"valueString", "valueUri"}, Required: true, Doc: "What the patch begins with: [type]/[id] or [type]/[id]/_history/[version]."},
			{Name: "to", Kinds: []string{"valueString", "valueUri"}, Required: true, Doc: "What it leads to, in the same form."}, meta}},
	}
}

// diff compares two versions.
func (s *Server) diff(c *gin.Context) error {
	x := exchangeOf(c)
	x.interaction = "$diff"
	op := s.operations.find("diff", x.resourceType, c.Param("id") != "")
	if op == nil {
		return s.operations.unknown(c)
	}
	if x.identity.Hidden != nil { // a patch of parts is not one of the whole
		return fhir.E("diff", fhir.Forbidden, fhir.Issue{
			Message: "The difference is of whole resources, which the caller is shown in part.", Rule: "role",
			Fix: "Read both versions and compare what is shown of them.",
		})
	}
	params, err := s.operationParams(c, op.Parameters)
	if err != nil {
		return err
	}
	var without []string
	var malformed error
	switch flag := params.Get("includeMeta"); flag {
	case "", "false":
		without = []string{"meta"}
	case "true":
	default:
		malformed = fhir.E("diff", fhir.Invalid, fhir.Issue{Expression: "includeMeta", Message: "The flag is malformed.", Expected: "true or false", Found: flag})
	}
	var from, to *fhir.Resource
	var noFrom, noTo error
	if op.Instance {
		from, to, noFrom, noTo = s.versionsOf(c, params.Get("fromVersion"), params.Get("toVersion"))
	} else {
		from, noFrom = s.compared(c, "from", params.Get("from"))
		to, noTo = s.compared(c, "to", params.Get("to"))
	}
	if err := together(noFrom, noTo, malformed); err != nil {
		return err
	}
	if err := x.toil(c.Request.Context()); err != nil {
		return err
	}
	d, err := patch.Diff(c.Request.Context(), from, to, without...)
	if err != nil {
		return overtime(computing, err)
	}
	return s.send(c, 200, d.JSON())
}

// together is what is wrong with several parameters, said at once: what is malformed
// before what is not there. Any other error, such as of what the caller may not read, is
// told alone.
func together(found ...error) error {
	var all *fhir.Error
	for _, err := range found {
		var e *fhir.Error
		switch {
		case err == nil:
		case !errors.As(err, &e) || e.Kind != fhir.Invalid && e.Kind != fhir.NotFound:
			return err
		case all == nil:
			one := *e
			all = &one
		default:
			if e.Kind == fhir.Invalid {
				all.Kind = e.Kind
			}
			all.Issues = append(slices.Clone(all.Issues), e.Issues...)
		}
	}
	if all == nil {
		return nil
	}
	return all
}

// versionsOf are two versions of the resource of the address, or what is wrong with each.
func (s *Server) versionsOf(c *gin.Context, from, to string) (a, b *fhir.Resource, noA, noB error) {
	x := exchangeOf(c)
	b, noB = s.version(c, x.resourceType, c.Param("id"), to)
	if noB = placed(noB, "toVersion"); noB != nil && from == "" {
		return nil, nil, nil, noB
	}
	if from == "" {
		if from = versionBefore(b.Root().Path("meta", "versionId").Text()); from == "" {
			return nil, nil, fhir.E("diff", fhir.NotFound, fhir.Issue{Message: "There is no version before the first.", Expression: "fromVersion", Found: b.Type() + "/" + b.ID()}), nil
		}
	}
	a, noA = s.version(c, x.resourceType, c.Param("id"), from)
	return a, b, placed(noA, "fromVersion"), noB
}

// versionBefore is the id of the version before one, "" of the first.
func versionBefore(id string) string {
	n, err := strconv.Atoi(id)
	if err != nil || n < 2 {
		return ""
	}
	return strconv.Itoa(n - 1)
}

// compared is the resource that a reference names.
func (s *Server) compared(c *gin.Context, name, ref string) (*fhir.Resource, error) {
	steps := strings.Split(strings.TrimPrefix(exchangeOf(c).relative(ref), "/"), "/")
	if len(steps) == 4 && steps[2] == "_history" {
		steps = []string{steps[0], steps[1], steps[3]}
	}
	if len(steps) < 2 || len(steps) > 3 || !r4.IsResource(steps[0]) || !fhir.IsID(steps[1]) {
		return nil, fhir.E("diff", fhir.Invalid, fhir.Issue{Message: "The reference is malformed.", Expression: name, Expected: "[type]/[id] or [type]/[id]/_history/[version]", Found: ref})
	}
	r, err := s.version(c, steps[0], steps[1], strings.Join(steps[2:], ""))
	return r, placed(err, name)
}

// version reads a version that the caller may read; the current one for "".
func (s *Server) version(c *gin.Context, typ, id, version string) (*fhir.Resource, error) {
	x, ctx := exchangeOf(c), c.Request.Context()
	if err := x.permitSome(typ, auth.Read); err != nil {
		return nil, err
	}
	read := func() (*fhir.Version, error) { return s.config.Repository.Read(ctx, typ, id) }
	if version != "" {
		read = func() (*fhir.Version, error) { return s.config.Repository.VRead(ctx, typ, id, version) }
	}
	v, err := read()
	if err != nil {
		return nil, err
	}
	if err := x.permitVersion(v); err != nil {
		return nil, err
	}
	x.show(v)
	if v.Deleted() {
		return nil, s.gone(ctx, v)
	}
	if v.Damage != "" {
		return nil, fhir.E("diff", fhir.Processing, fhir.Issue{Message: "The version is damaged and cannot be compared.", Found: v.Ref()})
	}
	return v.Resource()
}
