package server

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/patch"
)

// patchTypes are the content types of patches besides those of a resource,
// which is FHIRPath Patch in Parameters.
var patchTypes = []string{"application/json-patch+json", "application/xml-patch+xml", "application/merge-patch+json"}

// patchers apply the patches of the patchTypes.
var patchers = map[string]func(*fhir.Resource, []byte) (*fhir.Resource, error){
	patchTypes[0]: patch.JSON, patchTypes[1]: patch.XML, patchTypes[2]: patch.Merge,
}

// difference is a patch that has been read and can be applied to a resource.
type difference func(context.Context, *fhir.Resource) (*fhir.Resource, error)

// difference reads the patch that a request carries.
func (s *Server) difference(r *http.Request) (difference, error) {
	if x := exchangeIn(r.Context()); x.nested {
		return entryDifference(x.resource)
	}
	name, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if apply := patchers[name]; apply != nil {
		text := exchangeIn(r.Context()).text
		if len(bytes.TrimSpace(text)) == 0 {
			return nil, noBody("a patch of type " + name)
		}
		return textDifference(apply, text), nil
	}
	params, err := s.needBody(r)
	var f *failure
	if errors.As(err, &f) && f.status == http.StatusUnsupportedMediaType {
		return nil, refuse(f.status, fhir.NotSupported, fhir.Issue{
			Message: "The server does not read a patch of this Content-Type.", Found: name,
			Expected: strings.Join(patchTypes, ", ") + ", or " + strings.Join(s.types(), ", ") + " for FHIRPath Patch",
		}).with("Accept-Patch", strings.Join(append(slices.Clone(patchTypes), s.types()...), ", "))
	}
	if err == nil && name == plainJSON && params.Type() != "Parameters" {
		err = fhir.E("patch", fhir.Invalid, fhir.Issue{Message: "A patch of type " + plainJSON + " is FHIRPath Patch.", Expected: "Parameters"})
	}
	if e := (*fhir.Error)(nil); name == plainJSON && errors.As(err, &e) && len(e.Issues) > 0 {
		e.Issues[0].Fix = "For another kind of patch send the Content-Type " + patchTypes[2] + " with an object of changes, or " + patchTypes[0] + " with an array of operations."
	}
	if err != nil {
		return nil, err
	}
	return entryDifference(params)
}

// plainJSON is what clients send that do not say which kind of patch it is.
const plainJSON = "application/json"

func textDifference(apply func(*fhir.Resource, []byte) (*fhir.Resource, error), text []byte) difference {
	return func(_ context.Context, r *fhir.Resource) (*fhir.Resource, error) { return apply(r, text) }
}

// entryDifference reads a patch that is a resource: Parameters for FHIRPath
// Patch, or in a Bundle a Binary that holds one of the other kinds.
func entryDifference(r *fhir.Resource) (difference, error) {
	if r != nil && r.Type() == "Parameters" {
		return func(ctx context.Context, target *fhir.Resource) (*fhir.Resource, error) {
			return patch.FHIRPath(ctx, target, r)
		}, nil
	}
	if r != nil && r.Type() == "Binary" {
		name, _, _ := mime.ParseMediaType(r.Get("contentType").Text())
		text, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(r.Get("data").Text()), ""))
		if apply := patchers[name]; err == nil && apply != nil {
			return textDifference(apply, text), nil
		}
	}
	found := "nothing"
	if r != nil {
		found = r.Type()
	}
	return nil, fhir.E("patch", fhir.Invalid, fhir.Issue{
		Message: "This is no patch.", Found: found,
		Expected: "Parameters of FHIRPath Patch; in a Bundle also a Binary whose contentType is " + strings.Join(patchTypes, ", "),
	})
}
