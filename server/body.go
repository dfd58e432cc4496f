package server

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/pestle-fhir/pestle/fhir"
)

// body reads the resource that a request carries. It is nil when there is none.
func (s *Server) body(r *http.Request) (*fhir.Resource, error) {
	x := exchangeIn(r.Context())
	if x.nested {
		return x.resource, nil
	}
	text := x.text
	if len(text) == 0 {
		return nil, nil
	}
	codec, err := s.contentCodec(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	resource, err := codec.Decode(r.Context(), text)
	var e *fhir.Error
	if errors.As(err, &e) && e.Kind == fhir.TooLong { // nested too deep: unreadable, not too large
		e.Kind = fhir.Invalid
	}
	if e != nil && resource != nil { // readable against the rules of the format: say all that is wrong, at once
		e.Issues = fhir.Listed(append(e.Issues, s.config.Validator.Validate(r.Context(), resource)...))
	}
	return resource, overtime(decoding, err)
}

// needBody is body for interactions that cannot do without.
func (s *Server) needBody(r *http.Request) (*fhir.Resource, error) {
	resource, err := s.body(r)
	if err == nil && resource == nil {
		err = noBody("a resource")
	}
	return resource, err
}

func noBody(expected string) *fhir.Error {
	return fhir.E("decode", fhir.Invalid, fhir.Issue{Severity: fhir.Fatal, Message: "The request has no body.", Expected: expected})
}

func unreadable(message string, cause error) error {
	e := fhir.E("decode", fhir.Invalid, fhir.Issue{Severity: fhir.Fatal, Message: message})
	e.Err = cause
	return e
}

func (s *Server) tooLarge() error {
	return fhir.E("decode", fhir.TooLong, fhir.Issue{
		Message: "The body is larger than the server takes.", Expected: fmt.Sprintf("at most %d bytes, unpacked", s.config.MaxBody),
		Fix: "Send the content in several requests.",
	})
}

// contentCodec finds the codec of a Content-Type.
func (s *Server) contentCodec(header string) (*Codec, error) {
	if c := &s.codecs[0]; header == c.Types[0] {
		return c, nil // the usual case, without taking it apart
	}
	name, params, err := mime.ParseMediaType(header)
	issue := fhir.Issue{
		Message: "The server does not read this Content-Type.", Expected: strings.Join(s.types(), ", "), Found: header,
		Fix: "Send the header Content-Type: " + s.codecs[0].Types[0] + ".",
	}
	switch {
	case header == "":
		issue.Message, issue.Found = "The request has a body and no Content-Type.", ""
	case err != nil:
		issue.Message = "The Content-Type is malformed."
	case !isR4(params["fhirversion"]):
		issue.Message, issue.Expected, issue.Fix = "The server speaks another version of FHIR.", "fhirVersion=4.0", ""
	case params["charset"] != "" && !strings.EqualFold(params["charset"], "utf-8"):
		issue.Message, issue.Expected, issue.Fix = "FHIR is written in UTF-8 only.", "charset=utf-8", ""
	default:
		for i := range s.codecs {
			for _, t := range s.codecs[i].Types {
				if t == name {
					return &s.codecs[i], nil
				}
			}
		}
	}
	return nil, refuse(http.StatusUnsupportedMediaType, fhir.NotSupported, issue)
}
