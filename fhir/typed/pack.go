package typed

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/types/known/anypb"

	"github.com/pestle-fhir/pestle/fhir"
)

// Pack puts a resource into the Any that google/fhir has for contained ones. It
// keeps the JSON; [Unpack] gives it back.
func Pack(r *fhir.Resource) *anypb.Any {
	return &anypb.Any{TypeUrl: jsonTypeURL + r.Type(), Value: slices.Clone(r.JSON())}
}

const jsonTypeURL = "urn:pestle:fhir-json/"

// Unpack gives the resource in an Any, be it put there by [Pack] or, as a
// ContainedResource or a plain message of a linked type, by google/fhir.
func Unpack(a *anypb.Any) (*fhir.Resource, error) {
	if strings.HasPrefix(a.GetTypeUrl(), jsonTypeURL) {
		return fhir.Parse(a.GetValue())
	}
	m, err := a.UnmarshalNew()
	if err != nil {
		return nil, &fhir.Error{Op: "typed", Kind: fhir.Exception, Err: fmt.Errorf("an Any that holds no resource: %w", err)}
	}
	return From(m)
}
