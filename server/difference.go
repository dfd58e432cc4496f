package server

import (
	"context"
	"encoding/base64"
	"errors"
	"mime"
	"net/http"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
	"github.com/pestle-fhir/pestle/fhir/patch"
)

// patchTypes are the content types of patches besides those of a resource,
// which is FHIRPath Patch in Parameters.
var patchTypes = []string{"application/json-patch+json", "application/xml-patch+xml"}

// difference is a patch that has been read and can be applied to a resource.
type difference func(context.Context, *fhir.Resource) (*fhir.Resource, error)

// difference reads the patch that a request carries.
func (s *Server) difference(r *http.Request) (difference, error) {
	if x := exchangeIn(r.Context()); x.nested {
		return entryDifference(x.resource)
	}
	name, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch name {
	case patchTypes[0], patchTypes[1]:
		text, err := s.text(r)
		if err != nil {
			return nil, err
		}
		return textDifference(name, text), nil
	}
	params, err := s.needBody(r)
	var f *failure
	if errors.As(err, &f) && f.status == http.StatusUnsupportedMediaType {
		return nil, refuse(f.status, fhir.NotSupported, fhir.Issue{
			Message: "The server does not read a patch of this Content-Type.", Found: name,
			Expected: strings.Join(patchTypes, ", ") + ", or " + strings.Join(s.types(), ", ") + " for FHIRPath Patch",
		})
	}
	if err != nil {
		return nil, err
	}
	return entryDifference(params)
}

func textDifference(contentType string, text []byte) difference {
	return func(_ context.Context, r *fhir.Resource) (*fhir.Resource, error) {
		if contentType == patchTypes[1] {
			return patch.XML(r, text)
		}
		return patch.JSON(r, text)
	}
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
		if err == nil && (name == patchTypes[0] || name == patchTypes[1]) {
			return textDifference(name, text), nil
		}
	}
	found := "nothing"
	if r != nil {
		found = r.Type()
	}
	return nil, fhir.E("patch", fhir.Invalid, fhir.Issue{
		Message: "This is no patch.", Found: found,
		Expected: "Parameters of FHIRPath Patch; in a Bundle also a Binary whose contentType is " + strings.Join(patchTypes, " or "),
	})
}
